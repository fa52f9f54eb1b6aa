"""The audit: what happened to each record, chained so that a change or a gap shows.

One chain a record: `sequence` is the record's version, so the optimistic lock orders it already
and no two writers wait for each other. The hash is keyed, so that somebody who can write to the
database cannot recompute it.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import Connection, Select, func, insert, select, tuple_

from trato.access.actor import Actor
from trato.entities.view import EntityView
from trato.records import audit_seals
from trato.records.changes import Change
from trato.records.convert import to_json
from trato.records.tables import audit
from trato.tenancy.store import history_number

_BATCH = 500
#: Where the rows are kept.
table = audit


def content(change: Change) -> str:
    """Write the canonical text of a change: before and after of the fields that changed."""
    fields = change.entity.fields
    changed = change.changed
    data = {
        "after": {p: to_json(fields[p], v) for p, v in changed.items() if p in fields},
        "before": {
            p: to_json(fields[p], change.before[p])
            for p in changed
            if p in fields and change.before.get(p) is not None
        },
    }
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS).decode()


def _link(key: bytes, previous: bytes, digest: bytes) -> bytes:
    return hmac.new(key, previous + digest, hashlib.sha256).digest()


def _digest(number: int, entity: str, change: Any, text: str, at: str, who: str) -> bytes:
    """Hash all that a row says, so that who and when cannot be changed either.

    :param number: the tenant's ``history_number``, so that no row can go over to another tenant.
    """
    whole = orjson.dumps(
        [number, entity, str(change.id), change.version, change.action, at, who, text]
    )
    return hashlib.sha256(whole).digest()


def chain(
    connection: Connection, actor: Actor, changes: Sequence[Change], *, at: Any, key: bytes,
    ends: Mapping[tuple[UUID, int], bytes] | None = None,
) -> list[dict[str, Any]]:  # fmt: skip
    """Make a row for each change.

    :param ends: by record and sequence, what is known of the chains of locked records; the others
        are read with one statement a batch.
    """
    previous: dict[UUID, bytes] = {}
    unknown = []
    for change in changes:
        end = None if ends is None else ends.get((change.id, change.version - 1))
        if end is not None:
            previous[change.id] = end
        elif change.version > 1:
            unknown.append(change)
    previous |= _ends(connection, actor.tenant_id, unknown)
    moment = at.isoformat()
    who = str(actor.member_id or actor.label)
    made = []
    for change in changes:
        text = content(change)
        name = change.entity.name
        digest = _digest(actor.view.tenant.history_number, name, change, text, moment, who)
        made.append(
            {
                "tenant_id": actor.tenant_id,
                "record_id": change.id,
                "sequence": change.version,
                "entity": name,
                "action": change.action,
                "at": at,
                "member_id": actor.member_id,
                "actor": None if actor.member_id else actor.label,
                "content": text,
                "digest": digest,
                "hash": _link(key, previous.get(change.id, b""), digest),
            }
        )
    return made


def write(
    connection: Connection, actor: Actor, changes: Sequence[Change], *, at: Any, key: bytes
) -> None:
    """Add a row for each written change."""
    add(connection, chain(connection, actor, changes, at=at, key=key))


def add(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add rows that ``chain`` has made."""
    connection.execute(insert(audit), rows)


def write_event(
    connection: Connection, actor: Actor, *, entity: str, record_id: UUID, action: str, at: Any,
    key: bytes, data: Mapping[str, Any] | None = None,
) -> None:  # fmt: skip
    """Add a row about something that is no record, such as a member, to a chain of its own.

    The caller has locked what the event is about, so that no two events take one place.

    :param entity: `core.member` and the like; no name of a record's entity.
    :param data: what to keep of it, as JSON holds it.
    """
    last = connection.execute(
        select(audit.c.sequence, audit.c.hash)
        .where(audit.c.tenant_id == actor.tenant_id, audit.c.record_id == record_id)
        .order_by(audit.c.sequence.desc())
        .limit(1)
    ).first()
    sequence, previous = (1, b"") if last is None else (last.sequence + 1, bytes(last.hash))
    text = orjson.dumps({"after": data or {}, "before": {}}, option=orjson.OPT_SORT_KEYS).decode()
    who = str(actor.member_id or actor.label)
    change = _Row(record_id, sequence, action)
    digest = _digest(actor.view.tenant.history_number, entity, change, text, at.isoformat(), who)
    connection.execute(
        insert(audit).values(
            tenant_id=actor.tenant_id, record_id=record_id, sequence=sequence, entity=entity,
            action=action, at=at, member_id=actor.member_id,
            actor=None if actor.member_id else actor.label, content=text, digest=digest,
            hash=_link(key, previous, digest),
        )
    )  # fmt: skip


