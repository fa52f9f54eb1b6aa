"""What a member has chosen to be told: by kind of event in the application, by letter, and when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, delete, insert, select

from trato.records.tables import notice_choice as table

#: No letter, one at once, or a place in the summary of the day.
Mail = Literal["", "now", "daily"]
MAILS: tuple[Mail, ...] = ("", "now", "daily")
#: What one chooses by, and the kinds of notices that it stands for.
EVENTS: Mapping[str, tuple[str, ...]] = {
    "mention": ("mention",), "assigned": ("assigned",), "followed": ("note", "change"),
    "done": ("tried", "imported", "exported", "task_done"),
    "failed": ("import", "export", "task_failed"),
}  # fmt: skip
_EVENT_OF = {kind: event for event, kinds in EVENTS.items() for kind in kinds}
#: When the summary of a day is sent, in the member's time zone.
DIGEST_AT = dt.time(7)


@dataclass(frozen=True, kw_only=True)
class Way:
    """How somebody is told of one kind of event."""

    in_app: bool = True
    mail: Mail = ""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """All that a member has chosen; without it what is usual."""

    ways: Mapping[str, Way]
    #: From when until when no letter is sent, in the member's time zone; none: at any hour.
    quiet: tuple[dt.time, dt.time] | None = None

    def way(self, kind: str) -> Way:
        """Say how the member is told of a kind of notice."""
        return self.ways[_EVENT_OF[kind]]

    def quiet_until(self, moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """Give the first moment from then on at which a letter may be sent."""
        if self.quiet is None:
            return moment
        begin, end = self.quiet
        local = moment.astimezone(zone)
        now = local.time()
        is_quiet = begin <= now < end if begin <= end else now >= begin or now < end
        if not is_quiet:
            return moment
        day = local.date() + dt.timedelta(days=1 if now >= end else 0)
        return dt.datetime.combine(day, end, zone).astimezone(dt.UTC)

    def next_digest(self, moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
        """Give when the next summary after a moment is sent."""
        local = moment.astimezone(zone)
        day = local.date() + dt.timedelta(days=1 if local.time() >= DIGEST_AT else 0)
        at = dt.datetime.combine(day, DIGEST_AT, zone).astimezone(dt.UTC)
        return self.quiet_until(at, zone)


#: Somebody waits for an answer: by letter too. What one only follows is in the application.
USUAL = Choices(
    ways={
        "mention": Way(mail="now"), "assigned": Way(mail="now"), "followed": Way(), "done": Way(),
        "failed": Way(),
    },
    quiet=(dt.time(20), dt.time(7)),
)  # fmt: skip


def read(connection: Connection, tenant_id: int, members: Collection[UUID]) -> dict[UUID, Choices]:
    """Read what members have chosen, one statement; who has not chosen has the usual."""
    found = dict.fromkeys(members, USUAL)
    rows = connection.execute(
        select(table.c.member_id, table.c.content).where(
            table.c.tenant_id == tenant_id, table.c.member_id.in_(sorted(members))
        )
    )
    return found | {row.member_id: _from_json(row.content) for row in rows}


def save(connection: Connection, tenant_id: int, member_id: UUID, choices: Choices) -> None:
    """Keep what a member has chosen."""
    content = {
        "ways": {e: {"app": way.in_app, "mail": way.mail} for e, way in choices.ways.items()},
        "quiet": choices.quiet and [time.isoformat("minutes") for time in choices.quiet],
    }
    where = (table.c.tenant_id == tenant_id, table.c.member_id == member_id)
    connection.execute(delete(table).where(*where))
    connection.execute(
        insert(table).values(tenant_id=tenant_id, member_id=member_id, content=content)
    )


def _from_json(content: Mapping[str, Any]) -> Choices:
    """Read what was kept; an event that is newer than it has the usual."""
    kept = content.get("ways", {})
    quiet = content.get("quiet")
    return Choices(
        ways={
            event: Way(in_app=kept[event]["app"], mail=kept[event]["mail"])
            if event in kept else usual
            for event, usual in USUAL.ways.items()
        },
        quiet=quiet and (dt.time.fromisoformat(quiet[0]), dt.time.fromisoformat(quiet[1])),
    )  # fmt: skip
