"""What a tenant has: licensed, switched on, needed; noticed by a host that is running."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from trato import administration
from trato.access.actor import Actor
from trato.errors import (
    DomainError,
    Forbidden,
    Invalid,
    LicenseError,
    NotFound,
    PluginError,
    TenantError,
)
from trato.hooks import hookimpl
from trato.host import Host
from trato.licensing import generate_keypair
from trato.plugin import Plugin
from trato.records.query import Query
from trato.settings import Settings
from trato.tenancy.view import TenantView
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database
from trato.testing.hosts import make_plugin
from trato.testing.specimen import annex, plugin

PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


def reason(view: TenantView, name: str) -> str:
    found = view.plugins[name].reason
    return "" if found is None else str(found)


# --- enabling ------------------------------------------------------------------------------------


@pytest.mark.plugins
def test_a_new_tenant_has_a_licence_and_no_plugin(tenant: Company) -> None:
    assert tenant.view.enabled == frozenset()
    assert tenant.view.license.state == "active"
    assert reason(tenant.view, "specimen") == "It is switched off."


@pytest.mark.plugins
def test_enabling_needs_what_the_plugin_needs(tenant: Company) -> None:
    with pytest.raises(PluginError) as refused:
        administration.enable(tenant.host, tenant.slug, "annex")

    assert str(refused.value) == (
        f"Plugin 'annex' 1.0.0 needs 'specimen', which is not enabled for tenant '{tenant.slug}'. "
        "Enable 'specimen' first."
    )
    assert administration.enable(tenant.host, tenant.slug, "specimen")
    assert administration.enable(tenant.host, tenant.slug, "annex")
    assert tenant.view.enabled == {"specimen", "annex"}


def test_enabling_what_is_enabled_changes_nothing(tenant: Company) -> None:
    version = tenant.view.tenant.version

    assert administration.enable(tenant.host, tenant.slug, "specimen") is False
    assert tenant.view.tenant.version == version


def test_disabling_what_others_need_names_them(tenant: Company) -> None:
    with pytest.raises(PluginError) as refused:
        administration.disable(tenant.host, tenant.slug, "specimen")

    assert str(refused.value) == (
        f"Plugin 'specimen' cannot be disabled for tenant '{tenant.slug}': annex needs it. "
        "Disable annex first."
    )
    assert administration.disable(tenant.host, tenant.slug, "annex")
    assert administration.disable(tenant.host, tenant.slug, "specimen")
    assert administration.disable(tenant.host, tenant.slug, "specimen") is False


def test_an_unknown_plugin_is_refused_with_the_installed_ones(tenant: Company) -> None:
    for deed in (administration.enable, administration.disable):
        with pytest.raises(PluginError) as refused:
            deed(tenant.host, tenant.slug, "spezimen")

        known = ", ".join(sorted(tenant.host.plugins))
        assert str(refused.value) == f"There is no plugin 'spezimen'. Installed: {known}."


def test_a_broken_plugin_cannot_be_enabled_and_says_why(
    database: Database, make_settings: Callable[[Database], Settings], tenant: Company
) -> None:
    host = Host(make_settings(database), plugins=[make_plugin("rota", version="x")])
    try:
        with pytest.raises(PluginError) as refused:
            administration.enable(host, tenant.slug, "rota")
    finally:
        host.close()

    assert str(refused.value) == ("Plugin 'rota' does not work: 'x' is not a version like 1.2.0.")


# --- licence -------------------------------------------------------------------------------------


def test_a_plugin_outside_the_licence_is_off_with_what_needs_it(tenant: Company) -> None:
    tenant.install_license(["annex", "clients"])

    view = tenant.view

    assert "specimen" not in view.enabled
    assert "annex" not in view.enabled
    assert reason(view, "specimen") == "It is not in the licence."
    assert reason(view, "annex") == "It needs Specimen."
    with pytest.raises(LicenseError) as refused:
        administration.enable(tenant.host, tenant.slug, "specimen")
    assert str(refused.value) == (
        f"Plugin 'specimen' is not in the licence of tenant '{tenant.slug}'. Install a licence "
        f"that includes it: trato license install {tenant.slug} FILE."
    )


def test_installing_a_licence_enables_nothing(tenant: Company) -> None:
    tenant.disable("specimen")
    tenant.install_license()

    assert "specimen" not in tenant.view.enabled


def test_the_newest_licence_counts(tenant: Company) -> None:
    tenant.install_license(["clients"])
    assert "specimen" not in tenant.view.enabled

    tenant.install_license()

    assert {"specimen", "annex"} <= tenant.view.enabled


def test_a_licence_of_another_tenant_or_issuer_is_refused(
    tenant: Company, other_tenant: Company
) -> None:
    forged = LicenseIssuer(key=generate_keypair().private)(tenant.slug, ["specimen"])
    foreign = tenant.license(other_tenant.slug, ["specimen"])
    mine = tenant.license(tenant.slug, ["specimen"])
    tampered = mine[:-8] + ("A" if mine[-8] != "A" else "B") + mine[-7:]

    for token in (forged, foreign, tampered, "", "a.b.c"):
        with pytest.raises(LicenseError):
            administration.install_license(tenant.host, tenant.slug, token)


def write(tenant: Company, actor: Actor | None = None, *, force: bool = False) -> None:
    with tenant.unit(actor, force=force) as unit:
        unit.records.create(PIECE, {"name": "x"})


def expire(tenant: Company, clock: SettableClock) -> dt.datetime:
    """Install a licence that is good for some time; gives noon of its last day."""
    last = clock().replace(hour=12) + dt.timedelta(days=130)
    tenant.install_license(expires=last.date())
    return last


@pytest.mark.parametrize(
    ("days", "state"),
    [(0, "active"), (1, "grace"), (30, "grace"), (31, "read_only"), (1_000, "read_only")],
)
def test_an_expired_licence_lets_write_for_30_days_and_then_read(
    tenant: Company, actor: Actor, clock: SettableClock, days: int, state: str
) -> None:
    last = expire(tenant, clock)
    write(tenant, actor)
    clock.set(last + dt.timedelta(days=days))

    assert tenant.view.license.state == state
    if state == "read_only":
        with pytest.raises(Forbidden) as refused:
            write(tenant, actor)
        assert refused.value.code == "license_expired"
        assert str(refused.value) == (
            "The licence is over; data can be read and exported, not changed. "
            "Ask your provider for a new licence."
        )
    else:
        write(tenant, actor)
    with tenant.unit(actor, read=True) as unit:
        rows = unit.records.query(PIECE, columns=("id",)).rows
        assert len(rows) == (1 if state == "read_only" else 2)
        assert unit.records.history(PIECE, rows[0][0])


def test_no_deed_writes_when_the_licence_is_over_but_the_operators(
    tenant: Company, actor: Actor, clock: SettableClock
) -> None:
    with tenant.unit() as unit:
        piece = unit.records.create(PIECE, {"name": "x"}).id
        binned = unit.records.create(PIECE, {"name": "y"}).id
        unit.records.archive(PIECE, binned)
    clock.set(expire(tenant, clock) + dt.timedelta(days=275))

    with tenant.unit(actor) as unit:
        deeds: list[Callable[[], Any]] = [
            lambda: unit.records.create(PIECE, {"name": "z"}),
            lambda: unit.records.update(PIECE, piece, {"name": "z"}),
            lambda: unit.records.archive(PIECE, piece),
            lambda: unit.records.restore(PIECE, binned),
            lambda: unit.records.bulk(PIECE, [{"name": "z"}]),
            lambda: unit.records.bulk(PIECE, [{"name": "z"}], dry_run=True),
            lambda: unit.records.update_where(PIECE, values={"name": "z"}),
            lambda: unit.records.purge(PIECE, [binned]),
        ]
        for deed in deeds:
            with pytest.raises(Forbidden, match="The licence is over"):
                deed()
    write(tenant, force=True)
    tenant.install_license()
    write(tenant, actor)


def test_over_the_seats_nobody_is_locked_out_and_nobody_is_added(tenant: Company) -> None:
    first, second = tenant.member("seller"), tenant.member("viewer")
    tenant.install_license(seats=1)

    assert tenant.renew(first).member is not None
    assert tenant.renew(second).member is not None
    with pytest.raises(LicenseError) as refused:
        tenant.member("seller")

    assert str(refused.value) == (
        "The licence has 1 seats and 2 are in use. "
        "End a membership, or ask your provider for more seats."
    )


# --- a host that is running ----------------------------------------------------------------------


@pytest.fixture
def running(
    specimen_host: Host, make_settings: Callable[[Database], Settings], database: Database
) -> Iterator[Host]:
    """Run a second process's host on the same database."""
    plugins = [*specimen_host.plugins.values()]
    host = Host(make_settings(database), plugins=plugins, clock=specimen_host.clock)
    yield host
    host.close()


