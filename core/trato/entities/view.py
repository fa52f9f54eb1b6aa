"""An entity as one tenant has it: native, extension and own fields under one roof."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from sqlalchemy import Table

from trato.entities.base import Entity, EntityInfo, Extension
from trato.entities.fields import Field


@dataclass(frozen=True, kw_only=True, eq=False)
class EntityView:
    """An entity with all fields that exist for a tenant.

    It changes with the enabled plugins and the tenant's own fields; what is derived from it
    (schemas, statements, loaders) is kept in ``cache`` and goes when it goes.
    """

    entity: type[Entity]
    fields: Mapping[str, Field]
    #: Plugin name to the extension class whose fields are under that name.
    extensions: Mapping[str, type[Extension]]
    cache: dict[Any, Any] = field(default_factory=dict, repr=False)
    #: The fields before the tenant's layout of the form, where it has one.
    plain: Mapping[str, Field] | None = None

    @property
    def info(self) -> EntityInfo:
        return self.entity.__entity__

    @property
    def name(self) -> str:
        return self.entity.__entity__.name

    @property
    def table(self) -> Table:
        return self.entity.__table__

    @cached_property
    def custom(self) -> dict[str, Field]:
        """The tenant's own fields by path."""
        return {path: f for path, f in self.fields.items() if f.source == "custom"}

    @cached_property
    def demanded(self) -> tuple[Field, ...]:
        """The fields that the tenant asks for beyond their declarations."""
        return tuple(f for f in self.fields.values() if f.demanded)

    @cached_property
    def searchable(self) -> tuple[Field, ...]:
        """The fields that a record's searched text is made of."""
        return tuple(f for f in self.fields.values() if f.searchable)

    @cached_property
    def valued(self) -> tuple[Field, ...]:
        """The fields that are kept in typed rows too: indexed own fields, and lists."""
        return tuple(
            f
            for f in self.fields.values()
            if f.kind in ("tags", "choices") or (f.source == "custom" and (f.indexed or f.unique))
        )

    @cached_property
    def in_rows(self) -> tuple[Field, ...]:
        """The fields of which typed rows are written: the valued ones, and those to come."""
        return tuple(f for f in self.fields.values() if f in self.valued or f.filling)

    @cached_property
    def references(self) -> tuple[Field, ...]:
        """The fields that name a record of another entity."""
        return tuple(f for f in self.fields.values() if f.kind == "ref")
