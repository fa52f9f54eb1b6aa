"""The second factor: codes of an app, recovery codes, and how the secret is kept."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pyotp
import pytest

from trato.access import second_factor as factor
from trato.access import tables as t
from trato.access.actor import Actor
from trato.access.roles import Grants, grant_problems
from trato.access.sealing import Sealer
from trato.db.engine import transaction
from trato.errors import ConfigError, DomainError
from trato.host import Host

NOW = dt.datetime(2026, 11, 22, 15, 0, 5, tzinfo=dt.UTC)
KEY = "a first secret key of quite some length"

Enrol = Callable[[], tuple[UUID, str, list[str]]]


@pytest.fixture
def sealer() -> Sealer:
    return Sealer([KEY], purpose=factor.PURPOSE)


@pytest.fixture
def enrolled(host: Host, seller: Actor, sealer: Sealer) -> tuple[UUID, str, list[str]]:
    """Give a user with a second factor, its secret, and the recovery codes."""
    user_id = seller.member.user_id
    with transaction(host.engine) as connection:
        secret = factor.begin(connection, user_id, sealer)
        codes = factor.confirm(connection, user_id, code_of(secret), sealer, now=NOW)
    return user_id, secret, codes


def code_of(secret: str, *, steps: int = 0) -> str:
    return pyotp.TOTP(secret).at(NOW + steps * dt.timedelta(seconds=30))


def check(host: Host, user_id: UUID, code: str, sealer: Sealer, *, now: dt.datetime = NOW) -> bool:
    try:
        with transaction(host.engine) as connection:
            factor.check(connection, user_id, code, sealer, now=now)
    except factor.WrongCode:
        return False
    return True


def test_secret_stays_the_same_until_it_is_confirmed(
    host: Host, seller: Actor, sealer: Sealer
) -> None:
    with transaction(host.engine) as connection:
        first = factor.begin(connection, seller.member.user_id, sealer)
        again = factor.begin(connection, seller.member.user_id, sealer)

        assert first == again
        assert not factor.read(connection, seller.member.user_id).is_on


def test_wrong_first_code_switches_nothing_on(host: Host, seller: Actor, sealer: Sealer) -> None:
    user_id = seller.member.user_id
    with transaction(host.engine) as connection:
        secret = factor.begin(connection, user_id, sealer)
        wrong = str((int(code_of(secret)) + 1) % 1_000_000).zfill(6)

        with pytest.raises(factor.WrongCode):
            factor.confirm(connection, user_id, wrong, sealer, now=NOW)

        assert not factor.read(connection, user_id).is_on


def test_a_second_secret_is_refused_while_there_is_one(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer
) -> None:
    with (
        transaction(host.engine) as connection,
        pytest.raises(DomainError) as refused,
    ):
        factor.begin(connection, enrolled[0], sealer)

    assert refused.value.code == "second_factor_exists"


def test_code_that_switched_it_on_does_not_sign_in(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer
) -> None:
    user_id, secret, _codes = enrolled

    assert not check(host, user_id, code_of(secret), sealer)


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (1, True), (2, False)])
def test_clocks_may_differ_by_one_step(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer, steps: int, accepted: bool
) -> None:
    user_id, secret, _codes = enrolled
    later = NOW + dt.timedelta(minutes=5)  # ten steps after the code that switched it on

    assert check(host, user_id, code_of(secret, steps=10 + steps), sealer, now=later) is accepted


def test_code_works_once_and_no_earlier_one_after_it(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer
) -> None:
    user_id, secret, _codes = enrolled
    later = NOW + dt.timedelta(minutes=5)

    answers = [check(host, user_id, code_of(secret, steps=steps), sealer, now=later)
               for steps in (10, 10, 9, 11)]  # fmt: skip

    assert answers == [True, False, False, True]


def test_blanks_in_a_code_do_not_matter(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer
) -> None:
    user_id, secret, _codes = enrolled
    code = code_of(secret, steps=1)

    assert check(host, user_id, f" {code[:3]} {code[3:]} ", sealer)


def test_code_used_twice_at_the_same_time_works_once(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer
) -> None:
    user_id, secret, _codes = enrolled
    code = code_of(secret, steps=1)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _n: check(host, user_id, code, sealer), range(4)))

    assert sorted(answers) == [False, False, False, True]


def test_recovery_code_works_once_whatever_its_capitals_and_dashes(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer
) -> None:
    user_id, _secret, codes = enrolled
    typed = codes[3].replace("-", " ").upper()

    assert check(host, user_id, typed, sealer)
    assert not check(host, user_id, codes[3], sealer)
    with transaction(host.engine, read=True) as connection:
        assert factor.read(connection, user_id).codes_left == factor.RECOVERY_CODES - 1


def test_recovery_code_used_twice_at_the_same_time_works_once(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer
) -> None:
    user_id, _secret, codes = enrolled

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _n: check(host, user_id, codes[0], sealer), range(4)))

    assert sorted(answers) == [False, False, False, True]


def test_new_recovery_codes_end_the_earlier_ones(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer
) -> None:
    user_id, _secret, codes = enrolled
    with transaction(host.engine) as connection:
        fresh = factor.renew_recovery(connection, user_id)

    assert not set(fresh) & set(codes)
    assert not check(host, user_id, codes[0], sealer)
    assert check(host, user_id, fresh[0], sealer)


def test_recovery_codes_of_a_factor_that_was_taken_away_let_nobody_in(
    host: Host, enrolled: tuple[UUID, str, list[str]], sealer: Sealer
) -> None:
    user_id, secret, codes = enrolled
    with transaction(host.engine) as connection:
        factor.remove(connection, user_id)

    assert not check(host, user_id, codes[0], sealer)
    assert not check(host, user_id, code_of(secret, steps=1), sealer)


def test_the_table_holds_neither_secret_nor_codes(
    host: Host, enrolled: tuple[UUID, str, list[str]]
) -> None:
    user_id, secret, codes = enrolled
    with transaction(host.engine, read=True) as connection:
        row = connection.execute(t.user.select().where(t.user.c.id == user_id)).one()

    kept = repr(tuple(row))
    assert secret not in kept
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]


def test_every_listed_key_opens_and_a_new_first_one_seals(
    host: Host, enrolled: tuple[UUID, str, list[str]]
) -> None:
    user_id, secret, _codes = enrolled
    fresh = "another secret key, made a year later"
    rotated = Sealer([fresh, KEY], purpose=factor.PURPOSE)

    assert check(host, user_id, code_of(secret, steps=1), rotated)
    with transaction(host.engine, read=True) as connection:
        row = connection.execute(t.user.select().where(t.user.c.id == user_id)).one()
    assert Sealer([fresh], purpose=factor.PURPOSE).open(row.totp_secret) == secret


def test_without_the_key_nothing_opens_and_the_setting_is_named() -> None:
    sealed = Sealer([KEY], purpose="one").seal("hidden")

    for other in (
        Sealer(["another key of good length"], purpose="one"),
        Sealer([KEY], purpose="x"),
    ):
        with pytest.raises(ConfigError) as refused:
            other.open(sealed)
        assert "TRATO_SECRET_KEY" in str(refused.value.hint)
        assert "hidden" not in str(refused.value)


def test_a_role_keeps_that_it_demands_a_second_step() -> None:
    for grants in (Grants(second_factor=True), Grants(is_admin=True, second_factor=True)):
        assert Grants.from_json(grants.to_json()) == grants
    assert "second_factor" not in Grants().to_json()


def test_a_role_demands_a_second_step_by_true_or_not_at_all() -> None:
    assert grant_problems({"second_factor": True}) == []
    assert [p.params["key"] for p in grant_problems({"second_factor": "yes"})] == ["second_factor"]
    assert not Grants.from_json({"second_factor": "yes"}).second_factor
