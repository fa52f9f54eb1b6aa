"""Seal the audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0005"
down_revision = "core_0004"


def upgrade() -> None:
    op.create_table(
        "core_audit_seal",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("chains", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "number", name=op.f("pk_core_audit_seal")),
        info={"plugin": "core", "append_only": True},
    )
    op.create_table(
        "core_audit_sealed",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint(
            "tenant_id", "record_id", "sequence", name=op.f("pk_core_audit_sealed")
        ),
        info={"plugin": "core", "append_only": True},
    )
    with op.batch_alter_table("core_audit_sealed", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_audit_sealed_tenant_id_seal_record_id"),
            ["tenant_id", "seal", "record_id"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("core_audit_sealed", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_audit_sealed_tenant_id_seal_record_id"))

    op.drop_table("core_audit_sealed")
    op.drop_table("core_audit_seal")
