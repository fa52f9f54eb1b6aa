"""Fixtures for the tests of Trato and its plugins.

``tenant`` is a company with everything installed enabled, or just what
``@pytest.mark.plugins("clients")`` names; each test gets one of its own, so tests share a
database and never a row. A test that uses any of this runs on SQLite and on PostgreSQL, unless
``@pytest.mark.database("sqlite")`` or ``--database sqlite`` says otherwise.
"""

from __future__ import annotations

import gc
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient

    from trato.access.actor import Actor
    from trato.host import Host
    from trato.licensing import KeyPair
    from trato.plugin import Plugin
    from trato.records.unit import Unit
    from trato.settings import Settings
    from trato.testing.clients import Browser
    from trato.testing.clock import SettableClock
    from trato.testing.companies import Company, LicenseIssuer
    from trato.testing.databases import Backend, Database, Databases
    from trato.testing.network import Network
    from trato.testing.postgres import PostgresServer
    from trato.testing.probes import Probes
    from trato.testing.statements import Statements

# Nothing of Trato is imported before a fixture needs it, so that runs without us stay fast.
pytest.register_assert_rewrite("trato.testing.checks")
pytest_plugins = ["trato.testing.browser_fixtures", "trato.testing.other_names"]

_NETWORK = pytest.StashKey["Network"]()
_BACKENDS = ("sqlite", "postgresql")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a developer choose one database."""
    group = parser.getgroup("trato")
    group.addoption(
        "--database", action="append", choices=_BACKENDS, default=None,
        help="run tests on this database only; may be given twice",
    )  # fmt: skip


def pytest_configure(config: pytest.Config) -> None:
    """Declare our marks, and have Python look for cycles less often."""
    # Applications and views are large and live long: an eighth of a run went into looking at them.
    gc.set_threshold(50_000, 20, 100)
    for line in (
        "plugins(*names): what is enabled for the tenant; everything installed by default",
        "database(*backends): databases that the test runs on; both by default",
        "postgres: needs the PostgreSQL server that the tests start themselves",
        "browser: drives Chromium",
    ):
        config.addinivalue_line("markers", line)
    from trato.testing.network import no_network

    held = ExitStack()
    config.stash[_NETWORK] = held.enter_context(no_network())
    config.add_cleanup(held.close)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses a database once on each."""
    if "backend" not in metafunc.fixturenames:
        return
    marker = metafunc.definition.get_closest_marker("database")
    wanted = marker.args if marker else _BACKENDS
    chosen = metafunc.config.getoption("--database") or _BACKENDS
    params = [
        pytest.param(name, marks=[pytest.mark.postgres] if name == "postgresql" else [])
        for name in wanted
        if name in chosen
    ]
    metafunc.parametrize("backend", params, scope="session", indirect=True)


@pytest.fixture(autouse=True)
def network(request: pytest.FixtureRequest) -> Iterator[Network]:
    """Fail a test that reached for the network; ``network.take()`` gives what it tried."""
    held = request.config.stash[_NETWORK]
    yield held
    tried = held.take()
    if tried:
        pytest.fail(f"a test reached for the network: {', '.join(tried)}", pytrace=False)


# --- databases -----------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """Return the run's PostgreSQL server; each worker of xdist has its own."""
    from trato.testing.postgres import open_postgres

    server = open_postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Iterator[Databases]:
    """Make databases: ``databases.migrated(backend)``, ``databases.empty(backend)``."""
    from trato.host import discover
    from trato.registry import register_all
    from trato.testing.databases import Databases
    from trato.testing.memory import quick_folder

    registry = register_all(discover()[0], host_version=_version())
    folder = quick_folder("trato-databases-")
    yield Databases(
        folder=folder,
        server=lambda: request.getfixturevalue("postgres_server"),
        migrations=registry.folders,
    )
    shutil.rmtree(folder)


def _version() -> str:
    from trato import __version__

    return __version__


@pytest.fixture(scope="session")
def backend(request: pytest.FixtureRequest) -> Backend:
    """Name the database that the test runs on: ``sqlite`` or ``postgresql``."""
    name: Backend = request.param
    return name


@pytest.fixture(scope="session")
def database(backend: Backend, databases: Databases) -> Database:
    """Give the migrated database that the tests of a run share."""
    return databases.migrated(backend)


