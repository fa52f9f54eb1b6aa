"""Base classes: an entity is a kind of record, an extension adds fields to another's entity."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    Integer,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import DeclarativeBase, Mapped, MappedColumn, mapped_column

from trato.db.types import Id, Json, Key, UtcDateTime
from trato.entities.duplicates import DuplicateRule, check_rules, derived_rules
from trato.entities.fields import TEXT_KINDS, Field, OnPurge, Shown, Spellings
from trato.errors import Message, PluginError
from trato.text import _


def _last_column(constraint: Any, table: Table) -> str:
    """Name the column of a foreign key that is not the tenant, if there is one."""
    return str(constraint.column_keys[-1])


metadata = MetaData(
    naming_convention={
        "last_column": _last_column,
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(last_column)s",
        "pk": "pk_%(table_name)s",
    }
)


class Base(DeclarativeBase):
    """Declarative base of every mapped class; it owns the one metadata."""

    metadata = metadata


@dataclass(frozen=True, kw_only=True)
class EntityInfo:
    """What an entity is, apart from its fields."""

    #: `clients.client`
    name: str
    plugin: str
    #: Last part of its URLs: `clients`.
    collection: str
    title: str
    titles: str
    #: Field that stands for a record wherever one is named.
    label: str
    #: Records have an owner and a team, and rules may go by them.
    owned: bool
    #: Reference whose record decides who sees this one.
    parent: str | None
    #: Field that makes a tree of it: a reference to the entity itself.
    tree: str | None
    #: Icon of its menu entry and empty page.
    icon: str
    fields: dict[str, Field]
    #: Groups of fields that are unique together among records not in the bin.
    unique: tuple[tuple[str, ...], ...] = ()
    #: How two records are told to be the same.
    duplicates: tuple[DuplicateRule, ...] = ()
    #: Entity that this one extends, for extension records.
    extends: str | None = None
    #: What an extension adds to fields of that entity: other ways of writing their values.
    spellings: Mapping[str, Spellings] = dataclasses.field(default_factory=dict)
    #: And how they are written for people.
    shown: Mapping[str, Shown] = dataclasses.field(default_factory=dict)

    @property
    def one(self) -> Message:
        """The title as a value of a message, translated by the entity's plugin."""
        return Message(self.title, domain=self.plugin)

    @property
    def many(self) -> Message:
        """The title of several as a value of a message."""
        return Message(self.titles, domain=self.plugin)


def _plural(word: str) -> str:
    if word.endswith("y") and word[-2:-1] not in "aeiou":
        return f"{word[:-1]}ies"
    return f"{word}es" if word.endswith(("s", "x", "ch", "sh")) else f"{word}s"


def _declare(cls: type[Any], *, fields_of: str) -> dict[str, Field]:
    """Collect the fields of a class body and add the shadow column of each folded one."""
    fields: dict[str, Field] = {}
    for name, value in list(vars(cls).items()):
        field = value.column.info.get("field") if isinstance(value, MappedColumn) else None
        if field is None:
            continue
        annotation = str(cls.__annotations__.get(name, ""))
        required = "None" not in annotation and field.kind not in ("choices", "tags")
        field = field.under(path=name, plugin=fields_of, required=required)
        value.column.info["field"] = fields[name] = field
        if field.fold:
            cls.__annotations__[f"{name}_key"] = Mapped[str | None]
            setattr(cls, f"{name}_key", mapped_column(Key, info={"shadow": name}))
    return fields


def _where(condition: str) -> dict[str, Any]:
    """Make the predicate of a partial index, for both databases."""
    return {f"{dialect}_where": sql(condition) for dialect in ("sqlite", "postgresql")}


def _constraints(table: str, fields: dict[str, Field], *, listed: bool) -> list[Any]:
    """Make the keys, checks and indexes that the fields of a table ask for."""
    alive: dict[str, Any] = _where("archived_at IS NULL") if listed else {}
    made: list[Any] = []
    for name, field in fields.items():
        column = f"{name}_key" if field.fold else name
        if field.kind == "ref" and field.target is not None:
            made.append(
                ForeignKeyConstraint(
                    ["tenant_id", name],
                    [f"{field.target.replace('.', '_')}.{key}" for key in ("tenant_id", "id")],
                )
            )
        elif field.kind in ("member", "team"):
            made.append(
                ForeignKeyConstraint(
                    ["tenant_id", name], [f"core_{field.kind}.{key}" for key in ("tenant_id", "id")]
                )
            )
        if field.target is not None or field.kind in ("member", "team"):
            made.append(Index(None, "tenant_id", name, "id"))
        if field.unique:
            made.append(Index(f"uq_{table}_{name}", "tenant_id", column, unique=True, **alive))
        elif field.indexed:
            made.append(Index(None, "tenant_id", column, "id", **alive))
        if field.kind == "choice" and field.choices:
            values = ", ".join("'" + key.replace("'", "''") + "'" for key, _label in field.choices)
            made.append(CheckConstraint(f"{name} IN ({values})", name=name))
    return made


