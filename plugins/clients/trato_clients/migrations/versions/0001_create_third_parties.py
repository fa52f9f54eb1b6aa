"""Create third parties."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "clients_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "clients_category",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", types.Id, nullable=True),
        sa.Column("name_key", types.Key, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", types.Id, nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by", types.Id, nullable=True),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.Column("archived_by", types.Id, nullable=True),
        sa.Column("custom", types.Json, nullable=True),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["clients_category.tenant_id", "clients_category.id"],
            name=op.f("fk_clients_category_parent_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clients_category")),
        info={"plugin": "clients", "entity": "clients.category"},
    )
    with op.batch_alter_table("clients_category", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clients_category_bin",
            ["tenant_id", "archived_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_category_tenant_id_created_at_id"),
            ["tenant_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_category_tenant_id_parent_id_id"),
            ["tenant_id", "parent_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_category_tenant_id_updated_at_id"),
            ["tenant_id", "updated_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "uq_clients_category_name",
            ["tenant_id", "name_key"],
            unique=True,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "clients_industry",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", types.Id, nullable=True),
        sa.Column("code_key", types.Key, nullable=True),
        sa.Column("name_key", types.Key, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", types.Id, nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by", types.Id, nullable=True),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.Column("archived_by", types.Id, nullable=True),
        sa.Column("custom", types.Json, nullable=True),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["clients_industry.tenant_id", "clients_industry.id"],
            name=op.f("fk_clients_industry_parent_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clients_industry")),
        info={"plugin": "clients", "entity": "clients.industry"},
    )
    with op.batch_alter_table("clients_industry", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clients_industry_bin",
            ["tenant_id", "archived_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_industry_tenant_id_created_at_id"),
            ["tenant_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_industry_tenant_id_name_key_id"),
            ["tenant_id", "name_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_industry_tenant_id_parent_id_id"),
            ["tenant_id", "parent_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_industry_tenant_id_updated_at_id"),
            ["tenant_id", "updated_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "uq_clients_industry_code",
            ["tenant_id", "code_key"],
            unique=True,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "clients_source",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("name_key", types.Key, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", types.Id, nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by", types.Id, nullable=True),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.Column("archived_by", types.Id, nullable=True),
        sa.Column("custom", types.Json, nullable=True),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clients_source")),
        info={"plugin": "clients", "entity": "clients.source"},
    )
    with op.batch_alter_table("clients_source", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clients_source_bin",
            ["tenant_id", "archived_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_source_tenant_id_created_at_id"),
            ["tenant_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_source_tenant_id_updated_at_id"),
            ["tenant_id", "updated_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "uq_clients_source_name",
            ["tenant_id", "name_key"],
            unique=True,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "clients_zone",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("parent_id", types.Id, nullable=True),
        sa.Column("name_key", types.Key, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", types.Id, nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by", types.Id, nullable=True),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.Column("archived_by", types.Id, nullable=True),
        sa.Column("custom", types.Json, nullable=True),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["clients_zone.tenant_id", "clients_zone.id"],
            name=op.f("fk_clients_zone_parent_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clients_zone")),
        info={"plugin": "clients", "entity": "clients.zone"},
    )
    with op.batch_alter_table("clients_zone", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clients_zone_bin",
            ["tenant_id", "archived_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_zone_tenant_id_created_at_id"),
            ["tenant_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_zone_tenant_id_parent_id_id"),
            ["tenant_id", "parent_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_zone_tenant_id_updated_at_id"),
            ["tenant_id", "updated_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "uq_clients_zone_name",
            ["tenant_id", "name_key"],
            unique=True,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "clients_client",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("kind", types.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("trade_name", sa.Text(), nullable=True),
        sa.Column("given_names", sa.Text(), nullable=True),
        sa.Column("surnames", sa.Text(), nullable=True),
        sa.Column("identification", sa.Text(), nullable=True),
        sa.Column("identification_type", sa.Text(), nullable=True),
        sa.Column("is_client", sa.Boolean(), nullable=False),
        sa.Column("is_supplier", sa.Boolean(), nullable=False),
        sa.Column("is_prescriber", sa.Boolean(), nullable=False),
        sa.Column("status", types.Key, nullable=False),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("website", sa.Text(), nullable=True),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("category_id", types.Id, nullable=True),
        sa.Column("industry_id", types.Id, nullable=True),
        sa.Column("zone_id", types.Id, nullable=True),
        sa.Column("source_id", types.Id, nullable=True),
        sa.Column("parent_id", types.Id, nullable=True),
        sa.Column("payment_days", sa.BigInteger(), nullable=True),
        sa.Column("credit_limit", types.Scaled(4), nullable=True),
        sa.Column("tags", types.Json, nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("name_key", types.Key, nullable=True),
        sa.Column("identification_key", types.Key, nullable=True),
        sa.Column("email_key", types.Key, nullable=True),
        sa.Column("phone_key", types.Key, nullable=True),
        sa.Column("mobile_key", types.Key, nullable=True),
        sa.Column("city_key", types.Key, nullable=True),
        sa.Column("region_key", types.Key, nullable=True),
        sa.Column("owner_id", types.Id, nullable=True),
        sa.Column("team_id", types.Id, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", types.Id, nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by", types.Id, nullable=True),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.Column("archived_by", types.Id, nullable=True),
        sa.Column("custom", types.Json, nullable=True),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.CheckConstraint("kind IN ('company', 'person')", name=op.f("ck_clients_client_kind")),
        sa.CheckConstraint(
            "status IN ('active', 'prospect', 'inactive')", name=op.f("ck_clients_client_status")
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "category_id"],
            ["clients_category.tenant_id", "clients_category.id"],
            name=op.f("fk_clients_client_category_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "industry_id"],
            ["clients_industry.tenant_id", "clients_industry.id"],
            name=op.f("fk_clients_client_industry_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_clients_client_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "parent_id"],
            ["clients_client.tenant_id", "clients_client.id"],
            name=op.f("fk_clients_client_parent_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "source_id"],
            ["clients_source.tenant_id", "clients_source.id"],
            name=op.f("fk_clients_client_source_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "team_id"],
            ["core_team.tenant_id", "core_team.id"],
            name=op.f("fk_clients_client_team_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "zone_id"],
            ["clients_zone.tenant_id", "clients_zone.id"],
            name=op.f("fk_clients_client_zone_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clients_client")),
        info={"plugin": "clients", "entity": "clients.client"},
    )
    with op.batch_alter_table("clients_client", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clients_client_bin",
            ["tenant_id", "archived_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_category_id_id"),
            ["tenant_id", "category_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_city_key_id"),
            ["tenant_id", "city_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_created_at_id"),
            ["tenant_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_credit_limit_id"),
            ["tenant_id", "credit_limit", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_email_key_id"),
            ["tenant_id", "email_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_identification_key_id"),
            ["tenant_id", "identification_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_industry_id_id"),
            ["tenant_id", "industry_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_mobile_key_id"),
            ["tenant_id", "mobile_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_name_key_id"),
            ["tenant_id", "name_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_owner_id_id"),
            ["tenant_id", "owner_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_parent_id_id"),
            ["tenant_id", "parent_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_phone_key_id"),
            ["tenant_id", "phone_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_region_key_id"),
            ["tenant_id", "region_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_source_id_id"),
            ["tenant_id", "source_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_status_id"),
            ["tenant_id", "status", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_team_id_id"),
            ["tenant_id", "team_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_updated_at_id"),
            ["tenant_id", "updated_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_client_tenant_id_zone_id_id"),
            ["tenant_id", "zone_id", "id"],
            unique=False,
        )

    op.create_table(
        "clients_branch",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("client_id", types.Id, nullable=False),
        sa.Column("code", sa.Text(), nullable=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("is_delivery_point", sa.Boolean(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("city", sa.Text(), nullable=True),
        sa.Column("region", sa.Text(), nullable=True),
        sa.Column("postal_code", sa.Text(), nullable=True),
        sa.Column("country", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("hours", sa.Text(), nullable=True),
        sa.Column("zone_id", types.Id, nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("code_key", types.Key, nullable=True),
        sa.Column("name_key", types.Key, nullable=True),
        sa.Column("city_key", types.Key, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", types.Id, nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by", types.Id, nullable=True),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.Column("archived_by", types.Id, nullable=True),
        sa.Column("custom", types.Json, nullable=True),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["clients_client.tenant_id", "clients_client.id"],
            name=op.f("fk_clients_branch_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "zone_id"],
            ["clients_zone.tenant_id", "clients_zone.id"],
            name=op.f("fk_clients_branch_zone_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clients_branch")),
        info={"plugin": "clients", "entity": "clients.branch"},
    )
    with op.batch_alter_table("clients_branch", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clients_branch_bin",
            ["tenant_id", "archived_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_branch_tenant_id_city_key_id"),
            ["tenant_id", "city_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_branch_tenant_id_client_id_id"),
            ["tenant_id", "client_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_branch_tenant_id_code_key_id"),
            ["tenant_id", "code_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_branch_tenant_id_created_at_id"),
            ["tenant_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_branch_tenant_id_name_key_id"),
            ["tenant_id", "name_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_branch_tenant_id_updated_at_id"),
            ["tenant_id", "updated_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_branch_tenant_id_zone_id_id"),
            ["tenant_id", "zone_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            "uq_clients_branch_client_id_code",
            ["tenant_id", "client_id", "code_key"],
            unique=True,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "clients_contact",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Text(), nullable=True),
        sa.Column("department", sa.Text(), nullable=True),
        sa.Column("email", sa.Text(), nullable=True),
        sa.Column("phone", sa.Text(), nullable=True),
        sa.Column("mobile", sa.Text(), nullable=True),
        sa.Column("birthday", sa.Date(), nullable=True),
        sa.Column("client_id", types.Id, nullable=True),
        sa.Column("tags", types.Json, nullable=True),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("name_key", types.Key, nullable=True),
        sa.Column("email_key", types.Key, nullable=True),
        sa.Column("mobile_key", types.Key, nullable=True),
        sa.Column("owner_id", types.Id, nullable=True),
        sa.Column("team_id", types.Id, nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", types.Id, nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by", types.Id, nullable=True),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.Column("archived_by", types.Id, nullable=True),
        sa.Column("custom", types.Json, nullable=True),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["clients_client.tenant_id", "clients_client.id"],
            name=op.f("fk_clients_contact_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "owner_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_clients_contact_owner_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "team_id"],
            ["core_team.tenant_id", "core_team.id"],
            name=op.f("fk_clients_contact_team_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clients_contact")),
        info={"plugin": "clients", "entity": "clients.contact"},
    )
    with op.batch_alter_table("clients_contact", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clients_contact_bin",
            ["tenant_id", "archived_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_tenant_id_client_id_id"),
            ["tenant_id", "client_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_tenant_id_created_at_id"),
            ["tenant_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_tenant_id_email_key_id"),
            ["tenant_id", "email_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_tenant_id_mobile_key_id"),
            ["tenant_id", "mobile_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_tenant_id_name_key_id"),
            ["tenant_id", "name_key", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_tenant_id_owner_id_id"),
            ["tenant_id", "owner_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_tenant_id_team_id_id"),
            ["tenant_id", "team_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_tenant_id_updated_at_id"),
            ["tenant_id", "updated_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )

    op.create_table(
        "clients_contact_role",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("client_id", types.Id, nullable=False),
        sa.Column("contact_id", types.Id, nullable=False),
        sa.Column("role", types.Key, nullable=False),
        sa.Column("branch_id", types.Id, nullable=True),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("notes", sa.Text(), nullable=True),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("created_by", types.Id, nullable=True),
        sa.Column("updated_at", types.UtcDateTime(), nullable=False),
        sa.Column("updated_by", types.Id, nullable=True),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.Column("archived_by", types.Id, nullable=True),
        sa.Column("custom", types.Json, nullable=True),
        sa.Column("search_text", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "role IN ('buys', 'pays', 'receives', 'decides')",
            name=op.f("ck_clients_contact_role_role"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "branch_id"],
            ["clients_branch.tenant_id", "clients_branch.id"],
            name=op.f("fk_clients_contact_role_branch_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "client_id"],
            ["clients_client.tenant_id", "clients_client.id"],
            name=op.f("fk_clients_contact_role_client_id"),
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "contact_id"],
            ["clients_contact.tenant_id", "clients_contact.id"],
            name=op.f("fk_clients_contact_role_contact_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_clients_contact_role")),
        info={"plugin": "clients", "entity": "clients.contact_role"},
    )
    with op.batch_alter_table("clients_contact_role", schema=None) as batch_op:
        batch_op.create_index(
            "ix_clients_contact_role_bin",
            ["tenant_id", "archived_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_role_tenant_id_branch_id_id"),
            ["tenant_id", "branch_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_role_tenant_id_client_id_id"),
            ["tenant_id", "client_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_role_tenant_id_contact_id_id"),
            ["tenant_id", "contact_id", "id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_role_tenant_id_created_at_id"),
            ["tenant_id", "created_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_role_tenant_id_role_id"),
            ["tenant_id", "role", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            batch_op.f("ix_clients_contact_role_tenant_id_updated_at_id"),
            ["tenant_id", "updated_at", "id"],
            unique=False,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.create_index(
            "uq_clients_contact_role_client_id_contact_id_role_branch_id",
            ["tenant_id", "client_id", "contact_id", "role", "branch_id"],
            unique=True,
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )


def downgrade() -> None:
    with op.batch_alter_table("clients_contact_role", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clients_contact_role_client_id_contact_id_role_branch_id",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_contact_role_tenant_id_updated_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_contact_role_tenant_id_role_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_contact_role_tenant_id_created_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_contact_role_tenant_id_contact_id_id"))
        batch_op.drop_index(batch_op.f("ix_clients_contact_role_tenant_id_client_id_id"))
        batch_op.drop_index(batch_op.f("ix_clients_contact_role_tenant_id_branch_id_id"))
        batch_op.drop_index(
            "ix_clients_contact_role_bin",
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )

    op.drop_table("clients_contact_role")
    with op.batch_alter_table("clients_contact", schema=None) as batch_op:
        batch_op.drop_index(
            batch_op.f("ix_clients_contact_tenant_id_updated_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_contact_tenant_id_team_id_id"))
        batch_op.drop_index(batch_op.f("ix_clients_contact_tenant_id_owner_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_contact_tenant_id_name_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_contact_tenant_id_mobile_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_contact_tenant_id_email_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_contact_tenant_id_created_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_contact_tenant_id_client_id_id"))
        batch_op.drop_index(
            "ix_clients_contact_bin",
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )

    op.drop_table("clients_contact")
    with op.batch_alter_table("clients_branch", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clients_branch_client_id_code",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_branch_tenant_id_zone_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_branch_tenant_id_updated_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_branch_tenant_id_name_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_branch_tenant_id_created_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_branch_tenant_id_code_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_branch_tenant_id_client_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_branch_tenant_id_city_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_clients_branch_bin",
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )

    op.drop_table("clients_branch")
    with op.batch_alter_table("clients_client", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_clients_client_tenant_id_zone_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_updated_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_client_tenant_id_team_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_status_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_client_tenant_id_source_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_region_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_phone_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_client_tenant_id_parent_id_id"))
        batch_op.drop_index(batch_op.f("ix_clients_client_tenant_id_owner_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_name_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_mobile_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_client_tenant_id_industry_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_identification_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_email_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_credit_limit_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_created_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_client_tenant_id_city_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_client_tenant_id_category_id_id"))
        batch_op.drop_index(
            "ix_clients_client_bin",
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )

    op.drop_table("clients_client")
    with op.batch_alter_table("clients_zone", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clients_zone_name",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_zone_tenant_id_updated_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_zone_tenant_id_parent_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_zone_tenant_id_created_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_clients_zone_bin",
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )

    op.drop_table("clients_zone")
    with op.batch_alter_table("clients_source", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clients_source_name",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_source_tenant_id_updated_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_source_tenant_id_created_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_clients_source_bin",
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )

    op.drop_table("clients_source")
    with op.batch_alter_table("clients_industry", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clients_industry_code",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_industry_tenant_id_updated_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_industry_tenant_id_parent_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_industry_tenant_id_name_key_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_industry_tenant_id_created_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_clients_industry_bin",
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )

    op.drop_table("clients_industry")
    with op.batch_alter_table("clients_category", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_clients_category_name",
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            batch_op.f("ix_clients_category_tenant_id_updated_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(batch_op.f("ix_clients_category_tenant_id_parent_id_id"))
        batch_op.drop_index(
            batch_op.f("ix_clients_category_tenant_id_created_at_id"),
            sqlite_where=sa.text("archived_at IS NULL"),
            postgresql_where=sa.text("archived_at IS NULL"),
        )
        batch_op.drop_index(
            "ix_clients_category_bin",
            sqlite_where=sa.text("archived_at IS NOT NULL"),
            postgresql_where=sa.text("archived_at IS NOT NULL"),
        )

    op.drop_table("clients_category")