@pytest.fixture
def fresh_database(backend: Backend, databases: Databases) -> Iterator[Database]:
    """Give a migrated database of the test's own."""
    made = databases.migrated(backend)
    yield made
    databases.forget(made)


# --- hosts ---------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def license_keys() -> KeyPair:
    """Give the issuer's pair of keys that the run's hosts trust."""
    from trato.licensing import generate_keypair

    return generate_keypair()


@pytest.fixture(scope="session")
def issue_license(license_keys: KeyPair) -> LicenseIssuer:
    """Issue licences: ``issue_license("acme", ["clients"], seats=5, expires=date)``."""
    from trato.testing.companies import LicenseIssuer

    return LicenseIssuer(key=license_keys.private)


@pytest.fixture(scope="session")
def host_clock() -> SettableClock:
    """Give the clock of the run's hosts; tests take ``clock``, which sets it right again."""
    from trato.testing.clock import SettableClock

    return SettableClock()


@pytest.fixture
def clock(host_clock: SettableClock) -> Iterator[SettableClock]:
    """Set the time that the host tells: ``clock.advance(days=31)``."""
    yield host_clock
    host_clock.reset()


@pytest.fixture(scope="session")
def make_settings(
    license_keys: KeyPair, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Database], Settings]:
    """Make the settings of a host on a database."""
    from trato.testing.hosts import make_settings

    # Tenants of two databases may have the same number, and files lie under it.
    @cache
    def storage(_url: str) -> Path:
        return tmp_path_factory.mktemp("files")

    return lambda database: make_settings(
        database, public_key=license_keys.public, storage=storage(database.url)
    )


@pytest.fixture(scope="session")
def host(
    database: Database, make_settings: Callable[[Database], Settings], host_clock: SettableClock
) -> Iterator[Host]:
    """Give the host of the run, with the installed plugins."""
    from trato.host import Host

    host = Host(make_settings(database), clock=host_clock)
    yield host
    host.close()


@pytest.fixture(scope="session")
def specimen_host(
    database: Database, make_settings: Callable[[Database], Settings], host_clock: SettableClock
) -> Iterator[Host]:
    """Give a host that has the specimen too: an entity with a field of every kind."""
    from trato.testing.hosts import temporarily
    from trato.testing.specimen import annex, plugin

    settings = make_settings(database)
    with temporarily(settings, database, [plugin, annex], clock=host_clock) as host:
        yield host


@pytest.fixture(scope="session")
def make_plugin() -> Callable[..., Plugin]:
    """Make a plugin for a test: ``make_plugin("visits", entities=[Visit])``."""
    from trato.testing.hosts import make_plugin

    return make_plugin


@pytest.fixture
def temporarily(
    database: Database, make_settings: Callable[[Database], Settings], host_clock: SettableClock
) -> Callable[..., AbstractContextManager[Host]]:
    """Serve more plugins for a while: ``with temporarily(plugin) as host:``."""
    from trato.testing.hosts import temporarily

    settings = make_settings(database)
    return lambda *plugins: temporarily(settings, database, plugins, clock=host_clock)


# --- tenants and people --------------------------------------------------------------------------


@pytest.fixture
def marked_plugins(request: pytest.FixtureRequest) -> Sequence[str] | None:
    """Name the plugins of the test's mark ``plugins``; None without it."""
    marker = request.node.get_closest_marker("plugins")
    return None if marker is None else marker.args


@pytest.fixture
def make_tenant(
    host: Host, issue_license: LicenseIssuer, marked_plugins: Sequence[str] | None
) -> Callable[..., Company]:
    """Make a tenant: ``make_tenant(plugins=["clients"], slug="acme")``; both may be left out.

    Of another host than the run's: ``make_tenant(host=made)`` inside ``with temporarily(…)``.
    """
    from trato.testing.companies import make_company

    usual = host

    def make(
        plugins: Iterable[str] | None = marked_plugins, *, slug: str | None = None,
        host: Host | None = None,
    ) -> Company:  # fmt: skip
        return make_company(host or usual, issue_license, plugins=plugins, slug=slug)

    return make


@pytest.fixture
def tenant(make_tenant: Callable[..., Company]) -> Company:
    """Give a tenant of the test's own; see ``Company`` for what it can do."""
    return make_tenant()


@pytest.fixture
def other_tenant(make_tenant: Callable[..., Company]) -> Company:
    """Give a second tenant with the same plugins."""
    return make_tenant()


