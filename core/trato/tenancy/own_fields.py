"""A tenant's own fields as they are kept, retired ones too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from sqlalchemy import Connection, select

from trato.entities.fields import Field
from trato.tenancy import store
from trato.tenancy import tables as t


@dataclass(frozen=True, kw_only=True)
class OwnChoice:
    """A value of a choice field; a retired one stays readable on records."""

    value: str
    label: str
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class OwnField:
    """A tenant's own field of an entity. Entity, key, kind and target never change."""

    entity: str
    key: str
    kind: str
    #: By language.
    labels: Mapping[str, str]
    help: str = ""
    required: bool = False
    unique: bool = False
    indexed: bool = False
    searchable: bool = False
    active: bool = True
    #: As JSON holds it.
    default: Any = None
    choices: tuple[OwnChoice, ...] = ()
    section: str = ""
    position: int = 0
    #: Entity that a link points to, and what a purge of the record there does: clear, refuse.
    target: str | None = None
    on_purge: str | None = None
    #: Its typed rows are still being made, in the background.
    filling: bool = False

    def columns(self) -> dict[str, Any]:
        """Give the columns of its row but the key."""
        return {
            "kind": self.kind, "labels": dict(self.labels), "help": self.help or None,
            "is_required": self.required, "is_unique": self.unique, "is_indexed": self.indexed,
            "is_searchable": self.searchable, "is_active": self.active, "default": self.default,
            "choices": [
                [choice.value, choice.label] if choice.active
                else [choice.value, choice.label, False]
                for choice in self.choices
            ] or None,
            "section": self.section or None, "position": self.position,
            "target": self.target, "on_purge": self.on_purge,
            "is_filling": self.filling or None,
        }  # fmt: skip

    def field(self) -> Field:
        """Give the field that records will know."""
        return store.custom_field(SimpleNamespace(id=None, key=self.key, **self.columns()))


def read_own_fields(connection: Connection, tenant_id: int) -> dict[tuple[str, str], OwnField]:
    """Read all own fields of a tenant by entity and key, in their order."""
    rows = connection.execute(
        select(t.custom_field)
        .where(t.custom_field.c.tenant_id == tenant_id)
        .order_by(t.custom_field.c.entity, t.custom_field.c.position, t.custom_field.c.key)
    )
    return {
        (row.entity, row.key): OwnField(
            entity=row.entity, key=row.key, kind=row.kind, labels=dict(row.labels),
            help=row.help or "", required=row.is_required, unique=row.is_unique,
            indexed=row.is_indexed, searchable=row.is_searchable, active=row.is_active,
            default=row.default, section=row.section or "", position=row.position,
            target=row.target, on_purge=row.on_purge, filling=bool(row.is_filling),
            choices=tuple(
                OwnChoice(value=item[0], label=item[1], active=len(item) < 3 or bool(item[2]))
                for item in row.choices or ()
            ),
        )
        for row in rows
    }  # fmt: skip


def save_own_field(connection: Connection, tenant_id: int, own: OwnField) -> None:
    """Make or change an own field."""
    store.save_custom_field(connection, tenant_id, own.entity, own.key, own.columns())
