from __future__ import annotations

import base64
import json
import subprocess
import sys
from datetime import UTC, date, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trato.errors import ConfigError, LicenseError
from trato.licensing import (
    Claims,
    KeyPair,
    License,
    PrivateKey,
    PublicKey,
    check_tenant,
    generate_keypair,
    issue,
    parse_public_keys,
    verify,
)

CLAIMS = Claims(tenant="acme", plugins=("clients", "leads"), seats=5, expires=date(2027, 12, 31))
ISSUED = datetime(2026, 11, 23, 15, 0, tzinfo=UTC)
PAYLOAD: dict[str, Any] = {
    "tenant": "acme",
    "plugins": ["clients"],
    "seats": 5,
    "expires": "2027-12-31",
    "iat": 1795446000,
    "jti": "a1",
}


@pytest.fixture
def pair() -> KeyPair:
    return generate_keypair()


def sign(pair: KeyPair, payload: object, **headers: Any) -> str:
    """Sign any payload with the issuer's own key: what a faulty issuer could send."""
    return jwt.PyJWS().encode(
        payload if isinstance(payload, bytes) else json.dumps(payload).encode(),
        Ed25519PrivateKey.from_private_bytes(pair.private.raw),
        algorithm="EdDSA",
        headers={"kid": pair.public.kid} | headers,
    )


def refusal(token: str, *keys: PublicKey) -> LicenseError:
    with pytest.raises(LicenseError) as caught:
        verify(token, keys)
    return caught.value


def test_an_issued_licence_says_what_was_granted(pair: KeyPair) -> None:
    token = issue(pair.private, CLAIMS, now=ISSUED)

    license = verify(token, [pair.public])

    assert license == License(
        tenant="acme",
        plugins=("clients", "leads"),
        seats=5,
        expires=date(2027, 12, 31),
        id=license.id,
        issued_at=ISSUED,
        kid=pair.public.kid,
    )


def test_a_licence_is_one_line_and_may_end_with_a_newline(pair: KeyPair) -> None:
    token = issue(pair.private, CLAIMS)

    assert len(token.split()) == 1
    assert verify(f"{token}\n", [pair.public]).tenant == "acme"


def test_two_licences_never_share_an_id(pair: KeyPair) -> None:
    tokens = [issue(pair.private, CLAIMS, now=ISSUED) for _ in range(2)]

    assert len({verify(token, [pair.public]).id for token in tokens}) == 2


def test_the_key_is_found_by_its_name_among_several(pair: KeyPair) -> None:
    keys = [generate_keypair().public, pair.public, generate_keypair().public]

    assert verify(issue(pair.private, CLAIMS), keys).kid == pair.public.kid


@pytest.mark.parametrize(
    ("today", "state", "days_left"),
    [
        (date(2027, 12, 30), "active", 1),
        (date(2027, 12, 31), "active", 0),
        (date(2028, 1, 1), "grace", -1),
        (date(2028, 1, 30), "grace", -30),
        (date(2028, 1, 31), "read_only", -31),
    ],
)
def test_expiry_leads_through_grace_to_reading_only(
    pair: KeyPair, today: date, state: str, days_left: int
) -> None:
    license = verify(issue(pair.private, CLAIMS), [pair.public])

    assert (license.state(today), license.days_left(today)) == (state, days_left)


def test_the_days_of_grace_are_a_setting(pair: KeyPair) -> None:
    license = verify(issue(pair.private, CLAIMS), [pair.public])

    assert license.state(date(2028, 1, 1), 0) == "read_only"
    assert license.state(date(2028, 2, 29), 60) == "grace"


def test_an_expired_licence_stays_valid(pair: KeyPair) -> None:
    claims = Claims(tenant="acme", plugins=(), seats=1, expires=date(2001, 1, 1))

    assert verify(issue(pair.private, claims), [pair.public]).expires == date(2001, 1, 1)


