"""Queue background work."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0003"
down_revision = "core_0002"


def upgrade() -> None:
    op.create_table(
        "core_task",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("job", types.Key, nullable=False),
        sa.Column("payload", types.Json, nullable=True),
        sa.Column("state", types.Key, nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.Column("unique_key", types.Key, nullable=True),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("run_at", types.UtcDateTime(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", types.UtcDateTime(), nullable=True),
        sa.Column("progress", sa.BigInteger(), nullable=True),
        sa.Column("progress_total", sa.BigInteger(), nullable=True),
        sa.Column("result", types.Json, nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", types.Id, nullable=True),
        sa.Column("started_at", types.UtcDateTime(), nullable=True),
        sa.Column("finished_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_task_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_task")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_task", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_task_due",
            ["tenant_id", "priority", "run_at", "id"],
            unique=False,
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )
        batch_op.create_index(
            "ix_core_task_running",
            ["lease_until"],
            unique=False,
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )
        batch_op.create_index(
            batch_op.f("ix_core_task_tenant_id_created_at_id"),
            ["tenant_id", "created_at", "id"],
            unique=False,
        )
        batch_op.create_index(
            "uq_core_task_key",
            ["tenant_id", "unique_key"],
            unique=True,
            sqlite_where=sa.text("unique_key IS NOT NULL"),
            postgresql_where=sa.text("unique_key IS NOT NULL"),
        )

    op.create_table(
        "core_turn",
        sa.Column("tenant", sa.Integer(), nullable=False),
        sa.Column("served_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant"], ["core_tenant.id"], name=op.f("fk_core_turn_tenant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("tenant", name=op.f("pk_core_turn")),
        info={"plugin": "core"},
    )


def downgrade() -> None:
    op.drop_table("core_turn")
    with op.batch_alter_table("core_task", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_core_task_key",
            sqlite_where=sa.text("unique_key IS NOT NULL"),
            postgresql_where=sa.text("unique_key IS NOT NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_core_task_tenant_id_created_at_id"))
        batch_op.drop_index(
            "ix_core_task_running",
            sqlite_where=sa.text("state = 'running'"),
            postgresql_where=sa.text("state = 'running'"),
        )
        batch_op.drop_index(
            "ix_core_task_due",
            sqlite_where=sa.text("state = 'queued'"),
            postgresql_where=sa.text("state = 'queued'"),
        )

    op.drop_table("core_task")
