"""A list costs the same however many records there are."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest

from trato.access.actor import Actor
from trato.records.unit import Unit
from trato.testing.checks.base import Checked, installed
from trato.testing.companies import Company
from trato.testing.samples import create_samples
from trato.testing.statements import Statements

Counter = Callable[[], AbstractContextManager[Statements]]


class ListChecks(Checked):
    """Statements of a list with its references' labels: for ten rows as for two hundred."""

    def test_list_costs_the_same_whatever_the_rows(
        self, tenant: Company, actor: Actor, entity: str, count_statements: Counter
    ) -> None:
        screen = installed().screens.get(("list", entity))
        if screen is None:
            pytest.skip(f"{entity} has no list")
        columns = tuple(screen.paths())
        costs = []
        for more in (10, 190):
            with tenant.unit() as unit:
                create_samples(unit, entity, more, self.samples.get(entity))
            with tenant.unit(actor, read=True) as unit, count_statements() as counted:
                rows = read_with_labels(unit, entity, columns)
            costs.append((len(rows), len(counted)))

        (few, cost_of_few), (many, cost_of_many) = costs
        assert many >= few + 190
        assert cost_of_few == cost_of_many


def read_with_labels(unit: Unit, entity: str, columns: tuple[str, ...]) -> list[object]:
    """Read a full page as a screen does: rows, then the labels of each referenced entity."""
    page = unit.records.query(entity, columns=columns, limit=200)
    view = unit.view.entity(entity)
    for path in page.columns:
        field = view.fields.get(path)
        if field is not None and field.kind == "ref" and field.target is not None:
            place = page.columns.index(path)
            unit.records.labels(field.target, {row[place] for row in page.rows} - {None})
    return list(page.rows)
