"""A first look over a whole file: how many rows it has, and how it writes numbers and dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trato.entities.fields import Kind
from trato.exchange.conventions import DecimalSign, date_order, evident_sign
from trato.exchange.reading import Table
from trato.i18n import DateOrder

_NUMBERS = frozenset({"integer", "decimal", "money"})
_DATES = frozenset({"date", "moment"})


@dataclass(frozen=True, kw_only=True)
class Survey:
    """What the columns of a file show; columns by their index."""

    rows: int
    signs: Mapping[int, set[DecimalSign]]
    orders: Mapping[int, set[DateOrder]]

    def decimal(self, index: int) -> DecimalSign | None:
        """Give the decimal sign that a column shows; None where it shows none or both."""
        shown = self.signs.get(index, set())
        return next(iter(shown)) if len(shown) == 1 else None

    def order(self, index: int) -> DateOrder | None:
        """Give the order that a column's dates show; None where they show none or both."""
        shown = self.orders.get(index, set())
        return next(iter(shown)) if len(shown) == 1 else None


def survey_table(table: Table, kinds: Mapping[int, Kind]) -> Survey:
    """Read a table through once.

    :param kinds: of the fields that its columns fill, by index.
    """
    signs: dict[int, set[DecimalSign]] = {i: set() for i, k in kinds.items() if k in _NUMBERS}
    orders: dict[int, set[DateOrder]] = {i: set() for i, k in kinds.items() if k in _DATES}
    rows = 0
    for row in table:
        rows += 1
        for index, shown in signs.items():
            cell = row.cells[index]
            if isinstance(cell, str) and (sign := evident_sign(cell)) is not None:
                shown.add(sign)
        for index, found in orders.items():
            cell = row.cells[index]
            if isinstance(cell, str) and (order := date_order([cell])) is not None:
                found.add(order)
    return Survey(rows=rows, signs=signs, orders=orders)
