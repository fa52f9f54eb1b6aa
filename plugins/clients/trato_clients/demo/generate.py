"""Own the portfolio: it makes one client at a time and keeps only a short memory behind it.

Everything is invented and follows from ``seed`` and the client's key, so a demo of 1,500 clients is
the beginning of one of 100,000.
"""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from . import channels
from .companies import CompanyName, company_name, group_name, shop_sign
from .draws import Weighted, stream
from .notes import note
from .people import Person, person
from .places import ANY_CITY, BY_ZONE, City, portfolios
from .records import DemoClient, Status
from .sectors import ANY_SECTOR, HOLDING, SUPPLIERS, THEMES, Sector
from .streets import address
from .terms import age_in_days, credit, source, tags

#: Names are unique among so many neighbours; beyond, two may meet.
NAME_MEMORY = 20_000
#: Draws after which a used name is taken all the same: kindergartens have few names.
_PATIENCE = 40
_MOST_OPEN_GROUPS = 12

_CHANNELS = {
    "Mayorista": "Tradicional", "Canal tradicional": "Tradicional", "Canal moderno": "Moderno",
    "Canal digital": "Digital",
}  # fmt: skip
_WEEKDAYS = ("Lunes", "Martes", "Miércoles", "Jueves", "Viernes")
_STATUSES: Weighted[Status] = Weighted((("active", 76.0), ("prospect", 15.0), ("inactive", 9.0)))
# Flowers grow on the high plains, hens near the large markets; the rest may be anywhere.
_RURAL_ZONES = {
    "0125": (
        "Centro > Sabana occidente", "Centro > Sabana norte", "Antioquia > Oriente antioqueño",
    ),
    "0145": (
        "Centro > Sabana occidente", "Oriente > Santander", "Centro > Tolima y Huila",
        "Occidente > Norte y centro del Valle", "Llanos y sur > Meta y Casanare",
    ),
}  # fmt: skip


def generate(count: int, *, seed: int = 2026, sellers: int = 6) -> Iterator[DemoClient]:
    """Stream ``count`` invented clients with keys 1 … ``count``.

    :param sellers: people among whom the zones are divided; ``seller`` is the index of one.
    :raises ValueError: ``count`` or ``sellers`` is out of range.
    """
    if not 0 <= count <= channels.CAPACITY:
        raise ValueError(
            f"The demo portfolio cannot have {count} clients: their invented identification"
            f" numbers last for {channels.CAPACITY}. Ask for 0 to {channels.CAPACITY}."
        )
    if sellers < 1:
        raise ValueError(
            f"The demo portfolio cannot be divided among {sellers} sellers: every zone needs an"
            " owner. Ask for 1 or more."
        )
    return _Portfolio(seed=seed, owners=portfolios(sellers)).clients(count)


@dataclass(slots=True)
class _Group:
    """Remember the head of a group until its companies have appeared."""

    key: int
    core: str
    host: str
    city: City
    #: Activities (CIIU) of its companies.
    theme: frozenset[str]
    missing: int


@dataclass(slots=True)
class _Draft:
    """Hold what both kinds of client have in common while a record is made."""

    rng: random.Random
    key: int
    sector: Sector
    category: str
    city: City
    status: Status
    is_client: bool
    is_supplier: bool


