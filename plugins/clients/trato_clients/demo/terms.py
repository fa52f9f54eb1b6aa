"""Own the commercial side of a client: credit, age, source and tags that agree with each other."""

from __future__ import annotations

import random
from dataclasses import dataclass
from decimal import Decimal

from .draws import Weighted
from .records import Status

_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class _Credit:
    """Hold the usual days of a category and the range of its limits in millions of pesos."""

    days: Weighted[int]
    low: float
    high: float


def _credit(days: dict[int, float], low: float, high: float) -> _Credit:
    return _Credit(Weighted(days.items()), low, high)


# Category, or its parent where the leaves are alike.
_CREDIT = {
    "Mayorista > Mayorista A": _credit({30: 2, 45: 4, 60: 4}, 80, 600),
    "Mayorista > Mayorista B": _credit({30: 6, 45: 3, 60: 1}, 25, 150),
    "Mayorista > Mayorista C": _credit({0: 1, 8: 1, 15: 3, 30: 5}, 8, 40),
    "Canal tradicional": _credit({0: 58, 8: 20, 15: 14, 30: 8}, 0.5, 6),
    "Canal moderno > Autoservicio": _credit({8: 1, 15: 3, 30: 5, 45: 1}, 8, 80),
    "Canal moderno": _credit({30: 2, 45: 3, 60: 4, 90: 1}, 60, 800),
    "Institucional > Constructora": _credit({30: 4, 45: 3, 60: 3}, 15, 250),
    "Institucional > Propiedad horizontal": _credit({0: 3, 30: 7}, 1, 8),
    "Institucional > Educación": _credit({0: 2, 15: 2, 30: 6}, 2, 30),
    "Institucional > Salud": _credit({0: 2, 15: 2, 30: 5, 45: 1}, 3, 40),
    "Institucional > Hotelería y restaurantes": _credit({0: 3, 15: 3, 30: 4}, 2, 60),
    "Institucional > Servicios empresariales": _credit({0: 1, 15: 2, 30: 6, 45: 1}, 4, 90),
    "Institucional": _credit({0: 1, 15: 1, 30: 5, 45: 2, 60: 1}, 5, 180),
    "Canal digital": _credit({0: 6, 8: 2, 15: 2}, 1, 15),
    "Prescriptor": _credit({0: 7, 30: 3}, 2, 20),
}

_SOURCES: Weighted[str] = Weighted(
    {
        "visita_de_zona": 30, "referido": 22, "feria": 9, "pagina_web": 11, "llamada_en_frio": 10,
        "whatsapp": 8, "redes_sociales": 4, "licitacion": 3, "cliente_antiguo": 3,
    }.items()
)  # fmt: skip


def credit(rng: random.Random, category: str, *, person: bool) -> tuple[int, Decimal | None]:
    """Draw days and limit in whole pesos; cash (0 days) has no limit."""
    usual = _CREDIT.get(category) or _CREDIT[category.split(" > ", 1)[0]]
    days = usual.days.draw(rng)
    if days == 0:
        return 0, None
    # Small limits are many, great ones few: even in the logarithm.
    amount = usual.low * (usual.high / usual.low) ** rng.random()
    if person:
        amount = min(amount, 8)
    step = 0.5 if amount < 10 else 1 if amount < 30 else 5 if amount < 150 else 25
    return days, Decimal(int(max(1, round(amount / step)) * step * _MILLION))


def age_in_days(rng: random.Random, status: Status) -> int:
    """Draw how long ago the client was created: prospects this year, clients over a decade."""
    if status == "prospect":
        return 1 + int(150 * rng.random() ** 1.6)
    return (200 if status == "inactive" else 20) + int(4_000 * rng.betavariate(1.1, 2.3))


def source(rng: random.Random, category: str, age: int, *, is_client: bool) -> str:
    """Draw where the client came from: nobody tenders to a tienda, nor wins back a new one."""
    if not is_client:
        return rng.choice(("referido", "feria", "pagina_web"))
    while True:
        key = _SOURCES.draw(rng)
        if key == "licitacion" and not category.startswith("Institucional"):
            continue
        if key == "cliente_antiguo" and age < 700:
            continue
        return key


def tags(
    rng: random.Random, *, category: str, traits: frozenset[str], status: Status, source_key: str,
    age: int, days: int, in_group: bool, by_appointment: bool, is_person: bool, is_client: bool,
    has_mobile: bool,
) -> tuple[str, ...]:  # fmt: skip
    """Draw the tags, each of them true of the record."""
    if not is_client:
        return ("Grupo empresarial",) if in_group else ()
    parent = category.split(" > ", 1)[0]
    small, active = parent == "Canal tradicional", status == "active"
    large = parent in {"Mayorista", "Canal moderno", "Institucional"} and not is_person
    chances = (
        ("Paga puntual", 0.16 if active and age > 300 else 0),
        ("Solo contado", 0.5 if days == 0 and status != "prospect" else 0),
        ("Sensible al precio", 0.1),
        ("Potencial alto", 0.22 if status == "prospect" else 0.05),
        ("Riesgo de fuga", 0.05 if active and age > 300 else 0),
        ("Exige cita", 0.6 if by_appointment else 0),
        ("Exige orden de compra", 0.14 if large else 0),
        ("Portal de proveedores", 0.1 if large else 0),
        ("Pedido por WhatsApp", (0.22 if small or is_person else 0.04) * has_mobile),
        ("Temporada escolar", 0.55 if "season" in traits else 0),
        ("Temporada de diciembre", 0.12 if small or parent == "Canal moderno" else 0.03),
        ("Feria 2026", 0.8 if source_key == "feria" and age < 300 else 0),
        ("Contrato anual", 0.12 if large and active else 0),
        ("Grupo empresarial", 1 if in_group else 0),
        ("Ruta semanal", 0.2 if small and active else 0),
        ("Ruta quincenal", 0.12 if small and active else 0),
        ("Pide muestras", 0.12 if status == "prospect" or parent == "Prescriptor" else 0.02),
    )
    drawn = [tag for tag, chance in chances if chance and rng.random() < chance]
    if "Ruta semanal" in drawn and "Ruta quincenal" in drawn:
        drawn.remove("Ruta quincenal")
    if "Paga puntual" in drawn and "Riesgo de fuga" in drawn:
        drawn.remove("Riesgo de fuga")
    return tuple(drawn)
