"""Tables of tenants. Only this package and ``access`` read `core_tenant`."""

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
    text,
)
from sqlalchemy import text as sql

from trato.db.types import Id, Json, Key, UtcDateTime
from trato.entities.base import metadata

CORE = {"plugin": "core"}

#: A customer company. `version` rises with every change of its configuration (licence, plugins,
#: members, roles, fields, settings), so that processes know when to read it again.
tenant = Table(
    "core_tenant",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("slug", Key, nullable=False),
    Column("name", Text, nullable=False),
    Column("locale", Text, nullable=False),
    Column("timezone", Text, nullable=False),
    Column("currency", Text, nullable=False),
    Column("version", BigInteger, nullable=False, default=1),
    Column("created_at", UtcDateTime, nullable=False),
    #: Number under which its history began, which the history's hashes contain; none: its own.
    #: A tenant that is restored beside others may get another number, and keeps its history.
    Column("history_number", Integer),
    #: Since when nobody gets in and nothing runs, until it is deleted or opened again; and who
    #: closed it, in words.
    Column("closed_at", UtcDateTime),
    Column("closed_by", Text),
    UniqueConstraint("slug"),
    info=CORE,
)

#: Signed statements as they were installed; the newest of a tenant counts.
license = Table(
    "core_license",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("token", Text, nullable=False),
    Column("installed_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    info=CORE,
)

#: Plugins that a tenant's administrator has switched on or off.
plugin_state = Table(
    "core_plugin_state",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("plugin", Key, nullable=False),
    Column("is_on", Boolean, nullable=False),
    Column("changed_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "plugin"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    info=CORE,
)

#: Values of declared settings, of core and of plugins.
setting = Table(
    "core_setting",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("plugin", Key, nullable=False),
    Column("key", Key, nullable=False),
    Column("value", Json),
    PrimaryKeyConstraint("tenant_id", "plugin", "key"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    info=CORE,
)

#: A tenant's own fields of an entity. Key and kind never change; a retired field keeps its data.
custom_field = Table(
    "core_custom_field",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("entity", Key, nullable=False),
    Column("key", Key, nullable=False),
    Column("kind", Text, nullable=False),
    Column("labels", Json, nullable=False),
    Column("help", Text),
    Column("is_required", Boolean, nullable=False),
    Column("is_unique", Boolean, nullable=False),
    Column("is_indexed", Boolean, nullable=False),
    Column("is_searchable", Boolean, nullable=False),
    Column("is_active", Boolean, nullable=False),
    Column("default", Json),
    #: [[value, label], ...] in order; retired ones have a third element, false.
    Column("choices", Json),
    Column("section", Text),
    Column("position", Integer, nullable=False),
    #: Entity that a link to a record points to, and what a purge of such a record does.
    Column("target", Text),
    Column("on_purge", Text),
    #: Its typed rows are still being made; until then it has no index.
    Column("is_filling", Boolean),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "entity", "key"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    info=CORE,
)

#: Indexed and unique values of custom fields, and every list field: typed rows beside the JSON.
#: Numbers are scaled integers and moments microseconds, so that both databases index them alike.
value = Table(
    "core_value",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("entity", Key, nullable=False),
    #: `custom.KEY` for a tenant's own field, else the path of the list field.
    Column("field", Key, nullable=False),
    Column("record_id", Id, nullable=False),
    Column("position", Integer, nullable=False),
    Column("text", Key),
    Column("number", BigInteger),
    #: False while the record is in the recycle bin, which frees its unique values.
    Column("is_active", Boolean, nullable=False),
    #: Copy of the value where it must be unique, else empty.
    Column("unique_text", Key),
    PrimaryKeyConstraint("tenant_id", "entity", "field", "record_id", "position"),
    Index("ix_core_value_text", "tenant_id", "entity", "field", "text", "record_id"),
    Index("ix_core_value_number", "tenant_id", "entity", "field", "number", "record_id"),
    Index("ix_core_value_record", "tenant_id", "record_id"),
    info=CORE,
)
Index(
    "uq_core_value_unique",
    value.c.tenant_id, value.c.entity, value.c.field, value.c.unique_text,
    unique=True,
    # As text: a generated `IS 1` for SQLite is no condition to PostgreSQL.
    sqlite_where=sql("is_active AND unique_text IS NOT NULL"),
    postgresql_where=sql("is_active AND unique_text IS NOT NULL"),
)  # fmt: skip

#: Which rowid of the SQLite full-text table `core_search_text` belongs to which record.
#: PostgreSQL searches the entity's own column and leaves this table empty.
search_row = Table(
    "core_search_row",
    metadata,
    Column("rowid", Integer, primary_key=True),
    Column("tenant_id", Integer, nullable=False),
    Column("entity", Key, nullable=False),
    Column("record_id", Id, nullable=False),
    UniqueConstraint("tenant_id", "record_id"),
    info=CORE,
)

#: One queued piece of work, and afterwards the record of its run.
task = Table(
    "core_task",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    #: Name of the job: `collections.send_reminders`.
    Column("job", Key, nullable=False),
    Column("payload", Json),
    #: `queued`, `running`, `done`, `failed`, `cancelled`, `held`
    Column("state", Key, nullable=False),
    #: Why it is held or has failed, in words; or what it is doing.
    Column("message", Text),
    #: No two tasks of a tenant share one: the clock's slots, a user's double click.
    Column("unique_key", Key),
    #: The lower, the sooner; 0 is usual.
    Column("priority", Integer, nullable=False),
    Column("run_at", UtcDateTime, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", Text),
    Column("lease_until", UtcDateTime),
    Column("progress", BigInteger),
    Column("progress_total", BigInteger),
    Column("result", Json),
    Column("created_at", UtcDateTime, nullable=False),
    Column("created_by", Id),
    Column("started_at", UtcDateTime),
    Column("finished_at", UtcDateTime),
    PrimaryKeyConstraint("tenant_id", "id"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    Index(
        "uq_core_task_key", "tenant_id", "unique_key", unique=True,
        sqlite_where=text("unique_key IS NOT NULL"),
        postgresql_where=text("unique_key IS NOT NULL"),
    ),
    Index(
        "ix_core_task_due", "tenant_id", "priority", "run_at", "id",
        sqlite_where=text("state = 'queued'"), postgresql_where=text("state = 'queued'"),
    ),
    Index(
        "ix_core_task_running", "lease_until",
        sqlite_where=text("state = 'running'"), postgresql_where=text("state = 'running'"),
    ),
    Index(None, "tenant_id", "created_at", "id"),
    info=CORE,
)  # fmt: skip

#: When each tenant was last served, so that a long queue starves nobody. Belongs to no tenant's
#: rules: the worker reads it before it knows whose turn it is.
turn = Table(
    "core_turn",
    metadata,
    Column("tenant", Integer, nullable=False),
    Column("served_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant"),
    ForeignKeyConstraint(["tenant"], ["core_tenant.id"], ondelete="CASCADE"),
    info=CORE,
)

#: Workers and clocks, and when each was last heard of; one that ends takes its row away.
process = Table(
    "core_process",
    metadata,
    Column("name", Key, primary_key=True),
    #: `worker`, `scheduler`
    Column("kind", Text, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    info=CORE,
)

#: Maintenance of the whole installation: a row while it lasts, none otherwise.
maintenance = Table(
    "core_maintenance",
    metadata,
    #: Always 1, so that there is one row at most.
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("since", UtcDateTime, nullable=False),
    #: What the operator tells whoever comes; none: the usual words.
    Column("message", Text),
    info=CORE,
)
