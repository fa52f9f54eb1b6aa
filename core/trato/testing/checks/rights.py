"""A role may do what it says and nothing else, for each action and each reach."""

from __future__ import annotations

from dataclasses import replace

import pytest

from trato.access.actor import Actor
from trato.access.roles import Action
from trato.errors import Forbidden, NotFound
from trato.records.unit import Unit
from trato.testing.checks.base import Checked
from trato.testing.companies import Company
from trato.testing.probes import Probes
from trato.testing.samples import edit_of, sample_values

#: Actions that the records themselves know; export and import belong to their own doors.
_ACTIONS: tuple[Action, ...] = ("view", "create", "edit", "archive")
_ALL = dict.fromkeys(_ACTIONS, "all")


class RightsChecks(Checked):
    """Each action is refused to a role that has all others, and allowed to one that has it."""

    @pytest.mark.parametrize("action", _ACTIONS)
    def test_action_needs_its_permission(
        self, tenant: Company, entity: str, action: Action, probes: Probes
    ) -> None:
        without = tenant.member_with({"*": _ALL, entity: {**_ALL, action: "none"}})  # type: ignore[dict-item]
        only = tenant.member_with({"*": _ALL, entity: {"view": "all", action: "all"}})  # type: ignore[dict-item]

        self._prepare(tenant, entity)
        for kind in _KINDS[action]:
            with tenant.unit(without) as unit, probes.refused(f"role: {kind}", Forbidden, NotFound):
                self._do(unit, entity, kind)
        for kind in _KINDS[action]:
            self._prepare(tenant, entity)
            with tenant.unit(only) as unit:
                self._do(unit, entity, kind)

    def test_a_role_without_grants_reaches_nothing(
        self, tenant: Company, entity: str, probes: Probes
    ) -> None:
        self._prepare(tenant, entity)

        with tenant.unit(tenant.member_with({})) as unit:
            for kind in (kind for kinds in _KINDS.values() for kind in kinds):
                with probes.refused(f"role: {kind}", Forbidden, NotFound):
                    self._do(unit, entity, kind)

    @pytest.mark.parametrize("reach", ["own", "team"])
    def test_reach_ends_where_the_role_says(
        self, tenant: Company, entity: str, reach: str, probes: Probes
    ) -> None:
        if not tenant.view.entity(entity).info.owned:
            pytest.skip(f"{entity} has no owner")
        tenant.team("norte")
        rules = {"*": _ALL, entity: {"view": reach, "create": "all", "edit": reach,
                                     "archive": reach}}  # fmt: skip
        member = tenant.member_with(rules, teams=["norte"])  # type: ignore[arg-type]
        team = next(team.id for team in tenant.view.teams.values() if team.key == "norte")
        with tenant.unit() as unit:
            mine = self.create(unit, entity, {"owner_id": str(member.member_id)}).id
            ours = self.create(unit, entity, {"team_id": str(team)}).id
            theirs = self.create(unit, entity).id
        reached = {mine, ours} if reach == "team" else {mine}

        with tenant.unit(member) as unit:
            rows = unit.records.query(entity, columns=("id",)).rows
            assert {row[0] for row in rows} == reached
            for record in reached:
                unit.records.archive(entity, record)
                unit.records.restore(entity, record)
            for record in {mine, ours, theirs} - reached:
                for attempt in (unit.records.get, unit.records.archive, unit.records.restore,
                                unit.records.history):  # fmt: skip
                    with probes.refused(f"reach: {reach}", NotFound):
                        attempt(entity, record)
                with probes.refused(f"reach: {reach}", NotFound):
                    unit.records.update(entity, record, {"team_id": None})
                assert unit.records.labels(entity, [record]) == {}

    def test_a_token_does_no_more_than_its_scopes(
        self, tenant: Company, actor: Actor, entity: str, probes: Probes
    ) -> None:
        reading = replace(actor, scopes=(f"{self.plugin}:read",), via="api")
        elsewhere = replace(actor, scopes=("elsewhere:write",), via="api")
        writing = replace(actor, scopes=(f"{self.plugin}:write",), via="api")

        self._prepare(tenant, entity)
        for token, forbidden in ((reading, _ACTIONS[1:]), (elsewhere, _ACTIONS)):
            with tenant.unit(token) as unit:
                for kind in (kind for action in forbidden for kind in _KINDS[action]):
                    with pytest.raises(Forbidden) as refused:
                        self._do(unit, entity, kind)
                    assert refused.value.code == "insufficient_scope"
                    probes.note("scope")
        with tenant.unit(reading, read=True) as unit:
            for kind in _KINDS["view"]:
                self._do(unit, entity, kind)
        for kind in (kind for kinds in _KINDS.values() for kind in kinds):
            self._prepare(tenant, entity)
            with tenant.unit(writing) as unit:
                self._do(unit, entity, kind)

    def _prepare(self, tenant: Company, entity: str) -> None:
        """Make what the next deed needs, by the system, so that nothing else can fail it."""
        with tenant.unit() as unit:
            self._record = self.create(unit, entity).id
            self._binned = self.create(unit, entity).id
            unit.records.archive(entity, self._binned)
            view = unit.view.entity(entity)
            self._values = sample_values(unit, view, self.samples.get(entity))
        self._edit = edit_of(view)

    def _do(self, unit: Unit, entity: str, kind: str) -> None:
        records = unit.records
        match kind:
            case "list":
                assert records.query(entity, columns=("id",)).rows
            case "get":
                records.get(entity, self._record)
            case "history":
                records.history(entity, self._record)
            case "create":
                records.create(entity, self._values)
            case "bulk":
                [outcome] = records.bulk(entity, [self._values])
                if outcome.status != "created":
                    raise _refusal(unit, outcome.errors)
            case "update":
                records.update(entity, self._record, self._edit)
            case "update of all":
                mine = unit.view.entity(entity).table.c.id == self._record
                assert records.update_where(entity, mine, values=self._edit) == 1
            case "archive":
                records.archive(entity, self._record)
            case "restore":
                records.restore(entity, self._binned)


_KINDS = {
    "view": ("list", "get", "history"),
    "create": ("create", "bulk"),
    "edit": ("update", "update of all"),
    "archive": ("archive", "restore"),
}


def _refusal(unit: Unit, errors: object) -> Forbidden:
    """Turn a refused row of a bulk into the error that a single record would have raised."""
    scoped = unit.actor.scopes is not None
    return Forbidden(str(errors), code="insufficient_scope" if scoped else "forbidden")
