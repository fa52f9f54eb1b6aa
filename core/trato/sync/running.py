"""What every run of a connector starts from: who acts, the connector made, messages as rows keep
them."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import update

from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.db.upsert import upsert
from trato.errors import Message, NotFound, joined
from trato.host import Host
from trato.records.outbox import SOURCE
from trato.records.sync_tables import connection as connections
from trato.records.unit import Unit
from trato.sync.connector import Connector
from trato.sync.errors import NotSetUp
from trato.sync.http import Http
from trato.tenancy import enablement
from trato.tenancy.owners import missing_settings, plugin_settings
from trato.tenancy.view import TenantView
from trato.text import _

log = logging.getLogger("trato.sync")

#: What an error's message may hold at most.
_LONGEST = 2000


@dataclass(frozen=True, kw_only=True, eq=False)
class Run:
    """A connector at work for a tenant."""

    host: Host
    tenant_id: int
    connector: Connector
    #: What was due then is due, also by a machine's clock that is behind.
    since: dt.datetime

    @property
    def name(self) -> str:
        return self.connector.name

    @property
    def plugin(self) -> str:
        return self.name.partition(".")[0]

    @property
    def view(self) -> TenantView:
        """What exists for the tenant now: a run is long, and something may be switched off."""
        return self.host.current(self.tenant_id)

    def now(self) -> dt.datetime:
        """Tell the moment by which something is due."""
        return max(self.host.clock(), self.since)

    @contextmanager
    def unit(self, *, read: bool = False) -> Iterator[Unit]:
        """Open a unit in which the connector writes."""
        actor = Actor(view=self.view, via="job", label=self.name)
        with self.host.unit(actor, read=read) as unit:
            unit.notes[SOURCE] = self.name
            yield unit

    def explain(self, error: Exception) -> Message:
        """Let the connector say what an error means."""
        try:
            message = self.connector.explain(error)
        except Exception:  # what the plugin does wrong must not hide what went wrong
            log.exception("connector %s cannot explain %s", self.name, type(error).__name__)
            message = Connector.explain(self.connector, error)
        return self._hushed(message)

    def _hushed(self, message: Message) -> Message:
        """Take the connector's secrets out of a message, in case the other system repeats them."""
        declared = self.host.registry.settings
        secret = [
            str(value) for key, value in self.connector.settings.items()
            if value and (s := declared.get((self.plugin, key))) and s.kind == "secret"
        ]  # fmt: skip

        def clean(value: Any) -> Any:
            if isinstance(value, Message):
                return Message(clean(value.text), clean(value.params), value.domain)
            if isinstance(value, Mapping):
                return {key: clean(inner) for key, inner in value.items()}
            if isinstance(value, str):
                for word in secret:
                    value = value.replace(word, "…")
                return value[:_LONGEST]
            return value

        cleaned: Message = clean(message)
        return cleaned

    def reached(self) -> None:
        """Note that the other system answered as it should."""
        self._note({"run_at": self.host.clock(), "reached_at": self.host.clock(),
                    "failed_at": None, "message": None})  # fmt: skip

    def failed(self, message: Message) -> None:
        """Note what stands between us and the other system."""
        now = self.host.clock()
        self._note({"run_at": now, "failed_at": now, "message": kept(message, self.plugin)})

    def _note(self, values: Mapping[str, Any]) -> None:
        key = {"tenant_id": self.tenant_id, "connector": self.name}
        with transaction(self.host.engine, tenant_id=self.tenant_id) as db:
            changed = db.execute(
                update(connections)
                .where(*(connections.c[name] == value for name, value in key.items()))
                .values(values)
            )
            if changed.rowcount == 0:
                db.execute(
                    upsert(db, connections).values(key | dict(values)).on_conflict_do_update(
                        index_elements=list(key), set_=dict(values)
                    )
                )  # fmt: skip


def known(host: Host, view: TenantView, name: str) -> type[Connector]:
    """Find a connector of a tenant's enabled plugins.

    :raises PluginError: when its plugin is not enabled for the tenant, with the reason.
    :raises NotFound: when there is none such, naming those that there are.
    """
    if name in host.registry.connectors:
        enablement.require(view, name.partition(".")[0])
    there = {
        key: connector for key, connector in host.registry.connectors.items()
        if key.partition(".")[0] in view.enabled
    }  # fmt: skip
    if name not in there:
        raise NotFound(
            _("There is no connector '{name}' here."), hint=_("Known connectors: {known}."),
            name=name, known=", ".join(sorted(there)) or "-",
        )  # fmt: skip
    found: type[Connector] = there[name]
    return found


def open_run(
    host: Host, tenant_id: int, name: str, *, since: dt.datetime | None = None
) -> Run:  # fmt: skip
    """Make a connector with the settings that the tenant has given its plugin.

    :param since: when the task was claimed that runs it.
    :raises NotFound: when there is no such connector.
    :raises NotSetUp: when a setting that it needs is empty.
    """
    view = host.current(tenant_id)
    made = known(host, view, name)
    plugin = name.partition(".")[0]
    settings = plugin_settings(view, plugin)
    missing = missing_settings(made.needs, settings)
    if missing:
        labels = [Message(host.registry.settings[plugin, key].label, domain=plugin)
                  for key in missing]  # fmt: skip
        raise NotSetUp(
            _("It is not set up yet; this is missing: {settings}."),
            hint=_("Enter it in the settings of the module."), settings=joined(labels),
        )  # fmt: skip
    http = Http(
        private_hosts=host.settings.private_hosts, seconds=made.timeout / dt.timedelta(seconds=1)
    )
    return Run(
        host=host, tenant_id=tenant_id, since=since or host.clock(),
        connector=made(settings=settings, http=http, now=host.clock()),
    )  # fmt: skip


def kept(message: Message, plugin: str) -> dict[str, Any]:
    """Write a message as rows keep it; one without a domain is of the plugin, or else core's."""

    def plain(value: Any) -> Any:
        if isinstance(value, Message):
            return {"message": kept(value, plugin)}
        return value if isinstance(value, int | float | bool) or value is None else str(value)

    return {
        "text": message.text, "domain": message.domain or plugin,
        "params": {key: plain(value) for key, value in message.params.items()},
    }  # fmt: skip


def told(row: Mapping[str, Any] | None) -> Message | None:
    """Read a message as a row keeps it."""
    if row is None:
        return None

    def read(value: Any) -> Any:
        return told(value["message"]) if isinstance(value, dict) else value

    return Message(
        row["text"], {key: read(value) for key, value in row["params"].items()}, row["domain"]
    )
