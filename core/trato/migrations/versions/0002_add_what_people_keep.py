"""Keep what people write and mark beside the records."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from trato.db import types

revision = "core_0002"
down_revision = "core_0001"


def upgrade() -> None:
    op.create_table(
        "core_secret_link",
        sa.Column("id", types.Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(), nullable=False),
        sa.Column("user_id", types.Id, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"],
            ["core_user.id"],
            name=op.f("fk_core_secret_link_user_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_core_secret_link")),
        sa.UniqueConstraint("secret_hash", name=op.f("uq_core_secret_link_secret_hash")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_secret_link", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_core_secret_link_user_id"), ["user_id"], unique=False)

    op.create_table(
        "core_draft",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=True),
        sa.Column("content", types.Json, nullable=False),
        sa.Column("saved_at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_draft_member_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "member_id", "entity", "record_id", name=op.f("pk_core_draft")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_list_state",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("content", types.Json, nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_list_state_member_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "member_id", "entity", name=op.f("pk_core_list_state")
        ),
        info={"plugin": "core"},
    )
    op.create_table(
        "core_mark",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("kind", types.Key, nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("at", types.UtcDateTime(), nullable=False),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_mark_member_id"),
        ),
        sa.PrimaryKeyConstraint(
            "tenant_id", "member_id", "kind", "record_id", name=op.f("pk_core_mark")
        ),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_mark", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_mark_tenant_id_kind_record_id"),
            ["tenant_id", "kind", "record_id"],
            unique=False,
        )
        batch_op.create_index(
            batch_op.f("ix_core_mark_tenant_id_member_id_kind_at"),
            ["tenant_id", "member_id", "kind", "at"],
            unique=False,
        )

    op.create_table(
        "core_note",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("edited_at", types.UtcDateTime(), nullable=True),
        sa.Column("archived_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_note_member_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_note")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_note", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_note_tenant_id_record_id_created_at_id"),
            ["tenant_id", "record_id", "created_at", "id"],
            unique=False,
        )

    op.create_table(
        "core_notice",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("record_id", types.Id, nullable=False),
        sa.Column("by_member_id", types.Id, nullable=True),
        sa.Column("note_id", types.Id, nullable=True),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("seen_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_notice_member_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_notice")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_notice", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_core_notice_tenant_id_member_id_created_at_id"),
            ["tenant_id", "member_id", "created_at", "id"],
            unique=False,
        )

    op.create_table(
        "core_undo",
        sa.Column("tenant_id", sa.Integer(), nullable=False),
        sa.Column("id", types.Id, nullable=False),
        sa.Column("member_id", types.Id, nullable=False),
        sa.Column("entity", types.Key, nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("content", types.Json, nullable=False),
        sa.Column("created_at", types.UtcDateTime(), nullable=False),
        sa.Column("expires_at", types.UtcDateTime(), nullable=False),
        sa.Column("used_at", types.UtcDateTime(), nullable=True),
        sa.ForeignKeyConstraint(
            ["tenant_id", "member_id"],
            ["core_member.tenant_id", "core_member.id"],
            name=op.f("fk_core_undo_member_id"),
        ),
        sa.PrimaryKeyConstraint("tenant_id", "id", name=op.f("pk_core_undo")),
        info={"plugin": "core"},
    )
    with op.batch_alter_table("core_member", schema=None) as batch_op:
        batch_op.add_column(sa.Column("ends_at", types.UtcDateTime(), nullable=True))

    with op.batch_alter_table("core_session", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_pending", sa.Boolean(), server_default=sa.false(), nullable=False)
        )
        batch_op.add_column(sa.Column("view_as", types.Id, nullable=True))

    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.add_column(sa.Column("totp_secret", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("totp_confirmed_at", types.UtcDateTime(), nullable=True))
        batch_op.add_column(sa.Column("totp_step", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("recovery_hashes", types.Json, nullable=True))


def downgrade() -> None:
    with op.batch_alter_table("core_user", schema=None) as batch_op:
        batch_op.drop_column("recovery_hashes")
        batch_op.drop_column("totp_step")
        batch_op.drop_column("totp_confirmed_at")
        batch_op.drop_column("totp_secret")

    with op.batch_alter_table("core_session", schema=None) as batch_op:
        batch_op.drop_column("view_as")
        batch_op.drop_column("is_pending")

    with op.batch_alter_table("core_member", schema=None) as batch_op:
        batch_op.drop_column("ends_at")

    op.drop_table("core_undo")
    with op.batch_alter_table("core_notice", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_notice_tenant_id_member_id_created_at_id"))

    op.drop_table("core_notice")
    with op.batch_alter_table("core_note", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_note_tenant_id_record_id_created_at_id"))

    op.drop_table("core_note")
    with op.batch_alter_table("core_mark", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_mark_tenant_id_member_id_kind_at"))
        batch_op.drop_index(batch_op.f("ix_core_mark_tenant_id_kind_record_id"))

    op.drop_table("core_mark")
    op.drop_table("core_list_state")
    op.drop_table("core_draft")
    with op.batch_alter_table("core_secret_link", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_core_secret_link_user_id"))

    op.drop_table("core_secret_link")
