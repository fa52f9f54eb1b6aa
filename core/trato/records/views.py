"""Lists as people keep them under a name: for themselves, for a team, or for everybody.

A view is a question, never an answer: filters, order and columns, asked again with the rights of
whoever looks. What a plugin declares stands beside them and belongs to nobody.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal
from uuid import UUID, uuid5

from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    bindparam,
    delete,
    func,
    insert,
    literal_column,
    null,
    or_,
    select,
    union_all,
    update,
)

from trato.access import rules
from trato.access.roles import SHARE_VIEWS
from trato.db.types import new_id
from trato.entities.view import EntityView
from trato.errors import Conflict, DomainError, Forbidden, Message, NotFound
from trato.plugin import View
from trato.records import arranging, marks
from trato.records.arranging import Arrangement
from trato.records.explaining import ADMINISTER
from trato.records.tables import list_state, mark
from trato.records.tables import list_view as table
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.text import _

#: Who sees a view; `plugin` for what a plugin declares.
Share = Literal["me", "team", "all", "plugin"]
LONGEST_NAME = 80
#: How many views of one list a member may keep.
MOST = 50
#: For how long a deleted view can be brought back.
KEPT = dt.timedelta(days=1)
_LARGEST = 8_000
_DECLARED = UUID("0f6f2a0e-3f6c-4d0e-9a59-8f0f4b8d3c11")


@dataclass(frozen=True, kw_only=True)
class Content:
    """What a list shows and how."""

    #: As an address has them: field and operator, text of the value.
    filters: tuple[tuple[str, str], ...] = ()
    search: str = ""
    #: Paths, a minus before a falling one.
    sort: tuple[str, ...] = ()
    #: Paths in order; none: as the reader's own list has them.
    columns: tuple[str, ...] = ()
    is_compact: bool | None = None

    def to_json(self) -> dict[str, Any]:
        return {"filters": [list(pair) for pair in self.filters], "search": self.search,
                "sort": list(self.sort), "columns": list(self.columns),
                "compact": self.is_compact}  # fmt: skip

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Content:
        return cls(
            filters=tuple((key, text) for key, text in kept.get("filters", ())),
            search=kept.get("search", ""), sort=tuple(kept.get("sort", ())),
            columns=tuple(kept.get("columns", ())), is_compact=kept.get("compact"),
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class ListView:
    """A view that the actor may see."""

    id: UUID
    #: What an address calls it: the id, or the key of a declared one.
    key: str
    #: In its maker's words; of a declared one a message id.
    name: str
    content: Content
    share: Share
    team_id: UUID | None = None
    member_id: UUID | None = None
    version: int = 0
    is_favorite: bool = False


@dataclass(frozen=True, kw_only=True)
class Listing:
    """How the actor has arranged a list, and the views that it offers."""

    arrangement: Arrangement
    #: The declared ones in their order, then the others by name.
    views: tuple[ListView, ...]

    def named(self, key: str) -> ListView | None:
        """Find a view by what an address calls it."""
        return next((view for view in self.views if key in (view.key, str(view.id))), None)

    @property
    def default(self) -> ListView | None:
        """The view that the actor's list opens with."""
        return self.named(self.arrangement.view) if self.arrangement.view else None


def read(unit: Unit, entity: EntityView) -> Listing:
    """Read views and arrangement of a list with one statement."""
    if unit.actor.member_id is None:
        return Listing(arrangement=Arrangement(), views=tuple(_declared(unit, entity, ())))
    rows = unit.connection.execute(
        _statement(),
        {"tenant": unit.tenant_id, "member": unit.actor.member_id, "entity": entity.name,
         "teams": list(unit.actor.teams)},
    ).all()  # fmt: skip
    favorites = {row.id for row in rows if row.kind == "favorite"}
    arranged = next((row.content for row in rows if row.kind == "state"), None)
    stored = [_view(row, favorites) for row in rows if row.kind == "view"]
    stored.sort(key=lambda view: (view.name.casefold(), str(view.id)))
    return Listing(
        arrangement=arranging.from_json(arranged or {}),
        views=(*_declared(unit, entity, favorites), *stored),
    )


