"""A licence is one line: a signed token (JWS, EdDSA over Ed25519).

Header ``kid`` names the issuer's key. Claims: ``tenant`` (slug), ``plugins`` (names), ``seats``,
``expires`` (a date, valid to the end of that day, UTC), ``iat`` (seconds) and ``jti``. The expiry
is a claim of our own and not ``exp``: an expired licence stays valid, it only turns the tenant
read-only after a while, so no token library may refuse it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from trato.errors import LicenseError
from trato.licensing.claims import read_claims
from trato.licensing.keys import PrivateKey, PublicKey
from trato.licensing.license import Claims, License
from trato.text import _

_ALGORITHM = "EdDSA"
#: A licence for a thousand plugins is shorter; longer text is not a licence.
_LONGEST = 64_000


def issue(private_key: PrivateKey, claims: Claims, *, now: datetime | None = None) -> str:
    """Sign the claims and return the licence, one line.

    Claims that ``verify`` would refuse raise the same LicenseError here. An expired date is
    signed: to warn is the caller's part.
    """
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    payload: dict[str, Any] = {
        "tenant": claims.tenant,
        "plugins": list(claims.plugins),
        "seats": claims.seats,
        "expires": claims.expires.isoformat(),
        "iat": int((now or datetime.now(UTC)).timestamp()),
        "jti": uuid4().hex,
    }
    read_claims(payload, private_key.kid)
    return jwt.PyJWS().encode(
        json.dumps(payload, separators=(",", ":")).encode(),
        Ed25519PrivateKey.from_private_bytes(private_key.raw),
        algorithm=_ALGORITHM,
        headers={"kid": private_key.kid},
    )


def verify(token: str, public_keys: Sequence[PublicKey]) -> License:
    """Check the signature and the claims of a licence; expiry is not looked at.

    :raises LicenseError: with a text of its own for each way in which a licence can be wrong.
    """
    import jwt
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    token = token.strip()
    key = _signer(_header(token), public_keys)
    try:
        payload = json.loads(
            jwt.PyJWS().decode(
                token, Ed25519PublicKey.from_public_bytes(key.raw), algorithms=[_ALGORITHM]
            )
        )
    except jwt.InvalidSignatureError as error:
        raise LicenseError(
            _("The signature of the licence does not match key '{kid}': the licence was changed."),
            hint=_("Install the licence file as the issuer sent it."),
            code="license_signature",
            kid=key.kid,
        ) from error
    except (jwt.PyJWTError, ValueError) as error:  # ValueError: the payload is not JSON
        raise _malformed() from error
    if not isinstance(payload, dict):
        raise _malformed()
    return read_claims(payload, key.kid)


def _header(token: str) -> Mapping[str, Any]:
    import jwt

    if len(token) > _LONGEST or not token.isascii() or len(token.split()) != 1:
        raise _malformed()
    try:
        return jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise _malformed() from error


def _signer(header: Mapping[str, Any], public_keys: Sequence[PublicKey]) -> PublicKey:
    """Choose the key by ``kid``; the algorithm is ours to say, never the token's."""
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm != _ALGORITHM:
        raise LicenseError(
            _("The licence is signed with '{algorithm}', and only EdDSA is accepted."),
            hint=_("It may be forged: ask the issuer for a new licence."),
            code="license_algorithm",
            algorithm=algorithm,
        )
    if not public_keys:
        raise LicenseError(
            _("No licence can be checked, because no public key of an issuer is set."),
            hint=_("Set TRATO_LICENSE_PUBLIC_KEY to the issuer's public key."),
            code="license_no_key",
        )
    for key in public_keys:
        if key.kid == kid:
            return key
    raise LicenseError(
        _("The licence was signed with key '{kid}', and only {trusted} is trusted here."),
        hint=_("Add the issuer's public key to TRATO_LICENSE_PUBLIC_KEY if you trust it."),
        code="license_unknown_key",
        kid=kid,
        trusted=", ".join(key.kid for key in public_keys),
    )


def _malformed() -> LicenseError:
    return LicenseError(
        _("This is not a licence: a licence is one line of three parts with two dots."),
        hint=_("Give the whole licence file as the issuer sent it."),
        code="license_malformed",
    )
