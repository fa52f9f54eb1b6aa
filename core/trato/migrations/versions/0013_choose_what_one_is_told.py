"""Choose what one is told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0013"
down_revision = "core_0012"


def upgrade() -> None:
    op.create_table(
        "core_notice_choice",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("content", types.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_notice_choice_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "member_id", name=op.f("pk_core_notice_choice")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_notice", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_shown", sa.Boolean(), server_default=sa.true(), nullable=False)
        )
        batch_op.add_column(sa.Column("mail", types.Key, nullable=True))
        batch_op.create_index(
            batch_op.f("ix_core_notice_mail"),
            ["tenant_id", "member_id"],
            unique=False,
            sqlite_where=sa.text("mail IS NOT NULL"),
            postgresql_where=sa.text("mail IS NOT NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("core_notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_notice_mail"))
        batch_op.drop_column("mail")
        batch_op.drop_column("is_shown")

    op.drop_table("core_notice_choice")
