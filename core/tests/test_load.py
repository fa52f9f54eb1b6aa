"""Many clients at once: what is acknowledged is kept, exactly, and nothing grows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from core.tests.load import (
    CLIENTS,
    POOL,
    Caller,
    Known,
    at_work,
    compare,
    connections,
    memory,
    token_of,
)
from core.tests.test_processes import started, wait_for

if TYPE_CHECKING:
    from core.tests.conftest import Installation

#: MiB that a process may have for itself, as `make bench` aims at.
MEMORY = 120


@pytest.mark.slow
@pytest.mark.parametrize(
    # A process grows until each of its threads has done everything once; a leak grows on.
    ("callers", "turns", "seconds", "growth"),
    [(30, 5, 0, 40), pytest.param(200, 0, 120, 12, marks=pytest.mark.soak)],
    ids=["small", "full"],
)
def test_what_many_clients_were_told_is_what_stands_there(
    installation: Installation, callers: int, turns: int, seconds: int, growth: int,
    record_property: Any,
) -> None:  # fmt: skip
    token = token_of(installation)
    on_sqlite = "sqlite" in installation.environ["TRATO_DATABASE_URL"]
    workers = "1" if on_sqlite else "2"
    with started(installation, "serve", "--port", "0", "--workers", workers) as server:
        first = Caller(address=server.address, token=token, number=0)
        common = str(first.insist("POST", CLIENTS, {"name": "Común"}).data["id"])
        begun = time.monotonic()
        open_at_most = 0
        early: dict[int, float] = {}
        with at_work(server.address, token, callers, common=common) as crowd:

            def over() -> bool:
                nonlocal open_at_most, early
                open_at_most = max(open_at_most, connections(installation))
                spent = time.monotonic() - begun
                done = crowd.done.total()
                if not early and spent >= seconds / 3 and done >= callers * turns / 3:
                    early = memory(server.popen.pid)
                return bool(crowd.wrong) or (spent >= seconds and done >= callers * turns)

            wait_for(over, within=seconds + 240)
        took = time.monotonic() - begun
        late = memory(server.popen.pid)
        open_in_the_end = connections(installation)
        latest = first.insist("GET", f"{CLIENTS}/{common}").data["name"]
        first.hang_up()

    # Each change that was acknowledged made a version, whoever made it.
    versions = 1 + crowd.done["contend"]
    known = crowd.known | {UUID(common): Known(versions, latest, "")}
    assert crowd.wrong == []
    # Nothing was broken here, so nobody was told to come back.
    assert not crowd.refused
    compare(installation, known)
    grown = max(late[pid] - early[pid] for pid in early)
    assert late.keys() == early.keys()
    # SQLite's connections keep pages of the file, which grows; reading alone adds nothing.
    assert grown < growth + (24 if on_sqlite else 0)
    assert max(late.values()) < MEMORY
    assert open_in_the_end <= open_at_most <= int(workers) * POOL
    figures = {
        "callers": callers, "seconds": round(took, 1), "calls": crowd.done.total(),
        "calls/s": round(crowd.done.total() / took), "writes": len(known) + sum(
            one.version - 1 for one in known.values()),
        "repeated": crowd.done["repeat"], "MiB/worker": round(max(late.values())),
        "grown MiB": round(grown, 1), "connections": open_at_most,
    }  # fmt: skip
    record_property("figures", figures)
