"""Every screen renders, and costs the same however many records there are."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from uuid import UUID

import pytest

from trato.plugin import Panel, entity_name, field_path
from trato.screens.parts import panels
from trato.testing.checks.base import Checked
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.samples import create_samples
from trato.testing.statements import Statements
from trato.web.children import MOST

Counter = Callable[[], AbstractContextManager[Statements]]


class ListChecks(Checked):
    """Statements of each page of an entity: for two hundred rows no more than for ten."""

    def test_its_screens_cost_the_same_whatever_the_rows(
        self, tenant: Company, entity: str, sign_in: Callable[..., Browser],
        count_statements: Counter,
    ) -> None:  # fmt: skip
        if ("list", entity) not in tenant.view.screens:
            pytest.skip(f"{entity} has no list")
        view, page = tenant.view.entity(entity), sign_in(tenant.member("admin"))
        base = f"/{self.plugin}/{view.info.collection}"
        beside = dict(enumerate(panels(tenant.view, view)))
        beside = {n: p for n, p in beside.items() if self._is_own(tenant, p)}
        for path in (base, f"{base}/new"):
            assert page.get(path).status_code == 200, f"{path} of an empty company"

        with tenant.unit() as unit:
            record = create_samples(unit, entity, 1, self.samples.get(entity))[0]
        paths = [base, f"{base}/new", f"{base}/{record}", f"{base}/{record}/edit"]
        paths += [f"{base}/{record}/panels/{number}" for number in beside]
        for path in paths:
            assert page.get(path).status_code == 200, f"{path} with one record"
        costs: list[Mapping[str, int]] = []
        # Of what belongs to a record there is more than one page both times: that there is more
        # costs a count.
        for more, belonging in ((10, MOST + 10), (190, 190 - MOST)):
            self._fill(tenant, entity, more, record, beside, belonging)
            told = {}
            for path in paths:
                with count_statements() as counted:
                    assert page.get(path).status_code == 200, path
                told[path] = len(counted)
            costs.append(told)

        few, many = costs
        # Fewer is no fault: a list ordered by an optional field asks for the records without a
        # value only while those with one do not fill the page.
        dearer = [
            f"{path}: {few[path]} statements, and {many[path]} with 190 records more"
            for path in paths if many[path] > few[path]
        ]  # fmt: skip
        assert not dearer, "\n".join(dearer)
        with tenant.unit(read=True) as unit:
            assert (unit.records.query(entity, limit=1, count=True).total or 0) >= 200

    def _is_own(self, tenant: Company, panel: Panel) -> bool:
        return tenant.view.entity(entity_name(panel.entity)).info.plugin == self.plugin

    def _fill(
        self, tenant: Company, entity: str, more: int, record: UUID, beside: Mapping[int, Panel],
        belonging: int,
    ) -> None:  # fmt: skip
        """Make more records of the entity, and as many that the record's panels show."""
        with tenant.unit() as unit:
            create_samples(unit, entity, more, self.samples.get(entity))
            for panel in beside.values():
                name = entity_name(panel.entity)
                given = {**self.samples.get(name, {}), field_path(panel.by): str(record)}
                create_samples(unit, name, belonging, given)