def _ends(connection: Connection, tenant_id: int, changes: Sequence[Change]) -> dict[UUID, bytes]:
    found: dict[UUID, bytes] = {}
    for start in range(0, len(changes), _BATCH):
        pairs = [(c.id, c.version - 1) for c in changes[start : start + _BATCH]]
        rows = connection.execute(
            select(audit.c.record_id, audit.c.hash).where(
                audit.c.tenant_id == tenant_id,
                tuple_(audit.c.record_id, audit.c.sequence).in_(pairs),
            )
        )
        found |= {row[0]: row[1] for row in rows}
    return found


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One event of a record's history."""

    sequence: int
    action: str
    at: Any
    member_id: UUID | None
    actor: str | None
    before: dict[str, Any]
    after: dict[str, Any]


def history(
    connection: Connection, tenant_id: int, record_id: UUID, *, limit: int = 50,
    before: int | None = None, older: dt.datetime | None = None,
) -> list[Entry]:  # fmt: skip
    """Read what happened to a record, newest first; values are as JSON holds them.

    :param before: only what has a smaller sequence.
    :param older: only what happened before this moment.
    """
    statement = select(audit).where(audit.c.tenant_id == tenant_id, audit.c.record_id == record_id)
    if before is not None:
        statement = statement.where(audit.c.sequence < before)
    if older is not None:
        statement = statement.where(audit.c.at < older)
    rows = connection.execute(statement.order_by(audit.c.sequence.desc()).limit(limit))
    entries = []
    for row in rows:
        data = orjson.loads(row.content) if row.content else {}
        entries.append(
            Entry(
                sequence=row.sequence, action=row.action, at=row.at, member_id=row.member_id,
                actor=row.actor, before=data.get("before", {}), after=data.get("after", {}),
            )
        )  # fmt: skip
    return entries


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A break in the audit.

    Its kinds: `changed`, the row says something else than it did; `broken`, the chain does not
    hold at this row; `removed`, a row is missing here; `record`, the record itself is gone and
    nobody purged it; `erased`, the content was taken out, by law or to hide it; `rewritten`,
    another row stands where a sealed one was; `seal`, a seal itself is missing or was changed.
    """

    #: Whose chain it is; none for a seal.
    record_id: UUID | None
    #: Place in the chain, or the seal's number.
    sequence: int
    kind: str


def verify(
    connection: Connection, tenant_id: int, entities: Iterable[EntityView], *,
    keys: Sequence[bytes],
) -> Iterator[Fault]:  # fmt: skip
    """Check every chain of a tenant against its hashes, its records' versions and the seals."""
    told: set[tuple[UUID | None, int]] = set()
    for fault in _verify_chains(connection, tenant_id, entities, keys):
        told.add((fault.record_id, fault.sequence))
        yield fault
    for breach in audit_seals.breaches(connection, tenant_id, keys=keys):
        if (breach.record_id, breach.sequence) not in told:
            yield Fault(record_id=breach.record_id, sequence=breach.sequence, kind=breach.kind)


