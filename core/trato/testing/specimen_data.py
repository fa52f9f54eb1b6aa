"""Records of the specimen as life brings them: ties, gaps, accents, and hostile letters."""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID

from trato.records.unit import Unit
from trato.testing.companies import Company

#: Names that fold alike, fold to nothing, or mean something to LIKE, SQL and full-text search.
NAMES = (
    "Álvaro Núñez", "alvaro nuñez", "ALVARO NUNEZ", "Ñandú S.A.S.", "ñandu sas", "Zeta", "zeta",
    "100 % lana", "100_lana", "100\\lana", 'El "Yunque"', "O'Higgins", "Asterisco * dos",
    "\N{ACUTE ACCENT}", "\N{DIAERESIS}", "909.214.530-9", "Peña (Norte)", "Müller & Söhne",
    "Straße", "İstanbul", "ﬁnca", "中文名", "😀 Café", "-", "NEAR OR AND", "a", "D1", "3M",
)  # fmt: skip
PLACES = ("Medellín", "MEDELLIN", "Bogotá", "bogota", "Cali", "Ibagué", "Ñemocón", "nemocon")
WORDS = ("Café", "CAFÉ", "cafe", "100%", "a_b", "a\\b", "Ñame", "ñame", "x", "Éxito", "éxito")
_START = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)

#: Custom fields of a piece: (key, kind, indexed).
CUSTOM = (
    ("zone", "text", True), ("level", "integer", True), ("rate", "decimal", True),
    ("fine", "money", True), ("due", "date", True), ("at", "moment", True),
    ("state", "choice", True), ("remark", "text", False), ("size", "integer", False),
    ("cost", "money", False), ("day", "date", False), ("moment", "moment", False),
    ("sure", "boolean", False), ("kind", "choice", False), ("labels", "tags", False),
    ("parts", "choices", False), ("mail", "email", True), ("tel", "phone", True),
    ("flag", "boolean", True),
)  # fmt: skip
_CHOICES = [("a", "A"), ("b", "B"), ("c", "C")]


def add_custom_fields(company: Company) -> None:
    """Give a piece an own field of every kind."""
    for key, kind, indexed in CUSTOM:
        company.custom_field(
            "specimen.piece", key, kind, indexed=indexed,
            choices=_CHOICES if kind in ("choice", "choices") else None,
        )  # fmt: skip


def random_piece(draw: random.Random, number: int, shelves: list[UUID]) -> dict[str, Any]:
    """Draw the values of a piece; about a third of what is optional stays empty."""

    def some(value: Any) -> Any:
        return None if draw.random() < 0.35 else value

    def moment() -> str:
        span = dt.timedelta(hours=draw.randint(-3, 3), microseconds=draw.choice((0, 1, 999_999)))
        return (_START + span).isoformat()

    def day() -> str:
        return (dt.date(2026, 2, 27) + dt.timedelta(days=draw.randint(0, 4))).isoformat()

    def amount(scale: int) -> str:
        return str(Decimal(draw.randint(-3, 3)).scaleb(-draw.randint(0, scale)))

    kinds: dict[str, Callable[[], Any]] = {
        "text": lambda: draw.choice(WORDS), "integer": lambda: draw.randint(-2, 3),
        "decimal": lambda: amount(6), "money": lambda: amount(4), "date": day, "moment": moment,
        "choice": lambda: draw.choice("abc"), "boolean": lambda: draw.random() < 0.5,
        "tags": lambda: draw.sample(WORDS, draw.randint(1, 3)),
        "choices": lambda: draw.sample("abc", draw.randint(1, 3)),
        "email": lambda: draw.choice(("Ana@x.co", "ana@X.CO", "ñu@x.co")),
        "phone": lambda: draw.choice(("300 123 4567", "3001234567", "601-555-01")),
    }  # fmt: skip
    values: dict[str, Any] = {
        "name": draw.choice(NAMES),
        "code": some(f"C-{number:04}"),
        "plain": some(draw.choice(WORDS)),
        "place": some(draw.choice(PLACES)),
        "essay": some(f"{draw.choice(WORDS)}\n{draw.choice(NAMES)}"),
        "email": some(kinds["email"]()),
        "phone": some(kinds["phone"]()),
        "website": some(draw.choice(("https://Example.com/Ñ", "http://example.com/a_b"))),
        "count": some(kinds["integer"]()),
        "weight": some(amount(6)),
        "price": some(amount(4)),
        "found": some(day()),
        "seen": some(moment()),
        "is_rare": some(draw.random() < 0.5),
        "grade": draw.choice(("poor", "fair", "good")),
        "marks": some(draw.sample(("poor", "fair", "good"), draw.randint(1, 3))),
        "tags": some(draw.sample(WORDS, draw.randint(1, 3))),
        "shelf_id": some(str(draw.choice(shelves))),
        "annex.origin": some(draw.choice(PLACES)),
        "annex.points": some(draw.randint(-1, 2)),
        "annex.worth": some(amount(4)),
        "annex.checked": some(day()),
    }
    values |= {f"custom.{key}": some(kinds[kind]()) for key, kind, _indexed in CUSTOM}
    return {path: value for path, value in values.items() if value is not None}


def fill(company: Company, count: int, *, seed: int = 1) -> None:
    """Make shelves in a tree and pieces; some pieces are in the bin.

    Own fields are filled where the company has them, see ``add_custom_fields``.
    """
    draw = random.Random(seed)  # noqa: S311 - test data
    with company.unit() as unit:
        shelves = _shelves(unit)
        known = unit.view.entity("specimen.piece").fields
        rows = [
            {path: v for path, v in random_piece(draw, number, shelves).items() if path in known}
            for number in range(count)
        ]
        outcomes = unit.records.bulk("specimen.piece", rows)
        refused = [outcome.errors for outcome in outcomes if outcome.errors]
        if refused:
            raise ValueError(f"pieces were refused: {refused[0]}")
        for outcome in outcomes[:: max(count // 10, 1)]:
            if outcome.id is not None:
                unit.records.archive("specimen.piece", outcome.id)


def _shelves(unit: Unit) -> list[UUID]:
    made: list[UUID] = []
    for number in range(5):
        values: dict[str, Any] = {"name": f"Estante {number}"}
        if made:
            values["parent_id"] = str(made[number // 2])
        made.append(unit.records.create("specimen.shelf", values).id)
    return made


def read_all(unit: Unit, *, archived: bool = False) -> list[dict[str, Any]]:
    """Read every piece with all its fields, one by one, so that no list can be wrong about it."""
    table = unit.view.entity("specimen.piece").table
    ids = unit.connection.execute(
        table.select()
        .with_only_columns(table.c.id)
        .where(table.c.tenant_id == unit.tenant_id)
        .where(table.c.archived_at.is_not(None) if archived else table.c.archived_at.is_(None))
    ).scalars()
    found = []
    for record_id in list(ids):
        record = unit.records.get("specimen.piece", record_id, archived=archived)
        found.append({"id": record.id, "version": record.version, **record.values})
    return found