def test_a_running_host_notices_what_another_process_changed(
    running: Host, tenant: Company
) -> None:
    """A session or token brings the tenant's version; that alone tells that the view is old."""
    changes: list[tuple[Callable[[], Any], Callable[[TenantView], bool]]] = [
        (lambda: tenant.disable("annex"), lambda view: "annex" not in view.enabled),
        (lambda: tenant.enable("annex"), lambda view: "annex" in view.enabled),
        (lambda: tenant.install_license(["clients"]), lambda view: "specimen" not in view.enabled),
        (lambda: tenant.install_license(), lambda view: "specimen" in view.enabled),
        (lambda: tenant.member("viewer"), lambda view: len(view.members) == 1),
        (lambda: tenant.role("new", {}), lambda view: "new" in view.roles),
        (lambda: tenant.team("norte"), lambda view: len(view.teams) == 1),
        (lambda: tenant.custom_field(PIECE, "zone", "text"),
         lambda view: "custom.zone" in view.entity(PIECE).fields),
    ]  # fmt: skip
    for change, noticed in changes:
        before = running.for_tenant(tenant.id)
        assert not noticed(before)

        change()
        version = tenant.view.tenant.version

        assert version > before.tenant.version
        assert running.for_tenant(tenant.id, version=before.tenant.version) is before
        assert noticed(running.for_tenant(tenant.id, version=version))


