"""Own the shapes of the demo data; they know nothing of entities, sessions or the host."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

Kind = Literal["company", "person"]
Status = Literal["active", "prospect", "inactive"]
Role = Literal["buys", "pays", "receives", "decides"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCategory:
    """Name one node of the client categories; ``key`` is its path, "Mayorista > Mayorista A"."""

    key: str
    name: str
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoZone:
    """Name one node of the sales zones; ``key`` is its path, "Bogotá > Bogotá norte"."""

    key: str
    name: str
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoIndustry:
    """Name one activity of CIIU Rev. 4 A.C.: a section (one letter) or a class (four digits)."""

    code: str
    name: str
    parent: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSource:
    """Name one way in which a client arrived."""

    key: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoCatalogue:
    """Hold the masters that the clients refer to; parents stand before their children."""

    categories: tuple[DemoCategory, ...]
    zones: tuple[DemoZone, ...]
    industries: tuple[DemoIndustry, ...]
    sources: tuple[DemoSource, ...]
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoClient:
    """Describe one invented company or person of the portfolio."""

    #: 1, 2, 3 …; a parent's key is always smaller than its children's.
    key: int
    kind: Kind
    name: str
    trade_name: str | None
    #: Only persons have these two.
    given_names: str | None
    surnames: str | None
    #: Digits only: NIT without check digit, or cédula.
    identification: str
    email: str | None
    #: E.164.
    phone: str | None
    website: str | None
    is_client: bool
    is_supplier: bool
    is_prescriber: bool
    status: Status
    #: Keys into the catalogue; the industry's is its code.
    category: str
    industry: str
    zone: str
    source: str
    tags: tuple[str, ...]
    city: str
    region: str
    #: DIVIPOLA, five digits.
    municipality_code: str
    address: str
    #: Days of credit; 0 is cash.
    payment_days: int
    #: Whole pesos; None where no credit was given.
    credit_limit: Decimal | None
    notes: str | None
    #: Index of the owner, 0 … sellers - 1.
    seller: int
    #: Key of the head of its group.
    parent: int | None
    created_days_ago: int
    #: canal, visita_dia, aniversario, recibe_con_cita.
    custom: Mapping[str, str | bool | date | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoBranch:
    """Describe one place of a client: its main office or a point of delivery."""

    key: str
    client: int
    name: str
    is_main: bool
    is_delivery_point: bool
    city: str
    region: str
    municipality_code: str
    address: str
    phone: str | None
    #: "Lun a vie, 7:30 a 16:30"; None where nobody has written it down.
    opening_hours: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoContact:
    """Describe one person who works for a client; the same key may come with several clients."""

    key: str
    given_names: str
    surnames: str
    email: str | None
    #: E.164.
    mobile: str | None

    @property
    def name(self) -> str:
        """Return the full name."""
        return f"{self.given_names} {self.surnames}"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoContactLink:
    """Say what a contact does for one client."""

    contact: str
    client: int
    job_title: str
    roles: tuple[Role, ...]
    is_primary: bool
    #: Key of the branch where the contact works, if it is not the whole client.
    branch: str | None
