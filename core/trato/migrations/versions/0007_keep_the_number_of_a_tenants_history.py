"""Keep the number of a tenant's history."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0007"
down_revision = "core_0006"


def upgrade() -> None:
    with op.batch_alter_table("core_tenant", schema=None) as batch_op:
        batch_op.add_column(sa.Column("history_number", sa.Integer(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("core_tenant", schema=None) as batch_op:
        batch_op.drop_column("history_number")