def test_a_view_is_kept_while_nothing_changes_and_for_a_day(
    running: Host, tenant: Company, clock: SettableClock
) -> None:
    view = running.for_tenant(tenant.id)

    assert running.for_tenant(tenant.id, version=view.tenant.version) is view
    clock.advance(days=1)
    assert running.for_tenant(tenant.id, version=view.tenant.version) is not view


# --- hooks ---------------------------------------------------------------------------------------


def witness(name: str, heard: list[str], **manifest: Any) -> Plugin:
    """Make a plugin whose hooks write down that they were called."""
    module = ModuleType(name)

    def saving(unit: Any, changes: list[Any]) -> None:
        heard.append(f"{name} saving {len(changes)} {changes[0].action}")

    def saved(unit: Any, changes: list[Any]) -> None:
        heard.append(f"{name} saved {len(changes)} {changes[0].action}")

    def enabled(unit: Any) -> None:
        heard.append(f"{name} enabled")

    def disabled(unit: Any) -> None:
        heard.append(f"{name} disabled")

    module.trato_record_saving = hookimpl(saving)  # type: ignore[attr-defined]
    module.trato_record_saved = hookimpl(saved)  # type: ignore[attr-defined]
    module.trato_tenant_enabled = hookimpl(enabled)  # type: ignore[attr-defined]
    module.trato_tenant_disabled = hookimpl(disabled)  # type: ignore[attr-defined]
    return make_plugin(name, hooks=module, **manifest)


@pytest.fixture
def served(
    specimen_host: Host, make_settings: Callable[[Database], Settings], database: Database
) -> Iterator[Callable[..., Host]]:
    """Serve other plugins beside the specimen, whose tables are there."""
    hosts: list[Host] = []

    def serve(*plugins: Plugin) -> Host:
        host = Host(make_settings(database), plugins=[plugin, annex, *plugins])
        assert not host.problems, list(map(str, host.problems))
        hosts.append(host)
        return host

    yield serve
    for host in hosts:
        host.close()


def test_reactions_come_in_order_of_need(
    served: Callable[..., Host], issue_license: LicenseIssuer
) -> None:
    """Who derives from another plugin's values must come after it."""
    heard: list[str] = []
    host = served(
        witness("aaa", heard, depends=["mmm"]), witness("zzz", heard),
        witness("mmm", heard, depends=["zzz"]),
    )  # fmt: skip
    company = make_company(host, issue_license)
    heard.clear()

    write(company)

    assert heard == [
        "zzz saving 1 create", "mmm saving 1 create", "aaa saving 1 create",
        "zzz saved 1 create", "mmm saved 1 create", "aaa saved 1 create",
    ]  # fmt: skip


