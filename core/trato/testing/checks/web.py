"""Over HTTP a plugin is there while it is on, for who may see it, and else nowhere."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from trato.cli.context import Context
from trato.cli.of_plugins import runner
from trato.entities.view import EntityView
from trato.errors import PluginError
from trato.plugin import Command, entity_name
from trato.testing.checks.base import OFF, Checked, installed
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.probes import Probes
from trato.testing.samples import create_sample, marked_field, marker, sample_values

SignIn = Callable[..., Browser]
Api = Callable[..., FlaskClient]
#: Pages of a list and of a record that a person may always open.
_OF_LISTS, _OF_RECORDS = ("", "/new"), ("", "/edit")
#: The same for every entity; they are tried with one.
_MORE_OF_LISTS = ("/columns", "/filters", "/import", "/export.csv", "/export.xlsx")
_MORE_OF_RECORDS = ("/timeline", "/why")
#: Pages of the host that speak of plugins in the navigation or in what they list.
_PLACES = ("/help", "/search", "/settings/fields", "/settings/roles/seller", "/api/v1/docs",
           "/api/v1/openapi.json", "/account/notices")  # fmt: skip
#: What rights are worth in the database is tried on both; what a page tells is the same on both.
_ONCE = pytest.mark.database("sqlite")


class WebChecks(Checked):
    """Pages, REST, navigation and search: each first while the plugin is on, then while not."""

    def test_its_addresses_answer_only_while_it_is_on(
        self, tenant: Company, app: Flask, sign_in: SignIn, make_api: Api, probes: Probes
    ) -> None:
        admin = tenant.member("admin")
        page, api = sign_in(admin), make_api(admin)
        records, bodies = self._records(tenant), self._bodies(tenant)
        pages, calls = list(self._pages(tenant, records)), list(self._calls(tenant, records))
        asked = list(self._addresses(app, tenant, records))
        for path in pages:
            assert page.get(path).status_code == 200, path
        for path in calls:
            assert api.get(path).status_code == 200, path
            assert api.put(path).status_code == 405 or path not in bodies, path
        for path, body in bodies.items():
            assert api.post(path, json=body).status_code == 201, path

        shut = pages, calls
        for off in OFF:
            with self._switched_off(tenant, off):
                for path in shut[0]:
                    self._is_nowhere(page.get(path))
                for path in shut[1]:
                    self._is_nowhere(api.get(path))
                    if path in bodies:
                        self._is_nowhere(api.post(path, json=bodies[path]))
                for method, path in asked:
                    client = api if path.startswith("/api/") else page
                    self._is_nowhere(client.open(path, method=method))
                probes.note("gate: address", len(shut[0]) + len(shut[1]) + len(asked))
                # The same gate, shut for another reason.
                shut, asked = (pages[::4], calls[::4]), asked[::8]

        for path in (*pages[:1], *calls[:1]):
            assert (page if path in pages else api).get(path).status_code == 200, path

    @_ONCE
    def test_pages_of_the_host_tell_of_it_only_while_it_is_on(
        self, tenant: Company, sign_in: SignIn, probes: Probes
    ) -> None:
        page, word = sign_in(tenant.member("admin")), marker()
        records = self._records(tenant, word)
        hosts = [*_PLACES, f"/search?q={word}", *self._of_others(tenant)]
        for path in self._pages(tenant, records):
            page.get(path)  # what was looked at is offered again

        told = {path: self._told_by(page.get(path)) for path in hosts}

        assert self._expected(tenant, hosts) <= {path for path, found in told.items() if found}
        found = page.get(f"/search?q={word}", headers={"HX-Request": "true"}).text
        assert [str(i) for i in self._findable(tenant, records) if str(i) not in found] == []
        for off in OFF:
            with self._switched_off(tenant, off):
                for path in hosts:
                    answer = page.get(path)
                    assert answer.status_code == 200, path
                    assert self._told_by(answer) == set(), f"{path} while {off}"
                probes.note("gate: told by a page", len(hosts))

    @_ONCE
    def test_nobody_gets_anything_who_is_not_signed_in(
        self, tenant: Company, app: Flask, sign_in: SignIn, probes: Probes
    ) -> None:
        stranger, records = sign_in(), self._records(tenant)
        asked = [*self._addresses(app, tenant, records), ("GET", "/api/v1/openapi.json")]
        asked += [("GET", path) for path in self._pages(tenant, records)]
        asked += [(way, path) for path in self._calls(tenant, records) for way in ("GET", "POST")]

        for method, path in asked:
            answer = stranger.open(path, method=method)
            if path.startswith("/api/"):
                assert answer.status_code == 401, f"{method} {path}"
            else:
                assert answer.status_code == 302, f"{method} {path}"
                assert answer.location.partition("?")[0] == "/login", f"{method} {path}"
        probes.note("stranger: address", len(asked))

    @_ONCE
    def test_a_role_without_its_permissions_gets_nothing(
        self, tenant: Company, app: Flask, sign_in: SignIn, make_api: Api, probes: Probes
    ) -> None:
        nobody = tenant.member_with({})
        page, api, word = sign_in(nobody), make_api(nobody), marker()
        records, bodies = self._records(tenant, word), self._bodies(tenant)
        pages, calls = list(self._pages(tenant, records)), list(self._calls(tenant, records))

        for path in pages:
            if not path.startswith("/help/"):  # which tells of no record
                assert page.get(path).status_code in (403, 404), path
        for path in calls:
            assert api.get(path).status_code in (403, 404), path
        for path, body in bodies.items():
            assert api.post(path, json=body).status_code in (403, 404), path
        found = page.get(f"/search?q={word}").text
        assert [str(i) for i in records.values() if str(i) in found] == []
        menus = {m.path for m in tenant.view.menus if m.entity in self._own(tenant)}
        assert [path for path in menus if f'"{path}"' in page.get("/help").text] == []
        probes.note("role: address", len(pages) + len(calls) + len(bodies))

    def test_its_commands_refuse_a_company_without_it(
        self, tenant: Company, probes: Probes
    ) -> None:
        context, given = Context("en"), argparse.Namespace(tenant=tenant.slug)
        context.host = tenant.host
        commands = [c for (name, _key), c in installed().commands.items() if name == self.plugin]
        harmless = Command(name="x", help="", arguments=lambda parser: None, run=lambda h, a: 7)
        assert runner(self.plugin, harmless)(context, given) == 7

        for off in OFF:
            with self._switched_off(tenant, off):
                for command in (*commands, harmless):
                    with probes.refused("gate: command", PluginError):
                        runner(self.plugin, command)(context, given)

    # --- what there is ---------------------------------------------------------------------------

    def _own(self, tenant: Company) -> dict[str, EntityView]:
        """Give the plugin's entities that have an address."""
        named = {name for key, name in tenant.view.collections.items() if key[0] == self.plugin}
        return {name: tenant.view.entities[name] for name in sorted(named)}

    def _records(self, tenant: Company, word: str = "") -> dict[str, UUID]:
        """Make a record of each entity of the plugin, found by the word where it can be."""
        made = {}
        with tenant.unit() as unit:
            for name, entity in self._own(tenant).items():
                field = marked_field(entity) if word else None
                given = {} if field is None else {field.path: f"Casa {word}"}
                made[name] = self.create(unit, name, given).id
        return made

    def _findable(self, tenant: Company, records: Mapping[str, UUID]) -> list[UUID]:
        return [
            record for name, record in records.items()
            if marked_field(tenant.view.entities[name]) is not None and _has_pages(tenant, name)
        ]  # fmt: skip

    def _pages(self, tenant: Company, records: Mapping[str, UUID]) -> Iterator[str]:
        """Give the addresses of pages that must answer while the plugin is on."""
        own = [e for name, e in self._own(tenant).items() if _has_pages(tenant, name)]
        for entity in own:
            base = f"/{self.plugin}/{entity.info.collection}"
            more = entity is own[0]
            yield from (f"{base}{page}" for page in _OF_LISTS + _MORE_OF_LISTS * more)
            record = f"{base}/{records[entity.info.name]}"
            yield from (f"{record}{page}" for page in _OF_RECORDS + _MORE_OF_RECORDS * more)
        if (installed().folders[self.plugin] / "help").is_dir():
            yield f"/help/{self.plugin}"
        if any(plugin == self.plugin for plugin, _key in installed().settings):
            yield f"/settings/modules/{self.plugin}"

    def _calls(self, tenant: Company, records: Mapping[str, UUID]) -> Iterator[str]:
        """Give the addresses of REST that must answer."""
        for name, entity in self._own(tenant).items():
            base = f"/api/v1/{self.plugin}/{entity.info.collection}"
            yield from (base, f"{base}/{records[name]}")

    def _bodies(self, tenant: Company) -> dict[str, object]:
        """Give what makes a new record of each entity by REST."""
        with tenant.unit() as unit:
            return {
                f"/api/v1/{self.plugin}/{entity.info.collection}":
                    sample_values(unit, entity, self.samples.get(name))
                for name, entity in self._own(tenant).items()
            }  # fmt: skip

    def _addresses(
        self, app: Flask, tenant: Company, records: Mapping[str, UUID]
    ) -> Iterator[tuple[str, str]]:
        """Give every address of the program below the plugin's names, each with its methods.

        And with one that it does not know: 405 would tell that the plugin is installed.
        """
        name, entity = next(iter(self._own(tenant).items()), ("", None))
        values = {
            "plugin": self.plugin, "collection": entity.info.collection if entity else "records",
            "field": entity.info.label if entity else "name", "kind": "favorite",
            "field_path": entity.info.label if entity else "name", "number": "0",
            "extension": "csv", "value": "x", "name": "x.webp",
        }  # fmt: skip
        one = str(records.get(name, UUID(int=1)))
        for rule in app.url_map.iter_rules():
            if "plugin" not in rule.arguments or rule.endpoint == "help.show_picture":
                continue
            if entity is not None or not rule.arguments & {"record_id", "id"}:
                path = re.sub(r"<(?:\w+:)?(\w+)>", lambda m: values.get(m[1], one), rule.rule)
                own = (rule.methods or {"GET", "DELETE"}) - {"HEAD", "OPTIONS"}
                # The pages of settings are the host's own, whatever is behind them.
                wrong = set() if path.startswith("/settings/") else {"PUT"}
                yield from ((method, path) for method in sorted(own | wrong))

    def _of_others(self, tenant: Company) -> Iterator[str]:
        """Give the pages of other plugins' entities to which this one adds something."""
        found = installed()
        named = {name for name, extended in found.extensions.items() if self.plugin in extended}
        named |= {entity_name(slot.entity) for plugin, slot in found.slots if plugin == self.plugin}
        for name in sorted(named - set(self._own(tenant))):
            entity = tenant.view.entities.get(name)
            if entity is not None and _has_pages(tenant, name):
                with tenant.unit() as unit:
                    record = create_sample(unit, name, self.samples.get(name)).id
                base = f"/{entity.info.plugin}/{entity.info.collection}"
                yield from (base, f"{base}/columns", f"{base}/filters")
                yield from (f"{base}/{record}", f"{base}/{record}/edit")

    def _expected(self, tenant: Company, hosts: Sequence[str]) -> set[str]:
        """Name the pages of the host that must tell of the plugin while it is on."""
        expected = set()
        if self._own(tenant):
            expected |= {"/settings/roles/seller", "/api/v1/docs", "/api/v1/openapi.json"}
        if any(menu.path.startswith(f"/{self.plugin}/") for menu in tenant.view.menus):
            expected |= {"/help", "/search", "/account/notices"}
        if any(self.plugin in extended for extended in installed().extensions.values()):
            expected |= {path for path in hosts if path.endswith(("/edit", "/columns"))}
            expected |= {"/api/v1/openapi.json"}
        return expected

    def _told_by(self, answer: TestResponse) -> set[str]:
        """Give the plugin's addresses and the names of what it declares that an answer holds."""
        text = answer.text.replace(answer.request.path, "")
        named = re.findall(rf"(?<![\w.-]){self.plugin}[./][\w./-]+", text)
        return {*named, *re.findall(rf"/help/{self.plugin}\b", text)}

    def _is_nowhere(self, answer: TestResponse) -> None:
        """Check that an answer is what an address answers that nobody ever had.

        The host's own addresses may say what was asked for; the plugin's never get so far.
        """
        asked = f"{answer.request.method} {answer.request.path}"
        assert answer.status_code == 404, asked
        if not answer.request.path.startswith(("/api/v1/docs/", "/settings/")):
            assert self._told_by(answer) == set(), asked


def _has_pages(tenant: Company, entity: str) -> bool:
    return ("list", entity) in tenant.view.screens
