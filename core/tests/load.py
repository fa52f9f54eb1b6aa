"""Clients of the API that read and write at once, remember what was answered, and compare.

What was acknowledged must stand in the database in the end, whole, and nothing else may.
"""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import UUID, uuid4

from core.tests.test_cli_serving import children
from sqlalchemy import func, select, text

from trato.db.engine import transaction
from trato.records.tables import audit, idempotency
from trato.tenancy.tables import search_row, tenant
from trato_clients.models import Client as Kept

if TYPE_CHECKING:
    from core.tests.conftest import Installation

CLIENTS = "/api/v1/clients/clients"
#: A call that has not been answered for so long, in seconds, has hung.
PATIENCE = 60
#: Connections that a process keeps at most: each of its four threads holds one.
POOL = 4
#: Codes of problems that a caller shall come back after.
COME_BACK = ("database_unavailable", "disk_full", "deadlock")

table = Kept.__table__


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back."""

    status: int
    headers: Mapping[str, str]
    data: Any


@dataclass
class Known:
    """What a client was told of a record."""

    version: int
    name: str
    etag: str


@dataclass(kw_only=True, eq=False)
class Caller:
    """A program with a connection of its own; its records are nobody else's."""

    address: str
    token: str
    number: int
    #: A record that all callers change.
    common: str | None = None
    known: dict[str, Known] = field(default_factory=dict)
    #: Calls that were answered well, by kind.
    done: Counter[str] = field(default_factory=Counter)
    #: Answers that said to come back, by code; `cut` where none came.
    refused: Counter[str] = field(default_factory=Counter)
    #: What may not be.
    wrong: list[str] = field(default_factory=list)
    _line: http.client.HTTPConnection | None = None

    def run(self, stop: threading.Event) -> None:
        """Work until told to stop; what has begun is carried through."""
        chance = random.Random(self.number)  # noqa: S311 - the same run each time
        kinds = [self.create, self.update, self.read, self.list, self.search, self.contend,
                 self.repeat]  # fmt: skip
        try:
            self.create()
            while not stop.is_set():
                chance.choices(kinds, weights=[4, 4, 4, 2, 2, 1, 1])[0](chance)
        except Exception as error:  # a thread's error would only be printed
            self.wrong.append(f"{self.number}: {error!r}")
        finally:
            self.hang_up()

    # --- work ------------------------------------------------------------------------------------

    def create(self, chance: random.Random | None = None, *, dropped: bool = False) -> None:
        """Make a record; the key lets it be asked for again."""
        del chance
        name = f"Cliente {self.number} {len(self.known)}"
        sent = {"name": name}
        key = {"Idempotency-Key": str(uuid4())}
        if dropped:
            self.ask("POST", CLIENTS, sent, key, listen=False)
        answer = self.insist("POST", CLIENTS, sent, key)
        if self.expect(answer, 201):
            self.known[answer.data["id"]] = Known(1, name, answer.headers["ETag"])
            self.done["create"] += 1

    def repeat(self, chance: random.Random) -> None:
        """Lose an answer, and ask again under the same key."""
        self.create(chance, dropped=True)
        self.done["repeat"] += 1

    def update(self, chance: random.Random) -> None:
        """Change a record of one's own, as it was seen last."""
        id = chance.choice(list(self.known))
        seen = self.known[id]
        name = f"{seen.name.partition(' v')[0]} v{seen.version + 1}"
        before = self.refused.total()
        answer = self.insist("PATCH", f"{CLIENTS}/{id}", {"name": name}, {"If-Match": seen.etag})
        if answer.status == 412 and self.refused.total() > before:
            # The answer was lost, not the write: the record is what was sent.
            current = answer.data["current"]
            if current["name"] != name:
                self.wrong.append(f"{id} is {current}, and was to be {name}")
        elif not self.expect(answer, 200):
            return
        self.known[id] = Known(seen.version + 1, name, answer.headers["ETag"])
        self.done["update"] += 1

    def contend(self, chance: random.Random) -> None:
        """Change what others change too; of those who saw the same version one succeeds."""
        del chance
        if self.common is None:
            return
        seen = self.insist("GET", f"{CLIENTS}/{self.common}")
        answer = self.insist(
            "PATCH", f"{CLIENTS}/{self.common}", {"name": f"Común {uuid4()}"},
            {"If-Match": seen.headers["ETag"]},
        )  # fmt: skip
        if answer.status != 412 and self.expect(answer, 200):
            self.done["contend"] += 1

    def read(self, chance: random.Random) -> None:
        """Read a record of one's own; it is what was acknowledged."""
        id = chance.choice(list(self.known))
        answer = self.insist("GET", f"{CLIENTS}/{id}")
        if self.expect(answer, 200):
            if answer.data["name"] != self.known[id].name:
                self.wrong.append(f"{id} reads {answer.data['name']}, not {self.known[id].name}")
            self.done["read"] += 1

    def list(self, chance: random.Random) -> None:
        """Read a page of the list."""
        del chance
        if self.expect(self.insist("GET", f"{CLIENTS}?limit=40"), 200):
            self.done["list"] += 1

    def search(self, chance: random.Random) -> None:
        """Find a record of one's own by its words."""
        known = self.known[chance.choice(list(self.known))]
        words = known.name.replace(" ", "+")
        # Short numbers stand inside many names: more than a usual page.
        answer = self.insist("GET", f"{CLIENTS}?q={words}&limit=500")
        if self.expect(answer, 200):
            if known.name not in [row["name"] for row in answer.data["data"]]:
                self.wrong.append(f"search does not find {known.name}")
            self.done["search"] += 1

    # --- calls -----------------------------------------------------------------------------------

    def insist(
        self, method: str, path: str, data: object = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Ask until there is an answer that does not say to come back."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            answer = self.ask(method, path, data, headers)
            if answer is None:
                self.refused["cut"] += 1
            elif answer.status == 503:
                self.refused[answer.data["code"]] += 1
                self.check_refusal(answer)
            else:
                return answer
            threading.Event().wait(0.05)
        raise TimeoutError(f"{method} {path}: {self.refused}")

    def check_refusal(self, answer: Answer) -> None:
        """A refusal says what happened, in words and as a code, and when to come back."""
        kind = answer.headers.get("Content-Type")
        if kind != "application/problem+json" or answer.data["code"] not in COME_BACK:
            self.wrong.append(f"503 without a problem that is known: {answer}")
        if not answer.headers.get("Retry-After", "").isdigit():
            self.wrong.append(f"503 without Retry-After: {answer}")

    def ask(
        self, method: str, path: str, data: object = None,
        headers: Mapping[str, str] | None = None, *, listen: bool = True,
    ) -> Answer | None:  # fmt: skip
        """Make a call; None where the connection broke before it was answered.

        :param listen: hang up after asking, unless.
        """
        if self._line is None:
            where = urlsplit(self.address)
            self._line = http.client.HTTPConnection(
                where.hostname or "", where.port, timeout=PATIENCE
            )
        body = None if data is None else json.dumps(data).encode()
        sent = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        try:
            self._line.request(method, path, body, sent | dict(headers or {}))
            if not listen:
                self.hang_up()
                return None
            got = self._line.getresponse()
            content = got.read()
        except (OSError, http.client.HTTPException):
            self.hang_up()
            return None
        return Answer(status=got.status, headers=got.headers, data=json.loads(content or b"null"))

    def expect(self, answer: Answer, status: int) -> bool:
        """Note an answer that may not be."""
        if answer.status != status:
            self.wrong.append(f"{answer.status}, not {status}: {answer.data}")
        return answer.status == status

    def hang_up(self) -> None:
        """Close the connection."""
        if self._line is not None:
            self._line.close()
            self._line = None


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """Callers that work at once."""

    callers: Sequence[Caller]

    @property
    def wrong(self) -> list[str]:
        """What may not be, of everybody."""
        return [line for caller in self.callers for line in caller.wrong]

    @property
    def done(self) -> Counter[str]:
        """Calls that were answered well, by kind."""
        return sum((caller.done for caller in self.callers), Counter())

    @property
    def refused(self) -> Counter[str]:
        """Answers that said to come back, by code."""
        return sum((caller.refused for caller in self.callers), Counter())

    @property
    def known(self) -> dict[UUID, Known]:
        """Every record that was acknowledged."""
        return {UUID(id): known for caller in self.callers for id, known in caller.known.items()}


@contextmanager
def at_work(address: str, token: str, count: int, *, common: str | None = None) -> Iterator[Crowd]:
    """Let so many callers work while the block runs; at its end each carries through its call."""
    stop = threading.Event()
    callers = [
        Caller(address=address, token=token, number=number, common=common)
        for number in range(count)
    ]
    threads = [threading.Thread(target=caller.run, args=[stop]) for caller in callers]
    for thread in threads:
        thread.start()
    try:
        yield Crowd(callers=callers)
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def token_of(installation: Installation, *, slug: str = "acme") -> str:
    """Make a company with a token that may call as often as it likes."""
    installation.environ["TRATO_API_CALLS_PER_MINUTE"] = "1000000"
    installation.tenant(slug, "clients")
    made = installation.did("token", "create", slug, f"ana@{slug}.example", "--json")
    return str(made.json["token"])


def compare(installation: Installation, known: Mapping[UUID, Known]) -> None:
    """Compare the database with what was acknowledged: neither more, nor less, nor a half.

    A record has as many rows in its history as versions, stands in the search, and its chain of
    hashes is whole; no Idempotency-Key is left without its answer.
    """
    assert installation.database is not None
    engine = installation.database.open_owner()
    try:
        with transaction(engine, read=True) as connection:
            company = connection.execute(select(tenant.c.id)).scalar_one()
        with transaction(engine, tenant_id=company, read=True) as connection:
            rows = connection.execute(select(table.c.id, table.c.version, table.c.name)).all()
            searched = set(
                connection.execute(select(table.c.id).where(table.c.search_text != "")).scalars()
            )
            trail = connection.execute(
                select(audit.c.record_id, func.count(), func.max(audit.c.sequence))
                .where(audit.c.entity == "clients.client")
                .group_by(audit.c.record_id)
            ).all()
            unanswered = connection.execute(
                select(func.count()).where(idempotency.c.status == 0)
            ).scalar_one()
            indexed = None
            if connection.dialect.name == "sqlite":
                indexed = set(
                    connection.execute(
                        select(search_row.c.record_id).where(
                            search_row.c.rowid.in_(text("SELECT rowid FROM core_search_text"))
                        )
                    ).scalars()
                )
    finally:
        engine.dispose()
    assert {row.id: (row.version, row.name) for row in rows} == {
        id: (one.version, one.name) for id, one in known.items()
    }
    assert searched == set(known)
    assert indexed in (None, set(known))
    versions = {id: (one.version, one.version) for id, one in known.items()}
    assert {id: (count, last) for id, count, last in trail} == versions
    assert unanswered == 0
    installation.did("audit", "verify", "acme")


# --- what processes use --------------------------------------------------------------------------


def memory(server: int) -> dict[int, float]:
    """Give the memory of a server's children that is theirs alone, in MiB."""
    found = {}
    for pid in children(server):
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        private = sum(int(line.split()[1]) for line in lines if line.startswith("Private_"))
        found[pid] = private / 1024
    return found


def connections(installation: Installation) -> int:
    """Count what the application has open at its database; 0 on SQLite, which counts none."""
    assert installation.database is not None
    if installation.database.backend == "sqlite":
        return 0
    engine = installation.database.open_owner()
    try:
        with engine.connect() as connection:
            return int(
                connection.exec_driver_sql(
                    "SELECT count(*) FROM pg_stat_activity"
                    " WHERE usename = 'trato_app' AND datname = current_database()"
                ).scalar_one()
            )
    finally:
        engine.dispose()