def find(unit: Unit, entity: EntityView, view_id: UUID) -> ListView:
    """Read a view.

    :raises NotFound: when the actor may not see it.
    """
    found = read(unit, entity).named(str(view_id))
    if found is None:
        raise _unknown()
    return found


def shares(unit: Unit) -> list[tuple[Share, UUID | None]]:
    """Say with whom the actor may share a view: nobody else, unless a role allows it."""
    actor = unit.actor
    found: list[tuple[Share, UUID | None]] = [("me", None)]
    if actor.has(SHARE_VIEWS) or actor.has(ADMINISTER):
        teams = [team for team in unit.view.teams.values() if team.id in actor.teams]
        teams.sort(key=lambda team: team.name.casefold())
        found += [*(("team", team.id) for team in teams), ("all", None)]
    return found


def may_change(unit: Unit, view: ListView) -> bool:
    """Tell whether the actor may change a view: its maker, and of a shared one who administers."""
    if unit.actor.viewer is not None or unit.view.read_only or view.share == "plugin":
        return False
    return view.member_id == unit.actor.member_id or (
        view.share != "me" and unit.actor.has(ADMINISTER)
    )


def create(
    unit: Unit, entity: EntityView, name: str, content: Content, *, share: Share = "me",
    team_id: UUID | None = None,
) -> UUID:  # fmt: skip
    """Keep a list under a name.

    :raises Forbidden: when the actor may not share so, or is nobody who could keep anything.
    :raises DomainError: for a name that is empty or too long, and for one view too many.
    """
    _require_self(unit, entity)
    _check_share(unit, share, team_id, before=None)
    mine = (*_of(unit, entity), table.c.member_id == unit.actor.member_id)
    # What was deleted longer ago than it could be brought back goes for good.
    unit.connection.execute(delete(table).where(*mine, table.c.archived_at < unit.now - KEPT))
    count = select(func.count()).select_from(table).where(*mine, table.c.archived_at.is_(None))
    if unit.connection.execute(count).scalar_one() >= MOST:
        raise DomainError(
            _("You have {most} views of this list; more cannot be kept."),
            hint=_("Delete one that you no longer use."), most=MOST, code="too_many",
        )  # fmt: skip
    made = new_id()
    unit.connection.execute(
        insert(table).values(
            tenant_id=unit.tenant_id, id=made, entity=entity.name, name=_name(name),
            member_id=unit.actor.member_id, share=share, team_id=team_id,
            content=_checked(unit, entity, content), version=1, changed_at=unit.now,
        )
    )  # fmt: skip
    return made


def rename(
    unit: Unit, entity: EntityView, view_id: UUID, name: str, *, version: int, share: Share,
    team_id: UUID | None = None,
) -> None:  # fmt: skip
    """Give a view another name or other readers.

    :param version: as the actor saw it.
    :raises NotFound: when the actor may not see it.
    :raises Forbidden: when it is not the actor's to change, or to share so.
    :raises Conflict: when somebody changed it meanwhile.
    """
    view = _changeable(unit, entity, view_id)
    _check_share(unit, share, team_id, before=view)
    _write(unit, entity, view, version, name=_name(name), share=share, team_id=team_id)


def keep(unit: Unit, entity: EntityView, view_id: UUID, content: Content, *, version: int) -> None:
    """Let a view show what the list shows now; see ``rename``."""
    view = _changeable(unit, entity, view_id)
    _check_share(unit, view.share, view.team_id, before=None)
    _write(unit, entity, view, version, content=_checked(unit, entity, content))


def remove(unit: Unit, entity: EntityView, view_id: UUID) -> None:
    """Delete a view; for a day it can be brought back."""
    view = _changeable(unit, entity, view_id)
    unit.connection.execute(
        update(table).where(*_of(unit, entity), table.c.id == view.id).values(archived_at=unit.now)
    )


