"""Who acts: a member signed in or behind a token, or the system for a tenant."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal
from uuid import UUID

from trato.access.roles import Grants
from trato.tenancy.view import Member, TenantView

Via = Literal["page", "api", "command", "import", "job", "system"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Actor:
    """An actor in a tenant. Without a member it is the system, and may do everything."""

    view: TenantView
    member: Member | None = None
    via: Via = "system"
    #: Name that the audit keeps where there is no member: `import`, a job's name.
    label: str = "system"
    #: Scopes of the token; none: no narrowing.
    scopes: tuple[str, ...] | None = None
    token_id: UUID | None = None
    #: The administrator who looks at the tenant as this member; nothing may be written, and
    #: nothing remembered for the member.
    viewer: Member | None = None

    @property
    def tenant_id(self) -> int:
        return self.view.tenant.id

    @property
    def member_id(self) -> UUID | None:
        return None if self.member is None else self.member.id

    @property
    def name(self) -> str:
        return self.label if self.member is None else self.member.name

    @property
    def locale(self) -> str:
        return (self.member and self.member.locale) or self.view.tenant.locale

    @property
    def timezone(self) -> str:
        return (self.member and self.member.timezone) or self.view.tenant.timezone

    @property
    def teams(self) -> frozenset[UUID]:
        return frozenset() if self.member is None else self.member.teams

    @cached_property
    def grants(self) -> Sequence[Grants]:
        """What each of the actor's roles allows."""
        if self.member is None:
            return (Grants.everything(),)
        return tuple(self.view.roles[key] for key in self.member.roles if key in self.view.roles)

    def in_scope(self, plugin: str, mode: Literal["read", "write"]) -> bool:
        """Tell whether the token's scopes cover reading or writing a plugin's records."""
        if self.scopes is None:
            return True
        wanted = {f"{plugin}:{mode}", f"*:{mode}"}
        if mode == "read":
            wanted |= {f"{plugin}:write", "*:write"}
        return not wanted.isdisjoint(self.scopes)

    def has(self, permission: str) -> bool:
        """Tell whether any role allows something that is not about one entity.

        :raises KeyError: for a permission that its plugin, which is installed, does not declare.
        """
        self.view.check_declared(
            f"permission {permission!r}", permission, self.view.permissions,
            hint=" (what may be done with records goes by the rights of their entity)",
        )  # fmt: skip
        return any(grant.allows(permission) for grant in self.grants)
