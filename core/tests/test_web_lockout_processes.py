"""The lock of a sign-in holds however many processes serve, also at the same moment."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator

import pyotp
import pytest

from trato.access import second_factor
from trato.access.actor import Actor
from trato.access.sealing import Sealer
from trato.db.engine import transaction
from trato.host import Host
from trato.testing.clients import Browser
from trato.testing.companies import PASSWORD

#: Serves from the settings of the environment, and tries wrong secrets when told to.
_WORKER = """
import sys
from trato.settings import Settings
from trato.testing.clients import browser, csrf_of
from trato.web.app import create_app

kind, email, password, times = sys.argv[1:]
app = create_app(settings=Settings.load())
opened = browser(app)
opened.csrf = csrf_of(opened.get("/login"))
if kind == "code":
    opened.post("/login", data={"email": email, "password": password})
print("ready", flush=True)
sys.stdin.readline()
for _time in range(int(times)):
    if kind == "code":
        answer = opened.post("/login/code", data={"code": "000000"})
    else:
        answer = opened.post("/login", data={"email": email, "password": "no es esta clave"})
    print(answer.status_code, flush=True)
"""
_PROCESSES = 2


@pytest.fixture
def attack(host: Host) -> Iterator[Callable[..., Counter[str]]]:
    """Try wrong secrets in two processes at once; count the answers by status."""
    settings = host.settings
    environ = {key: value for key, value in os.environ.items() if not key.startswith("TRATO_")}
    environ |= {
        "TRATO_DATABASE_URL": settings.database_url,
        "TRATO_SECRET_KEY": ",".join(host.secret_keys),
        "TRATO_LICENSE_PUBLIC_KEY": settings.license_public_keys,
        "TRATO_PASSWORD_TIME_COST": str(settings.password_time_cost),
        "TRATO_PASSWORD_MEMORY_KIB": str(settings.password_memory_kib),
    }
    workers: list[subprocess.Popen[str]] = []

    def run(kind: str, email: str, password: str = "") -> Counter[str]:
        command = [sys.executable, "-c", _WORKER, kind, email, password]
        for _process in range(_PROCESSES):
            workers.append(
                subprocess.Popen(
                    [*command, str(settings.login_attempts)], env=environ, text=True,
                    stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                )
            )  # fmt: skip
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdout.readline() == "ready\n"
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        answers = [worker.communicate(timeout=300)[0].split() for worker in workers]
        return Counter(status for found in answers for status in found)

    yield run
    for worker in workers:
        worker.kill()
        worker.communicate()


@pytest.mark.slow
def test_two_processes_together_allow_no_more_wrong_passwords_than_one(
    attack: Callable[..., Counter[str]], sign_in: Callable[..., Browser], seller: Actor,
    host: Host,
) -> None:  # fmt: skip
    most = host.settings.login_attempts

    answers = attack("password", seller.member.email)

    assert answers == {"401": most, "429": most}
    assert sign_in().sign_in(seller.member.email).status_code == 429


@pytest.mark.slow
def test_two_processes_together_allow_no_more_wrong_codes_than_one(
    attack: Callable[..., Counter[str]], seller: Actor, host: Host
) -> None:
    sealer = Sealer(host.secret_keys, purpose=second_factor.PURPOSE)
    with transaction(host.engine) as connection:
        secret = second_factor.begin(connection, seller.member.user_id, sealer)
        code = pyotp.TOTP(secret).at(host.clock())
        second_factor.confirm(connection, seller.member.user_id, code, sealer, now=host.clock())
    most = host.settings.login_attempts

    answers = attack("code", seller.member.email, PASSWORD)

    assert answers == {"401": most, "429": most}
