"""Tables of synchronisation: what waits to be sent, what is linked, how far each stream is.

The write path puts rows into the outbox; everything else here is read and written by ``sync``.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy import text as sql

from trato.db.types import Id, Json, Key, UtcDateTime
from trato.entities.base import metadata
from trato.tenancy.tables import CORE

#: A row that may take up a further change of its record, as it has not been sent.
OPEN = "state IN ('pending', 'rejected')"
#: A row that something has still to be done about.
DUE = "state IN ('pending', 'sending', 'accepted', 'to_verify')"

#: What is to be sent to other systems: one row for each record and target that has changed since.
outbox = Table(
    "core_sync_outbox",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    #: `acme_shop.shop`
    Column("connector", Key, nullable=False),
    Column("entity", Key, nullable=False),
    Column("record_id", Id, nullable=False),
    #: By which the other system can be asked whether it has the document.
    Column("reference", Key, nullable=False),
    #: pending, sending, accepted, confirmed, to_verify or rejected.
    Column("state", Key, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    #: How often it was sent, and how often it was looked up since.
    Column("attempts", Integer, nullable=False),
    Column("looks", Integer, nullable=False),
    #: Who works on it, until when.
    Column("holder", Text),
    Column("lease_until", UtcDateTime),
    #: When it was last sent.
    Column("sent_at", UtcDateTime),
    #: Of the values that were sent.
    Column("hash", Text),
    Column("remote_key", Text),
    #: {"text", "params", "domain"} of what went wrong last.
    Column("message", Json),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    UniqueConstraint("tenant_id", "connector", "reference"),
    Index(
        "uq_core_sync_outbox_open", "tenant_id", "connector", "record_id", unique=True,
        sqlite_where=sql(OPEN), postgresql_where=sql(OPEN),
    ),
    Index(
        "ix_core_sync_outbox_due", "tenant_id", "connector", "run_at", "id",
        sqlite_where=sql(DUE), postgresql_where=sql(DUE),
    ),
    Index(None, "tenant_id", "connector", "record_id", "id"),
    info=CORE,
)  # fmt: skip

#: Which record of ours is which one of theirs.
link = Table(
    "core_sync_link",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("connector", Key, nullable=False),
    Column("entity", Key, nullable=False),
    Column("remote_key", Key, nullable=False),
    Column("record_id", Id, nullable=False),
    #: Stream and pass in which the other system last showed it.
    Column("stream", Key),
    Column("pass_id", Id),
    #: Of the values that were last received, and of those that were last sent.
    Column("received_hash", Text),
    Column("sent_hash", Text),
    Column("linked_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    #: Since when the other system does not have it any more.
    Column("missing_at", UtcDateTime),
    PrimaryKeyConstraint("tenant_id", "connector", "entity", "remote_key"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    Index("uq_core_sync_link_record", "tenant_id", "connector", "entity", "record_id",
          unique=True),
    info=CORE,
)  # fmt: skip

#: How far each stream is. `version` rises with every page, so that of two who read the same
#: stream at once only one writes.
stream = Table(
    "core_sync_stream",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("connector", Key, nullable=False),
    Column("stream", Key, nullable=False),
    Column("cursor", Text),
    #: The pass that has begun and not ended; its beginning, and whether it has seen everything.
    Column("pass_id", Id),
    Column("started_at", UtcDateTime),
    Column("is_whole", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("finished_at", UtcDateTime),
    Column("failed_at", UtcDateTime),
    Column("message", Json),
    #: Of the pass that has begun, or of the last one: created, updated, unchanged, review …
    Column("counts", Json, nullable=False),
    PrimaryKeyConstraint("tenant_id", "connector", "stream"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    info=CORE,
)

#: How a connector stands: when it last reached the other system, and what is wrong since.
connection = Table(
    "core_sync_connection",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("connector", Key, nullable=False),
    Column("run_at", UtcDateTime),
    Column("reached_at", UtcDateTime),
    Column("failed_at", UtcDateTime),
    Column("message", Json),
    PrimaryKeyConstraint("tenant_id", "connector"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    info=CORE,
)

#: What was received and waits for a person: nobody else can tell which record is meant.
review = Table(
    "core_sync_review",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("connector", Key, nullable=False),
    Column("stream", Key, nullable=False),
    Column("entity", Key, nullable=False),
    Column("remote_key", Key, nullable=False),
    Column("label", Text, nullable=False),
    #: As they were received.
    Column("values", Json, nullable=False),
    #: Ids of the records that may be meant.
    Column("candidates", Json, nullable=False),
    #: [{"text", "params", "domain"}] of why it waits.
    Column("reasons", Json, nullable=False),
    #: A person has said that it is not wanted.
    Column("is_ignored", Boolean, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    Index("uq_core_sync_review_item", "tenant_id", "connector", "stream", "remote_key",
          unique=True),
    info=CORE,
)  # fmt: skip