def bring_back(unit: Unit, entity: EntityView, view_id: UUID) -> None:
    """Undo the deletion of a view.

    :raises NotFound: when there is none of the actor's, or it is too long ago.
    """
    _require_self(unit, entity)
    mine = [*_of(unit, entity), table.c.id == view_id, table.c.archived_at > unit.now - KEPT]
    if not unit.actor.has(ADMINISTER):
        mine.append(table.c.member_id == unit.actor.member_id)
    else:
        mine.append(or_(table.c.member_id == unit.actor.member_id, table.c.share != "me"))
    found = unit.connection.execute(update(table).where(*mine).values(archived_at=None))
    if found.rowcount != 1:
        raise _unknown()


def prefer(
    unit: Unit, entity: EntityView, view_id: UUID, *, is_favorite: bool, is_default: bool
) -> None:
    """Remember whether a view is a favourite of the actor's, and whether the list opens with it.

    :raises NotFound: when the actor may not see it.
    :raises Forbidden: for whoever looks as somebody else.
    """
    view = find(unit, entity, view_id)
    marks.put_view(unit, entity, view.id, on=is_favorite)
    arranging.open_with(unit, entity, view.key, on=is_default)


def favorites(unit: Unit) -> list[tuple[EntityView, ListView]]:
    """Read the actor's favourite views of all lists, by entity and name."""
    if unit.actor.member_id is None:
        return []
    rows = unit.connection.execute(
        _statement(every=True),
        {"tenant": unit.tenant_id, "member": unit.actor.member_id,
         "teams": list(unit.actor.teams)},
    ).all()  # fmt: skip
    marked = {row.id for row in rows if row.kind == "favorite"}
    found = []
    for (kind, name), _screen in unit.view.screens.items():
        entity = unit.view.entities.get(name)
        if kind != "list" or entity is None:
            continue
        if not rules.decide(unit.actor, entity, "view").allowed:
            continue
        stored = [_view(row, marked) for row in rows
                  if row.kind == "view" and row.entity == name]  # fmt: skip
        views = [*_declared(unit, entity, marked), *stored]
        found += [(entity, view) for view in views if view.is_favorite]
    return found


@cache
def _statement(*, every: bool = False) -> CompoundSelect[Any]:
    """Select views, arrangement and favourites: of one list, or of every one."""
    tenant: Any = bindparam("tenant")
    member: Any = bindparam("member")

    def of(column: Any) -> list[Any]:
        return [] if every else [column == bindparam("entity")]

    seen = or_(
        table.c.member_id == member, table.c.share == "all",
        (table.c.share == "team") & table.c.team_id.in_(bindparam("teams", expanding=True)),
    )  # fmt: skip
    columns = (table.c.id, table.c.name, table.c.member_id, table.c.share, table.c.team_id,
               table.c.version)  # fmt: skip
    nothing = [null().label(column.name) for column in columns[1:]]
    stored = select(
        literal_column("'view'").label("kind"), table.c.entity, table.c.content, *columns
    ).where(table.c.tenant_id == tenant, *of(table.c.entity), table.c.archived_at.is_(None), seen)
    states = select(
        literal_column("'state'"), list_state.c.entity, list_state.c.content, null().label("id"),
        *nothing,
    ).where(
        list_state.c.tenant_id == tenant, list_state.c.member_id == member,
        *of(list_state.c.entity),
    )  # fmt: skip
    marked = select(
        literal_column("'favorite'"), mark.c.entity, null().label("content"), mark.c.record_id,
        *nothing,
    ).where(
        mark.c.tenant_id == tenant, mark.c.member_id == member, mark.c.kind == marks.VIEW,
        *of(mark.c.entity),
    )  # fmt: skip
    return union_all(stored, states, marked)


def _view(row: Any, favorites: Iterable[UUID]) -> ListView:
    return ListView(
        id=row.id, key=str(row.id), name=row.name, content=Content.from_json(row.content),
        share=row.share, team_id=row.team_id, member_id=row.member_id, version=row.version,
        is_favorite=row.id in favorites,
    )  # fmt: skip


