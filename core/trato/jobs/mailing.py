"""Letters of what members are told: at once, or as the summary of a day, never in quiet hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, exists, or_, select, update

from trato.db.engine import transaction
from trato.errors import Message
from trato.host import Host
from trato.jobs.declared import DetachedContext, Job, QueuedJob, Temporary
from trato.jobs.queue import OVER
from trato.mail import letters, own_server
from trato.mail.sending import MailError
from trato.records import notice_choices, notices
from trato.records.notices import MAIL, Notice
from trato.records.tables import notice as table
from trato.records.unit import Unit
from trato.tenancy.tables import task
from trato.tenancy.view import Member, TenantView
from trato.text import _

#: Lines of a letter; what is more is counted.
_MOST = 30
_TOLD = {
    "mention": _("{who} mentioned you in {record}"), "note": _("{who} wrote a note on {record}"),
    "change": _("{who} changed {record}"), "assigned": _("{who} assigned {record} to you"),
}  # fmt: skip
#: With the page beside the list on which it is found.
_EXCHANGED = {
    "import": (_("Your import of {titles} failed"), "import"),
    "export": (_("Your export of {titles} failed"), "exports"),
    "tried": (_("The trial of your import of {titles} is done"), "import"),
    "imported": (_("Your import of {titles} is done"), "import"),
    "exported": (_("Your export of {titles} is ready"), "exports"),
}


@dataclass(frozen=True, kw_only=True)
class _Waiting:
    """What is to be written to a member now."""

    member: Member
    ids: Sequence[UUID]


def mailing_job(host: Host, jobs: Callable[[], Mapping[str, Job]]) -> Job:
    """Make the job, which knows the host.

    :param jobs: gives all jobs, whose titles stand in letters about work.
    """

    def send(ctx: DetachedContext) -> int:
        waiting = _take(host, ctx)
        if waiting is None:
            return 0
        view = host.for_tenant(ctx.tenant_id)
        items = []
        if not own_server.lacking(host, view):
            actor = replace(host.system(ctx.tenant_id, via="job"), member=waiting.member)
            with host.unit(actor, read=True) as unit:
                found = notices.read_some(unit, waiting.ids)
                items = [_item(unit, notice, jobs()) for notice in found]
        if items:
            locale = waiting.member.locale or view.tenant.locale
            draft = _draft(host, view, waiting.member, items)
            letter = letters.write(draft, host.catalogs, locale)
            try:
                own_server.send_for(host, view, letter, waiting.member.email)
            except MailError as error:
                refused = error.code == "address_refused"
                _settle(host, ctx.tenant_id, waiting.ids, _close if refused else _let_wait)
                if refused:
                    raise
                told = error.message
                raise Temporary(told.text, hint=error.hint.text, **told.params) from error
        _settle(host, ctx.tenant_id, waiting.ids, _close)
        return len(items)

    return QueuedJob(name=MAIL, title=_("Send what members are told"), run=send, reads=True,
                     detached=True, attempts=8)  # fmt: skip


def _take(host: Host, ctx: DetachedContext) -> _Waiting | None:
    """Claim what is to be sent now, and queue the letter of what has to wait.

    What is claimed is this task's until it is sent: its next attempt finds it again when a worker
    dies on the way, and no other task of the member writes it too. What a task had claimed that
    failed or was cancelled is nobody's.
    """
    tenant_id, member_id = ctx.tenant_id, UUID(str(ctx.payload["member_id"]))
    # By a clock that is behind it would not be time yet, and to wait for that moment, whose task
    # this is, would be to wait for ever.
    now = max(host.clock(), ctx.claimed_at)
    view = host.for_tenant(tenant_id)
    member = view.members.get(member_id)
    with transaction(host.engine, tenant_id=tenant_id) as connection:
        others = exists().where(
            task.c.tenant_id == tenant_id, task.c.id == table.c.sending, task.c.id != ctx.task_id,
            task.c.state.not_in(OVER),
        )  # fmt: skip
        mine = (table.c.tenant_id == tenant_id, table.c.member_id == member_id,
                table.c.mail.is_not(None), or_(table.c.sending.is_(None), ~others))  # fmt: skip
        # A dead worker's claim counts for nothing but that nobody else may have it. Locked, so
        # that of two tasks that find an old claim only one takes it.
        again = (
            select(table.c.id).where(*mine, table.c.sending.is_not(None))
            .order_by(table.c.created_at).with_for_update()
        )  # fmt: skip
        _let_wait(connection, tenant_id, connection.execute(again).scalars().all())
        rows = connection.execute(
            select(table.c.id, table.c.mail, table.c.created_at, table.c.seen_at)
            .where(*mine).order_by(table.c.created_at).with_for_update()
        ).all()  # fmt: skip
        if member is None or not member.may_enter(now):
            connection.execute(update(table).where(*mine).values(mail=None))
            return None
        chosen = notice_choices.read(connection, tenant_id, [member_id])[member_id]
        zone = ZoneInfo(member.timezone or view.tenant.timezone)
        due: set[UUID] = set()
        later: set[dt.datetime] = set()
        for row in rows:
            at = chosen.quiet_until(now, zone)
            if row.mail == "daily":
                at = chosen.next_digest(row.created_at, zone)
            if at <= now:
                due.add(row.id)
            else:
                later.add(at)
        for moment in sorted(later):
            notices.queue_letter(connection, tenant_id, member_id, at=moment, now=now)
        unseen = sorted(row.id for row in rows if row.id in due and row.seen_at is None)
        taken = table.c.id.in_(sorted(due))
        connection.execute(update(table).where(*mine, taken).values(sending=ctx.task_id))
        seen = update(table).where(*mine, taken, table.c.id.not_in(unseen))
        connection.execute(seen.values(mail=None, sending=None))
        # What the bell does not show counts as seen with its letter, so that the next is told.
        connection.execute(
            update(table)
            .where(table.c.tenant_id == tenant_id, taken, ~table.c.is_shown)
            .values(seen_at=now)
        )
    return _Waiting(member=member, ids=unseen) if unseen else None


def _settle(
    host: Host, tenant_id: int, ids: Sequence[UUID],
    how: Callable[[Connection, int, Sequence[UUID]], None],
) -> None:  # fmt: skip
    with transaction(host.engine, tenant_id=tenant_id) as connection:
        how(connection, tenant_id, ids)


def _close(connection: Connection, tenant_id: int, ids: Sequence[UUID]) -> None:
    """Note that what was claimed is in a letter, or in none for good."""
    claimed = (table.c.tenant_id == tenant_id, table.c.id.in_(sorted(ids)))
    connection.execute(update(table).where(*claimed).values(mail=None, sending=None))


def _let_wait(connection: Connection, tenant_id: int, ids: Sequence[UUID]) -> None:
    """Let what was claimed and not sent wait again."""
    claimed = (table.c.tenant_id == tenant_id, table.c.id.in_(sorted(ids)))
    connection.execute(update(table).where(*claimed).values(sending=None))
    connection.execute(update(table).where(*claimed, ~table.c.is_shown).values(seen_at=None))


def _item(unit: Unit, notice: Notice, jobs: Mapping[str, Job]) -> tuple[Message, str]:
    """Put a notice into words and an address."""
    if notice.kind in notices.TASKS:
        job = jobs.get(notice.entity)
        title = Message("{name}", {"name": notice.entity})
        if job is not None:
            title = Message(job.title, domain=None if job.plugin == "core" else job.plugin)
        words = _("Done: {job}") if notice.kind == "task_done" else _("Failed: {job}")
        return Message(words, {"job": title}), "/core/notices"
    info = unit.view.entities[notice.entity].info
    place = f"/{info.plugin}/{info.collection}"
    if notice.kind in notices.EXCHANGES:
        words, part = _EXCHANGED[notice.kind]
        return (Message(words, {"titles": Message(info.titles, domain=info.plugin)}),
                f"{place}/{part}/{notice.record_id}")  # fmt: skip
    by = unit.view.members.get(notice.by_member_id) if notice.by_member_id else None
    who = by.name if by else "Trato"
    return (Message(_TOLD[notice.kind], {"who": who, "record": notice.label}),
            f"{place}/{notice.record_id}#t-history")  # fmt: skip


def _draft(
    host: Host, view: TenantView, member: Member, items: Sequence[tuple[Message, str]]
) -> letters.Draft:
    root = (host.settings.public_url or "").rstrip("/")
    more = len(items) - _MOST
    return letters.news(
        name=member.name, tenant=view.tenant.name, more=max(more, 0), url=f"{root}/core/notices",
        items=[(text, f"{root}{path}") for text, path in items[:_MOST]],
        settings_url=f"{root}/account/notices",
    )  # fmt: skip
