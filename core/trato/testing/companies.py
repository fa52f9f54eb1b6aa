"""Tenants for tests: a company with a licence, plugins, and people of every role."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

from sqlalchemy import select

from trato import administration
from trato.access import store as people
from trato.access.actor import Actor, Via
from trato.access.roles import Scope
from trato.db.engine import transaction
from trato.host import Host
from trato.jobs import queue
from trato.jobs.claiming import Claim
from trato.jobs.queue import Task
from trato.jobs.worker import Worker
from trato.licensing import Claims, PrivateKey, issue
from trato.records import tours
from trato.records.unit import Unit
from trato.tenancy import store
from trato.tenancy.tables import task
from trato.tenancy.view import TenantView

#: Password of everybody whom the fixtures make.
PASSWORD = "una clave de prueba"  # noqa: S105 - protects nothing

_numbers = itertools.count(1)


@dataclass(frozen=True, kw_only=True)
class LicenseIssuer:
    """Issues licences that the hosts of the run accept."""

    key: PrivateKey

    def __call__(
        self, tenant: str, plugins: Iterable[str], *, seats: int = 100,
        expires: dt.date = dt.date(2099, 12, 31),
    ) -> str:  # fmt: skip
        """Sign a licence for a tenant, by slug."""
        claims = Claims(tenant=tenant, plugins=tuple(plugins), seats=seats, expires=expires)
        return issue(self.key, claims)


@dataclass(kw_only=True, eq=False)
class Company:
    """A tenant as a test uses it."""

    host: Host
    id: int
    slug: str
    license: LicenseIssuer
    _emails: Iterator[int] = field(default_factory=lambda: itertools.count(1), repr=False)

    @property
    def view(self) -> TenantView:
        """What exists for the tenant now."""
        return self.host.for_tenant(self.id)

    # --- licence and plugins ---------------------------------------------------------------------

    def install_license(
        self, plugins: Iterable[str] | None = None, *, seats: int = 100,
        expires: dt.date = dt.date(2099, 12, 31),
    ) -> None:  # fmt: skip
        """Install a licence; for all installed plugins unless said."""
        named = tuple(self.host.plugins) if plugins is None else tuple(plugins)
        token = self.license(self.slug, named, seats=seats, expires=expires)
        administration.install_license(self.host, self.slug, token)

    def enable(self, *plugins: str) -> None:
        """Enable plugins and, before each, those that it needs."""
        for name in self.host.plugins:
            if name in with_needs(self.host, plugins):
                administration.enable(self.host, self.slug, name)

    def disable(self, *plugins: str) -> None:
        """Disable plugins and, before each, those that need it."""
        for name in reversed(list(self.host.plugins)):
            if not with_needs(self.host, [name]).isdisjoint(plugins):
                administration.disable(self.host, self.slug, name)

    # --- people ----------------------------------------------------------------------------------

    def member(
        self, *roles: str, email: str | None = None, name: str | None = None,
        teams: Sequence[str] = (), via: Via = "page", is_new: bool = False,
    ) -> Actor:  # fmt: skip
        """Make a member with roles, whose password is ``PASSWORD``, and the actor of it.

        :param is_new: shown around on the first visit; others have seen the tour.
        """
        first = roles[0] if roles else "nobody"
        address = email or f"{first}-{next(self._emails)}@{self.slug}.example"
        administration.create_user(
            self.host, self.slug, address, roles=roles, name=name, teams=teams,
            password=PASSWORD,
        )  # fmt: skip
        actor = administration.member_actor(self.host, self.slug, address, via=via)
        if not is_new:
            with self.host.unit(actor, force=True) as unit:
                tours.end(unit)
        return actor

    def member_with(
        self, entities: Mapping[str, Mapping[str, Scope]], *,
        fields: Mapping[str, Mapping[str, str]] | None = None, permissions: Sequence[str] = (),
        teams: Sequence[str] = (),
    ) -> Actor:  # fmt: skip
        """Make a member whose only role allows just this; entity `*` stands for all others."""
        key = f"role-{next(_numbers)}"
        self.role(key, {"entities": entities, "fields": fields or {}, "permissions": permissions})
        return self.member(key, teams=teams)

    def role(self, key: str, grants: Mapping[str, Any]) -> None:
        """Make or change a role."""
        with transaction(self.host.engine, tenant_id=self.id) as connection:
            people.save_role(connection, self.id, key, name=key.title(), grants=grants)

    def team(self, key: str) -> None:
        """Make a team."""
        with transaction(self.host.engine, tenant_id=self.id) as connection:
            people.save_team(connection, self.id, key, name=key.title())

    def token(
        self, actor: Actor, *, scopes: list[str] | None = None, days: int | None = 365
    ) -> str:
        """Make an API token of a member."""
        if actor.member is None:
            raise ValueError("the system has no token")
        email = actor.member.email
        return administration.create_token(
            self.host, self.slug, email, name="test", scopes=scopes, days=days
        )[0]

    # --- fields and settings ---------------------------------------------------------------------

    def custom_field(
        self, entity: str, key: str, kind: str, *, label: str | None = None,
        required: bool = False, unique: bool = False, indexed: bool = False,
        searchable: bool = False, active: bool = True, default: Any = None,
        choices: Sequence[tuple[str, str]] | None = None, section: str = "", position: int = 0,
    ) -> str:  # fmt: skip
        """Give an entity a field of the tenant's own.

        :return: its path, `custom.KEY`.
        """
        with transaction(self.host.engine, tenant_id=self.id) as connection:
            store.save_custom_field(
                connection, self.id, entity, key,
                {
                    "kind": kind, "labels": {"es": label or key.title()}, "help": None,
                    "is_required": required, "is_unique": unique, "is_indexed": indexed,
                    "is_searchable": searchable, "is_active": active, "default": default,
                    "choices": None if choices is None else [list(pair) for pair in choices],
                    "section": section, "position": position,
                },
            )  # fmt: skip
        return f"custom.{key}"

    # --- work ------------------------------------------------------------------------------------

    def system(self) -> Actor:
        """Make the actor who may do everything."""
        return self.host.system(self.id)

    def renew(self, actor: Actor) -> Actor:
        """Make the same actor in the tenant as it is now, as the next request would."""
        view = self.view
        member = None if actor.member is None else view.members[actor.member.id]
        return replace(actor, view=view, member=member)

    def run(self, job: str, payload: Mapping[str, Any] | None = None) -> Task:
        """Queue a task of a job and run it as a worker does; gives what came of it."""
        return Worker(host=self.host, name="test").run_now(self.id, job, payload)

    def run_task(self, task_id: UUID) -> Task:
        """Run a queued task as a worker does, whatever others wait; gives what came of it."""
        Worker(host=self.host, name="test").run_task(Claim(tenant_id=self.id, task_id=task_id))
        with transaction(self.host.engine, tenant_id=self.id, read=True) as connection:
            return queue.find(connection, self.id, task_id)

    def run_queued(self) -> list[Task]:
        """Run what is due, and what comes of it, as a worker that serves nobody else.

        :return: the tasks in the order in which they were run.
        """
        done: list[Task] = []
        while (task_id := self._next_due()) is not None:
            done.append(self.run_task(task_id))
        return done

    def _next_due(self) -> UUID | None:
        due = (
            select(task.c.id)
            .where(task.c.tenant_id == self.id, task.c.state == "queued",
                   task.c.run_at <= self.host.clock())
            .order_by(task.c.priority, task.c.run_at, task.c.id)
            .limit(1)
        )  # fmt: skip
        with transaction(self.host.engine, tenant_id=self.id, read=True) as connection:
            return connection.execute(due).scalar()

    @contextmanager
    def unit(
        self, actor: Actor | None = None, *, read: bool = False, force: bool = False
    ) -> Iterator[Unit]:
        """Open a unit of work for an actor, renewed first; without one for the system."""
        acting = self.system() if actor is None else self.renew(actor)
        with self.host.unit(acting, read=read, force=force) as unit:
            yield unit


def with_needs(host: Host, plugins: Iterable[str]) -> set[str]:
    """Name plugins and all that they need."""
    found: set[str] = set()
    waiting = list(plugins)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            if name in host.plugins:
                waiting.extend(host.plugins[name].depends)
    return found


def make_company(
    host: Host, license: LicenseIssuer, *, plugins: Iterable[str] | None = None,
    slug: str | None = None,
) -> Company:  # fmt: skip
    """Make a tenant licensed for everything installed.

    :param plugins: what is enabled, with what it needs; all installed ones unless said.
    """
    made = administration.create_tenant(
        host, slug=slug or f"empresa-{next(_numbers)}", name=f"Empresa de prueba {next(_numbers)}"
    )
    company = Company(host=host, id=made.id, slug=made.slug, license=license)
    company.install_license()
    company.enable(*(host.plugins if plugins is None else plugins))
    return company