def test_claims_that_libraries_judge_by_time_end_nothing(pair: KeyPair) -> None:
    token = sign(pair, PAYLOAD | {"exp": 1, "nbf": 9999999999, "iat": 9999999999})

    assert verify(token, [pair.public]).tenant == "acme"


def test_a_licence_of_another_tenant_is_refused_naming_both(pair: KeyPair) -> None:
    license = verify(issue(pair.private, CLAIMS), [pair.public])

    check_tenant(license, "acme")
    with pytest.raises(LicenseError) as caught:
        check_tenant(license, "globex")

    assert str(caught.value) == (
        "The licence is for tenant 'acme', not for 'globex'. "
        "Install it for tenant 'acme', or ask the issuer for one for 'globex'."
    )


def test_a_changed_claim_breaks_the_signature(pair: KeyPair) -> None:
    header, _payload, signature = issue(pair.private, CLAIMS).split(".")
    forged = base64.urlsafe_b64encode(json.dumps(PAYLOAD | {"seats": 999}).encode())

    error = refusal(f"{header}.{forged.rstrip(b'=').decode()}.{signature}", pair.public)

    assert error.code == "license_signature"
    assert str(error) == (
        f"The signature of the licence does not match key '{pair.public.kid}': the licence was "
        "changed. Install the licence file as the issuer sent it."
    )


def test_a_stranger_who_uses_our_key_name_is_refused(pair: KeyPair) -> None:
    stranger = PrivateKey(pair.public.kid, generate_keypair().private.raw)

    assert refusal(issue(stranger, CLAIMS), pair.public).code == "license_signature"


def test_an_unknown_key_is_named_beside_the_trusted_ones(pair: KeyPair) -> None:
    other = generate_keypair()

    error = refusal(issue(other.private, CLAIMS), pair.public)

    assert str(error.message) == (
        f"The licence was signed with key '{other.public.kid}', "
        f"and only {pair.public.kid} is trusted here."
    )
    assert "TRATO_LICENSE_PUBLIC_KEY" in str(error.hint)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_the_token_does_not_choose_its_algorithm(pair: KeyPair, algorithm: str) -> None:
    # HS256 keyed with the public key is the classic confusion of asymmetric and shared keys.
    key = pair.public.raw if algorithm == "HS256" else ""
    token = jwt.encode(PAYLOAD, key, algorithm=algorithm, headers={"kid": pair.public.kid})

    error = refusal(token, pair.public)

    assert str(error.message) == (
        f"The licence is signed with '{algorithm}', and only EdDSA is accepted."
    )


def test_without_any_key_the_setting_is_named(pair: KeyPair) -> None:
    error = refusal(issue(pair.private, CLAIMS))

    assert error.code == "license_no_key"
    assert "TRATO_LICENSE_PUBLIC_KEY" in str(error)


@pytest.mark.parametrize(
    "text",
    ["", "licence", "a.b", "a.b.c", "ñ.ñ.ñ", "e30.e30.e30 e30.e30.e30", "x" * 70_000, "\x00.\x00."],
)
def test_text_that_is_no_token_is_called_so(pair: KeyPair, text: str) -> None:
    assert refusal(text, pair.public).code in {"license_malformed", "license_algorithm"}


@pytest.mark.parametrize("payload", [b"not json", b"[]", b'"acme"', b"\xff\xfe", b""])
def test_a_signed_payload_without_claims_is_no_licence(pair: KeyPair, payload: bytes) -> None:
    error = refusal(sign(pair, payload), pair.public)

    assert str(error.message) == (
        "This is not a licence: a licence is one line of three parts with two dots."
    )


@pytest.mark.parametrize("claim", sorted(PAYLOAD))
def test_a_missing_claim_is_named(pair: KeyPair, claim: str) -> None:
    token = sign(pair, {name: value for name, value in PAYLOAD.items() if name != claim})

    assert str(refusal(token, pair.public).message) == f"The licence lacks the claim '{claim}'."


