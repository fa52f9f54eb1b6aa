"""Seals of the audit: what the chains held at a moment, closed for good.

A record's chain shows a change or a gap inside it, and the record's version shows a missing end.
Neither shows that a record is gone together with its whole chain. A seal writes down how far each
chain went that has grown since the seal before; its hash covers all of that and the seal before
it. What is younger than the last seal is the tail, which nothing closes yet: it is named.

A seal does not go by time, so neither a slow transaction nor a clock that was set back can slip
a row into a range that is closed: what commits later stands in the next seal.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    and_,
    cast,
    func,
    insert,
    literal,
    select,
    text,
)

from trato.records.tables import audit, audit_seal, audit_sealed
from trato.tenancy.store import history_number

_STREAM = 2_000
_LOCK = text("SELECT pg_advisory_xact_lock(:kind, :tenant)")
#: Keeps two sealings of a tenant apart; any number that nothing else uses.
_KIND = 7_231_846


@dataclass(frozen=True, kw_only=True)
class Seal:
    """One seal, as an operator may write it down elsewhere."""

    number: int
    at: dt.datetime
    #: How many chains it closes.
    chains: int
    hash: bytes


@dataclass(frozen=True, kw_only=True)
class Tail:
    """What no seal closes yet."""

    #: The newest seal; none: nothing was ever sealed.
    seal: Seal | None
    rows: int
    since: dt.datetime | None


@dataclass(frozen=True, kw_only=True)
class Breach:
    """Where the audit is not what was sealed: a whole seal, or the end of one chain.

    Its kinds: `seal`, a seal is missing or was changed; `removed`, a sealed row is gone;
    `rewritten`, another row stands where a sealed one was.
    """

    kind: str
    #: Of the row; for a seal: its number.
    sequence: int
    record_id: UUID | None = None


def seal(connection: Connection, tenant_id: int, *, now: dt.datetime, key: bytes) -> Seal | None:
    """Close everything that a tenant's chains hold now.

    :return: the new seal, or None when nothing was written since the last one.
    """
    if connection.dialect.name == "postgresql":
        connection.execute(_LOCK, {"kind": _KIND, "tenant": tenant_id})
    last = newest(connection, tenant_id)
    number = 1 if last is None else last.number + 1
    later = audit.alias("later")
    heads = (
        select(
            audit.c.tenant_id, audit.c.record_id, audit.c.sequence,
            cast(literal(number), BigInteger), audit.c.hash,
        )
        .where(
            audit.c.tenant_id == tenant_id,
            ~_is_sealed(),
            ~select(later.c.sequence)
            .where(
                later.c.tenant_id == audit.c.tenant_id, later.c.record_id == audit.c.record_id,
                later.c.sequence > audit.c.sequence,
            )
            .exists(),
        )
    )  # fmt: skip
    columns = ("tenant_id", "record_id", "sequence", "seal", "hash")
    connection.execute(insert(audit_sealed).from_select(columns, heads))
    chains = 0
    digest = hashlib.sha256()
    for row in _entries(connection, tenant_id, number):
        digest.update(_entry(row.record_id, row.sequence, row.hash))
        chains += 1
    if chains == 0:
        return None
    made = Seal(
        number=number, at=now, chains=chains,
        hash=_hash(key, history_number(connection, tenant_id), last.hash if last else b"", number,
                   now, chains, digest.digest()),
    )  # fmt: skip
    connection.execute(
        insert(audit_seal).values(
            tenant_id=tenant_id, number=number, at=now, chains=chains, hash=made.hash
        )
    )
    return made


def newest(connection: Connection, tenant_id: int) -> Seal | None:
    """Read the newest seal of a tenant."""
    row = connection.execute(
        select(audit_seal).where(audit_seal.c.tenant_id == tenant_id)
        .order_by(audit_seal.c.number.desc()).limit(1)
    ).first()  # fmt: skip
    if row is None:
        return None
    return Seal(number=row.number, at=row.at, chains=row.chains, hash=bytes(row.hash))


def tail(connection: Connection, tenant_id: int) -> Tail:
    """Name what was written after the newest seal: its removal could not be shown yet."""
    row = connection.execute(
        select(func.count(), func.min(audit.c.at))
        .select_from(audit)
        .where(audit.c.tenant_id == tenant_id, ~_is_sealed())
    ).one()
    return Tail(seal=newest(connection, tenant_id), rows=row[0], since=row[1])


def breaches(connection: Connection, tenant_id: int, *, keys: Sequence[bytes]) -> Iterator[Breach]:
    """Check the seals against what they closed, against each other, and the audit against them."""
    yield from _broken_seals(connection, tenant_id, keys)
    missing = (
        select(audit_sealed.c.record_id, audit_sealed.c.sequence, audit.c.hash)
        .select_from(
            audit_sealed.outerjoin(
                audit,
                and_(
                    audit.c.tenant_id == audit_sealed.c.tenant_id,
                    audit.c.record_id == audit_sealed.c.record_id,
                    audit.c.sequence == audit_sealed.c.sequence,
                ),
            )
        )
        .where(
            audit_sealed.c.tenant_id == tenant_id,
            audit.c.hash.is_(None) | (audit.c.hash != audit_sealed.c.hash),
        )
        .order_by(audit_sealed.c.record_id, audit_sealed.c.sequence)
        .execution_options(yield_per=_STREAM)
    )
    for row in connection.execute(missing):
        kind = "removed" if row.hash is None else "rewritten"
        yield Breach(kind=kind, record_id=row.record_id, sequence=row.sequence)


def _broken_seals(
    connection: Connection, tenant_id: int, keys: Sequence[bytes]
) -> Iterator[Breach]:
    seals = {
        row.number: Seal(number=row.number, at=row.at, chains=row.chains, hash=bytes(row.hash))
        for row in connection.execute(
            select(audit_seal).where(audit_seal.c.tenant_id == tenant_id)
        )
    }  # fmt: skip
    digests = {number: hashlib.sha256() for number in seals}
    counted = dict.fromkeys(seals, 0)
    for row in _entries(connection, tenant_id):
        # What names a seal that is gone shows the gap that it left.
        digests.setdefault(row.seal, hashlib.sha256()).update(
            _entry(row.record_id, row.sequence, row.hash)
        )
        counted[row.seal] = counted.get(row.seal, 0) + 1
    owner = history_number(connection, tenant_id)
    previous = b""
    for number in range(1, max(digests, default=0) + 1):
        found = seals.get(number)
        if found is None:
            yield Breach(kind="seal", sequence=number)
            previous = b""
            continue
        # After a missing seal nothing can be chained: it alone is told, not all that follow.
        known = number == 1 or number - 1 in seals
        good = counted[number] == found.chains and any(
            hmac.compare_digest(
                _hash(key, owner, previous, number, found.at, found.chains,
                      digests[number].digest()),
                found.hash,
            )
            for key in keys
        )  # fmt: skip
        if known and not good:
            yield Breach(kind="seal", sequence=number)
        previous = found.hash


def _is_sealed() -> ColumnElement[bool]:
    return (
        select(audit_sealed.c.seal)
        .where(
            audit_sealed.c.tenant_id == audit.c.tenant_id,
            audit_sealed.c.record_id == audit.c.record_id,
            audit_sealed.c.sequence >= audit.c.sequence,
        )
        .exists()
    )


def _entries(connection: Connection, tenant_id: int, number: int | None = None) -> Iterator[Any]:
    statement = select(
        audit_sealed.c.seal, audit_sealed.c.record_id, audit_sealed.c.sequence, audit_sealed.c.hash
    ).where(audit_sealed.c.tenant_id == tenant_id)
    if number is not None:
        statement = statement.where(audit_sealed.c.seal == number)
    ordered = statement.order_by(audit_sealed.c.seal, audit_sealed.c.record_id)
    yield from connection.execute(ordered.execution_options(yield_per=_STREAM))


def _entry(record_id: UUID, sequence: int, link: bytes) -> bytes:
    return record_id.bytes + sequence.to_bytes(8) + bytes(link)


def _hash(
    key: bytes, owner: int, previous: bytes, number: int, at: dt.datetime, chains: int,
    digest: bytes,
) -> bytes:  # fmt: skip
    said = f"trato seal {owner} {number} {at.astimezone(dt.UTC).isoformat()} {chains} ".encode()
    return hmac.new(key, said + digest + previous, hashlib.sha256).digest()
