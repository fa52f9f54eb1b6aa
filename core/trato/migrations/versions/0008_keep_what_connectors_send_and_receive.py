"""Keep what connectors send and receive."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0008"
down_revision = "core_0007"


def upgrade() -> None:
    op.create_table(
        "core_sync_connection",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("connector", types.Key, nullable=False),
        sa.Column("run_at", types.UtcDateTime(), nullable=True),
        sa.Column("reached_at", types.UtcDateTime(), nullable=True),
        sa.Column("failed_at", types.UtcDateTime(), nullable=True),
        sa.Column("message", types.Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_sync_connection_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "connector", name=op.f("pk_core_sync_connection")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_sync_link",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("connector", types.Key, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("remote_key", types.Key, nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.Column("stream", types.Key, nullable=True),
        sa.Column("pass_id", types.Id, nullable=True),
        sa.Column("received_hash", sa.Text(), nullable=True),
        sa.Column("sent_hash", sa.Text(), nullable=True),
        sa.Column("linked_at", types.UtcDateTime(), nullable=False),
        sa.Column("changed_at", types.UtcDateTime(), nullable=False),
        sa.Column("missing_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_sync_link_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "connector", "entity", "remote_key", name=op.f("pk_core_sync_link")
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_sync_link", schema=None) as batch_op:
        batch_op.create_index(
            "uq_core_sync_link_record",
            ["tenant_id", "connector", "entity", "record_id"],
            unique=True,
        )

    op.create_table(
        "core_sync_outbox",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("connector", types.Key, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.Column("reference", types.Key, nullable=False),
        sa.Column("state", types.Key, nullable=False),
        sa.Column("run_at", types.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("looks", sa.Integer(), nullable=False),
        sa.Column("holder", sa.Text(), nullable=True),
        sa.Column("lease_until", types.UtcDateTime(), nullable=True),
        sa.Column("sent_at", types.UtcDateTime(), nullable=True),
        sa.Column("hash", sa.Text(), nullable=True),
        sa.Column("remote_key", sa.Text(), nullable=True),
        sa.Column("message", types.Json, nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("changed_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_sync_outbox_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_sync_outbox")),
        sa.UniqueConstraint(
            "tenant_id",
            "connector",
            "reference",
            name=op.f("uq_core_sync_outbox_tenant_id_connector_reference"),
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_sync_outbox", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_sync_outbox_due",
            ["tenant_id", "connector", "run_at", "id"],
            unique=False,
            sqlite_where=sa.text("state IN ('pending', 'sending', 'accepted', 'to_verify')"),
            postgresql_where=sa.text("state IN ('pending', 'sending', 'accepted', 'to_verify')"),
        )
        batch_op.create_index(
            batch_op.f("ix_core_sync_outbox_tenant_id_connector_record_id_id"),
            ["tenant_id", "connector", "record_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            "uq_core_sync_outbox_open",
            ["tenant_id", "connector", "record_id"],
            unique=True,
            sqlite_where=sa.text("state IN ('pending', 'rejected')"),
            postgresql_where=sa.text("state IN ('pending', 'rejected')"),
        )

    op.create_table(
        "core_sync_review",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("connector", types.Key, nullable=False),
        sa.Column("stream", types.Key, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("remote_key", types.Key, nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("values", types.Json, nullable=False),
        sa.Column("candidates", types.Json, nullable=False),
        sa.Column("reasons", types.Json, nullable=False),
        sa.Column("is_ignored", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("changed_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_sync_review_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_sync_review")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_sync_review", schema=None) as batch_op:
        batch_op.create_index(
            "uq_core_sync_review_item",
            ["tenant_id", "connector", "stream", "remote_key"],
            unique=True,
        )

    op.create_table(
        "core_sync_stream",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("connector", types.Key, nullable=False),
        sa.Column("stream", types.Key, nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("pass_id", types.Id, nullable=True),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("is_whole", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("finished_at", types.UtcDateTime(), nullable=True),
        sa.Column("failed_at", types.UtcDateTime(), nullable=True),
        sa.Column("message", types.Json, nullable=True),
        sa.Column("counts", types.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_sync_stream_tenant_id")
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "connector", "stream", name=op.f("pk_core_sync_stream")
        ),
        info={"plugin": "core"},
    )


def downgrade() -> None:
    op.drop_table("core_sync_stream")
    with op.batch_alter_table("core_sync_review", schema=None) as batch_op:
        batch_op.drop_index("uq_core_sync_review_item")

    op.drop_table("core_sync_review")
    with op.batch_alter_table("core_sync_outbox", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_core_sync_outbox_open",
            sqlite_where=sa.text("state IN ('pending', 'rejected')"),
            postgresql_where=sa.text("state IN ('pending', 'rejected')"),
        )
        batch_op.drop_index(batch_op.f("ix_core_sync_outbox_tenant_id_connector_record_id_id"))
        batch_op.drop_index(
            "ix_core_sync_outbox_due",
            sqlite_where=sa.text("state IN ('pending', 'sending', 'accepted', 'to_verify')"),
            postgresql_where=sa.text("state IN ('pending', 'sending', 'accepted', 'to_verify')"),
        )

    op.drop_table("core_sync_outbox")
    with op.batch_alter_table("core_sync_link", schema=None) as batch_op:
        batch_op.drop_index("uq_core_sync_link_record")

    op.drop_table("core_sync_link")
    op.drop_table("core_sync_connection")
