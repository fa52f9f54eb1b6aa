"""The ID token: who signed it, for whom, when, and for which sign-in (OpenID Connect Core 3.1.3.7).

PyJWT checks the signature only. The claims are checked here, by the host's clock, so that each
reason has its words and none is left to a library's defaults.
"""

from __future__ import annotations

import datetime as dt
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trato.errors import Message
from trato.sso.errors import BadIdentity
from trato.text import _

#: Signatures that are accepted. Neither `none` nor those with a shared secret (HS…): with these a
#: public key, which everybody has, would do as the secret.
ALGORITHMS = frozenset("RS256 RS384 RS512 PS256 PS384 PS512 ES256 ES384 ES512 EdDSA".split())
_KINDS = {"R": "RSA", "P": "RSA", "ES": "EC", "Ed": "OKP"}
#: How far the provider's clock may be off.
LEEWAY = dt.timedelta(seconds=60)
#: Oldest token: it is made while the person signs in.
OLDEST = dt.timedelta(minutes=10)
_LONGEST = 64_000
_LEAST_RSA_BITS = 2048


class UnknownKey(Exception):
    """No key at hand has signed the token; the provider may have new ones."""


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str
    now: dt.datetime


def read(token: str, keys: Sequence[Mapping[str, Any]], expected: Expected) -> Mapping[str, Any]:
    """Check a token and give its claims.

    :param keys: the provider's keys, as its JWKS document lists them.
    :raises UnknownKey: when none of them has signed it.
    :raises BadIdentity: with the first thing that is wrong.
    """
    claims = _signed(token, keys)
    _check_parties(claims, expected)
    _check_times(claims, expected.now)
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode(), expected.nonce.encode()
    ):
        raise _bad(_("it belongs to another sign-in (nonce)"))
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= 255:
        raise _bad(_("it names nobody (sub)"))
    return claims


def _signed(token: str, keys: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    import jwt

    if len(token) > _LONGEST or not token.isascii():
        raise _bad(_("it is no token"))
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise _bad(_("it is no token")) from error
    algorithm = header.get("alg")
    if algorithm not in ALGORITHMS:
        raise _bad(_("it is signed with {algorithm}, which is not accepted"),
                   algorithm=str(algorithm)[:20])  # fmt: skip
    if "crit" in header:
        raise _bad(_("it demands something that Trato does not know (crit)"))
    for key in _candidates(keys, header.get("kid"), algorithm):
        try:
            claims = json.loads(jwt.PyJWS().decode(token, key, algorithms=[algorithm]))
        except jwt.InvalidSignatureError:
            continue
        except (jwt.PyJWTError, ValueError) as error:
            raise _bad(_("it is no token")) from error
        if not isinstance(claims, dict):
            raise _bad(_("it is no token"))
        return claims
    raise UnknownKey


def _candidates(keys: Sequence[Mapping[str, Any]], kid: Any, algorithm: str) -> list[Any]:
    """Make the keys that may have signed: of the right kind, for signing, with the token's name."""
    import jwt

    kind = _KINDS.get(algorithm[:2]) or _KINDS[algorithm[0]]
    found = []
    for key in keys:
        if key.get("kty") != kind or key.get("use", "sig") != "sig":
            continue
        if key.get("alg", algorithm) != algorithm or (kid is not None and key.get("kid") != kid):
            continue
        try:
            made = jwt.PyJWK(dict(key), algorithm=algorithm).key
        except (jwt.PyJWTError, ValueError, TypeError):
            continue  # a key that cannot be read has signed nothing that counts
        if kind != "RSA" or made.key_size >= _LEAST_RSA_BITS:
            found.append(made)
    return found


def _check_parties(claims: Mapping[str, Any], expected: Expected) -> None:
    if claims.get("iss") != expected.issuer:
        raise _bad(_("it comes from '{found}', not from '{wanted}' (iss)"),
                   found=str(claims.get("iss"))[:200], wanted=expected.issuer)  # fmt: skip
    audience = claims.get("aud")
    audiences = [audience] if isinstance(audience, str) else audience
    if not isinstance(audiences, list) or expected.client_id not in audiences:
        raise _bad(_("it is meant for another program (aud)"))
    # Who holds a token that is meant for several must be us, or another of them could use it.
    party = claims.get("azp")
    if party != expected.client_id and (party is not None or len(audiences) > 1):
        raise _bad(_("it was given to another program (azp)"))


def _check_times(claims: Mapping[str, Any], now: dt.datetime) -> None:
    expires, issued = _moment(claims, "exp"), _moment(claims, "iat")
    if expires + LEEWAY <= now:
        raise _bad(_("it has expired (exp)"))
    if issued - LEEWAY > now:
        raise _bad(_("it comes from the future (iat): compare the clocks of both systems"))
    if issued + OLDEST + LEEWAY < now:
        raise _bad(_("it is too old (iat)"))
    if "nbf" in claims and _moment(claims, "nbf") - LEEWAY > now:
        raise _bad(_("it is not valid yet (nbf)"))


def _moment(claims: Mapping[str, Any], name: str) -> dt.datetime:
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _bad(_("it does not say when it is valid ({name})"), name=name)
    try:
        return dt.datetime.fromtimestamp(value, dt.UTC)
    except (OverflowError, ValueError, OSError) as error:
        raise _bad(_("it does not say when it is valid ({name})"), name=name) from error


def _bad(reason: str, **params: Any) -> BadIdentity:
    return BadIdentity(
        _("What the provider sent does not prove who you are: {reason}."),
        hint=_("Try again. If it goes on, show this to the administrator of your company."),
        reason=Message(reason, params),
    )  # fmt: skip
