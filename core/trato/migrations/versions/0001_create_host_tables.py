"""Create the host's tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "core_audit",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.Column("sequence", sa.BigInteger(), nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.Column("member_id", types.Id, nullable=True),
        sa.Column("actor", sa.Text(), nullable=True),
        sa.Column("content", sa.Text(), nullable=True),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "record_id", "sequence", name=op.f("pk_core_audit")),
        info={"plugin": "core", "append_only": True},
    )
    with op.batch_alter_table("core_audit", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_audit_tenant_id_at"), ["tenant_id", "at"], unique=False
        )

    op.create_table(
        "core_counter",
        sa.Column("bucket", types.Key, nullable=False),
        sa.Column("window", sa.BigInteger(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("bucket", "window", name=op.f("pk_core_counter")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_idempotency",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("token_id", types.Id, nullable=False),
        sa.Column("key", types.Key, nullable=False),
        sa.Column("request_hash", sa.LargeBinary(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("headers", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("tenant_id", "token_id", "key", name=op.f("pk_core_idempotency")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_idempotency", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_idempotency_tenant_id_created_at"),
            ["tenant_id", "created_at"],
            unique=False,
        )

    op.create_table(
        "core_search_row",
        sa.Column("rowid", sa.Integer(), nullable=False),
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.PrimaryKeyConstraint("rowid", name=op.f("pk_core_search_row")),
        sa.UniqueConstraint(
            "tenant_id", "record_id", name=op.f("uq_core_search_row_tenant_id_record_id")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_tenant",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("slug", types.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("locale", sa.Text(), nullable=False),
        sa.Column("timezone", sa.Text(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_tenant")),
        sa.UniqueConstraint("slug", name=op.f("uq_core_tenant_slug")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_user",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("email", sa.Text(), nullable=False),
        sa.Column("email_key", types.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("locale", sa.Text(), nullable=True),
        sa.Column("timezone", sa.Text(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_user")),
        sa.UniqueConstraint("email_key", name=op.f("uq_core_user_email_key")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_value",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("field", types.Key, nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("text", types.Key, nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("unique_text", types.Key, nullable=True),
        sa.PrimaryKeyConstraint(
            "tenant_id", "entity", "field", "record_id", "position", name=op.f("pk_core_value")
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_value", schema=None) as batch_op:
        batch_op.create_index(
            "ix_core_value_number",
            ["tenant_id", "entity", "field", "number", "record_id"],
            unique=False,
        )
        batch_op.create_index("ix_core_value_record", ["tenant_id", "record_id"], unique=False)
        batch_op.create_index(
            "ix_core_value_text",
            ["tenant_id", "entity", "field", "text", "record_id"],
            unique=False,
        )
        batch_op.create_index(
            "uq_core_value_unique",
            ["tenant_id", "entity", "field", "unique_text"],
            unique=True,
            sqlite_where=sa.text("is_active AND unique_text IS NOT NULL"),
            postgresql_where=sa.text("is_active AND unique_text IS NOT NULL"),
        )

    op.create_table(
        "core_custom_field",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("key", types.Key, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("labels", types.Json, nullable=False),
        sa.Column("help", sa.Text(), nullable=True),
        sa.Column("is_required", sa.Boolean(), nullable=False),
        sa.Column("is_unique", sa.Boolean(), nullable=False),
        sa.Column("is_indexed", sa.Boolean(), nullable=False),
        sa.Column("is_searchable", sa.Boolean(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("default", types.Json, nullable=True),
        sa.Column("choices", types.Json, nullable=True),
        sa.Column("section", sa.Text(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_custom_field_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_custom_field")),
        sa.UniqueConstraint(
            "tenant_id", "entity", "key", name=op.f("uq_core_custom_field_tenant_id_entity_key")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_license",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("installed_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_license_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_license")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_member",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("user_id", types.Id, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("ended_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_member_tenant_id")
        ),
        sa.ForeignKeyConstraint(["user_id"], ["core_user.id"], name=op.f("fk_core_member_user_id")),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_member")),
        sa.UniqueConstraint("tenant_id", "user_id", name=op.f("uq_core_member_tenant_id_user_id")),
        info={
            "plugin": "core",
            "policy": "user_id = nullif(current_setting('trato.user_id', true), '')::uuid",
        },
    )
    with op.batch_alter_table("core_member", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_member_user_id_tenant_id"), ["user_id", "tenant_id"], unique=False
        )

    op.create_table(
        "core_plugin_state",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("plugin", types.Key, nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("changed_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_plugin_state_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plugin", name=op.f("pk_core_plugin_state")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_role",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("key", types.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("grants", types.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_role_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_role")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_core_role_tenant_id_key")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_session",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", types.Id, nullable=False),
        sa.Column("active_tenant", sa.Integer(), nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("address", sa.Text(), nullable=True),
        sa.Column("agent", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["active_tenant"],
            ["core_tenant.id"],
            name=op.f("fk_core_session_active_tenant"),
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["core_user.id"], name=op.f("fk_core_session_user_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_session")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_core_session_secret_hash")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_session", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_session_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_setting",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("plugin", types.Key, nullable=False),
        sa.Column("key", types.Key, nullable=False),
        sa.Column("value", types.Json, nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_setting_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "plugin", "key", name=op.f("pk_core_setting")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_team",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("key", types.Key, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id"], ["core_tenant.id"], name=op.f("fk_core_team_tenant_id")
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_team")),
        sa.UniqueConstraint("tenant_id", "key", name=op.f("uq_core_team_tenant_id_key")),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_member_role",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("role_id", types.Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_member_role_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "role_id"],
            ["core_role.tenant_id", "core_role.id"],
            name=op.f("fk_core_member_role_role_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "member_id", "role_id", name=op.f("pk_core_member_role")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_team_member",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("team_id", types.Id, nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_team_member_member_id"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["tenant_id", "team_id"],
            ["core_team.tenant_id", "core_team.id"],
            name=op.f("fk_core_team_member_team_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "team_id", "member_id", name=op.f("pk_core_team_member")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_token",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("scopes", types.Json, nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=True),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.Column("revoked_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_token_member_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_token")),
        sa.UniqueConstraint(
            "tenant_id", "secret_hash", name=op.f("uq_core_token_tenant_id_secret_hash")
        ),
        info={"plugin": "core"},
    )


def downgrade() -> None:
    op.drop_table("core_token")
    op.drop_table("core_team_member")
    op.drop_table("core_member_role")
    op.drop_table("core_team")
    op.drop_table("core_setting")
    with op.batch_alter_table("core_session", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_session_user_id"))

    op.drop_table("core_session")
    op.drop_table("core_role")
    op.drop_table("core_plugin_state")
    with op.batch_alter_table("core_member", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_member_user_id_tenant_id"))

    op.drop_table("core_member")
    op.drop_table("core_license")
    op.drop_table("core_custom_field")
    with op.batch_alter_table("core_value", schema=None) as batch_op:
        batch_op.drop_index(
            "uq_core_value_unique",
            sqlite_where=sa.text("is_active AND unique_text IS NOT NULL"),
            postgresql_where=sa.text("is_active AND unique_text IS NOT NULL"),
        )
        batch_op.drop_index("ix_core_value_text")
        batch_op.drop_index("ix_core_value_record")
        batch_op.drop_index("ix_core_value_number")

    op.drop_table("core_value")
    op.drop_table("core_user")
    op.drop_table("core_tenant")
    op.drop_table("core_search_row")
    with op.batch_alter_table("core_idempotency", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_idempotency_tenant_id_created_at"))

    op.drop_table("core_idempotency")
    op.drop_table("core_counter")
    with op.batch_alter_table("core_audit", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_audit_tenant_id_at"))

    op.drop_table("core_audit")
