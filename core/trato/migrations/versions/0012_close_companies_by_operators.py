"""Close companies by operators."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0012"
down_revision = "core_0011"


def upgrade() -> None:
    op.create_table(
        "core_operator",
        sa.Column("user_id", types.Id, nullable=False),
        sa.Column("since", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_operator_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("user_id", name=op.f("pk_core_operator")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_tenant", schema=None) as batch_op:
        batch_op.add_column(sa.Column("closed_at", types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("closed_by", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("core_tenant", schema=None) as batch_op:
        batch_op.drop_column("closed_by")
        batch_op.drop_column("closed_at")

    op.drop_table("core_operator")
