"""For a tenant that has the plugin off, or no licence for it, it does not exist."""

from __future__ import annotations

import pytest

from trato.errors import NotFound
from trato.host import Host
from trato.sync.status import connectors_of
from trato.tenancy.view import TenantView
from trato.testing.checks.base import OFF, Checked
from trato.testing.companies import Company
from trato.testing.probes import Probes
from trato.testing.samples import marker


class GateChecks(Checked):
    """Silent at every gate; each test shows first that the gate is open when it should be."""

    @pytest.mark.parametrize("off", OFF)
    def test_view_of_the_tenant_holds_nothing_of_it(self, tenant: Company, off: str) -> None:
        manifest = self.manifest
        before = traces(tenant.host, self.plugin, tenant.view)
        assert before or not (manifest.entities or manifest.extensions or manifest.menus)

        self._switch_off(tenant, off)

        assert traces(tenant.host, self.plugin, tenant.view) == set()
        state = tenant.view.plugins[self.plugin]
        assert not state.enabled
        assert state.reason is not None

    @pytest.mark.parametrize("off", OFF)
    def test_its_hooks_are_not_called(self, tenant: Company, off: str) -> None:
        assert self.plugin in self._hooked(tenant) or self.manifest.hooks is None

        self._switch_off(tenant, off)

        assert self.plugin not in self._hooked(tenant)

    @pytest.mark.parametrize("off", OFF)
    def test_its_records_cannot_be_reached_and_are_there_when_it_is_on_again(
        self, tenant: Company, entity: str, off: str, probes: Probes
    ) -> None:
        word = marker()
        with tenant.unit() as unit:
            record = self.create(unit, entity)
        assert record.id is not None

        with self._switched_off(tenant, off):
            # The licence's end makes a tenant without plugins read-only; that must not hide this.
            with tenant.unit(force=True) as unit:
                with probes.refused("gate: list", NotFound):
                    unit.records.query(entity)
                with probes.refused("gate: get", NotFound):
                    unit.records.get(entity, record.id)
                with probes.refused("gate: search", NotFound):
                    unit.records.query(entity, search=word)
                with probes.refused("gate: create", NotFound):
                    unit.records.create(entity, {})
                with probes.refused("gate: update", NotFound):
                    unit.records.update(entity, record.id, {})
                with probes.refused("gate: archive", NotFound):
                    unit.records.archive(entity, record.id)
                with probes.refused("gate: restore", NotFound):
                    unit.records.restore(entity, record.id)
                with probes.refused("gate: bulk", NotFound):
                    unit.records.bulk(entity, [{}])
                with probes.refused("gate: purge", NotFound):
                    unit.records.purge(entity, [record.id])
                with probes.refused("gate: history", NotFound):
                    unit.records.history(entity, record.id)
                assert unit.records.labels(entity, [record.id]) == {}

        with tenant.unit(read=True) as unit:
            assert unit.records.get(entity, record.id).values == record.values

    @pytest.mark.parametrize("off", OFF)
    def test_its_fields_vanish_from_the_entities_of_others(
        self, tenant: Company, extended: str, off: str
    ) -> None:
        with tenant.unit() as unit:
            record = self.create(unit, extended)
        prefix = f"{self.plugin}."
        assert any(path.startswith(prefix) for path in record.values)

        self._switch_off(tenant, off)

        with tenant.unit(read=True) as unit:
            again = unit.records.get(extended, record.id)
        assert not any(path.startswith(prefix) for path in again.values)

    def _hooked(self, tenant: Company) -> set[str]:
        """Name the plugins whose reactions the tenant's relay would call."""
        names = ("trato_record_saving", "trato_record_saved", "trato_tenant_enabled",
                 "trato_tenant_disabled", "trato_event")  # fmt: skip
        return {
            implementation.plugin_name.partition(":")[0]
            for name in names
            for implementation in getattr(tenant.view.hook, name).get_hookimpls()
        }


def traces(host: Host, plugin: str, view: TenantView) -> set[str]:
    """Name everything of a plugin that a tenant's view holds."""
    found = {f"entity {name}" for name, e in view.entities.items() if e.info.plugin == plugin}
    found |= {f"collection {key}" for key in view.collections if key[0] == plugin}
    found |= {f"screen {key}" for key in view.screens if key[1].startswith(f"{plugin}.")}
    found |= {f"menu {m.path}" for m in view.menus if m.path.startswith(f"/{plugin}/")}
    for name, entity in view.entities.items():
        found |= {f"field {path}" for path, f in entity.fields.items() if f.plugin == plugin}
        found |= {f"extension of {name}"} if plugin in entity.extensions else set()
        referring = (f for f in entity.fields.values() if f.target is not None)
        found |= {
            f"reference {name}.{f.path}"
            for f in referring
            if (f.target or "").startswith(f"{plugin}.")
        }
    sending = {name for targets in view.targets.values() for name, _sent in targets}
    found |= {
        f"connector {name}"
        for name in (*sending, *connectors_of(host, view))
        if name.startswith(f"{plugin}.")
    }
    for name, slots in view.slots.items():
        for slot in slots:
            found |= {f"slot of {name}"} if _slot_is_of(slot, plugin) else set()
    return found


def _slot_is_of(slot: object, plugin: str) -> bool:
    from trato.testing.checks.base import installed

    return any(name == plugin and declared is slot for name, declared in installed().slots)