@pytest.mark.parametrize(
    ("claim", "value", "wanted"),
    [
        ("tenant", "", "a word"),
        ("tenant", 7, "a word"),
        ("plugins", "clients", "a list of words"),
        ("plugins", ["clients", 3], "a list of words"),
        ("plugins", ["cli ents"], "a list of words"),
        ("seats", 0, "a whole number from 1"),
        ("seats", True, "a whole number from 1"),
        ("seats", "5", "a whole number from 1"),
        ("seats", 2.5, "a whole number from 1"),
        ("expires", "2027-02-30", "a date such as 2027-12-31"),
        ("expires", "20271231", "a date such as 2027-12-31"),
        ("expires", 1830297600, "a date such as 2027-12-31"),
        ("iat", "today", "a time in seconds"),
        ("iat", 10**30, "a time in seconds"),
        ("jti", None, "a word"),
    ],
)
def test_a_claim_of_the_wrong_type_says_what_it_must_be(
    pair: KeyPair, claim: str, value: object, wanted: str
) -> None:
    error = refusal(sign(pair, PAYLOAD | {claim: value}), pair.public)

    assert str(error.message) == (
        f"The claim '{claim}' of the licence is {value!r}, and must be {wanted}."
    )


def test_a_plugin_named_twice_is_refused(pair: KeyPair) -> None:
    token = sign(pair, PAYLOAD | {"plugins": ["leads", "clients", "leads"]})

    assert str(refusal(token, pair.public).message) == (
        "The licence names a plugin more than once: leads."
    )


def test_what_verify_would_refuse_is_not_issued(pair: KeyPair) -> None:
    with pytest.raises(LicenseError, match="'seats' of the licence is 0"):
        issue(pair.private, Claims(tenant="acme", plugins=(), seats=0, expires=date(2027, 1, 1)))


def test_keys_survive_their_text_form(pair: KeyPair) -> None:
    assert PrivateKey.parse(pair.private.line()) == pair.private
    assert PublicKey.parse(f" {pair.public.line()}=\n") == pair.public
    assert pair.private.public() == pair.public
    assert pair.public.line().startswith(f"{pair.public.kid}:")


def test_several_public_keys_are_separated_by_commas(pair: KeyPair) -> None:
    other = generate_keypair().public

    text = f"{pair.public.line()}, {other.line()},{pair.public.line()},"

    assert parse_public_keys(text) == (pair.public, other)
    assert parse_public_keys("") == ()


def test_two_keys_under_one_name_are_refused(pair: KeyPair) -> None:
    other = PublicKey(pair.public.kid, generate_keypair().public.raw)

    with pytest.raises(ConfigError, match=f"have the name '{pair.public.kid}'"):
        parse_public_keys(f"{pair.public.line()},{other.line()}")


def test_a_private_key_is_not_taken_for_a_public_one(pair: KeyPair) -> None:
    with pytest.raises(ConfigError, match="is a private key, and a public key belongs here"):
        PublicKey.parse(pair.private.line())
    with pytest.raises(ConfigError, match="is a public key, and a private key belongs here"):
        PrivateKey.parse(pair.public.line())


@pytest.mark.parametrize("text", ["", "kid", ":AAAA", "kid:AAAA", "k d:" + "A" * 43, "kid:ñ"])
def test_a_key_of_another_form_is_refused_without_repeating_it(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        PrivateKey.parse(text)

    assert str(caught.value) == (
        "A licence key is not of the form KID:BASE64URL with 32 bytes. "
        "Copy the whole line that `trato license keygen` printed."
    )


def test_a_private_key_does_not_show_itself(pair: KeyPair) -> None:
    secret = pair.private.line().partition(":")[2]

    assert secret not in f"{pair} {pair.private!r} {pair.private}"
    assert repr(pair.private.raw) not in repr(pair)


def test_importing_licensing_does_not_load_cryptography() -> None:
    code = "import sys, trato.licensing; print({'jwt', 'cryptography'} & set(sys.modules))"

    output = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)

    assert output.stdout.strip() == b"set()"
