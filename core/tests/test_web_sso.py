"""Signing in through a company's identity provider, against a provider that can misbehave."""

from __future__ import annotations

import datetime as dt
from typing import Any

import jwt
import pytest
from core.tests.sso_office import (  # noqa: F401
    Office,
    make_app,
    open_office,
    path_of,
    serve_sso,
    text_of,
)

from trato.configuration.sealed import save_secrets
from trato.sso.token import Expected, UnknownKey, read
from trato.testing.clients import csrf_of
from trato.testing.clock import SettableClock
from trato.testing.identity import SigningKey, query_of
from trato.testing.pages import page_of


def test_who_the_provider_knows_is_let_in_as_the_usual_role(office: Office) -> None:
    opened, answer = office.enter()

    assert answer.headers["Location"] == "/"
    assert opened.get("/").headers["Location"] == "/clients/clients"
    member = office.member("luz@acme.example")
    assert (member.name, member.roles) == ("Luz Marina Peña", ("seller",))
    assert any("s-1" in str(content) for content in office.changes(member.id))


# --- what a provider may send --------------------------------------------------------------------

_WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "nonce": ({"nonce": "de-otra-visita"}, "es de otro ingreso (nonce)"),
    "no nonce": ({"nonce": None}, "es de otro ingreso (nonce)"),
    "audience": ({"aud": "otro-programa"}, "es para otro programa (aud)"),
    "no audience": ({"aud": None}, "es para otro programa (aud)"),
    "several audiences": ({"aud": ["trato", "otro"]}, "se entregó a otro programa (azp)"),
    "party": ({"azp": "otro-programa"}, "se entregó a otro programa (azp)"),
    "issuer": ({"iss": "https://otro.example"}, "viene de «https://otro.example»"),
    "expired": ({"exp": 1_000_000}, "venció (exp)"),
    "no expiry": ({"exp": None}, "no dice cuándo es válido (exp)"),
    "expiry as text": ({"exp": "9999999999"}, "no dice cuándo es válido (exp)"),
    "issued in the future": ({"iat": 9_999_999_999}, "viene del futuro (iat)"),
    "issued long ago": ({"iat": 1_000_000}, "es demasiado antiguo (iat)"),
    "not yet": ({"nbf": 9_999_999_999}, "todavía no es válido (nbf)"),
    "nobody": ({"sub": None}, "no nombra a nadie (sub)"),
}


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("wrong", _WRONG)
def test_a_token_that_proves_nothing_lets_nobody_in(office: Office, wrong: str) -> None:
    office.provider.changes, said = _WRONG[wrong]

    opened, answer = office.enter()

    assert answer.status_code == 403
    assert said in text_of(answer)
    assert opened.get_cookie("trato_session") is None
    assert office.member("luz@acme.example") is None


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_signature_without_the_private_key_is_not_accepted(
    office: Office, algorithm: str
) -> None:
    office.provider.signs = algorithm

    _opened, answer = office.enter()

    assert answer.status_code == 403
    assert f"está firmado con {algorithm}" in text_of(answer)


@pytest.mark.database("sqlite")
def test_a_key_that_is_not_the_providers_signs_in_vain(office: Office) -> None:
    office.provider.forger = SigningKey.make("first")

    _opened, answer = office.enter()

    assert answer.status_code == 403
    assert "una clave que no es del proveedor" in text_of(answer)


@pytest.mark.database("sqlite")
@pytest.mark.filterwarnings("ignore::jwt.warnings.InsecureKeyLengthWarning")
def test_a_key_that_is_too_short_does_not_count() -> None:
    weak = SigningKey.make("weak", bits=1024)
    signed = jwt.encode({}, weak.private, algorithm="RS256", headers={"kid": weak.kid})
    expected = Expected(issuer="", client_id="", nonce="", now=dt.datetime.now(dt.UTC))

    with pytest.raises(UnknownKey):
        read(signed, [weak.jwk], expected)


