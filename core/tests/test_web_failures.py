"""What a person sees, and what stays unwritten, when something breaks under a page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from trato.host import Host
from trato.records.query import Record
from trato.settings import Settings
from trato.testing.clients import Browser, browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company, LicenseIssuer, make_company
from trato.testing.databases import Database, Databases
from trato.testing.pages import page_of
from trato.testing.postgres import PostgresServer, start_postgres
from trato.web.app import create_app

LIST = "/clients/clients"


@pytest.fixture
def record(tenant: Company) -> Record:
    with tenant.unit() as unit:
        return unit.records.create("clients.client", {"name": "Acme"})


@pytest.fixture
def server(database: Database, request: pytest.FixtureRequest) -> PostgresServer | None:
    """Give the server of the test's database, where it has one."""
    is_served = database.backend == "postgresql"
    return request.getfixturevalue("postgres_server") if is_served else None


@contextmanager
def gone_at(host: Host, server: PostgresServer | None, table: str) -> Iterator[None]:
    """Let the database go away when a statement is about to write to a table.

    PostgreSQL ends the connection; SQLite says what it says when its disk fails.
    """

    def stop(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        del connection, parameters, context, many
        if not statement.upper().startswith(("INSERT INTO " + table.upper(),
                                             "UPDATE " + table.upper())):  # fmt: skip
            return
        if server is None:
            raise OperationalError(statement, None, Exception("disk I/O error"))
        url = server.admin_url.replace("postgresql+psycopg:", "postgresql:")
        with psycopg.connect(url) as admin:
            pid = cursor.connection.info.backend_pid
            admin.execute("select pg_terminate_backend(%s)", [pid])

    event.listen(host.engine, "before_cursor_execute", stop)
    try:
        yield
    finally:
        event.remove(host.engine, "before_cursor_execute", stop)


@pytest.mark.parametrize("table", ["clients_client", "core_audit"])
def test_database_that_goes_away_while_saving_leaves_nothing_half_written(
    client: Browser, tenant: Company, record: Record, host: Host, server: PostgresServer | None,
    table: str,
) -> None:  # fmt: skip
    url = f"{LIST}/{record.id}"

    with gone_at(host, server, table):
        made = client.post(f"{LIST}/new", data={"name": "A medias"})
        saved = client.post(f"{url}/edit", data={"name": "A medias", "version": "1"})
        archived = client.post(f"{url}/archive")

    for answer in (made, saved, archived):
        assert answer.status_code == 503
        page = page_of(answer)
        assert page.title == "Trato no puede responder en este momento"
        assert "No se guardó nada" in page.text
        assert page.one(id="t-request-id").text == answer.headers["X-Request-Id"]
    with tenant.unit(read=True) as unit:
        (row,) = unit.records.query("clients.client", columns=("name",)).rows
        history = unit.records.history("clients.client", record.id)
    assert row[1:] == (1, "Acme")
    assert [entry.action for entry in history] == ["create"]
    assert client.post(f"{url}/archive").status_code == 302


@contextmanager
def unreachable(host: Host) -> Iterator[None]:
    """Refuse every connection of the host's."""

    def refuse(connection: Any) -> None:
        raise OperationalError("connect", None, Exception("connection refused"))

    event.listen(host.engine, "engine_connect", refuse)
    try:
        yield
    finally:
        event.remove(host.engine, "engine_connect", refuse)


def test_database_that_cannot_be_reached_is_a_page_of_its_own(
    client: Browser, sign_in: Callable[..., Browser], record: Record, host: Host
) -> None:
    stranger = sign_in()
    with unreachable(host):
        answers = [client.get(LIST), client.get(f"{LIST}/{record.id}"), client.get("/account"),
                   client.post(f"{LIST}/new", data={"name": "x"}), stranger.get("/health/ready"),
                   client.get("/api/v1/clients/clients")]  # fmt: skip
        alive = stranger.get("/health/live").status_code
        form = stranger.get("/login").status_code

    assert [answer.status_code for answer in answers] == [503] * 6
    assert (alive, form) == (200, 200)
    page = page_of(answers[0])
    assert page.title == "Trato no puede responder en este momento"
    assert page.all("a", href=LIST)
    assert page_of(answers[3]).all("a", href=f"{LIST}/new") == []
    assert answers[5].json["code"] == "database_unavailable"
    assert client.get(LIST).status_code == 200


@pytest.fixture
def own_server(databases: Databases, tmp_path: Path) -> Iterator[tuple[PostgresServer, Database]]:
    """Give a server that may be stopped without harm to other tests, and a database of it."""
    server = start_postgres()
    own = Databases(folder=tmp_path, server=lambda: server, migrations=databases.migrations)
    yield server, own.migrated("postgresql")
    server.stop()


@pytest.mark.postgres
def test_pages_work_again_after_the_server_was_restarted(
    own_server: tuple[PostgresServer, Database], issue_license: LicenseIssuer,
    make_settings: Callable[[Database], Settings], host_clock: SettableClock,
) -> None:  # fmt: skip
    server, database = own_server
    host = Host(make_settings(database), clock=host_clock)
    company = make_company(host, issue_license)
    opened = browser(create_app(host), company.member("admin"))

    with server.outage():
        during = [opened.get(LIST), opened.post(f"{LIST}/new", data={"name": "Perdido"})]
    after = opened.get(LIST)
    host.close()

    assert [answer.status_code for answer in during] == [503, 503]
    assert after.status_code == 200
    assert "Perdido" not in after.text


def test_bug_is_told_without_detail_and_undone(
    client: Browser, tenant: Company, host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*args: Any) -> None:
        if args[2].startswith("INSERT INTO core_audit"):
            raise RuntimeError("secreto interno")

    event.listen(host.engine, "before_cursor_execute", fail)
    try:
        answer = client.post(f"{LIST}/new", data={"name": "A medias"})
    finally:
        event.remove(host.engine, "before_cursor_execute", fail)

    assert answer.status_code == 500
    assert "secreto" not in answer.text
    assert page_of(answer).one(id="t-request-id").text == answer.headers["X-Request-Id"]
    assert answer.headers["X-Request-Id"] in caplog.text
    with tenant.unit(read=True) as unit:
        assert unit.records.query("clients.client").rows == []


def test_page_that_failed_can_be_asked_for_again(client: Browser, host: Host) -> None:
    def fail(*args: Any) -> None:
        if "clients_client" in args[2]:
            raise RuntimeError("secreto interno")

    event.listen(host.engine, "before_cursor_execute", fail)
    try:
        answer = client.get(f"{LIST}?q=lirio")
    finally:
        event.remove(host.engine, "before_cursor_execute", fail)

    assert answer.status_code == 500
    hrefs = [a.attrs["href"] for a in page_of(answer).one("div", "t-empty-actions").all("a")]
    assert hrefs == [f"{LIST}?q=lirio", "/"]


# --- bodies that are too large -------------------------------------------------------------------


class Unread:
    """A body that may not be read."""

    def read(self, size: int = -1) -> bytes:
        raise AssertionError(f"{size} bytes of the body were read")

    def close(self) -> None:
        """Be closed with the request, as any body is."""


@pytest.mark.parametrize(
    ("kind", "size"), [("multipart/form-data; boundary=x", 50), ("application/json", 50),
                       ("application/x-www-form-urlencoded", 5)],
)  # fmt: skip
def test_body_that_is_too_large_is_refused_before_it_is_read(
    client: Browser, host: Host, kind: str, size: int
) -> None:
    length = str(size * 1024 * 1024 + 1)

    answer = client.post(
        f"{LIST}/new", content_type=kind,
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": length},
    )  # fmt: skip

    assert answer.status_code == 413
    assert page_of(answer).title == "El archivo es demasiado grande"


def test_form_with_too_much_text_is_refused(client: Browser, tenant: Company) -> None:
    answer = client.post(f"{LIST}/new", data={"name": "Acme", "notes": "x" * (6 * 1024 * 1024)})

    assert answer.status_code == 413
    with tenant.unit(read=True) as unit:
        assert unit.records.query("clients.client").rows == []
