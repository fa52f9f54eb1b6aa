"""The manifest of a plugin and the plain descriptors that it is made of."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from types import ModuleType
from typing import TYPE_CHECKING, Any, Literal
from uuid import UUID

from trato.hooks import hookimpl

if TYPE_CHECKING:
    import argparse

    from sqlalchemy import Connection

    from trato.entities.base import Entity, Extension
    from trato.entities.fields import Shown, Spellings
    from trato.entities.view import EntityView
    from trato.errors import Message
    from trato.jobs.declared import Job
    from trato.records.changes import Change
    from trato.records.unit import Unit
    from trato.sync.connector import Connector

#: First segments of paths that belong to the host.
RESERVED_NAMES = frozenset(
    "api static login logout help health metrics core account admin settings search files trato "
    "tenant host www assets favicon robots demo import export jobs setup about docs".split()
)
NAME = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")


@dataclass(frozen=True, kw_only=True)
class Menu:
    """An entry of the side navigation."""

    title: str
    #: Heading it stands under.
    group: str
    #: Path inside the host: `/clients/clients`.
    path: str
    icon: str = "circle"
    position: int = 100
    #: Entity whose view permission shows it; none: everybody.
    entity: str | None = None


@dataclass(frozen=True, kw_only=True)
class OptionList:
    """Allowed values that are loaded from data, such as a country's municipalities."""

    #: `colombia.municipalities`
    name: str
    #: Read (value, label) pairs in display order.
    load: Callable[[Connection], Sequence[tuple[str, str]]]


@dataclass(frozen=True, kw_only=True)
class Permission:
    """Something that a role may allow besides what every entity has."""

    #: `clients.merge_client`
    name: str
    title: str


@dataclass(frozen=True, kw_only=True)
class Setting:
    """One value that a tenant's administrator sets for a plugin; ``unit.setting`` reads it.

    :param minimum: the least number that is accepted; likewise ``maximum``.
    :param longest: most letters of a text.
    :param check: tells what is wrong with a value, or None when nothing is; also of secrets.
    """

    key: str
    label: str
    kind: Literal["text", "integer", "decimal", "boolean", "choice", "secret"]
    default: Any = None
    help: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    minimum: int | Decimal | None = None
    maximum: int | Decimal | None = None
    longest: int = 2000
    check: Callable[[Any], Message | None] | None = None
    #: Title of the kind of record that the label speaks of as `{title}`.
    about: str = ""


@dataclass(frozen=True, kw_only=True)
class Section:
    """Fields under a heading in a form and on a record's page."""

    title: str
    fields: Sequence[Any]
    #: Tab of the form under which it stands; none: the first one, "General".
    tab: str = ""


@dataclass(frozen=True, kw_only=True)
class Children:
    """Records of another entity that are edited in the form of the one they belong to.

    >>> Children(entity=Branch, by=Branch.client_id, columns=[Branch.name, Branch.city])

    They are added, changed and archived together with the record, all or nothing.
    """

    entity: Any
    #: Reference field of that entity, or its name.
    by: Any
    #: Fields of a row; obligatory ones that are not named are added.
    columns: Sequence[Any] = ()
    title: str = ""
    #: Tab of the form under which they stand; none: the first one, "General".
    tab: str = ""


@dataclass(frozen=True)
class When:
    """What a form shows and demands only while other fields have certain values.

    >>> When({Client.kind: Kind.PERSON}, show=[Client.given_names], require=[Client.surnames])

    :param values: by field a value or several; all fields must have one of theirs. True stands
        for ticked or filled, False and None for neither.
    :param show: fields that are hidden otherwise; a form does not save what is hidden.
    :param require: fields that must not stay empty then, in forms; what must hold for every way
        in is refused by a hook.
    """

    values: Mapping[Any, Any]
    show: Sequence[Any] = ()
    require: Sequence[Any] = ()

    def paths(self) -> list[str]:
        """Name every field that it mentions."""
        return [field_path(f) for f in (*self.values, *self.show, *self.require)]


