"""Tables of the write path."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
)

from trato.db.types import Id, Key, UtcDateTime
from trato.entities.base import metadata
from trato.tenancy.tables import CORE

#: What happened to each record: one chain a record, so that writers never wait for each other.
#: `sequence` is the record's version; `hash` = HMAC(key, previous hash + digest of the content).
#: The application role may only insert and select here.
audit = Table(
    "core_audit",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("entity", Key, nullable=False),
    Column("action", Text, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    Column("member_id", Id),
    #: Who acted where no member did: `command`, a job's or connector's name.
    Column("actor", Text),
    #: Canonical JSON text of {"before", "after"}, by path; empty after an erasure by law.
    Column("content", Text),
    Column("digest", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant_id", "record_id", "sequence"),
    Index(None, "tenant_id", "at"),
    info=CORE | {"append_only": True},
)

#: Answers to POST calls with an Idempotency-Key, kept for a day.
idempotency = Table(
    "core_idempotency",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("token_id", Id, nullable=False),
    Column("key", Key, nullable=False),
    #: Hash of method, path and body: the same key with another request is refused.
    Column("request_hash", LargeBinary, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Text, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "token_id", "key"),
    Index(None, "tenant_id", "created_at"),
    info=CORE,
)
