"""`trato user` for people who are let in for a while, or lost their second step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyotp
import pytest

from trato.access import second_factor
from trato.access.sealing import Sealer
from trato.access.store import find_user
from trato.db.engine import transaction
from trato.host import Host
from trato.settings import Settings

if TYPE_CHECKING:
    from core.tests.conftest import Installation

CREATE = ("tenant", "create", "acme", "--name", "Acme S.A.S.", "--admin-email", "ana@acme.example")
AUDITOR = ("user", "create", "acme", "eva@acme.example", "--role", "auditor")


def test_an_auditor_is_let_in_until_the_end_of_a_day(installation: Installation) -> None:
    installation.did(*CREATE)

    refused = installation.run(*AUDITOR)
    installation.did(*AUDITOR, "--until", "2099-03-31")

    assert refused.code == 2
    assert "auditor" in refused.err
    host = Host(Settings.load(installation.environ))
    members = host.for_tenant(1).members.values()
    ends = {member.email: member.ends_at for member in members}
    host.close()
    assert ends["ana@acme.example"] is None
    assert ends["eva@acme.example"] is not None
    # Midnight of Bogotá.
    assert ends["eva@acme.example"].isoformat() == "2099-04-01T05:00:00+00:00"


@pytest.mark.parametrize("day", ["2020-01-01", "31.3.2099"])
def test_a_day_that_will_not_do_is_refused(installation: Installation, day: str) -> None:
    installation.did(*CREATE)

    assert installation.run(*AUDITOR, "--until", day).code == 2


def test_a_lost_second_step_is_taken_away(installation: Installation) -> None:
    installation.did(*CREATE)
    host = Host(Settings.load(installation.environ))
    sealer = Sealer(host.secret_keys, purpose=second_factor.PURPOSE)
    with transaction(host.engine) as connection:
        user = find_user(connection, "ana@acme.example")
        assert user is not None
        secret = second_factor.begin(connection, user.id, sealer)
        code = pyotp.TOTP(secret).at(host.clock())
        second_factor.confirm(connection, user.id, code, sealer, now=host.clock())

    first = installation.did("user", "reset-second-step", "Ana@acme.example").out
    second = installation.did("user", "reset-second-step", "ana@acme.example").out

    with transaction(host.engine, read=True) as connection:
        assert not second_factor.read(connection, user.id).is_on
    host.close()
    assert first != second
    assert installation.run("user", "reset-second-step", "nadie@acme.example").code == 2
