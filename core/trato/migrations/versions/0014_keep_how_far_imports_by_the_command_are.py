"""Keep how far imports by the command are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0014"
down_revision = "core_0013"


def upgrade() -> None:
    op.create_table(
        "core_import_course",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("digest", types.Key, nullable=False),
        sa.Column("choices", types.Json, nullable=False),
        sa.Column("reached", types.Json, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("reached_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_import_course_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "digest", name=op.f("pk_core_import_course")),
        info={"plugin": "core"},
    )


def downgrade() -> None:
    op.drop_table("core_import_course")