#: Fields that every record has. `position` keeps them behind a form's own.
SYSTEM_FIELDS = {
    field.path: field
    for field in (
        Field(path="created_at", label=_("Created"), kind="moment", indexed=True, readonly=True),
        Field(path="created_by", label=_("Created by"), kind="member", readonly=True),
        Field(path="updated_at", label=_("Changed"), kind="moment", indexed=True, readonly=True),
        Field(path="updated_by", label=_("Changed by"), kind="member", readonly=True),
    )
}
OWNER_FIELDS = {
    field.path: field
    for field in (
        Field(
            path="owner_id", label=_("Owner"), kind="member", on_purge="clear",
            synonyms=("responsable", "vendedor", "owner", "seller"),
        ),
        Field(
            path="team_id", label=_("Team"), kind="team", on_purge="clear",
            synonyms=("equipo", "team"),
        ),
    )
}  # fmt: skip


class Entity(Base):
    """A kind of record. Subclass it with the entity's name, titles and label field.

    >>> class Visit(Entity, name="visits.visit", title=_("Visit"), titles=_("Visits"),
    ...             label="subject"):
    ...     subject: Mapped[str] = text(_("Subject"), searchable=True)

    :param name: `plugin.noun`; the table is `plugin_noun`.
    :param label: field that stands for a record where one is named.
    :param owned: records have an owner and a team, and access may go by them.
    :param parent: reference field whose record decides who sees this one.
    :param unique: groups of fields that no two records share.
    :param duplicates: what makes two records probably the same (``Same("email")``,
        ``Alike("name")``); without it, what identifies, e-mail addresses, phones and, beside
        one of these, the label. ``()`` for none.
    :param collection: last part of the URL; the plural of the noun unless said.
    """

    __abstract__ = True
    __entity__: ClassVar[EntityInfo]
    __table__: ClassVar[Table]

    tenant_id: Mapped[int] = mapped_column(Integer, sort_order=-20)
    id: Mapped[UUID] = mapped_column(Id, sort_order=-19)
    version: Mapped[int] = mapped_column(BigInteger, default=1, sort_order=90)
    created_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, sort_order=91)
    created_by: Mapped[UUID | None] = mapped_column(Id, sort_order=92)
    updated_at: Mapped[dt.datetime] = mapped_column(UtcDateTime, sort_order=93)
    updated_by: Mapped[UUID | None] = mapped_column(Id, sort_order=94)
    archived_at: Mapped[dt.datetime | None] = mapped_column(UtcDateTime, sort_order=95)
    archived_by: Mapped[UUID | None] = mapped_column(Id, sort_order=96)
    custom: Mapped[dict[str, Any] | None] = mapped_column(Json, sort_order=97)
    search_text: Mapped[str | None] = mapped_column(Text, sort_order=98)

    if TYPE_CHECKING:
        #: Only where ``owned=True``; screens name them as any field.
        owner_id: Mapped[UUID | None]
        team_id: Mapped[UUID | None]

    def __init_subclass__(
        cls,
        *,
        name: str | None = None,
        title: str = "",
        titles: str = "",
        label: str = "",
        owned: bool = False,
        parent: str | None = None,
        unique: Sequence[Sequence[str]] = (),
        duplicates: Sequence[DuplicateRule] | None = None,
        collection: str | None = None,
        icon: str = "circle",
        **kwargs: Any,
    ) -> None:
        if name is None:
            super().__init_subclass__(**kwargs)
            return
        plugin, _dot, noun = name.partition(".")
        table = name.replace(".", "_")
        if table in metadata.tables:
            raise PluginError(
                _("Entity '{entity}' is declared twice: the table '{table}' is there already."),
                hint=_("Give each entity a name of its own."), entity=name, table=table,
            )  # fmt: skip
        if owned:
            cls.__annotations__ |= {"owner_id": Mapped[UUID | None], "team_id": Mapped[UUID | None]}
            cls.owner_id = mapped_column(Id, sort_order=80)
            cls.team_id = mapped_column(Id, sort_order=81)
        fields = _declare(cls, fields_of=plugin)
        if label not in fields:
            raise PluginError(
                _("Entity '{entity}' is labelled by '{label}', which is none of its fields."),
                hint=_("Name one of: {fields}."),
                entity=name, label=label, fields=", ".join(fields),
            )  # fmt: skip
        for path, field in fields.items():
            if field.kind == "ref" and field.required and field.on_purge == "clear":
                raise PluginError(
                    _("Field '{field}' of '{entity}' is obligatory and cannot be cleared."),
                    hint=_("Say on_purge=\"refuse\" or \"cascade\", or annotate with '| None'."),
                    field=path, entity=name,
                )  # fmt: skip
        same = (
            derived_rules(label, fields)
            if duplicates is None
            else check_rules(name, duplicates, fields)
        )
        tree = next((path for path, field in fields.items() if field.target == name), None)
        if owned:
            fields |= OWNER_FIELDS
        fields |= SYSTEM_FIELDS
        for path in (path for group in unique for path in group):
            if path not in fields:
                raise PluginError(
                    _("Entity '{entity}' is unique by '{field}', which is none of its fields."),
                    hint=_("Name one of: {fields}."),
                    entity=name, field=path, fields=", ".join(fields),
                )  # fmt: skip
        cls.__entity__ = EntityInfo(
            name=name, plugin=plugin, collection=collection or _plural(noun), title=title,
            titles=titles, label=label, owned=owned, parent=parent, icon=icon, fields=fields,
            tree=tree, unique=tuple(tuple(group) for group in unique), duplicates=same,
        )  # fmt: skip
        cls.__tablename__ = table
        written = {path: field for path, field in fields.items() if not field.readonly}
        alive, bin_only = _where("archived_at IS NULL"), _where("archived_at IS NOT NULL")
        cls.__table_args__ = (
            PrimaryKeyConstraint("tenant_id", "id"),
            *_constraints(table, written, listed=True),
            *(
                Index(
                    f"uq_{table}_{'_'.join(group)}", "tenant_id",
                    *(f"{path}_key" if fields[path].fold else path for path in group),
                    unique=True, **alive,
                )
                for group in unique
            ),
            Index(None, "tenant_id", "created_at", "id", **alive),
            Index(None, "tenant_id", "updated_at", "id", **alive),
            Index(f"ix_{table}_bin", "tenant_id", "archived_at", "id", **bin_only),
            *getattr(cls, "__table_args__", ()),
            {"info": {"plugin": plugin, "entity": name}},
        )  # fmt: skip
        super().__init_subclass__(**kwargs)