@pytest.mark.database("sqlite")
def test_new_keys_of_the_provider_are_fetched_once_and_then_kept(
    office: Office, clock: SettableClock
) -> None:
    office.enter()
    office.enter()
    office.provider.calls.clear()
    office.enter()
    kept = office.provider.calls.count("keys")
    clock.advance(seconds=40)
    office.provider.rotate()

    _opened, answer = office.enter()

    assert kept == 0
    assert answer.status_code == 302
    assert office.provider.calls.count("keys") == 1


@pytest.mark.database("sqlite")
def test_invented_keys_do_not_make_trato_knock_each_time(office: Office) -> None:
    office.enter()
    office.enter()
    office.provider.calls.clear()
    office.provider.forger = SigningKey.make("first")

    for _attempt in range(3):
        office.enter()

    assert office.provider.calls.count("keys") == 0


# --- the way there and back ----------------------------------------------------------------------


@pytest.mark.database("sqlite")
def test_a_code_is_asked_for_with_a_challenge_and_two_secrets_of_this_visit(
    office: Office,
) -> None:
    first, second = (query_of(office.onward(office.open())) for _visit in range(2))

    assert first["response_type"] == "code"
    assert first["code_challenge_method"] == "S256"
    assert first["redirect_uri"].endswith(f"{office.door}/callback")
    assert "openid" in first["scope"].split()
    for name in ("state", "nonce", "code_challenge"):
        assert len(first[name]) >= 43
        assert first[name] != second[name]


@pytest.mark.database("sqlite")
def test_somebody_elses_return_signs_nobody_in(office: Office) -> None:
    """Login CSRF: the attacker's own code and state, opened in the victim's browser."""
    attackers = path_of(office.go(office.open()))
    victim = office.open()
    office.onward(victim)

    answer = victim.get(attackers)

    assert answer.status_code == 400
    assert "no se inició en este navegador" in text_of(answer)
    assert victim.get_cookie("trato_session") is None


@pytest.mark.database("sqlite")
def test_a_return_works_once_also_for_who_keeps_the_cookie(office: Office) -> None:
    opened = office.open()
    back = path_of(office.go(opened))
    kept = opened.get_cookie("trato_sign_in", path="/login/company")
    assert kept is not None
    opened.get(back)
    again = office.open()
    again.set_cookie("trato_sign_in", kept.value, path="/login/company")

    answer = again.get(back)

    assert answer.status_code == 400
    assert office.provider.calls.count("token") == 1


@pytest.mark.database("sqlite")
def test_a_code_that_was_used_elsewhere_is_told(office: Office) -> None:
    opened = office.open()
    back = office.go(opened)
    office.provider._issued.clear()

    answer = opened.get(path_of(back))

    assert answer.status_code == 403
    assert "ya se usó o es demasiado antiguo" in text_of(answer)


@pytest.mark.database("sqlite")
def test_a_sign_in_that_takes_too_long_begins_again(office: Office, clock: SettableClock) -> None:
    opened = office.open()
    back = path_of(office.go(opened))
    clock.advance(minutes=11)

    answer = opened.get(back)

    assert answer.status_code == 400
    assert page_of(answer).one("a", href=office.door)


@pytest.mark.database("sqlite")
def test_an_answer_of_another_provider_is_refused(office: Office) -> None:
    opened = office.open()
    back = path_of(office.go(opened)).replace("&iss=", "&iss=https%3A%2F%2Fotro.example&x=")

    answer = opened.get(back)

    assert answer.status_code == 403
    assert "viene de otro proveedor" in text_of(answer)
    assert office.provider.calls.count("token") == 0


