"""Tables of people. Users and sessions belong to no tenant; only this package reads them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
    false,
)

from trato.db.types import Id, Json, Key, UtcDateTime
from trato.entities.base import metadata
from trato.tenancy.tables import CORE

#: A person who signs in. Password, e-mail and second factor are ruled by the person alone.
user = Table(
    "core_user",
    metadata,
    Column("id", Id, primary_key=True),
    #: As typed, and folded for comparison.
    Column("email", Text, nullable=False),
    Column("email_key", Key, nullable=False),
    Column("name", Text, nullable=False),
    Column("password_hash", Text),
    Column("locale", Text),
    Column("timezone", Text),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("created_at", UtcDateTime, nullable=False),
    #: Secret of the second factor, encrypted; it counts once it is confirmed.
    Column("totp_secret", Text),
    Column("totp_confirmed_at", UtcDateTime),
    #: Last time step that was used, so that a code works once only.
    Column("totp_step", BigInteger),
    #: Hashes of the recovery codes that are left.
    Column("recovery_hashes", Json),
    UniqueConstraint("email_key"),
    info=CORE,
)


#: Begins what stands for the e-mail of an account that a tenant's identity provider made. Such an
#: account is found by its identity alone: nobody invites it elsewhere, resets its password, or
#: takes the address from whoever owns the mailbox.
FEDERATED = "sso:"


def is_federated(email_key: str) -> bool:
    """Tell whether an account is of one tenant's identity provider and has no password."""
    return email_key.startswith(FEDERATED) and "@" not in email_key


