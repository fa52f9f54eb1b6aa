"""Name the task that sends a letter."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0015"
down_revision = "core_0014"


def upgrade() -> None:
    with op.batch_alter_table("core_notice", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sending", types.Id, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("core_notice", schema=None) as batch_op:
        batch_op.drop_column("sending")