class Extension(Base):
    """Fields that a plugin adds to another plugin's entity: a one-to-one table of its own.

    >>> class ColombiaClient(Extension, of=Client, plugin="colombia"):
    ...     municipality: Mapped[str | None] = text(_("Municipality"), index=True)

    The fields appear everywhere as `colombia.municipality`. A record without a row reads as
    empty, so nothing obligatory may be declared.

    :param spellings: for folded text fields of the extended entity, a function from a value to
        all ways of writing the same: filters and the matching of imports then find it by each.
    :param shown: for text fields of the extended entity, how lists and pages write their values.
    """

    __abstract__ = True
    __entity__: ClassVar[EntityInfo]
    __table__: ClassVar[Table]

    tenant_id: Mapped[int] = mapped_column(Integer, sort_order=-20)
    id: Mapped[UUID] = mapped_column(Id, sort_order=-19)

    def __init_subclass__(
        cls,
        *,
        of: type[Entity] | None = None,
        plugin: str | None = None,
        spellings: Mapping[str, Spellings] | None = None,
        shown: Mapping[str, Shown] | None = None,
        **kwargs: Any,
    ) -> None:
        if of is None or plugin is None:
            super().__init_subclass__(**kwargs)
            return
        extended = of.__entity__
        noun = extended.name.replace(".", "_")
        table = f"{plugin}_{noun}"
        if table in metadata.tables:
            raise PluginError(
                _("Extension '{plugin}' of '{entity}' is declared twice."),
                hint=_("Put the fields of both into one class."),
                plugin=plugin, entity=extended.name,
            )  # fmt: skip
        fields = _declare(cls, fields_of=plugin)
        needed = [path for path, field in fields.items() if field.required]
        if needed:
            raise PluginError(
                _("Extension '{plugin}' of '{entity}' makes {fields} obligatory."),
                hint=_("Records exist without the extension: annotate with '| None'."),
                plugin=plugin, entity=extended.name, fields=", ".join(needed),
            )  # fmt: skip
        for path in spellings or ():
            if path not in extended.fields or not extended.fields[path].fold:
                raise PluginError(
                    _("Extension '{plugin}' gives spellings for '{field}', which is no folded "
                      "text of '{entity}'."),
                    plugin=plugin, entity=extended.name, field=path,
                )  # fmt: skip
        for path in shown or ():
            if path not in extended.fields or extended.fields[path].kind not in TEXT_KINDS:
                raise PluginError(
                    _("Extension '{plugin}' says how '{field}' is shown, which is no text of "
                      "'{entity}'."),
                    plugin=plugin, entity=extended.name, field=path,
                )  # fmt: skip
        cls.__tablename__ = table
        cls.__table_args__ = (
            PrimaryKeyConstraint("tenant_id", "id"),
            ForeignKeyConstraint(
                ["tenant_id", "id"],
                [f"{noun}.tenant_id", f"{noun}.id"],
                ondelete="CASCADE",
            ),
            *_constraints(table, fields, listed=False),
            {"info": {"plugin": plugin, "extends": extended.name}},
        )
        cls.__entity__ = EntityInfo(
            name=f"{plugin}.{noun}", plugin=plugin, collection="", title=extended.title,
            titles=extended.titles, label="", owned=False, parent=None, tree=None,
            icon=extended.icon, extends=extended.name, spellings=dict(spellings or {}),
            shown=dict(shown or {}),
            fields={
                f"{plugin}.{path}": field.under(path=f"{plugin}.{path}", source="extension")
                for path, field in fields.items()
            },
        )  # fmt: skip
        super().__init_subclass__(**kwargs)


__all__ = ["Base", "Entity", "EntityInfo", "Extension", "OnPurge", "metadata"]
