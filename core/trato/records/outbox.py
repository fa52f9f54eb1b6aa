"""The outbox: in the transaction that saves a record stands what has to be sent of it.

Where something is to be sent, and what, the host has put into the tenant's view; sending is the
work of ``sync``.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, delete, text

from trato.db.types import new_id
from trato.db.upsert import upsert
from trato.entities.view import EntityView
from trato.records.changes import Change
from trato.records.sync_tables import OPEN, connection, link, outbox, review, stream
from trato.records.unit import Unit
from trato.tenancy.tasks import enqueue

#: Key of ``unit.notes``: the connector that writes; what comes from it is not sent back to it.
SOURCE = "sync.connector"
#: Letters and digits that nobody takes for another when reading them aloud.
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_BATCH = 200


def new_reference() -> str:
    """Make a reference: 60 random bits in twelve characters, as short as other systems want it."""
    return "".join(secrets.choice(_LETTERS) for _place in range(12))


def put_into_outbox(unit: Unit, entity: EntityView, changes: Sequence[Change]) -> None:
    """Note for every connector that sends the entity what it has to send.

    A record that waits already is not noted twice: what is sent is what it is at that moment. One
    that was rejected waits again.
    """
    targets = unit.view.targets.get(entity.name)
    if not targets:
        return
    source = unit.notes.get(SOURCE)
    for connector, sent in targets:
        if connector == source:
            continue
        rows = [_row(unit, connector, change) for change in changes if sent.wants(change)]
        for start in range(0, len(rows), _BATCH):
            _insert(unit, rows[start : start + _BATCH])
        if rows:
            # One task a unit; by a key and not by a flag, as a savepoint may take it back.
            key = unit.notes.setdefault(f"{SOURCE}.task", new_id())
            job = send_job(connector)
            enqueue(unit.connection, unit.tenant_id, job, now=unit.now, unique_key=f"{job}@{key}",
                    payload={"only": "send"}, by=unit.actor.member_id)  # fmt: skip


def sync_job(connector: str) -> str:
    """Name the job of a connector; the plugin is its first part, so the plugin's gate holds it."""
    plugin, _dot, name = connector.partition(".")
    return f"{plugin}.sync_{name}"


def send_job(connector: str) -> str:
    """Name the job that sends what a connector has in the outbox."""
    plugin, _dot, name = connector.partition(".")
    return f"{plugin}.send_{name}"


def _row(unit: Unit, connector: str, change: Change) -> dict[str, Any]:
    return {
        "tenant_id": unit.tenant_id, "id": new_id(), "connector": connector,
        "entity": change.entity.name, "record_id": change.id, "reference": new_reference(),
        "state": "pending", "run_at": unit.now, "attempts": 0, "looks": 0,
        "created_at": unit.now, "changed_at": unit.now,
    }  # fmt: skip


def _insert(unit: Unit, rows: Sequence[dict[str, Any]]) -> None:
    # The update locks a row that waits: whoever is about to send it does so after this transaction,
    # and reads what it has written.
    statement = upsert(unit.connection, outbox).values(list(rows)).on_conflict_do_update(
        index_elements=["tenant_id", "connector", "record_id"], index_where=text(OPEN),
        set_={"state": "pending", "run_at": unit.now, "attempts": 0, "message": None,
              "changed_at": unit.now},
    )  # fmt: skip
    unit.connection.execute(statement)


def forget_connectors(db: Connection, tenant_id: int, plugin: str) -> None:
    """Remove all that a purged plugin's connectors have sent, received and linked for a tenant."""
    for table in (outbox, link, stream, connection, review):
        mine = table.c.connector.startswith(f"{plugin}.", autoescape=True)
        db.execute(delete(table).where(table.c.tenant_id == tenant_id, mine))
