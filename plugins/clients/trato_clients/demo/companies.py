"""Own the names of companies and the signs of shops, as they would be registered in Colombia."""

from __future__ import annotations

import random
from dataclasses import dataclass

from .draws import Weighted
from .fantasy import fantasy, of_region, playful, residence, shop_fantasy
from .people import Person, surname, surname_pair
from .sectors import Sector

_LEGAL_FORMS = Weighted((("S.A.S.", 83.0), ("Ltda.", 12.0), ("S.A.", 3.5), ("E.U.", 1.5)))
_PARTNERSHIPS = ("& Cía. Ltda.", "& Cía. S. en C.", "y Cía. S.A.S.", "e Hijos S.A.S.")
_HOLDINGS = ("Inversiones", "Inversiones y Representaciones", "Comercial")

# "Ferregalvis", "Distribedoya": first word of the name, then how it melts with a surname.
_MELTING = {
    "Distribuciones": "Distri", "Distribuidora": "Distri", "Ferretería": "Ferre",
    "Agroinsumos": "Agro", "Agropecuaria": "Agro", "Plásticos": "Plasti", "Transportes": "Trans",
    "Metalmecánica": "Metal", "Autopartes": "Auto", "Motorrepuestos": "Moto", "Dotaciones": "Dota",
    "Mercados": "Merca", "Supermercados": "Super", "Autoservicios": "Surti",
    "Confecciones": "Confe", "Muebles": "Mueble", "Maderas": "Made", "Suministros": "Sumi",
    "Construcciones": "Constru",
    "Ferreléctricos": "Electro", "Comercializadora": "Comer", "Químicos": "Quimi",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class CompanyName:
    """Hold a company's name and what the rest of the record derives from it."""

    name: str
    trade_name: str | None
    #: First words: "Distribuciones".
    head: str
    #: What its owners call it: "La Garza Azul", "Galvis Rueda".
    core: str


def company_name(
    rng: random.Random, sector: Sector, *, region: str, core: str | None = None
) -> CompanyName:
    """Draw the name of a company; ``core`` is the name it shares with its group."""
    head = rng.choice(sector.heads)
    legal = "Ltda." if sector.legal == "limited" else _LEGAL_FORMS.draw(rng)
    if core is not None:
        return CompanyName(f"{head} {core} {legal}", None, head, core)
    if sector.legal == "none":
        return _community(rng, sector, head)
    if "online" in sector.traits:
        core = fantasy(rng)
        return CompanyName(f"{core} {legal}", None, core, core)
    if "design" in sector.traits and rng.random() < 0.55:
        return _practice(rng, sector, legal, region)
    return _by_owner(rng, sector, head, legal, region) or _by_fantasy(
        rng, sector, head, legal, region
    )


def group_name(rng: random.Random, *, region: str) -> CompanyName:
    """Draw the name of the head of a group: "Grupo Galvis Rueda S.A.S."."""
    core = fantasy(rng, gentle=False) if rng.random() < 0.4 else " ".join(surname_pair(rng, region))
    head = rng.choice(("Grupo", "Grupo", "Inversiones", "Comercial"))
    return CompanyName(
        f"{head} {core} {rng.choice(('S.A.S.', 'S.A.S.', 'S.A.'))}", None, head, core
    )


def shop_sign(rng: random.Random, sector: Sector, owner: Person) -> str | None:
    """Draw the sign over a person's shop; None where there is none."""
    if not sector.shops or rng.random() < 0.1:
        return None
    shop, roll = rng.choice(sector.shops), rng.random()
    if roll < 0.14:
        return f"{shop} {owner.surnames.split(' ', 1)[0]}"
    if roll < 0.22:
        return f"{shop} {owner.familiar_name}"
    if roll < 0.30 and owner.is_elder and shop.startswith(("Tienda", "Granero", "Restaurante")):
        return f"{shop} {'Doña' if owner.is_woman else 'Don'} {owner.familiar_name}"
    return f"{shop} {shop_fantasy(rng, sector.flavour)}"


def _community(rng: random.Random, sector: Sector, head: str) -> CompanyName:
    """Name a school or a block of flats: no legal form of trade."""
    core = fantasy(rng)
    if "play" in sector.traits:
        core = playful(rng)
    elif "board" in sector.traits and rng.random() < 0.75:
        core = residence(rng)
    suffix = " P. H." if "board" in sector.traits else ""
    return CompanyName(f"{head} {core}{suffix}", None, head, core)


def _practice(rng: random.Random, sector: Sector, legal: str, region: str) -> CompanyName:
    """Name an office of architects or engineers after its partners."""
    first, second = surname_pair(rng, region)
    people = "Arquitectos" if sector.code == "7111" else rng.choice(("Ingenieros", "Consultores"))
    core = rng.choice((f"{first} {second}", f"{first} & {second}", f"{first} y {second}"))
    return CompanyName(f"{core} {people} {legal}", None, people, core)


def _by_owner(
    rng: random.Random, sector: Sector, head: str, legal: str, region: str
) -> CompanyName | None:
    """Name a company after its owners; None when the draw falls to an invented name."""
    roll = rng.random()
    if roll < 0.20:
        core = " ".join(surname_pair(rng, region))
        return CompanyName(f"{head} {core} {legal}", _sign(rng, sector, 0.25), head, core)
    if roll < 0.25:
        core = f"Hermanos {surname(rng, region)}"
        return CompanyName(f"{head} {core} {legal}", None, head, core)
    if roll < 0.29:
        core = " ".join(surname_pair(rng, region))
        return CompanyName(f"{head} {core} {rng.choice(_PARTNERSHIPS)}", None, head, core)
    if roll < 0.35 and (prefix := _MELTING.get(head.split(" ", 1)[0])):
        core = _melt(prefix, surname(rng, region))
        return CompanyName(f"{core} {legal}", None, core, core)
    if roll < 0.38:
        initials = rng.sample("ABCDEFGHJLMNPRS", 2)
        core = f"{initials[0]} & {initials[1]} {surname(rng, region)}"
        return CompanyName(f"{head} {core} {legal}", None, head, core)
    if roll < 0.46 and sector.shops:
        # The owners' company has a name for the notary, the shop has one for the street.
        core = " ".join(surname_pair(rng, region))
        holding = rng.choice(_HOLDINGS)
        return CompanyName(f"{holding} {core} {legal}", _sign(rng, sector, 1.0), holding, core)
    return None


def _by_fantasy(
    rng: random.Random, sector: Sector, head: str, legal: str, region: str
) -> CompanyName:
    """Name a company after nothing: "Distribuciones Garza Azul del Sinú S.A.S."."""
    core = fantasy(rng, gentle=sector.is_gentle)
    trade_name = core if rng.random() < 0.3 and core.startswith(("El ", "La ")) else None
    where = f" {of_region(rng, region)}" if " de" not in core and rng.random() < 0.24 else ""
    return CompanyName(f"{head} {core}{where} {legal}", trade_name, head, core + where)


def _sign(rng: random.Random, sector: Sector, chance: float) -> str | None:
    if not sector.shops or rng.random() >= chance:
        return None
    return f"{rng.choice(sector.shops)} {shop_fantasy(rng, sector.flavour)}"


def _melt(prefix: str, name: str) -> str:
    start = name.lower()
    # "Ferre" + "Erazo": one e is enough.
    return prefix + (start[1:] if start[0] == prefix[-1] else start)
