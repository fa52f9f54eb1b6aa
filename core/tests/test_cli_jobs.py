"""`trato job …`, `trato worker`, and what `trato serve` starts beside itself on SQLite."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from core.tests.test_cli_serving import (
    WITHIN,
    alive,
    children,
    command_of,
    environment,
    serving,
)

if TYPE_CHECKING:
    from core.tests.conftest import Installation


def listed(installation: Installation, *words: str) -> list[dict[str, Any]]:
    return installation.did("job", "list", "acme", "--json", *words).json


def done_soon(installation: Installation) -> bool:
    """Ask until the newest task is done; each question takes its time."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        if listed(installation)[0]["state"] == "done":
            return True
    return False


def test_a_job_is_run_at_once_and_its_result_printed(installation: Installation) -> None:
    installation.tenant("acme", "clients")

    ran = installation.did("job", "run", "acme", "core.verify_audit", "--json")

    assert ran.json["state"] == "done"
    assert ran.json["result"]["count"] == 0
    assert [task["job"] for task in listed(installation)] == ["core.verify_audit"]


@pytest.mark.database("sqlite")
def test_what_is_not_there_comes_with_where_to_look(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    # A job's words are no JSON; nothing was left to be sealed.
    installation.did("job", "run", "acme", "core.seal_audit")
    assert installation.did("job", "run", "acme", "core.seal_audit").out.splitlines()[-1] == "-"

    for words, hint in {
        "job cancel acme 123": "See: trato job list acme",
        "job retry acme 0199a0a0-0000-7000-8000-000000000000": "See: trato job list acme",
        "export acme clients.nope x.csv": "clients.client",
        "import acme clients.nope x.csv": "clients.client",
    }.items():
        ran = installation.run(*words.split())
        assert (ran.code, hint in ran.err) == (2, True), ran


def test_a_job_that_may_not_run_has_done_nothing(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    ended = installation.license("acme", "clients", expires="2020-01-31")
    installation.did("license", "install", "acme", str(ended))

    ran = installation.run("job", "run", "acme", "core.seal_audit")

    assert (ran.code, ran.out) == (2, "")
    assert "The licence is over." in ran.err
    assert "trato license install acme FILE" in ran.err
    assert "(over for " in installation.did("license", "show", "acme").out


def test_a_queued_job_waits_is_cancelled_and_tried_again(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    task = installation.did("job", "run", "acme", "core.verify_audit", "--later", "--json").json

    assert task["state"] == "queued"
    installation.did("job", "cancel", "acme", task["id"])
    assert [t["id"] for t in listed(installation, "--state", "cancelled")] == [task["id"]]
    installation.did("job", "retry", "acme", task["id"])
    assert listed(installation)[0]["state"] == "queued"


def test_without_a_tenant_the_jobs_are_listed(installation: Installation) -> None:
    shown = installation.did("job", "list").out
    found = {job["name"]: job for job in installation.did("job", "list", "--json").json}

    assert "core.seal_audit" in shown
    assert "every day at 02:30" in shown
    assert (found["core.seal_audit"]["at"], found["core.verify_audit"]["at"]) == ("02:30", None)
    assert found["core.seal_audit"]["title"] == "Seal the audit"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("job", "run", "acme", "core.nothing"), "core.verify_audit"),
        (("job", "run", "acme", "core.merge_choice"), "what it has to do is said where it is"),
        (("job", "run", "acme", "core.import_records", "--later"), "trato job retry SLUG ID"),
        (("job", "cancel", "acme", "7"), "There is no task 7"),
        (("job", "list", "nobody"), "nobody"),
    ],
)
def test_what_does_not_exist_is_said(
    installation: Installation, words: tuple[str, ...], said: str
) -> None:
    installation.tenant("acme", "clients")

    ran = installation.run(*words)

    assert ran.code == 2
    assert said in ran.err
    assert "Traceback" not in ran.err


@pytest.mark.parametrize("command", ["worker", "scheduler"])
def test_it_runs_until_it_is_told_to_end(installation: Installation, command: str) -> None:
    installation.tenant("acme", "clients")
    installation.did("job", "run", "acme", "core.verify_audit", "--later")
    process = subprocess.Popen(
        [sys.executable, "-m", "trato", command], env=environment(installation),
        cwd=installation.folder, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stderr is not None
        assert "Ctrl+C" in process.stderr.readline()
        if command == "worker":
            assert done_soon(installation)

        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=WITHIN) == 0
    finally:
        if process.poll() is None:
            process.kill()
        process.wait()
        if process.stderr is not None:
            process.stderr.close()


@pytest.mark.database("sqlite")
def test_on_sqlite_the_server_runs_tasks_and_its_helpers_end_with_it(
    installation: Installation,
) -> None:
    installation.tenant("acme", "clients")
    installation.did("job", "run", "acme", "core.verify_audit", "--later")
    with serving(installation) as (process, _address):
        assert done_soon(installation)
        helpers = children(process.pid)

        start = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=WITHIN)

        # Python's own tracker of resources sees its pipe close only now.
        while any(alive(pid) for pid in helpers) and time.monotonic() - start < WITHIN:
            installation.did("tenant", "list")
        assert time.monotonic() - start < WITHIN
        assert len(helpers) >= 3
        assert [pid for pid in helpers if alive(pid)] == []


@pytest.mark.database("sqlite")
def test_a_helper_that_is_killed_is_started_anew(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    with serving(installation) as (process, _address):

        def helpers() -> set[int]:
            return {pid for pid in children(process.pid)
                    if alive(pid) and "spawn_main" in command_of(pid)}  # fmt: skip

        first = helpers()
        for pid in first:
            os.kill(pid, signal.SIGKILL)
        installation.did("job", "run", "acme", "core.verify_audit", "--later")

        assert len(first) == 2
        assert done_soon(installation)
        assert helpers().isdisjoint(first)


@pytest.mark.database("sqlite")
def test_helpers_end_when_the_server_is_killed(installation: Installation) -> None:
    installation.tenant("acme", "clients")
    with serving(installation) as (process, _address):
        all_children = children(process.pid)
        helpers = [pid for pid in all_children if "spawn_main" in command_of(pid)]

        process.kill()
        process.wait()
        try:
            until = time.monotonic() + WITHIN
            while any(alive(pid) for pid in helpers) and time.monotonic() < until:
                installation.did("tenant", "list")
            left = [pid for pid in helpers if alive(pid)]
        finally:
            # The server's own workers outlive a kill, and hold the test's pipe.
            for pid in all_children:
                if alive(pid):
                    os.kill(pid, signal.SIGKILL)

    assert len(helpers) == 2
    assert left == []