def test_only_plugins_that_the_tenant_has_react(
    served: Callable[..., Host], issue_license: LicenseIssuer
) -> None:
    heard: list[str] = []
    host = served(witness("one", heard), witness("two", heard))
    with_one = make_company(host, issue_license, plugins=["specimen", "one"])
    with_two = make_company(host, issue_license, plugins=["specimen", "two"])
    heard.clear()

    write(with_one)
    write(with_two)

    assert heard == [
        "one saving 1 create", "one saved 1 create", "two saving 1 create", "two saved 1 create",
    ]  # fmt: skip


def test_enabling_and_disabling_tell_the_plugin_alone(
    served: Callable[..., Host], issue_license: LicenseIssuer
) -> None:
    heard: list[str] = []
    host = served(witness("one", heard), witness("two", heard))

    company = make_company(host, issue_license, plugins=["one"])
    company.enable("two")
    company.disable("one")
    company.enable("one")

    assert heard == ["one enabled", "two enabled", "one disabled", "one enabled"]


def test_a_bulk_is_told_once_with_all_its_records(
    served: Callable[..., Host], issue_license: LicenseIssuer
) -> None:
    heard: list[str] = []
    company = make_company(served(witness("one", heard)), issue_license)
    heard.clear()

    with company.unit() as unit:
        unit.records.bulk(PIECE, [{"name": f"P{n}"} for n in range(700)])
        unit.records.bulk(PIECE, [{"name": f"P{n}"} for n in range(700)], dry_run=True)

    assert heard[:2] == ["one saving 700 create", "one saved 700 create"]


def failing(at: str, error: Exception) -> Plugin:
    module = ModuleType("failing")

    def react(unit: Any, changes: list[Any]) -> None:
        raise error

    vars(module)[at] = hookimpl(react)
    return make_plugin("failing", hooks=module)


@pytest.mark.parametrize("at", ["trato_record_saving", "trato_record_saved"])
@pytest.mark.parametrize("error", [RuntimeError("broken"), DomainError("Not on Sundays.")])
def test_a_reaction_that_raises_rolls_all_back_and_is_not_swallowed(
    served: Callable[..., Host], issue_license: LicenseIssuer, at: str, error: Exception
) -> None:
    company = make_company(served(failing(at, error)), issue_license)

    with pytest.raises(type(error), match=str(error)):
        write(company)

    with company.unit(read=True) as unit:
        assert unit.records.query(PIECE, Query(count=True)).total == 0


def test_a_hook_refuses_one_record_and_derives_values_of_others(
    served: Callable[..., Host], issue_license: LicenseIssuer
) -> None:
    module = ModuleType("rules")

    @hookimpl
    def trato_record_saving(unit: Any, changes: list[Any]) -> None:
        for change in changes:
            if change["name"] == "malo":
                change.refuse("name", "'{name}' is no name.", name=change["name"])
            change.set("plain", f"de {change['name']}")

    module.trato_record_saving = trato_record_saving  # type: ignore[attr-defined]
    company = make_company(served(make_plugin("rules", hooks=module)), issue_license)

    with company.unit() as unit:
        outcomes = unit.records.bulk(PIECE, [{"name": "bueno"}, {"name": "malo"}])
        with pytest.raises(Invalid, match=r"name: 'malo' is no name\."):
            unit.records.create(PIECE, {"name": "malo"})
        good = outcomes[0].id
        assert good is not None
        assert unit.records.get(PIECE, good)["plain"] == "de bueno"

    assert [outcome.status for outcome in outcomes] == ["created", "refused"]
    assert str(outcomes[1].errors["name"][0]) == "'malo' is no name."


def test_what_does_not_exist_is_refused(host: Host, tenant: Company) -> None:
    with pytest.raises(TenantError, match=r"There is no tenant with number 999999\."):
        host.for_tenant(999_999)
    with pytest.raises(NotFound, match=r"There is no 'none\.thing' here\."):
        tenant.view.entity("none.thing")
