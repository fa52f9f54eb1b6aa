"""Know who works in the background."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0010"
down_revision = "core_0009"


def upgrade() -> None:
    op.create_table(
        "core_process",
        sa.Column("name", types.Key, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_core_process")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_custom_field", schema=None) as batch_op:
        batch_op.add_column(sa.Column("is_filling", sa.Boolean(), nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("core_custom_field", schema=None) as batch_op:
        batch_op.drop_column("is_filling")

    op.drop_table("core_process")