@pytest.mark.database("sqlite")
def test_what_the_provider_refuses_is_told_in_words_and_never_as_markup(office: Office) -> None:
    office.provider.refuses = "<script>access_denied"

    _opened, answer = office.enter()

    assert answer.status_code == 403
    assert "Portal Andino no dejó entrar a nadie" in text_of(answer)
    assert "<script>access" not in answer.text


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    "wanted", ["//otro.example", "https://otro.example", "/\\otro.example", "javascript:alert(1)"]
)
def test_nobody_is_led_to_another_site(office: Office, wanted: str) -> None:
    _opened, answer = office.enter(data={"next": wanted})

    assert answer.headers["Location"] == "/"


@pytest.mark.database("sqlite")
def test_the_page_that_was_asked_for_comes_after_signing_in(office: Office) -> None:
    _opened, answer = office.enter(data={"next": "/clients/contacts?q=luz"})

    assert answer.headers["Location"] == "/clients/contacts?q=luz"


@pytest.mark.database("sqlite")
def test_the_way_to_the_provider_begins_with_our_own_form_only(office: Office) -> None:
    opened = office.open()
    opened.csrf = None

    answer = opened.post(office.door)

    assert answer.status_code == 400
    assert opened.get_cookie("trato_sign_in", path="/login/company") is None


# --- a provider that is away ---------------------------------------------------------------------


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("place", "fault"), [("token", 500), ("keys", 503), ("keys", 404), ("token", 1.6)]
)
def test_a_provider_that_fails_on_the_way_back_is_told_with_what_to_do(
    office: Office, place: str, fault: float
) -> None:
    opened = office.open()
    back = path_of(office.go(opened))
    office.provider.broken[place] = fault

    with office.impatient():
        answer = opened.get(back)

    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "60"
    said = text_of(answer)
    assert "Por ahora nadie puede entrar con Portal Andino" in said
    assert "Intente de nuevo en unos minutos" in said


@pytest.mark.database("sqlite")
@pytest.mark.parametrize("fault", [500, 404, 1.6])
def test_a_provider_that_is_away_is_told_before_one_leaves(office: Office, fault: float) -> None:
    office.provider.broken["discovery"] = fault
    opened = office.open()
    opened.csrf = csrf_of(opened.get(office.door))

    with office.impatient():
        answer = opened.post(office.door)

    assert answer.status_code == 503
    assert "Portal Andino" in text_of(answer)


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("document", "said"),
    [
        ({"issuer": "https://otro.example"}, "se llama a sí mismo «https://otro.example»"),
        ({"token_endpoint": None}, "token_endpoint"),
        ({"jwks_uri": "http://otro.example/jwks"}, "jwks_uri"),
        ({"authorization_endpoint": "javascript:alert(1)"}, "authorization_endpoint"),
    ],
)
def test_what_a_provider_says_of_itself_is_not_taken_on_trust(
    office: Office, document: dict[str, Any], said: str
) -> None:
    office.provider.document = document
    opened = office.open()
    opened.csrf = csrf_of(opened.get(office.door))

    answer = opened.post(office.door)

    assert answer.status_code == 503
    assert said in text_of(answer)


@pytest.mark.database("sqlite")
def test_a_private_address_is_called_only_where_the_operator_lists_it(office: Office) -> None:
    address = f"https://10.1.2.3:{office.company.id}"
    office.set(sso_issuer=address)
    opened = office.open()
    opened.csrf = csrf_of(opened.get(office.door))

    answer = opened.post(office.door)

    assert answer.status_code == 503
    assert "TRATO_PRIVATE_HOSTS" in text_of(answer)
    assert "10.1.2.3" not in text_of(answer)


@pytest.mark.database("sqlite")
def test_a_wrong_client_secret_is_told_to_whoever_can_mend_it(office: Office) -> None:
    save_secrets(office.company.host, office.company.slug, "core",
                 {"sso_client_secret": "otro secreto"})  # fmt: skip

    _opened, answer = office.enter()

    assert answer.status_code == 403
    assert "no acepta a Trato (invalid_client)" in text_of(answer)
