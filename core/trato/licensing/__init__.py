"""Licences: signed statements of which plugins a tenant may use, how many seats, until when.

Owns keys, issuing and verifying. Knows nothing of tables, tenants' rows or plugins that exist.
``jwt`` and ``cryptography`` cost 70 ms to import, so they are imported where they are used:
most commands and every page verify no licence.
"""

from __future__ import annotations

from trato.licensing.keys import (
    KeyPair,
    PrivateKey,
    PublicKey,
    generate_keypair,
    parse_public_keys,
)
from trato.licensing.license import GRACE_DAYS, Claims, License, State, check_tenant
from trato.licensing.token import issue, verify

__all__ = [
    "GRACE_DAYS",
    "Claims",
    "KeyPair",
    "License",
    "PrivateKey",
    "PublicKey",
    "State",
    "check_tenant",
    "generate_keypair",
    "issue",
    "parse_public_keys",
    "verify",
]
