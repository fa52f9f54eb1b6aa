"""Link a tenant's own fields to records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "core_0004"
down_revision = "core_0003"


def upgrade() -> None:
    with op.batch_alter_table("core_custom_field", schema=None) as batch_op:
        batch_op.add_column(sa.Column("target", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("on_purge", sa.Text(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("core_custom_field", schema=None) as batch_op:
        batch_op.drop_column("on_purge")
        batch_op.drop_column("target")
