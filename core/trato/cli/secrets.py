"""Secrets that commands make."""

from __future__ import annotations

import secrets

#: Without letters and digits that are taken for one another.
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"


def new_password() -> str:
    """Make a password of 79 bits that is easy to read out: four groups of four."""
    return "-".join("".join(secrets.choice(_ALPHABET) for _ in range(4)) for _ in range(4))