def _verify_chains(
    connection: Connection, tenant_id: int, entities: Iterable[EntityView], keys: Sequence[bytes]
) -> Iterator[Fault]:
    at: UUID | None = None
    last = 0
    link = b""
    ends: dict[UUID, tuple[int, str, str]] = {}
    number = history_number(connection, tenant_id)
    rows = connection.execute(
        select(audit)
        .where(audit.c.tenant_id == tenant_id)
        .order_by(audit.c.record_id, audit.c.sequence)
        # Of the statement: set on the connection it would stream whatever is asked after it.
        .execution_options(yield_per=2000)
    )
    for row in rows:
        if row.record_id != at:
            at, last, link = row.record_id, 0, b""
        if row.sequence != last + 1:
            yield Fault(record_id=row.record_id, sequence=last + 1, kind="removed")
        if row.content is None:
            yield Fault(record_id=row.record_id, sequence=row.sequence, kind="erased")
        else:
            who = str(row.member_id or row.actor)
            change = _Row(row.record_id, row.sequence, row.action)
            moment = row.at.isoformat()
            digest = _digest(number, row.entity, change, row.content, moment, who)
            if not hmac.compare_digest(digest, bytes(row.digest)):
                yield Fault(record_id=row.record_id, sequence=row.sequence, kind="changed")
        chained = any(
            hmac.compare_digest(_link(key, link, bytes(row.digest)), bytes(row.hash))
            for key in keys
        )
        if not chained and row.sequence == last + 1:
            yield Fault(record_id=row.record_id, sequence=row.sequence, kind="broken")
        last, link = row.sequence, bytes(row.hash)
        ends[row.record_id] = (row.sequence, row.action, row.entity)
    names = set()
    for entity in entities:
        names.add(entity.name)
        table = entity.table
        records = connection.execute(
            select(table.c.id, table.c.version).where(table.c.tenant_id == tenant_id)
        )
        for record_id, version in records:
            sequence, _action, _name = ends.pop(record_id, (0, "", ""))
            if sequence != version:
                yield Fault(record_id=record_id, sequence=sequence + 1, kind="removed")
    for record_id, (sequence, action, name) in ends.items():
        if action != "purge" and name in names:
            yield Fault(record_id=record_id, sequence=sequence, kind="record")


def ends_fit(
    connection: Connection, tenant_id: int, *, keys: Sequence[bytes]
) -> tuple[bool, bool] | None:
    """Tell whether the oldest and the newest chain begin with one of the keys; None: no chain."""
    found = []
    for order in (audit.c.record_id, audit.c.record_id.desc()):
        record = connection.execute(
            select(audit.c.record_id).where(audit.c.tenant_id == tenant_id).order_by(order).limit(1)
        ).scalar()
        first = connection.execute(
            _firsts(tenant_id).where(audit.c.record_id == record)
        ).first()  # fmt: skip
        if first is None:
            return None
        found.append(_begins(first, keys))
    return found[0], found[1]


def seems_of_another_key(
    connection: Connection, tenant_id: int, faults: Iterable[Fault], *, keys: Sequence[bytes]
) -> bool:
    """Tell whether faults come of a secret that is not among the keys, rather than of a change.

    Who changes rows leaves the seals as they are. Where nothing was ever sealed, no chain at all
    may begin with one of the keys.
    """
    fit = ends_fit(connection, tenant_id, keys=keys)
    if fit is None or fit[0]:
        return False
    if audit_seals.newest(connection, tenant_id) is not None:
        return any(fault.kind == "seal" and fault.sequence == 1 for fault in faults)
    rows = connection.execute(_firsts(tenant_id).execution_options(yield_per=2000))
    return not any(_begins(row, keys) for row in rows)


def _firsts(tenant_id: int) -> Select[Any]:
    return select(audit.c.digest, audit.c.hash).where(
        audit.c.tenant_id == tenant_id, audit.c.sequence == 1
    )


def _begins(first: Any, keys: Sequence[bytes]) -> bool:
    """Tell whether the first row of a chain was written with one of the keys."""
    digest, found = bytes(first.digest), bytes(first.hash)
    return any(hmac.compare_digest(_link(key, b"", digest), found) for key in keys)


@dataclass(frozen=True)
class _Row:
    id: UUID
    version: int
    action: str


def length(connection: Connection, tenant_id: int) -> int:
    """Count the audit rows of a tenant."""
    counted = select(func.count()).where(audit.c.tenant_id == tenant_id)
    return int(connection.execute(counted.select_from(audit)).scalar_one())


__all__ = [
    "Entry", "Fault", "add", "chain", "content", "ends_fit", "history", "length",
    "seems_of_another_key", "table", "verify", "write", "write_event",
]  # fmt: skip
