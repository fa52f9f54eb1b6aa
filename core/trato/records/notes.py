"""Notes that members write on records, and whom they mention in them."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from trato.access.roles import TEMPORARY_ROLES
from trato.db.types import new_id
from trato.entities.view import EntityView
from trato.errors import Forbidden, Invalid, Message, NotFound
from trato.records import notices
from trato.records.query import Record
from trato.records.tables import note as table
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.tenancy.view import Member, TenantView
from trato.text import _

LONGEST = 10_000
#: How a text names a member: `@[Luz Mosquera](id)`.
MENTION = re.compile(r"@\[([^\[\]\n]{1,200})\]\(([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})\)")


@dataclass(frozen=True, kw_only=True)
class Note:
    """What somebody wrote on a record."""

    id: UUID
    record_id: UUID
    member_id: UUID
    #: Plain, with mentions as ``MENTION`` reads them.
    text: str
    created_at: dt.datetime
    edited_at: dt.datetime | None = None


def may_write(unit: Unit, entity: EntityView) -> bool:
    """Tell whether the actor may write on the records of an entity that it may see.

    Whoever sees a record may, but not those who are there to look: an auditor, or an
    administrator looking as somebody else.
    """
    actor = unit.actor
    if actor.member is None or actor.viewer is not None or unit.view.read_only:
        return False
    looks_only = TEMPORARY_ROLES.issuperset(actor.member.roles)
    return not looks_only and actor.in_scope(entity.info.plugin, "write")


def read(
    unit: Unit, record_id: UUID, *, before: dt.datetime | None = None, limit: int = 20
) -> list[Note]:
    """Read the notes of a record, newest first; the caller has checked that it may be seen."""
    statement = select(table).where(
        table.c.tenant_id == unit.tenant_id, table.c.record_id == record_id,
        table.c.archived_at.is_(None),
    )  # fmt: skip
    if before is not None:
        statement = statement.where(table.c.created_at < before)
    ordered = statement.order_by(table.c.created_at.desc(), table.c.id.desc()).limit(limit)
    return [_note(row) for row in unit.connection.execute(ordered)]


def write(unit: Unit, entity: EntityView, record_id: UUID, text: str) -> Note:
    """Write a note on a record, and tell those it mentions and those who follow the record.

    :param text: members are named as `@Name`, or as ``MENTION`` where two bear the name.
    :raises NotFound: when the actor may not see the record.
    :raises Invalid: at `text`, for one that is empty or too long.
    """
    record = _record(unit, entity, record_id)
    made = Note(
        id=new_id(), record_id=record.id, member_id=_author(unit), text=_checked(unit, text),
        created_at=unit.now,
    )  # fmt: skip
    unit.connection.execute(
        insert(table).values(
            tenant_id=unit.tenant_id, entity=entity.name, id=made.id, record_id=made.record_id,
            member_id=made.member_id, text=made.text, created_at=made.created_at,
        )
    )  # fmt: skip
    named = mentioned(made.text)
    notices.tell(unit, entity, record, "mention", named, note_id=made.id)
    followers = set(notices.followers(unit, [record.id]).get(record.id, ())) - named
    notices.tell(unit, entity, record, "note", followers, note_id=made.id)
    return made


def edit(unit: Unit, entity: EntityView, record_id: UUID, note_id: UUID, text: str) -> Note:
    """Change one's own note; only members whom it did not name before are told.

    :raises NotFound: when there is no such note.
    :raises Forbidden: when somebody else wrote it.
    """
    record = _record(unit, entity, record_id)
    found = _own(unit, record, note_id, archived=False)
    new = _checked(unit, text)
    if new != found.text:
        _update(unit, note_id, text=new, edited_at=unit.now)
        added = mentioned(new) - mentioned(found.text)
        notices.tell(unit, entity, record, "mention", added, note_id=note_id)
    return found


def archive(unit: Unit, entity: EntityView, record_id: UUID, note_id: UUID) -> None:
    """Take one's own note off the timeline; ``restore`` brings it back."""
    _own(unit, _record(unit, entity, record_id), note_id, archived=False)
    _update(unit, note_id, archived_at=unit.now)


