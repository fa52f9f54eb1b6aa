"""Ed25519 keys of the issuer, written as one line ``KID:BASE64URL`` (32 bytes, no padding).

The private key lives with the issuer; a serving environment has public keys only. A key made here
has a ``kid`` derived from its public half, so that two keys never share one and a private key
pasted where a public one belongs is recognised.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass, field
from typing import NamedTuple

from trato.errors import ConfigError
from trato.text import _

_KID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_BYTES = 32


@dataclass(frozen=True)
class PublicKey:
    """Name the key that verifies licences."""

    kid: str
    #: The 32 bytes of RFC 8032.
    raw: bytes

    def line(self) -> str:
        """Write the key as ``KID:BASE64URL``."""
        return f"{self.kid}:{_encode(self.raw)}"

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Read ``KID:BASE64URL``; a private key is recognised and refused with ConfigError."""
        kid, raw = _split(text)
        if _kid_of(_public_half(raw)) == kid:
            raise ConfigError(
                _("The licence key '{kid}' is a private key, and a public key belongs here."),
                hint=_("Use the public line of the pair; the private one stays with the issuer."),
                kid=kid,
            )
        return cls(kid, raw)


@dataclass(frozen=True)
class PrivateKey:
    """Name the key that signs licences. Neither ``repr`` nor an error message shows it."""

    kid: str
    raw: bytes = field(repr=False)

    def line(self) -> str:
        """Write the key as ``KID:BASE64URL``: a secret."""
        return f"{self.kid}:{_encode(self.raw)}"

    def public(self) -> PublicKey:
        """Derive the public half, under the same ``kid``."""
        return PublicKey(self.kid, _public_half(self.raw))

    @classmethod
    def parse(cls, text: str) -> PrivateKey:
        """Read ``KID:BASE64URL``; a public key is recognised and refused with ConfigError."""
        kid, raw = _split(text)
        if _kid_of(raw) == kid:
            raise ConfigError(
                _("The licence key '{kid}' is a public key, and a private key belongs here."),
                hint=_("Use the private line that `trato license keygen` printed."),
                kid=kid,
            )
        return cls(kid, raw)


class KeyPair(NamedTuple):
    """Hold both halves of a new key."""

    private: PrivateKey
    public: PublicKey


def generate_keypair() -> KeyPair:
    """Make a new key pair from the system's random source."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    raw = Ed25519PrivateKey.generate().private_bytes_raw()
    private = PrivateKey(_kid_of(_public_half(raw)), raw)
    return KeyPair(private, private.public())


def parse_public_keys(text: str) -> tuple[PublicKey, ...]:
    """Read several public keys separated by commas, as ``TRATO_LICENSE_PUBLIC_KEY`` holds them.

    The same key twice counts once; two keys under one ``kid`` are refused with ConfigError.
    """
    keys: dict[str, PublicKey] = {}
    for part in filter(None, (part.strip() for part in text.split(","))):
        key = PublicKey.parse(part)
        if keys.setdefault(key.kid, key) != key:
            raise ConfigError(
                _("Two different licence keys have the name '{kid}'."),
                hint=_("Remove one of them, or name it anew."),
                kid=key.kid,
            )
    return tuple(keys.values())


def _split(text: str) -> tuple[str, bytes]:
    kid, _colon, encoded = text.strip().partition(":")
    try:
        raw = base64.b64decode(encoded + "=" * (-len(encoded) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # ValueError: letters outside ASCII
        raw = b""
    if not _KID.fullmatch(kid) or len(raw) != _BYTES:
        # The text is not repeated: it may be most of a private key.
        raise ConfigError(
            _("A licence key is not of the form KID:BASE64URL with 32 bytes."),
            hint=_("Copy the whole line that `trato license keygen` printed."),
        )
    return kid, raw


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")


def _kid_of(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _public_half(private: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Ed25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