@dataclass(slots=True)
class _Portfolio:
    """Make clients one after the other; remember recent names and unfinished groups."""

    seed: int
    owners: Mapping[str, int]
    _names: set[str] = field(default_factory=set)
    _order: deque[str] = field(default_factory=deque)
    _groups: deque[_Group] = field(default_factory=deque)

    def clients(self, count: int) -> Iterator[DemoClient]:
        for key in range(1, count + 1):
            draft = self._draft(stream("client", self.seed, key), key)
            is_person = draft.rng.random() < draft.sector.persons and draft.is_client
            yield self._person(draft) if is_person else self._company(draft)

    def _draft(self, rng: random.Random, key: int) -> _Draft:
        only_supplier = rng.random() < 0.022
        sector = (SUPPLIERS if only_supplier else ANY_SECTOR).draw(rng)
        zones = _RURAL_ZONES.get(sector.code)
        city = (BY_ZONE[rng.choice(zones)] if zones else ANY_CITY).draw(rng)
        category = sector.categories.draw(rng)
        if only_supplier:
            category = f"Proveedor > {'Fabricante' if sector.code < '4' else 'Servicios'}"
        status: Status = "active" if only_supplier else _STATUSES.draw(rng)
        also_supplier = sector.code[0] in "123" and rng.random() < 0.08 and status == "active"
        return _Draft(
            rng, key, sector, category, city, status, not only_supplier,
            only_supplier or also_supplier,
        )  # fmt: skip

    def _person(self, draft: _Draft) -> DemoClient:
        rng, key, city = draft.rng, draft.key, draft.city
        owner = person(rng, city.region, elder=0.55 if draft.sector.use == "s" else 0.3)
        for _ in range(_PATIENCE):
            if self._is_new(f"{owner.given_names} {owner.surnames}"):
                break
            owner = person(rng, city.region)
        email = None
        if rng.random() < (0.38 if draft.sector.use == "s" else 0.85):
            email = channels.personal_email(rng, owner.given_names, owner.surnames)
        return self._record(
            draft,
            owner=owner,
            name=f"{owner.given_names} {owner.surnames}",
            trade_name=shop_sign(rng, draft.sector, owner),
            identification=channels.cedula(key),
            email=email,
            phone=channels.client_mobile(key),
        )

    def _company(self, draft: _Draft) -> DemoClient:
        rng, key = draft.rng, draft.key
        group = self._group_for(draft)
        leads = group is None and self._leads_group(draft)
        named = self._company_name(draft, group, leads=leads)
        host = group.host if group else channels.domain(named.head, named.core)
        email = channels.company_email(rng, host) if leads or rng.random() < 0.87 else None
        if group:
            # One domain for the group: the company's own word tells the mailboxes apart.
            box = channels.slug(named.head.split(" ", 1)[0])
            email = f"{channels.company_email(rng, host).partition('@')[0]}.{box}@{host}"
        if leads:
            theme, missing = rng.choice(THEMES), rng.randint(1, 4)
            self._groups.append(_Group(key, named.core, host, draft.city, theme, missing))
        roll = rng.random()
        phone = channels.landline(key, draft.city.area_code) if roll < 0.52 else None
        if 0.52 <= roll < 0.95 or (phone is None and email is None):
            phone = channels.client_mobile(key)
        has_site = rng.random() < (0.95 if "online" in draft.sector.traits else 0.36)
        return self._record(
            draft,
            name=named.name,
            trade_name=named.trade_name,
            identification=channels.nit(key),
            email=email,
            phone=phone,
            website=f"https://www.{host}" if has_site else None,
            parent=group.key if group else None,
            in_group=leads or group is not None,
        )

    def _group_for(self, draft: _Draft) -> _Group | None:
        """Choose the group that a company belongs to and count it there."""
        suitable = (group for group in self._groups if draft.sector.code in group.theme)
        group = next(suitable, None) if draft.is_client else None
        if group is None or draft.rng.random() >= 0.35:
            return None
        if draft.rng.random() < 0.6 and draft.sector.use != "r":
            draft.city = group.city
        group.missing -= 1
        if not group.missing:
            self._groups.remove(group)
        return group

    def _leads_group(self, draft: _Draft) -> bool:
        """Make some wholesalers the head of a group, as long as few are unfinished."""
        if len(self._groups) >= _MOST_OPEN_GROUPS or not draft.category.startswith("Mayorista"):
            return False
        if draft.rng.random() >= 0.09:
            return False
        draft.sector, draft.category = HOLDING, HOLDING.categories.draw(draft.rng)
        return True

    def _company_name(self, draft: _Draft, group: _Group | None, *, leads: bool) -> CompanyName:
        region = draft.city.region
        core = group.core if group else None
        for _ in range(_PATIENCE):
            named = (
                group_name(draft.rng, region=region)
                if leads
                else company_name(draft.rng, draft.sector, region=region, core=core)
            )
            # Without the legal form: "Abastos Faro Azul" S.A.S. and Ltda. would be taken for one.
            if self._is_new(f"{named.head} {named.core}"):
                break
            # A group may have used up the words of the sector: the name then goes its own way.
            core = None
        return named

    def _is_new(self, name: str) -> bool:
        if name in self._names:
            return False
        self._names.add(name)
        self._order.append(name)
        if len(self._order) > NAME_MEMORY:
            self._names.discard(self._order.popleft())
        return True

    def _record(
        self, draft: _Draft, *, name: str, trade_name: str | None, identification: str,
        email: str | None, phone: str | None, website: str | None = None,
        owner: Person | None = None, parent: int | None = None, in_group: bool = False,
    ) -> DemoClient:  # fmt: skip
        rng, sector, city, status = draft.rng, draft.sector, draft.city, draft.status
        parent_category = draft.category.split(" > ", 1)[0]
        prescribes = parent_category == "Prescriptor" or (
            "works" in sector.traits and rng.random() < 0.1
        )
        days, limit = 30, None
        if draft.is_client:
            days, limit = credit(rng, draft.category, person=owner is not None)
        if status == "prospect":
            days, limit = 0, None
        age = age_in_days(rng, status)
        source_key = source(rng, draft.category, age, is_client=draft.is_client)
        by_appointment = rng.random() < _APPOINTMENT.get(parent_category, 0.0) * (
            0.2 if owner else 1
        )
        familiar = None
        if owner:
            familiar = f"{'doña' if owner.is_woman else 'don'} {owner.familiar_name}"
            if not owner.is_elder:
                familiar = owner.familiar_name
        return DemoClient(
            key=draft.key,
            kind="person" if owner else "company",
            name=name,
            trade_name=trade_name,
            given_names=owner.given_names if owner else None,
            surnames=owner.surnames if owner else None,
            identification=identification,
            email=email,
            phone=phone,
            website=website,
            is_client=draft.is_client,
            is_supplier=draft.is_supplier,
            is_prescriber=prescribes,
            status=status,
            category=draft.category,
            industry=sector.code,
            zone=city.zone,
            source=source_key,
            tags=tags(
                rng, category=draft.category, traits=sector.traits, status=status,
                source_key=source_key, age=age, days=days, in_group=in_group,
                by_appointment=by_appointment, is_person=owner is not None,
                is_client=draft.is_client, has_mobile=bool(phone and phone.startswith("+573")),
            ),
            city=city.name,
            region=city.region,
            municipality_code=city.code,
            address=address(rng, city, sector.use)[0],
            payment_days=days,
            credit_limit=limit,
            notes=note(
                rng, status=status, traits=sector.traits, owner=familiar,
                category=draft.category, takes_goods=sector.use in "is",
            ),
            seller=self.owners[city.zone],
            parent=parent,
            created_days_ago=age,
            custom={
                "canal": _CHANNELS.get(parent_category, "Institucional"),
                "visita_dia": _visiting_day(rng, parent_category),
                "aniversario": _anniversary(rng, 0.15 if owner else 0.35),
                "recibe_con_cita": by_appointment,
            },
        )  # fmt: skip


_APPOINTMENT = {"Mayorista": 0.25, "Canal moderno": 0.55, "Institucional": 0.35, "Prescriptor": 0.3}


def _visiting_day(rng: random.Random, parent_category: str) -> str:
    # Only the neighbourhood is visited on Saturdays.
    if parent_category == "Canal tradicional" and rng.random() < 0.12:
        return "Sábado"
    return rng.choice(_WEEKDAYS)


def _anniversary(rng: random.Random, chance: float) -> date | None:
    if rng.random() >= chance:
        return None
    return date(rng.randint(1978, 2014), rng.randint(1, 12), rng.randint(1, 28))
