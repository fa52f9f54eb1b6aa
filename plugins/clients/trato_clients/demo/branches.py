"""Own the branches of a client: its main office, points of sale, plants, building sites."""

from __future__ import annotations

import random
from dataclasses import dataclass
from itertools import count

from .channels import contact_mobile
from .draws import Weighted, stream
from .fantasy import fantasy, residence
from .places import ANY_CITY, BY_ZONE, CITIES, City
from .records import DemoBranch, DemoClient
from .streets import Use, address

_CITY = {(city.zone, city.code): city for city in CITIES}

_OFFICE_HOURS = ("Lun a vie, 8:00 a 17:30", "Lun a vie, 8:00 a 12:00 y 14:00 a 17:00")
_STORE_HOURS = ("Lun a vie, 7:30 a 16:30", "Lun a sáb, 7:00 a 15:00", "Lun a vie, 7:00 a 16:00")
_SHOP_HOURS = ("Lun a sáb, 8:00 a 18:00", "Lun a sáb, 7:00 a 19:00", "Lun a dom, 7:00 a 20:00")
_CHAIN_HOURS = ("Lun a sáb, 6:00 a 11:00", "Lun a vie, 5:30 a 10:00", "Mar y jue, 6:00 a 12:00")
_SITE_HOURS = ("Lun a vie, 7:00 a 15:00", "Lun a vie, 7:00 a 12:00 y 13:00 a 15:00")
_FARM_HOURS = ("Lun a vie, 6:00 a 14:00", "Lun a sáb, 6:00 a 12:00")
_LODGING_HOURS = ("Lun a vie, 8:00 a 11:00 y 14:00 a 16:00", "Lun a sáb, 7:00 a 11:00")
_HALL_HOURS = ("Lun a sáb, 8:00 a 16:00", "Lun a vie, 8:00 a 17:00")


@dataclass(frozen=True, slots=True)
class _Habit:
    """Hold how the clients of a category spread: words, use of land, hours, appetite."""

    words: tuple[str, ...]
    use: Use
    hours: tuple[str, ...]
    #: Exponent of Zipf's law for 1 … 6 branches: the greater, the fewer.
    exponent: float
    #: Chance that a further branch lies in another city.
    away: float


# Category, or its parent where the leaves are alike.
_HABITS = {
    "Mayorista > Mayorista A": _Habit(("Bodega", "Sucursal"), "i", _STORE_HOURS, 0.8, 0.55),
    "Mayorista": _Habit(("Bodega", "Sucursal"), "i", _STORE_HOURS, 1.7, 0.45),
    "Canal tradicional": _Habit(("Punto", "Local"), "s", _SHOP_HOURS, 3.6, 0.05),
    "Canal moderno > Cadena regional": _Habit(("Punto",), "s", _CHAIN_HOURS, 0.2, 0.4),
    "Canal moderno > Droguería en cadena": _Habit(("Punto",), "s", _CHAIN_HOURS, 0.2, 0.4),
    "Canal moderno > Muebles y electrodomésticos": _Habit(("Sede",), "s", _STORE_HOURS, 1.5, 0.4),
    "Canal moderno": _Habit(("Punto", "Sede"), "s", _CHAIN_HOURS, 1.3, 0.25),
    "Institucional > Constructora": _Habit(("Obra",), "w", _SITE_HOURS, 1.2, 0.35),
    "Institucional > Hotelería y restaurantes": _Habit(("Sede",), "w", _LODGING_HOURS, 2.0, 0.4),
    "Institucional > Agro": _Habit(("Finca",), "r", _FARM_HOURS, 1.4, 0.3),
    "Institucional > Industria": _Habit(("Planta", "Bodega"), "i", _STORE_HOURS, 2.2, 0.4),
    "Institucional > Transporte y logística": _Habit(
        ("Patio", "Bodega"), "i", _STORE_HOURS, 1.4, 0.8
    ),
    "Institucional > Propiedad horizontal": _Habit(("Torre",), "s", _HALL_HOURS, 9.0, 0.0),
    "Institucional": _Habit(("Sede",), "o", _OFFICE_HOURS, 1.9, 0.35),
    "Canal digital": _Habit(("Bodega",), "o", _OFFICE_HOURS, 4.0, 0.1),
    "Prescriptor": _Habit(("Oficina",), "o", _OFFICE_HOURS, 5.0, 0.3),
    "Proveedor": _Habit(("Planta", "Bodega"), "i", _STORE_HOURS, 3.0, 0.4),
}  # fmt: skip

_COUNTS = {
    habit.exponent: Weighted((n, n**-habit.exponent) for n in range(1, 7))
    for habit in _HABITS.values()
}


def branches_of(client: DemoClient) -> tuple[DemoBranch, ...]:
    """Return the branches of ``client``, the main one first; the same at every call."""
    rng = stream("branches", client.key, client.name)
    habit = _HABITS.get(client.category) or _HABITS[client.category.split(" > ", 1)[0]]
    number = _COUNTS[habit.exponent].draw(rng)
    if client.kind == "person" or client.status == "prospect":
        number = min(number, 2 if rng.random() < 0.3 else 1)
    home = _CITY[client.zone, client.municipality_code]
    # A builder's office receives nothing while it has sites.
    builds = habit.hours is _SITE_HOURS
    receives_at_home = not builds or number == 1
    office = _OFFICE_HOURS if builds else habit.hours
    main = DemoBranch(
        key=f"{client.key}-1",
        client=client.key,
        name="Principal",
        is_main=True,
        is_delivery_point=receives_at_home,
        city=client.city,
        region=client.region,
        municipality_code=client.municipality_code,
        address=client.address,
        phone=client.phone,
        opening_hours=_hours(rng, office),
    )
    names = {main.name}
    return (main, *(_further(rng, client, habit, home, n, names) for n in range(2, number + 1)))


def _further(
    rng: random.Random, client: DemoClient, habit: _Habit, home: City, number: int, names: set[str]
) -> DemoBranch:
    city = home
    if rng.random() < habit.away:
        # Near ones first; other regions only for who is already spread.
        city = (BY_ZONE[home.zone] if rng.random() < 0.45 else ANY_CITY).draw(rng)
    place, quarter = address(rng, city, habit.use)
    name = _free_name(_name(rng, habit, city, home, quarter), names)
    phone = contact_mobile(client.key * 12 + 5 + number) if rng.random() < 0.4 else None
    return DemoBranch(
        key=f"{client.key}-{number}",
        client=client.key,
        name=name,
        is_main=False,
        is_delivery_point=True,
        city=city.name,
        region=city.region,
        municipality_code=city.code,
        address=place,
        phone=phone,
        opening_hours=_hours(rng, habit.hours),
    )


def _name(rng: random.Random, habit: _Habit, city: City, home: City, quarter: str | None) -> str:
    word = rng.choice(habit.words)
    if word == "Obra":
        return f"Obra {residence(rng)}"
    if word == "Finca":
        return f"Finca {fantasy(rng)}"
    if city.code != home.code:
        return f"{word} {city.name}"
    return f"{word} {quarter or rng.choice(('Norte', 'Sur', 'Centro', 'Occidente', 'Oriente'))}"


def _free_name(name: str, names: set[str]) -> str:
    free = next(
        candidate
        for candidate in (name if n == 1 else f"{name} {n}" for n in count(1))
        if candidate not in names
    )
    names.add(free)
    return free


def _hours(rng: random.Random, hours: tuple[str, ...]) -> str | None:
    return rng.choice(hours) if rng.random() < 0.88 else None
