"""A unit of work: one actor, one tenant, one transaction."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from sqlalchemy import Connection, Engine

from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.entities.session import TenantSession
from trato.tenancy.view import TenantView

if TYPE_CHECKING:
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

    @cached_property
    def records(self) -> Records:
        """The tenant's records, as far as the actor may."""
        from trato.records.records import Records

        return Records(self)

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
) -> Iterator[Unit]:
    """Open a unit of work; it commits at the end, or rolls back when anything is raised."""
    with transaction(engine, tenant_id=actor.tenant_id, read=read) as connection:
        yield Unit(
            actor=actor, connection=connection, audit_keys=audit_keys, clock=clock, force=force
        )
