"""What a licence grants and how long, whatever form it travels in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from trato.errors import LicenseError
from trato.text import _

State = Literal["active", "grace", "read_only"]

#: Days after its expiry on which a licence still lets its tenant write, unless a setting differs.
GRACE_DAYS = 30


@dataclass(frozen=True, kw_only=True)
class Claims:
    """State what a licence grants."""

    #: Slug of the tenant.
    tenant: str
    plugins: tuple[str, ...]
    #: Users that may exist; going over locks nobody out.
    seats: int
    #: Last day, to its end in UTC.
    expires: date


@dataclass(frozen=True, kw_only=True)
class License(Claims):
    """Carry the claims of a licence whose signature was checked."""

    id: str
    issued_at: datetime
    kid: str

    def days_left(self, today: date) -> int:
        """Count the days from ``today`` (UTC) to the last day; negative once expired."""
        return (self.expires - today).days

    def state(self, today: date, grace_days: int = GRACE_DAYS) -> State:
        """Tell whether the tenant works as usual, is warned, or reads only on ``today`` (UTC)."""
        overdue = -self.days_left(today)
        if overdue <= 0:
            return "active"
        return "grace" if overdue <= grace_days else "read_only"


def check_tenant(license: License, slug: str) -> None:
    """Refuse a licence that was issued for another tenant."""
    if license.tenant != slug:
        raise LicenseError(
            _("The licence is for tenant '{licensed}', not for '{slug}'."),
            hint=_("Install it for tenant '{licensed}', or ask the issuer for one for '{slug}'."),
            code="license_tenant",
            licensed=license.tenant,
            slug=slug,
        )
