"""Keep views of lists."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0009"
down_revision = "core_0008"


def upgrade() -> None:
    op.create_table(
        "core_list_view",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("share", types.Key, nullable=False),
        sa.Column("team_id", types.Id, nullable=True),
        sa.Column("content", types.Json, nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("changed_at", types.UtcDateTime(), nullable=False),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_list_view_member_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "team_id"],
            ["core_team.tenant_id", "core_team.id"],
            name=op.f("fk_core_list_view_team_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_list_view")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_list_view", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_list_view_tenant_id_entity"), ["tenant_id", "entity"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("core_list_view", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_list_view_tenant_id_entity"))

    op.drop_table("core_list_view")
