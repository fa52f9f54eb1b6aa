"""Create Colombian clients and municipalities, and fill these with the shipped list."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types
from trato_colombia.municipalities import Divipola, fold

revision = "colombia_0001"
down_revision = None


def upgrade() -> None:
    municipality = op.create_table(
        "colombia_municipality",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("department_code", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("replaced_by", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_colombia_municipality")),
        info={"plugin": "colombia", "shared": True},
    )
    ordered = sorted(Divipola().municipalities, key=lambda one: (fold(one.label), one.code))
    op.bulk_insert(
        municipality,
        [
            {
                "code": one.code,
                "name": one.name,
                "department_code": one.department.code,
                "department": one.department.name,
                "position": position,
                "is_active": True,
                "replaced_by": None,
            }
            for position, one in enumerate(ordered)
        ],
    )
    op.create_table(
        "colombia_clients_client",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("identification_type", types.Key, nullable=True),
        sa.Column("check_digit", sa.Text(), nullable=True),
        sa.Column("municipality", types.Key, nullable=True),
        sa.CheckConstraint(
            "identification_type IN ('nit', 'cc', 'ce', 'ti', 'rc', 'nuip', 'passport', 'pep', 'ppt', 'te', 'foreign_document', 'foreign_nit')",
            name=op.f("ck_colombia_clients_client_identification_type"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "id"],
            ["clients_client.tenant_id", "clients_client.id"],
            name=op.f("fk_colombia_clients_client_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_colombia_clients_client")),
        info={"plugin": "colombia", "extends": "clients.client"},
    )
    with op.batch_alter_table("colombia_clients_client", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_colombia_clients_client_tenant_id_municipality_id"),
            ["tenant_id", "municipality", "id"],
            unique=False,
        )


def downgrade() -> None:
    with op.batch_alter_table("colombia_clients_client", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_colombia_clients_client_tenant_id_municipality_id"))

    op.drop_table("colombia_clients_client")
    op.drop_table("colombia_municipality")