@dataclass(frozen=True)
class View:
    """A list that a plugin offers under a name, beside the views that people keep themselves.

    >>> View("mine", _("My visits"), where={Visit.owner_id: "me"}, sort=["-updated_at"])

    :param key: what addresses call it, `?view=mine`; it stays when the title changes.
    :param where: value by field, as an address has it; an operator follows the path:
        `{"updated_at__lt": "-90d"}`.
    :param sort: order, paths with `-` for descending; none: the list's own.
    :param columns: fields shown, the first of the list always among them; none: the list's own.
    """

    key: str
    title: str
    where: Mapping[Any, Any] = field(default_factory=dict)
    sort: Sequence[str] = ()
    columns: Sequence[Any] = ()

    def filters(self) -> tuple[tuple[str, str], ...]:
        """Write the conditions as an address has them."""
        return tuple(
            (field_path(name), str(value).lower() if isinstance(value, bool) else str(value))
            for name, value in self.where.items()
        )

    def shown(self) -> tuple[str, ...]:
        """Name the columns by path."""
        return tuple(field_path(column) for column in self.columns)

    def asked(self) -> tuple[str, ...]:
        """Name the fields without which the view would show something else."""
        return tuple(key.partition("__")[0] for key, _value in self.filters())

    def paths(self) -> tuple[str, ...]:
        """Name every field that the view mentions."""
        return (*self.asked(), *self.shown(), *(part.removeprefix("-") for part in self.sort))


@dataclass(frozen=True, kw_only=True)
class Panel:
    """Records of another entity that point to the one shown: branches of a client.

    >>> Panel(entity=ContactRole, by=ContactRole.client_id,
    ...       columns=[ContactRole.contact_id, ContactRole.role, Contact.mobile, Contact.email])

    :param columns: the first names the row. Where it is a reference, fields of what it refers to
        may stand behind it. A choice is shown as a badge; a phone or an e-mail address, as a link
        that calls or writes.
    """

    entity: Any
    #: Reference field of that entity, or its name.
    by: Any
    columns: Sequence[Any] = ()
    title: str = ""


@dataclass(frozen=True, kw_only=True)
class Slot:
    """What a plugin adds to the screens of another plugin's entity.

    Slots of every entity: `form.sections`, `form.children`, `form.when`, `list.columns`,
    `list.filters`, `record.panels`.
    """

    entity: Any
    sections: Sequence[Section] = ()
    columns: Sequence[Any] = ()
    filters: Sequence[Any] = ()
    panels: Sequence[Panel] = ()
    children: Sequence[Children] = ()
    when: Sequence[When] = ()
    position: int = 100


@dataclass(frozen=True, kw_only=True)
class TimelineEntry:
    """Something that happened to a record, as its timeline tells it."""

    at: dt.datetime
    #: What happened, in the words that follow who did it: "visited the client".
    text: Message
    #: Who did it; none: `actor`, or Trato itself.
    member_id: UUID | None = None
    actor: str = ""
    detail: str = ""
    #: Where more of it is.
    url: str | None = None
    icon: str = ""
    #: What core keeps of its own notes and changes to draw them.
    content: Any = None


@dataclass(frozen=True, kw_only=True)
class Timeline:
    """A kind of events that records' timelines show, and by which they are filtered."""

    #: `visits.visits`
    name: str
    label: str
    icon: str
    #: Called with (unit, entity, record_id, before, limit): the newest events of the record, the
    #: newest first, that are older than `before` if it is given; at most `limit`. That the actor
    #: may see the record is checked already.
    read: Callable[[Unit, EntityView, UUID, dt.datetime | None, int], Sequence[TimelineEntry]]


@dataclass(frozen=True, kw_only=True)
class Outgoing:
    """Which records of an entity a connector sends, and when.

    :param fields: a change that touches none of them is not sent; none named: all count.
    :param when: tells of a change whether its record is to be sent; called inside the transaction
        that saves it.
    """

    entity: Any
    fields: Sequence[Any] = ()
    when: Callable[[Change], bool] | None = None

    def wants(self, change: Change) -> bool:
        """Tell whether a change is to be sent."""
        paths = [field_path(name) for name in self.fields]
        if paths and change.action == "update" and not change.touches(*paths):
            return False
        return self.when is None or self.when(change)


@dataclass(frozen=True, kw_only=True)
class Command:
    """A command of the plugin: `trato PLUGIN NAME …`."""

    name: str
    help: str
    #: Add arguments to the parser.
    arguments: Callable[[argparse.ArgumentParser], None]
    #: Run with the host and the parsed arguments; returns the exit code.
    run: Callable[[Any, argparse.Namespace], int]


@dataclass(frozen=True, kw_only=True)
class Demo:
    """A function that fills the demo company with the plugin's records."""

    #: Called with the tenant's unit and how many main records to make.
    fill: Callable[[Unit, int], None]
    #: What the demo company is configured to be first, as `trato config apply` reads it.
    configuration: str = ""


