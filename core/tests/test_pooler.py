"""A real PgBouncer in transaction mode between the application and PostgreSQL.

It is no wheel; `make soak` installs it (Debian's ``pgbouncer``).
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from core.tests.load import CLIENTS, Caller, Known, at_work, compare, connections, token_of
from core.tests.test_processes import started, wait_for
from sqlalchemy.engine import make_url

from trato import administration
from trato.db.engine import open_engine, transaction
from trato.errors import ConfigError
from trato.host import Host
from trato.jobs import queue
from trato.jobs.tickets import check_engine
from trato.jobs.worker import Worker
from trato.settings import Settings
from trato.testing.clients import Browser, browser
from trato.web.app import create_app

if TYPE_CHECKING:
    from core.tests.conftest import Installation

ROOT = Path(__file__).parents[2]
#: Far fewer than those who ask at the same time, so that they take turns at each of them.
_SERVERS = 3
_ASKERS = 12


@pytest.mark.parametrize("pooling", ["session", "yes"])
def test_a_pooling_that_nobody_knows_is_refused(pooling: str) -> None:
    with pytest.raises(ConfigError, match=f"pooling={pooling}"):
        open_engine(f"postgresql://trato@localhost/trato?pooling={pooling}")


@pytest.fixture
def pooled(installation: Installation, tmp_path: Path) -> Iterator[Installation]:
    """Let the application reach its database through a pooler, and the owner past it."""
    program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
    assert program is not None, "pgbouncer is missing: apt-get install pgbouncer"
    direct = make_url(installation.environ["TRATO_DATABASE_URL"])
    folder = tmp_path / "pooler"
    folder.mkdir()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    users = folder / "users.txt"
    users.write_text(f'"{direct.username}" "{direct.password}"\n')
    config = folder / "pgbouncer.ini"
    text = (ROOT / "deploy" / "pgbouncer.ini").read_text()
    for shipped, here in {
        "trato = host=db.example.com port=5432 dbname=trato":
            f"* = host={direct.host} port={direct.port}",
        "listen_port = 6432": f"listen_port = {port}\nunix_socket_dir =",
        "/etc/pgbouncer/userlist.txt": str(users),
        "default_pool_size = 20": f"default_pool_size = {_SERVERS}",
    }.items():  # fmt: skip
        assert shipped in text
        text = text.replace(shipped, here)
    config.write_text(text)
    as_root = ["--user", "nobody"] if os.getuid() == 0 else []
    if as_root:
        for place in (tmp_path, *tmp_path.parents[:3], folder):
            place.chmod(place.stat().st_mode | 0o055)
    process = subprocess.Popen([program, "--quiet", *as_root, str(config)])
    url = direct.set(host="127.0.0.1", port=port).update_query_dict({"pooling": "transaction"})
    installation.environ["TRATO_DATABASE_URL"] = url.render_as_string(hide_password=False)
    try:
        wait_until_it_listens(port, process)
        yield installation
    finally:
        process.terminate()
        process.wait(timeout=20)


def wait_until_it_listens(port: int, process: subprocess.Popen[Any]) -> None:
    for _time in range(200):
        assert process.poll() is None, "pgbouncer ended"
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            threading.Event().wait(0.05)
        else:
            return
    pytest.fail("pgbouncer does not listen")


@pytest.mark.soak
@pytest.mark.database("postgresql")
def test_everything_works_through_a_pooler_in_transaction_mode(pooled: Installation) -> None:
    for slug in ("acme", "beta"):
        pooled.tenant(slug, "clients", "colombia")
        rows = "".join(f"{slug} {number},{number}\n" for number in range(300))
        (pooled.folder / "clients.csv").write_text(f"name,identification\n{rows}", "utf-8")
        pooled.did("import", slug, "clients.client", "clients.csv")
    pooled.did("backup", "all.trato")
    pooled.did("audit", "verify", "acme")
    host = Host(Settings.load(pooled.environ))
    app = create_app(host)
    actors = [administration.member_actor(host, s, f"ana@{s}.example") for s in ("acme", "beta")]
    with transaction(host.engine, tenant_id=actors[0].tenant_id) as connection:
        queue.enqueue(connection, actors[0].tenant_id, "core.verify_audit", now=host.clock())

    visitors = []
    for number in range(_ASKERS):
        for slug in ("acme", "beta"):
            visitors.append((browser(app), slug, 200 + number))
            visitors[-1][0].sign_in(f"ana@{slug}.example", "correcta-clave-1")

    with ThreadPoolExecutor(_ASKERS) as pool:
        asked = [pool.submit(ask, *visitor) for visitor in visitors]
        assert Worker(host=host, name="test").run_one()
        assert [future.result() for future in asked] == [[]] * 2 * _ASKERS

    used = connections(pooled)
    host.close()
    assert 1 <= used <= _SERVERS


@pytest.mark.soak
@pytest.mark.database("postgresql")
def test_many_programs_take_turns_at_a_few_connections(pooled: Installation) -> None:
    """Two serving processes of eight threads, on three connections: each call waits and is done."""
    token = token_of(pooled)
    with started(pooled, "serve", "--port", "0", "--workers", "2") as server:
        first = Caller(address=server.address, token=token, number=0)
        common = str(first.insist("POST", CLIENTS, {"name": "Común"}).data["id"])
        most = 0
        with at_work(server.address, token, 30, common=common) as crowd:

            def over() -> bool:
                nonlocal most
                most = max(most, connections(pooled))
                return bool(crowd.wrong) or crowd.done.total() >= 1_500

            wait_for(over, within=120)
        latest = first.insist("GET", f"{CLIENTS}/{common}").data["name"]
        first.hang_up()

    assert crowd.wrong == []
    assert not crowd.refused
    assert 1 <= most <= _SERVERS
    versions = 1 + crowd.done["contend"]
    compare(pooled, crowd.known | {UUID(common): Known(versions, latest, "")})


def ask(visitor: Browser, slug: str, number: int) -> list[str]:
    """Be somebody who reads and writes; gives what went wrong."""
    wrong = []
    for turn in range(10):
        page = visitor.get(f"/clients/clients?q={slug}+{number}")
        other = "beta" if slug == "acme" else "acme"
        if page.status_code != 200 or f"{slug} {number}" not in page.text:
            wrong.append(f"list {page.status_code}")
        if f"{other} {number}" in page.text:
            wrong.append("the other tenant's record")
        made = visitor.post("/clients/clients/new", data={"name": f"{slug} new {number} {turn}"})
        if made.status_code != 302:
            wrong.append(f"create {made.status_code}: {made.text[-2000:]}")
    return wrong


def test_an_engine_that_needs_notices_is_refused_behind_a_pooler() -> None:
    url = "postgresql://trato@localhost/trato?pooling=transaction"
    settings = Settings.load({"TRATO_DATABASE_URL": url, "TRATO_JOB_ENGINE": "procrastinate"})

    with pytest.raises(ConfigError, match="without pooling=transaction"):
        check_engine(settings)