def restore(unit: Unit, entity: EntityView, record_id: UUID, note_id: UUID) -> None:
    """Bring one's own archived note back."""
    _own(unit, _record(unit, entity, record_id), note_id, archived=True)
    _update(unit, note_id, archived_at=None)


def _update(unit: Unit, note_id: UUID, **values: Any) -> None:
    unit.connection.execute(
        update(table)
        .where(table.c.tenant_id == unit.tenant_id, table.c.id == note_id)
        .values(**values)
    )


def _record(unit: Unit, entity: EntityView, record_id: UUID) -> Record:
    check_writable(unit)
    record = unit.records.get(entity.name, record_id, archived=None)
    if not may_write(unit, entity):
        raise Forbidden(_("Your role reads here; it writes no notes."))
    return record


def _author(unit: Unit) -> UUID:
    if unit.actor.member_id is None:
        raise Forbidden(_("Only a member writes notes."))
    return unit.actor.member_id


def _own(unit: Unit, record: Record, note_id: UUID, *, archived: bool) -> Note:
    gone = table.c.archived_at
    row = unit.connection.execute(
        select(table).where(
            table.c.tenant_id == unit.tenant_id, table.c.id == note_id,
            table.c.record_id == record.id, gone.is_not(None) if archived else gone.is_(None),
        )
    ).first()  # fmt: skip
    if row is None:
        raise NotFound(_("There is no such note."))
    if row.member_id != _author(unit):
        raise Forbidden(_("Only who wrote a note may change it."))
    return _note(row)


def _note(row: Any) -> Note:
    return Note(
        id=row.id, record_id=row.record_id, member_id=row.member_id, text=row.text,
        created_at=row.created_at, edited_at=row.edited_at,
    )  # fmt: skip


def _checked(unit: Unit, text: str) -> str:
    written = text.replace("\r\n", "\n").replace("\x00", "").strip()
    if not written:
        raise Invalid({"text": [Message(_("The note is empty."))]})
    marked = mark(unit.view, written)
    if len(marked) > LONGEST:
        long = Message(_("A note has {limit} letters at most."), {"limit": LONGEST})
        raise Invalid({"text": [long]})
    return marked


# --- mentions ------------------------------------------------------------------------------------


def mentioned(text: str) -> set[UUID]:
    """Give the members whom a stored text names."""
    return {UUID(found[2]) for found in MENTION.finditer(text)}


def mark(view: TenantView, text: str) -> str:
    """Turn `@Name` into a mention where exactly one member bears the name.

    A mention that names nobody of the tenant becomes plain text, and each shows the member's own
    name, so that nobody is quoted under another's.
    """
    by_name = _by_name(m for m in view.members.values() if m.is_active)
    names = sorted((re.escape(name) for name in by_name), key=len, reverse=True)
    typed = f"|(?<![\\w@])@(?P<name>{'|'.join(names)})(?!\\w)" if names else ""

    def one(found: re.Match[str]) -> str:
        if found[2] is None:
            bearers = by_name[found["name"].casefold()]
            return _mention(bearers[0]) if len(bearers) == 1 else found[0]
        member = view.members.get(UUID(found[2]))
        return _mention(member) if member else f"@{found[1]}"

    return re.sub(f"{MENTION.pattern}{typed}", one, text, flags=re.IGNORECASE)


def unmark(view: TenantView, text: str) -> str:
    """Write a stored text as its author typed it: `@Name` where the name says enough."""
    by_name = _by_name(m for m in view.members.values() if m.is_active)

    def one(found: re.Match[str]) -> str:
        alone = len(by_name.get(found[1].casefold(), ())) == 1
        return f"@{found[1]}" if alone else found[0]

    return MENTION.sub(one, text)


def _by_name(members: Iterable[Member]) -> dict[str, list[Member]]:
    found: dict[str, list[Member]] = {}
    for member in members:
        found.setdefault(_shown(member).casefold(), []).append(member)
    return found


def _shown(member: Member) -> str:
    """Give a member's name without what would end the mention."""
    return re.sub(r"[\[\]\n]", "", member.name)[:200]


def _mention(member: Member) -> str:
    return f"@[{_shown(member)}]({member.id})"