#: A user's place in a tenant. Owner, author and mention name members, so names never cross
#: tenants, and a leaver stays readable.
member = Table(
    "core_member",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("name", Text, nullable=False),
    Column("is_active", Boolean, nullable=False, default=True),
    Column("created_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    #: From when on the membership ends by itself; an auditor's, for example.
    Column("ends_at", UtcDateTime),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "user_id"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    ForeignKeyConstraint(["user_id"], ["core_user.id"]),
    Index(None, "user_id", "tenant_id"),
    # Sign-in and the tenant switch ask in which tenants a user is, before any is chosen.
    info=CORE | {"policy": "user_id = nullif(current_setting('trato.user_id', true), '')::uuid"},
)

#: Who may make and close companies of this installation. The application may read it only: the
#: mark is set by a command, as the owner of the tables.
operator = Table(
    "core_operator",
    metadata,
    Column("user_id", Id, primary_key=True),
    Column("since", UtcDateTime, nullable=False),
    ForeignKeyConstraint(["user_id"], ["core_user.id"], ondelete="CASCADE"),
    info=CORE | {"read_only": True},
)

team = Table(
    "core_team",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("key", Key, nullable=False),
    Column("name", Text, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "key"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    info=CORE,
)

team_member = Table(
    "core_team_member",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("team_id", Id, nullable=False),
    Column("member_id", Id, nullable=False),
    PrimaryKeyConstraint("tenant_id", "team_id", "member_id"),
    ForeignKeyConstraint(
        ["tenant_id", "team_id"], ["core_team.tenant_id", "core_team.id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(
        ["tenant_id", "member_id"], ["core_member.tenant_id", "core_member.id"], ondelete="CASCADE"
    ),
    info=CORE,
)

#: What a role allows stands in `grants`; see ``access.roles``.
role = Table(
    "core_role",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("key", Key, nullable=False),
    Column("name", Text, nullable=False),
    Column("grants", Json, nullable=False),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "key"),
    ForeignKeyConstraint(["tenant_id"], ["core_tenant.id"]),
    info=CORE,
)

member_role = Table(
    "core_member_role",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("role_id", Id, nullable=False),
    PrimaryKeyConstraint("tenant_id", "member_id", "role_id"),
    ForeignKeyConstraint(
        ["tenant_id", "member_id"], ["core_member.tenant_id", "core_member.id"], ondelete="CASCADE"
    ),
    ForeignKeyConstraint(["tenant_id", "role_id"], ["core_role.tenant_id", "core_role.id"]),
    info=CORE,
)

#: A signed-in browser. The cookie holds a secret, the table its hash.
session = Table(
    "core_session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("active_tenant", Integer),
    Column("created_at", UtcDateTime, nullable=False),
    Column("seen_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("address", Text),
    Column("agent", Text),
    #: The password was right and the second factor is still asked for.
    Column("is_pending", Boolean, nullable=False, default=False, server_default=false()),
    #: Member as whom an administrator looks at the tenant, read only.
    Column("view_as", Id),
    #: Opened through a tenant's identity provider, it reaches that tenant and no other.
    Column("bound_tenant", Integer),
    UniqueConstraint("secret_hash"),
    ForeignKeyConstraint(["user_id"], ["core_user.id"], ondelete="CASCADE"),
    ForeignKeyConstraint(["active_tenant"], ["core_tenant.id"], ondelete="SET NULL"),
    ForeignKeyConstraint(["bound_tenant"], ["core_tenant.id"], ondelete="CASCADE"),
    Index(None, "user_id"),
    info=CORE,
)

#: Who a member is at a tenant's identity provider. It is found by (tenant, issuer, subject) alone,
#: never by an e-mail, and opens that tenant only.
identity = Table(
    "core_identity",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("issuer", Key, nullable=False),
    Column("subject", Key, nullable=False),
    Column("linked_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "issuer", "subject"),
    UniqueConstraint("tenant_id", "issuer", "member_id"),
    ForeignKeyConstraint(
        ["tenant_id", "member_id"], ["core_member.tenant_id", "core_member.id"], ondelete="CASCADE"
    ),
    info=CORE,
)

#: Links by which a member ties an identity to the membership; one a member, and it works once.
identity_link = Table(
    "core_identity_link",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("tenant_id", "member_id"),
    ForeignKeyConstraint(
        ["tenant_id", "member_id"], ["core_member.tenant_id", "core_member.id"], ondelete="CASCADE"
    ),
    info=CORE,
)

#: The address of a tenant's sign-in page, which nobody guesses. It is read before a tenant is
#: known, and so belongs to no tenant's rules.
door = Table(
    "core_door",
    metadata,
    Column("key", Key, nullable=False),
    Column("tenant", Integer, nullable=False),
    PrimaryKeyConstraint("key"),
    UniqueConstraint("tenant"),
    ForeignKeyConstraint(["tenant"], ["core_tenant.id"], ondelete="CASCADE"),
    info=CORE,
)

#: A key for the API. It starts with its tenant's number, which is set before it is looked up.
token = Table(
    "core_token",
    metadata,
    Column("tenant_id", Integer, nullable=False),
    Column("id", Id, nullable=False),
    Column("member_id", Id, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("name", Text, nullable=False),
    #: List of `plugin:read`, `plugin:write`, `*:read`; none: whatever the member may.
    Column("scopes", Json),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime),
    Column("used_at", UtcDateTime),
    Column("revoked_at", UtcDateTime),
    PrimaryKeyConstraint("tenant_id", "id"),
    UniqueConstraint("tenant_id", "secret_hash"),
    ForeignKeyConstraint(
        ["tenant_id", "member_id"], ["core_member.tenant_id", "core_member.id"], ondelete="CASCADE"
    ),
    info=CORE,
)

#: Links sent by e-mail: invitations and resets of a password. Each works once.
secret_link = Table(
    "core_secret_link",
    metadata,
    Column("id", Id, primary_key=True),
    #: `invitation` or `reset`
    Column("kind", Text, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("user_id", Id, nullable=False),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("used_at", UtcDateTime),
    UniqueConstraint("secret_hash"),
    ForeignKeyConstraint(["user_id"], ["core_user.id"], ondelete="CASCADE"),
    Index(None, "user_id"),
    info=CORE,
)

#: Counters of limited things (sign-ins by address and e-mail, calls by token), shared by workers.
counter = Table(
    "core_counter",
    metadata,
    Column("bucket", Key, nullable=False),
    #: Start of the window, in seconds since 1970.
    Column("window", BigInteger, nullable=False),
    Column("count", Integer, nullable=False),
    PrimaryKeyConstraint("bucket", "window"),
    info=CORE,
)
