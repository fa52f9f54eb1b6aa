"""Tables of the write path, and of what members keep beside the records."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    text,
    true,
)

from trato.db.types import Id, Json, Key, UtcDateTime
from trato.entities.base import metadata
from trato.records import sync_tables  # noqa: F401 - for the metadata to be whole
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

#: A seal closes what the audit's chains hold at its moment. Its hash covers its own rows of
#: `core_audit_sealed` and the seal before it, so no closed row can go without a trace.
audit_seal = Table(
    "core_audit_seal",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    #: 1, 2, 3 … without a gap.
    Column("number", BigInteger, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    #: How many chains it closes.
    Column("chains", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant_id", "number"),
    info=CORE | {"append_only": True},
)

#: How far a seal closes one chain: its rows up to `sequence`, whose hash the chain had there.
audit_sealed = Table(
    "core_audit_sealed",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("seal", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    PrimaryKeyConstraint("tenant_id", "record_id", "sequence"),
    Index(None, "tenant_id", "seal", "record_id"),
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

#: Imports of files by the command that are not over yet: who runs the same again goes on there.
import_course = Table(
    "core_import_course",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    #: Hash of the kind of record and of the whole file.
    Column("digest", Key, nullable=False),
    #: How it is imported: with other choices it is another import.
    Column("choices", Json, nullable=False),
    #: What became of the rows so far, and how long the file of refused rows is.
    Column("reached", Json, nullable=False),
    #: Rises with each batch, and as a command takes the file over: the one before it stops then.
    Column("version", BigInteger, nullable=False),
    #: Whoever goes on is told the day; one that nobody goes on with is removed, see ``KEPT`` there.
    Column("reached_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "digest"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    info=CORE,
)

_MEMBER = ["core_member.tenant_id", "core_member.id"]

#: What somebody wrote on a record. The text is plain, with `@[Name](member id)` for a mention.
note = Table(
    "core_note",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("entity", Key, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("text", Text, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("edited_at", UtcDateTime),
    Column("archived_at", UtcDateTime),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "member_id"], _MEMBER),
    Index(None, "tenant_id", "record_id", "created_at", "id"),
    info=CORE,
)

#: What a member is told: a mention, or news of a followed record.
notice = Table(
    "core_notice",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("member_id", Id, nullable=False),
    #: `mention`, `assigned`, `note`, `change`; `import`, `export` of a failed one, `tried`,
    #: `imported`, `exported`, whose desk is the record; `task_done`, `task_failed` of a job's task
    Column("kind", Text, nullable=False),
    Column("entity", Key, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("by_member_id", Id),
    Column("note_id", Id),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime),
    #: Whether the bell tells it; and while a letter shall, how: `now` or `daily`.
    Column("is_shown", Boolean, nullable=False, server_default=true()),
    Column("mail", Key),
    #: The task that writes it into a letter, until the mail server has it.
    Column("sending", Id),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "member_id"], _MEMBER),
    Index(None, "tenant_id", "member_id", "created_at", "id"),
    Index(
        "ix_core_notice_mail", "tenant_id", "member_id",
        sqlite_where=text("mail IS NOT NULL"), postgresql_where=text("mail IS NOT NULL"),
    ),
    info=CORE,
)  # fmt: skip

#: What a member has chosen to be told, and how; see ``records.notice_choices``.
notice_choice = Table(
    "core_notice_choice",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("content", Json, nullable=False),
    PrimaryKeyConstraint("tenant_id", "member_id"),
    ForeignKeyConstraint(["tenant_id", "member_id"], _MEMBER, ondelete="CASCADE"),
    info=CORE,
)

#: A member's own marks on records: `follow`, `favorite`, `recent`.
mark = Table(
    "core_mark",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("kind", Key, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("entity", Key, nullable=False),
    Column("at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "member_id", "kind", "record_id"),
    ForeignKeyConstraint(["tenant_id", "member_id"], _MEMBER),
    Index(None, "tenant_id", "kind", "record_id"),
    Index(None, "tenant_id", "member_id", "kind", "at"),
    info=CORE,
)

#: Forms that were begun and not saved; they survive a closed tab and go when saved.
draft = Table(
    "core_draft",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("entity", Key, nullable=False),
    #: The record that is edited; for a new one the zero id.
    Column("record_id", Id, nullable=False),
    Column("version", BigInteger),
    Column("content", Json, nullable=False),
    Column("saved_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "member_id", "entity", "record_id"),
    ForeignKeyConstraint(["tenant_id", "member_id"], _MEMBER),
    info=CORE,
)

#: How a member has arranged a list: columns and their order, order of rows, height. Also, under a
#: name that no list has, that the tour is over; see ``records.tours``.
list_state = Table(
    "core_list_state",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("entity", Key, nullable=False),
    Column("content", Json, nullable=False),
    PrimaryKeyConstraint("tenant_id", "member_id", "entity"),
    ForeignKeyConstraint(["tenant_id", "member_id"], _MEMBER),
    info=CORE,
)

#: A list as somebody kept it under a name; see ``records.views``.
list_view = Table(
    "core_list_view",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("entity", Key, nullable=False),
    Column("name", Text, nullable=False),
    #: Who made it, and may change it.
    Column("member_id", Id, nullable=False),
    #: Who sees it: `me`, `team` or `all`.
    Column("share", Key, nullable=False),
    Column("team_id", Id),
    #: {"filters": [[key, text], ...], "search", "sort", "columns", "compact"}
    Column("content", Json, nullable=False),
    Column("version", Integer, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    Column("archived_at", UtcDateTime),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "member_id"], _MEMBER),
    ForeignKeyConstraint(["tenant_id", "team_id"], ["core_team.tenant_id", "core_team.id"]),
    Index(None, "tenant_id", "entity"),
    info=CORE,
)

#: What a bulk action changed, for as long as it may be undone.
undo = Table(
    "core_undo",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("entity", Key, nullable=False),
    Column("action", Text, nullable=False),
    #: [[record id, version after, {path: value before}], ...]
    Column("content", Json, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id", "member_id"], _MEMBER),
    info=CORE,
)