def _declared(unit: Unit, entity: EntityView, favorites: Iterable[UUID]) -> list[ListView]:
    """Give the views that the list's plugin declares, without those whose fields are not here."""
    screen: Any = unit.view.screens.get(("list", entity.name))
    declared: Iterable[View] = screen.views if screen is not None else ()
    visible = rules.visible_fields(unit.actor, entity)
    made = []
    for view in declared:
        if any(path not in visible for path in view.asked()):
            continue
        view_id = uuid5(_DECLARED, f"{entity.name}/{view.key}")
        made.append(
            ListView(
                id=view_id,
                key=view.key,
                name=view.title,
                share="plugin",
                is_favorite=view_id in favorites,
                content=Content(
                    filters=view.filters(), sort=tuple(view.sort), columns=view.shown()
                ),
            )
        )
    return made


def _changeable(unit: Unit, entity: EntityView, view_id: UUID) -> ListView:
    _require_self(unit, entity)
    view = find(unit, entity, view_id)
    if not may_change(unit, view):
        raise Forbidden(
            _("Only who made a view, or who administers the company, may change it."),
            hint=_("Save it under a name of your own."),
        )
    return view


def _write(unit: Unit, entity: EntityView, view: ListView, version: int, **values: Any) -> None:
    done = unit.connection.execute(
        update(table)
        .where(*_of(unit, entity), table.c.id == view.id, table.c.version == version)
        .values(**values, version=version + 1, changed_at=unit.now)
    )
    if done.rowcount != 1:
        raise Conflict(
            _("Somebody changed the view '{name}' meanwhile; what you see here is theirs."),
            hint=_("Look at it and change it once more."), name=view.name,
        )  # fmt: skip


def _check_share(
    unit: Unit, share: Share, team_id: UUID | None, *, before: ListView | None
) -> None:
    """Refuse to share with others without the right; what an administrator finds may stay so."""
    if before is not None and (share, team_id) == (before.share, before.team_id):
        return
    if (share, team_id) not in shares(unit) and not (
        share == "team" and team_id in unit.view.teams and unit.actor.has(ADMINISTER)
    ):
        raise Forbidden(
            _("Your role does not allow to share views with others."),
            hint=_("An administrator can allow it in the role, or share the view for you."),
        )


def _checked(unit: Unit, entity: EntityView, content: Content) -> dict[str, Any]:
    """Write the content as it is kept, without columns and orders that the actor may not see."""
    visible = rules.visible_fields(unit.actor, entity)
    kept = replace(
        content,
        columns=tuple(path for path in content.columns if path in visible),
        sort=tuple(part for part in content.sort if part.removeprefix("-") in visible),
    ).to_json()
    if sum(len(key) + len(text) for key, text in kept["filters"]) > _LARGEST:
        raise DomainError(_("The filters of this list are too long to be kept."), code="too_long")
    return kept


def _name(name: str) -> str:
    name = " ".join(name.replace("\x00", "").split())
    if not name or len(name) > LONGEST_NAME:
        raise DomainError(
            _("The name of a view has between 1 and {most} letters."), most=LONGEST_NAME,
        )  # fmt: skip
    return name


def _require_self(unit: Unit, entity: EntityView) -> None:
    check_writable(unit)
    rules.require(unit.actor, entity, "view")
    if unit.actor.member_id is None:
        raise Forbidden(_("Only a member of the company can do this."))


def _of(unit: Unit, entity: EntityView) -> tuple[ColumnElement[bool], ...]:
    return (table.c.tenant_id == unit.tenant_id, table.c.entity == entity.name)


def _unknown() -> NotFound:
    return NotFound(_("This view does not exist, or is not shared with you."))


def readers(unit: Unit, view: ListView) -> Message | None:
    """Say who sees a view besides its maker; None for nobody."""
    if view.share == "all":
        return Message(_("everybody"))
    team = unit.view.teams.get(view.team_id) if view.team_id is not None else None
    return Message("{name}", {"name": team.name}) if team is not None else None
