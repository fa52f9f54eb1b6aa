"""Own invented addresses in the form of each city, with bodega, local or oficina where fitting."""

from __future__ import annotations

import random
from typing import Literal

from .grids import GRIDS, TOWN, Avenue, Grid, Quarter
from .places import City

#: Industry, shops, offices, a farm outside the town, a site of its own anywhere in it.
Use = Literal["i", "s", "o", "r", "w"]


def address(rng: random.Random, city: City, use: Use) -> tuple[str, str | None]:
    """Draw an address for ``use``; return it with the name of its barrio, if people say one."""
    grid = GRIDS.get(city.zone) or GRIDS.get(city.code) or TOWN
    if use == "r" or (use == "i" and grid.roads and rng.random() < 0.6):
        return _on_road(rng, grid, use), None
    # "n.º" is how the centre of the country writes it, "#" the rest.
    sign = "n.º" if city.code[:2] in {"11", "15", "25"} else "#"
    # Blocks of Antioquia and the coast are numbered by metres, beyond 99.
    plates = 185 if city.code[:2] in {"05", "08", "13", "76"} else 98
    avenues = [avenue for avenue in grid.avenues if use in avenue.uses]
    if avenues and rng.random() < 0.22:
        street, name = _on_avenue(rng, rng.choice(avenues), sign, plates), None
    else:
        quarters = [quarter for quarter in grid.quarters if use in quarter.uses] or grid.quarters
        quarter = rng.choice(quarters)
        street, name = _on_grid(rng, quarter, sign, plates, city.code == "11001"), quarter.name
    return street + _complement(rng, use, name, tallest=_tallest(city)), name


def _number(rng: random.Random, bounds: tuple[int, int]) -> str:
    number = rng.randint(*bounds)
    return f"{number}{rng.choice('AAABBC')}" if number and rng.random() < 0.22 else str(number)


def _on_grid(
    rng: random.Random, quarter: Quarter, sign: str, plates: int, suffix_last: bool
) -> str:
    plate = f"{rng.randint(3, plates):02d}"
    street, avenue = _number(rng, quarter.streets), _number(rng, quarter.avenues)
    avenue += quarter.avenue_suffix
    if rng.random() < 0.5:
        return f"Calle {street}{quarter.street_suffix} {sign} {avenue}-{plate}"
    if suffix_last:
        # Bogotá says "Carrera 24 n.º 17-45 sur", Envigado "Carrera 43 # 36 sur-20".
        return f"{quarter.avenue_word} {avenue} {sign} {street}-{plate}{quarter.street_suffix}"
    return f"{quarter.avenue_word} {avenue} {sign} {street}{quarter.street_suffix}-{plate}"


def _on_avenue(rng: random.Random, avenue: Avenue, sign: str, plates: int) -> str:
    plate = f"{rng.randint(3, plates):02d}"
    return f"{avenue.name} {sign} {_number(rng, avenue.crossings)}-{plate}{avenue.suffix}"


def _on_road(rng: random.Random, grid: Grid, use: Use) -> str:
    if use == "r" or not grid.roads:
        vereda = rng.choice(_VEREDAS)
        farm = rng.choice(_FARMS)
        return f"Vereda {vereda}, finca {farm}"
    name, longest = rng.choice(grid.roads)
    half = rng.choice(("", "", ",5"))
    return f"Kilómetro {rng.randint(1, longest)}{half} {name}, bodega {rng.randint(1, 48)}"


def _tallest(city: City) -> int:
    """Return the highest floor on which anybody would look for an office."""
    return 3 if city.weight < 5 else 6 if city.weight < 20 else 12


def _complement(rng: random.Random, use: Use, quarter: str | None, *, tallest: int) -> str:
    roll = rng.random()
    if use == "i" and roll < 0.45:
        return f", bodega {rng.randint(1, 24)}"
    if use == "o" and roll < 0.75:
        return f", oficina {rng.randint(2, tallest)}{rng.randint(1, 8):02d}"
    if use == "s" and roll < 0.22:
        return f", local {rng.choice((1, 2, 3, 4, 5, 8, 12, 101, 102, 103, 115, 204))}"
    if use in "sw" and quarter and roll < 0.75 and quarter not in {"Centro", "La Candelaria"}:
        return f", barrio {quarter}"
    return ""


_VEREDAS = (
    "San José", "El Carmen", "La Esperanza", "Santa Rita", "El Rosario", "Buenavista", "La Unión",
    "San Isidro", "El Porvenir", "Las Mercedes", "La Florida", "El Hato", "Potrero Grande",
)  # fmt: skip
_FARMS = (
    "La Primavera", "El Recuerdo", "Villa Inés", "Los Naranjos", "La Siria", "El Oasis",
    "Santa Elena", "La Julia", "El Mortiño", "Las Brisas", "San Felipe", "La Ilusión",
)  # fmt: skip
