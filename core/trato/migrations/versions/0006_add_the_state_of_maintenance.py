"""Add the state of maintenance."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0006"
down_revision = "core_0005"


def upgrade() -> None:
    op.create_table(
        "core_maintenance",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", types.UtcDateTime(), nullable=False),
        sa.Column("message", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_maintenance")),
        info={"plugin": "core"},
    )


def downgrade() -> None:
    op.drop_table("core_maintenance")