@dataclass(frozen=True, kw_only=True, eq=False)
class Plugin:
    """A plugin: its manifest, its declarations, and itself the object that the host registers.

    >>> plugin = Plugin(name="visits", title=_("Visits"), version="1.0.0", depends=["clients"],
    ...                 entities=[Visit], screens=[ListScreen(Visit, columns=[Visit.subject])])

    :param name: folder, entry point, table prefix, URL prefix and licence key at once.
    :param depends: plugins that must be enabled too.
    :param optional: plugins that it works better with and may import if they are there.
    :param hooks: module with further hook implementations, marked ``@hookimpl``.
    """

    name: str
    title: str
    version: str
    description: str = ""
    requires_host: str = ">=0.1,<1"
    depends: Sequence[str] = ()
    optional: Sequence[str] = ()
    icon: str = "puzzle"
    entities: Sequence[type[Entity]] = ()
    extensions: Sequence[type[Extension]] = ()
    options: Sequence[OptionList] = ()
    screens: Sequence[Any] = ()
    menus: Sequence[Menu] = ()
    slots: Sequence[Slot] = ()
    timeline: Sequence[Timeline] = ()
    permissions: Sequence[Permission] = ()
    settings: Sequence[Setting] = ()
    commands: Sequence[Command] = ()
    jobs: Sequence[Job] = ()
    connectors: Sequence[type[Connector]] = ()
    #: What ``trato_event`` hears: `clients.client.created`, `clients.client.*`; none: everything.
    events: Sequence[str] = ()
    demo: Demo | None = None
    hooks: ModuleType | None = None
    #: What companies have behind their names, left out where two names are compared; in small
    #: plain letters: `sas`, `s en c`.
    legal_forms: Sequence[str] = ()
    #: By kind of field (`phone`), a function from a value to all ways of writing the same, the one
    #: to keep first; for texts of that kind that no extension gives spellings of their own.
    spellings: Mapping[str, Spellings] = field(default_factory=dict)
    #: By kind of text (`phone`), how lists and pages write the values of all such fields.
    shown: Mapping[str, Shown] = field(default_factory=dict)
    #: Import package, found from where the plugin is declared; set it only when that is elsewhere.
    package: str = field(default="")

    @hookimpl
    def trato_entities(self) -> Sequence[type[Entity]]:
        return self.entities

    @hookimpl
    def trato_extensions(self) -> Sequence[type[Extension]]:
        return self.extensions

    @hookimpl
    def trato_options(self) -> Sequence[OptionList]:
        return self.options

    @hookimpl
    def trato_screens(self) -> Sequence[Any]:
        return self.screens

    @hookimpl
    def trato_menus(self) -> Sequence[Menu]:
        return self.menus

    @hookimpl
    def trato_slots(self) -> Sequence[Slot]:
        return self.slots

    @hookimpl
    def trato_timeline(self) -> Sequence[Timeline]:
        return self.timeline

    @hookimpl
    def trato_permissions(self) -> Sequence[Permission]:
        return self.permissions

    @hookimpl
    def trato_settings(self) -> Sequence[Setting]:
        return self.settings

    @hookimpl
    def trato_commands(self) -> Sequence[Command]:
        return self.commands

    @hookimpl
    def trato_jobs(self) -> Sequence[Job]:
        return self.jobs

    @hookimpl
    def trato_sync(self) -> Sequence[type[Connector]]:
        return self.connectors

    @hookimpl
    def trato_demo(self) -> Sequence[Demo]:
        return [] if self.demo is None else [self.demo]


def entity_name(entity: Any) -> str:
    """Give the name of an entity that is named by class or by name."""
    return entity if isinstance(entity, str) else str(entity.__entity__.name)


def field_path(name: Any) -> str:
    """Give the path of a field that is named by attribute (`Visit.status`) or by path.

    An attribute of an extension gives the path under its plugin: `colombia.municipality`.
    """
    if isinstance(name, str):
        return name
    info: Mapping[str, Any] = name.property.columns[0].info
    declared = info.get("field")
    if declared is None:  # owner, team and the system's own columns
        return str(name.key)
    prefix = declared.plugin if getattr(name.class_.__entity__, "extends", None) else ""
    return f"{prefix}.{declared.path}" if prefix else str(declared.path)


def field_owner(name: Any) -> str | None:
    """Give the entity whose field an attribute is; None for one that is named by path."""
    if isinstance(name, str):
        return None
    info = name.class_.__entity__
    return str(info.extends or info.name)
