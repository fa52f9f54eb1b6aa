"""Another tenant sees nothing, whatever it asks; each probe has a twin that succeeds."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from trato.errors import Invalid, NotFound
from trato.records.query import Filter
from trato.records.unit import Unit
from trato.testing.checks.base import Checked
from trato.testing.companies import Company
from trato.testing.probes import Probes
from trato.testing.samples import edit_of, marked_field, marker, sample_values


class IsolationChecks(Checked):
    """Two tenants with the same plugins; the second one tries to reach the first one's record."""

    def test_other_tenant_cannot_read(
        self, tenant: Company, other_tenant: Company, entity: str, probes: Probes
    ) -> None:
        record = self._make(tenant, entity)
        twin = self._make(other_tenant, entity)

        with other_tenant.unit(other_tenant.member("admin"), read=True) as unit:
            assert _listed(unit, entity) == {twin}
            assert _listed(unit, entity, sort=("-id",), count=True) == {twin}
            assert unit.records.labels(entity, [record, twin]).keys() == {twin}
            with probes.refused("tenant: get", NotFound):
                unit.records.get(entity, record)
            with probes.refused("tenant: get from the bin", NotFound):
                unit.records.get(entity, record, archived=None)
            with probes.refused("tenant: history", NotFound):
                unit.records.history(entity, record)
            probes.note("tenant: list", 2)
            probes.note("tenant: labels")
        with tenant.unit(tenant.member("admin"), read=True) as unit:
            assert _listed(unit, entity) == {record}
            assert unit.records.get(entity, record).id == record
            assert unit.records.labels(entity, [record, twin]).keys() == {record}
            assert len(unit.records.history(entity, record)) == 1

    def test_other_tenant_cannot_write(
        self, tenant: Company, other_tenant: Company, entity: str, probes: Probes
    ) -> None:
        record = self._make(tenant, entity)
        admin, intruder = tenant.member("admin"), other_tenant.member("admin")

        with other_tenant.unit(intruder) as unit:
            values = edit_of(unit.view.entity(entity))
            with probes.refused("tenant: update", NotFound):
                unit.records.update(entity, record, values)
            with probes.refused("tenant: archive", NotFound):
                unit.records.archive(entity, record)
            with probes.refused("tenant: restore", NotFound):
                unit.records.restore(entity, record)
            outcomes = unit.records.purge(entity, [record])
            assert [outcome.status for outcome in outcomes] == ["refused"]
            assert unit.records.update_where(entity, values=values) == 0
            probes.note("tenant: purge")
            probes.note("tenant: update of all")

        with tenant.unit(admin) as unit:
            assert unit.records.get(entity, record).version == 1
            unit.records.update(entity, record, values)
            unit.records.archive(entity, record)
            assert unit.records.restore(entity, record).id == record

    def test_an_id_of_another_tenant_is_free_and_tells_nothing(
        self, tenant: Company, other_tenant: Company, entity: str, probes: Probes
    ) -> None:
        record = self._make(tenant, entity)

        with other_tenant.unit(other_tenant.member("admin")) as unit:
            view = unit.view.entity(entity)
            values = sample_values(unit, view, self.samples.get(entity))
            [outcome] = unit.records.bulk(entity, [values], ids=[record])
            assert (outcome.status, outcome.id) == ("created", record)
            unit.records.archive(entity, record)
            assert [o.status for o in unit.records.purge(entity, [record])] == ["purged"]
            probes.note("tenant: guessed id", 3)

        with tenant.unit(tenant.member("admin"), read=True) as unit:
            assert unit.records.get(entity, record).version == 1
            assert len(unit.records.history(entity, record)) == 1

    def test_other_tenant_cannot_find(
        self, tenant: Company, other_tenant: Company, entity: str, probes: Probes
    ) -> None:
        field = marked_field(tenant.view.entity(entity))
        if field is None:
            pytest.skip(f"{entity} has no searchable text of its own")
        word = marker()
        record = self._make(tenant, entity, {field.path: f"Casa {word}"})
        ways: list[dict[str, Any]] = [
            {"search": word},
            {"search": f"cas {word[:5]}"},
            {"filters": (Filter(path=field.path, op="contains", value=word),)},
            {"filters": (Filter(path=field.path, op="startswith", value="Casa"),)},
            {"filters": (Filter(path=field.path, op="eq", value=f"Casa {word}"),)},
            {"search": word, "archived": True},
        ]

        with other_tenant.unit(other_tenant.member("admin"), read=True) as unit:
            for way in ways:
                assert _listed(unit, entity, **way) == set(), way
                assert unit.records.query(entity, count=True, **way).total == 0
                probes.note("tenant: search and filter", 2)

        with tenant.unit(tenant.member("admin"), read=True) as unit:
            for way in ways[:-1]:
                assert _listed(unit, entity, **way) == {record}, way

    def test_references_to_another_tenants_record_are_refused(
        self, tenant: Company, other_tenant: Company, entity: str, probes: Probes
    ) -> None:
        record = self._make(tenant, entity)
        twin = self._make(other_tenant, entity)
        referring = [
            (view.name, field.path)
            for view in other_tenant.view.entities.values()
            for field in view.references
            if field.target == entity and field.writable
        ]

        with other_tenant.unit(other_tenant.member("admin")) as unit:
            for name, path in referring:
                view = unit.view.entity(name)
                values = sample_values(unit, view, {**self.samples.get(name, {}), path: str(twin)})
                made = unit.records.create(name, values)
                assert made[path] == twin
                with probes.refused("tenant: reference", Invalid):
                    unit.records.create(name, {**values, path: str(record)})
                with probes.refused("tenant: reference", Invalid):
                    unit.records.update(name, made.id, {path: str(record)})
                [outcome] = unit.records.bulk(name, [{**values, path: str(record)}])
                assert path in outcome.errors
                assert _listed(
                    unit, name, filters=(Filter(path=path, op="eq", value=record),)
                ) == set()  # fmt: skip
                if unit.view.entity(entity).info.tree is not None:
                    below = Filter(path=path, op="under", value=record)
                    assert _listed(unit, name, filters=(below,)) == set()
                probes.note("tenant: reference", 2)

    def test_a_bulk_never_matches_another_tenants_record(
        self, tenant: Company, other_tenant: Company, entity: str, probes: Probes
    ) -> None:
        paths = [f.path for f in tenant.view.entity(entity).fields.values()
                 if (f.identifies or f.unique) and f.writable and f.source == "native"]  # fmt: skip
        if not paths:
            pytest.skip(f"{entity} has no field that tells records apart")
        path = paths[0]
        with tenant.unit() as unit:
            values = sample_values(
                unit, unit.view.entity(entity), self.samples.get(entity), full=True
            )
            record = unit.records.create(entity, values).id

        with other_tenant.unit(other_tenant.member("admin")) as unit:
            view = unit.view.entity(entity)
            own = sample_values(unit, view, self.samples.get(entity), full=True)
            # What it must refer to is the company's own; all else is the same in both.
            values |= {f.path: own[f.path] for f in view.references if f.path in own}
            [outcome] = unit.records.bulk(entity, [values], match=path)
            assert outcome.status == "created"
            assert outcome.id != record
            [again] = unit.records.bulk(entity, [values], match=path)
            assert (again.status, again.id) == ("unchanged", outcome.id)
            probes.note("tenant: match of a bulk")

        with tenant.unit(read=True) as unit:
            assert unit.records.get(entity, record).version == 1

    def _make(self, tenant: Company, entity: str, given: Any = None) -> UUID:
        with tenant.unit() as unit:
            record_id: UUID = self.create(unit, entity, given).id
        return record_id


def _listed(unit: Unit, entity: str, **query: Any) -> set[UUID]:
    return {row[0] for row in unit.records.query(entity, columns=("id",), limit=500, **query).rows}
