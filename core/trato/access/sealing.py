"""Secrets that must be read again are kept sealed: encrypted with the installation's keys."""

from __future__ import annotations

import base64
from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from trato.errors import ConfigError
from trato.text import _


class Sealer:
    """Seals texts for one purpose; what is sealed for another cannot be opened with it.

    :param keys: the installation's secret keys: the first seals, all open, so keys can change
        without losing what is stored.
    """

    def __init__(self, keys: Sequence[str], *, purpose: str) -> None:
        self._fernet = MultiFernet([Fernet(_derive(key, purpose)) for key in keys])

    def seal(self, text: str) -> str:
        """Encrypt a text, with a check against changes."""
        return self._fernet.encrypt(text.encode()).decode("ascii")

    def open(self, sealed: str) -> str:
        """Read a sealed text.

        :raises ConfigError: when none of the keys opens it.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except InvalidToken as error:
            raise ConfigError(
                _("A sealed secret cannot be opened with the present secret keys."),
                hint=_("Add the earlier key behind the new one in TRATO_SECRET_KEY."),
                code="unreadable_secret",
            ) from error


def setting_sealer(keys: Sequence[str], plugin: str) -> Sealer:
    """Make the sealer of a plugin's secret settings; another's cannot be read in their place."""
    return Sealer(keys, purpose=f"setting {plugin}")


def _derive(key: str, purpose: str) -> bytes:
    # The keys are long random texts, so they need no slow derivation.
    derived = HKDF(
        algorithm=SHA256(), length=32, salt=None, info=b"trato sealed\0" + purpose.encode()
    ).derive(key.encode())
    return base64.urlsafe_b64encode(derived)
