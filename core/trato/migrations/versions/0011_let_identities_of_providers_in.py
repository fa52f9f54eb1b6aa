"""Let identities of providers in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0011"
down_revision = "core_0010"


def upgrade() -> None:
    op.create_table(
        "core_door",
        sa.Column("key", types.Key, nullable=False),
        sa.Column("tenant", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant"], ["core_tenant.id"], name=op.f("fk_core_door_tenant"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_core_door")),
        sa.UniqueConstraint("tenant", name=op.f("uq_core_door_tenant")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_identity",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("issuer", types.Key, nullable=False),
        sa.Column("subject", types.Key, nullable=False),
        sa.Column("linked_at", types.UtcDateTime(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_identity_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_identity")),
        sa.UniqueConstraint(
            "tenant_id",
            "issuer",
            "member_id",
            name=op.f("uq_core_identity_tenant_id_issuer_member_id"),
        ),
        sa.UniqueConstraint(
            "tenant_id", "issuer", "subject", name=op.f("uq_core_identity_tenant_id_issuer_subject")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_identity_link",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_identity_link_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "member_id", name=op.f("pk_core_identity_link")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("bound_tenant", sa.Integer(), nullable=True))
        batch_op.create_foreign_key(
            batch_op.f("fk_core_session_bound_tenant"),
            "core_tenant",
            ["bound_tenant"],
            ["id"],
            ondelete="CASCADE",
        )


def downgrade() -> None:
    with op.batch_alter_table("core_session", schema=None) as batch_op:
        batch_op.drop_constraint(batch_op.f("fk_core_session_bound_tenant"), type_="foreignkey")
        batch_op.drop_column("bound_tenant")

    op.drop_table("core_identity_link")
    op.drop_table("core_identity")
    op.drop_table("core_door")