@pytest.fixture
def actor(tenant: Company) -> Actor:
    """Give the tenant's administrator."""
    return tenant.member("admin")


@pytest.fixture
def other_actor(other_tenant: Company) -> Actor:
    """Give the administrator of the other tenant."""
    return other_tenant.member("admin")


@pytest.fixture
def seller(tenant: Company) -> Actor:
    """Give a member who sees the records of his teams and edits his own."""
    return tenant.member("seller")


@pytest.fixture
def viewer(tenant: Company) -> Actor:
    """Give a member who sees all records and writes none."""
    return tenant.member("viewer")


@pytest.fixture
def unit(tenant: Company) -> Callable[..., AbstractContextManager[Unit]]:
    """Open a unit of the tenant: ``with unit(seller) as work:``; for the system by default."""
    return tenant.unit


@pytest.fixture
def count_statements(host: Host) -> Callable[[], AbstractContextManager[Statements]]:
    """Count what the host asks the database: ``with count_statements() as counted:``."""
    from trato.testing.statements import count_statements

    return lambda: count_statements(host.engine)


# --- pages and API -------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def apps() -> dict[int, Any]:
    """Keep the application of each host of the run."""
    return {}


@pytest.fixture
def app(host: Host, apps: dict[int, Any]) -> Flask:
    """Give the host's Flask application."""
    return _app_of(host, apps)


def _app_of(host: Host, apps: dict[int, Any]) -> Flask:
    from trato.web.app import create_app

    # The host is kept beside it, so that no other gets its id meanwhile.
    if id(host) not in apps:
        apps[id(host)] = (create_app(host), host)
    made: Flask = apps[id(host)][0]
    return made


@pytest.fixture
def sign_in(app: Flask, host: Host, apps: dict[int, Any]) -> Callable[..., Browser]:
    """Open a browser: ``sign_in(seller)``; for nobody without an actor.

    At the host of a tenant of another one: ``sign_in(actor, tenant=visited)``.
    """
    from trato.testing.clients import browser

    def enter(actor: Actor | None = None, *, tenant: Company | None = None) -> Browser:
        there = tenant.host if tenant is not None else host
        return browser(app if there is host else _app_of(there, apps), actor)

    return enter


@pytest.fixture
def client(sign_in: Callable[..., Browser], actor: Actor) -> Browser:
    """Give the browser of the tenant's administrator; it sends the form token by itself."""
    return sign_in(actor)


@pytest.fixture
def make_api(
    app: Flask, host: Host, apps: dict[int, Any], tenant: Company
) -> Callable[..., FlaskClient]:
    """Make a client with a token: ``make_api(seller, scopes=["clients:read"])``.

    For a member of another tenant, at its host: ``make_api(other_actor, tenant=other_tenant)``.
    """
    from trato.testing.clients import program

    def make(
        actor: Actor, *, scopes: list[str] | None = None, tenant: Company = tenant
    ) -> FlaskClient:
        made = app if tenant.host is host else _app_of(tenant.host, apps)
        return program(made, tenant, actor, scopes=scopes)

    return make


@pytest.fixture
def api(make_api: Callable[..., FlaskClient], actor: Actor) -> FlaskClient:
    """Give a client with a token of the tenant's administrator."""
    return make_api(actor)


# --- probes --------------------------------------------------------------------------------------

_PROBES = pytest.StashKey["Probes"]()


@pytest.fixture
def probes(request: pytest.FixtureRequest) -> Probes:
    """Count what the test tries and must not reach; the run's sum is reported at its end."""
    from trato.testing.probes import Probes

    return request.config.stash.setdefault(_PROBES, Probes())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand a worker's counts to the run."""
    found = session.config.stash.get(_PROBES, None)
    if found is not None and hasattr(session.config, "workeroutput"):
        session.config.workeroutput["trato_probes"] = dict(found.counts)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Add the counts of a worker of xdist."""
    from trato.testing.probes import Probes

    found = getattr(node, "workeroutput", {}).get("trato_probes", {})
    node.config.stash.setdefault(_PROBES, Probes()).counts.update(found)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Say how often the tests tried what is not allowed."""
    found = config.stash.get(_PROBES, None)
    if found is not None and found.counts:
        terminalreporter.section("refused probes")
        for kind, count in sorted(found.counts.items()):
            terminalreporter.line(f"{count:7,} {kind}")
        terminalreporter.line(f"{found.counts.total():7,} in all, none got through")
