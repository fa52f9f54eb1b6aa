"""A unit of work: one actor, one tenant, one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import TYPE_CHECKING, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import StatementError

from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.db.reading import Reading
from trato.entities.session import TenantSession
from trato.tenancy.view import TenantView

if TYPE_CHECKING:
    from trato.plugin import Setting
    from trato.records.query import Record
    from trato.records.records import Records

Clock = Callable[[], dt.datetime]


def utc_now() -> dt.datetime:
    """Tell the time; the host's clock unless a test brings its own."""
    return dt.datetime.now(dt.UTC)


@dataclass(kw_only=True, eq=False)
class Unit:
    """What screens, REST, imports, jobs and hooks work with."""

    actor: Actor
    connection: Connection
    #: Keys of the audit chain; the first signs.
    audit_keys: tuple[bytes, ...]
    clock: Clock = utc_now
    #: The licence's read-only state does not stop the operator's own commands.
    force: bool = False
    notes: dict[str, object] = field(default_factory=dict)
    #: Last hash of the audit of locked records, by record and sequence.
    chain_ends: dict[tuple[UUID, int], bytes] = field(default_factory=dict)
    #: Locked records that nobody follows.
    unfollowed: set[UUID] = field(default_factory=set)

    @property
    def view(self) -> TenantView:
        return self.actor.view

    @property
    def tenant_id(self) -> int:
        return self.actor.tenant_id

    @cached_property
    def now(self) -> dt.datetime:
        """The moment of this unit: the same for all that it writes."""
        return self.clock()

    @property
    def today(self) -> dt.date:
        """The day of this unit where the tenant is."""
        return self.now.astimezone(ZoneInfo(self.view.tenant.timezone)).date()

    @cached_property
    def records(self) -> Records:
        """The tenant's records, as far as the actor may."""
        from trato.records.records import Records

        return Records(self)

    def note_locked(
        self, record_id: UUID, version: int, chain_end: bytes | None, *, followed: bool
    ) -> None:
        """Keep what was read with a record and stands until this unit ends, as it is locked."""
        if chain_end is not None:
            self.chain_ends[record_id, version] = bytes(chain_end)
        if followed:
            self.unfollowed.discard(record_id)
        else:
            self.unfollowed.add(record_id)

    def setting(self, name: str) -> Any:
        """Read what the tenant has set, or the declared default: `visits.days`.

        A decimal is a ``Decimal``, everything else as JSON has it.

        :raises KeyError: for a setting that no enabled plugin declares, or that is a secret.
        """
        plugin, key, declared = self._declared(name)
        if declared.kind == "secret":
            raise KeyError(f"{name!r} is a secret; unit.secret reads it")
        value = self.view.settings.get((plugin, key))
        if value is None:
            return declared.default
        # Kept as text, which holds it exactly.
        return Decimal(value) if declared.kind == "decimal" else value

    def secret(self, name: str) -> str | None:
        """Read a secret setting, `visits.api_key`; None where the tenant has set none.

        Keep it out of logs, messages and records: nobody is shown it, its administrator neither.

        :raises KeyError: for a secret that no enabled plugin declares.
        """
        plugin, key, declared = self._declared(name)
        if declared.kind != "secret":
            raise KeyError(f"{name!r} is no secret; unit.setting reads it")
        kept = self.view.settings.get((plugin, key))
        return None if kept is None else self.view.unseal(plugin, kept["sealed"])

    def _declared(self, name: str) -> tuple[str, str, Setting]:
        plugin, _dot, key = name.partition(".")
        found = self.view.declared.get((plugin, key))
        if found is None:
            known = ", ".join(".".join(one) for one in self.view.declared if one[0] == plugin)
            raise KeyError(f"there is no setting {name!r} here; declared: {known or '-'}")
        return plugin, key, found

    def emit(
        self, name: str, data: Mapping[str, Any] | None = None, *,
        records: Sequence[UUID | Record] = (),
    ) -> None:  # fmt: skip
        """Tell the tenant's plugins that something happened, once this unit is committed.

        :param name: `visits.visit_missed`: the plugin that tells it, and what happened.
        :param data: what else to say of it, as JSON holds it.
        :param records: the records that it is about, or their ids.
        :raises ValueError: for a name that does not begin with an enabled plugin's.
        :raises TypeError: for data that JSON does not hold.
        """
        from trato.records import events

        events.emit(self, name, data or {}, records)

    def enqueue(
        self, job: str, payload: Mapping[str, Any] | None = None, *,
        run_at: dt.datetime | None = None, unique_key: str | None = None, priority: int = 0,
    ) -> UUID | None:  # fmt: skip
        """Queue a task of a job, to run in the background once this unit is committed.

        :param job: its name; the job of a plugin that is disabled by then waits.
        :param payload: what the job finds in ``ctx.payload``, as JSON holds it.
        :param run_at: not before this moment.
        :param unique_key: with a key that the tenant has used before nothing is queued.
        :param priority: the lower, the sooner; 0 is usual.
        :return: the task's id, or None when the key was there.
        :raises KeyError: for a job that its plugin, which is installed, does not declare.
        :raises TypeError: for a payload that JSON does not hold, such as a ``UUID``.
        """
        from trato.records.payloads import misfits
        from trato.tenancy.tasks import enqueue

        self.view.check_declared(f"job {job!r}", job, self.view.jobs)
        try:
            return enqueue(
                self.connection, self.tenant_id, job, now=self.now, payload=payload, run_at=run_at,
                unique_key=unique_key, priority=priority, by=self.actor.member_id,
            )  # fmt: skip
        except (StatementError, TypeError):  # as SQLite's driver tells it, and PostgreSQL's
            if why := ". ".join(misfits(payload, where="payload")):
                raise TypeError(f"{job}: {why}") from None
            raise

    @cached_property
    def session(self) -> TenantSession:
        """An ORM session inside the same transaction, for hand-written reads."""
        return TenantSession(self.connection, tenant_id=self.tenant_id)


@contextmanager
def open_unit(
    engine: Engine,
    actor: Actor,
    *,
    audit_keys: tuple[bytes, ...],
    clock: Clock = utc_now,
    read: bool = False,
    force: bool = False,
    reading: Reading | None = None,
) -> Iterator[Unit]:
    """Open a unit of work; it commits at the end, or rolls back when anything is raised.

    :param reading: for a unit that reads: the transaction to do it in.
    """
    own = transaction(engine, tenant_id=actor.tenant_id, read=read)
    with own if reading is None else reading.connection(actor.tenant_id) as connection:
        yield Unit(
            actor=actor, connection=connection, audit_keys=audit_keys, clock=clock, force=force
        )
