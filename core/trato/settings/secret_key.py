"""The key that signs sessions and seals tenants' secrets: its strength and its file."""

from __future__ import annotations

import os
import secrets
import tempfile
from pathlib import Path

from trato.errors import ConfigError, Message
from trato.text import _

#: Kept beside a SQLite database when the operator sets no key; a copy of the folder works alone.
FILE_NAME = ".trato-secret-key"
_SHORTEST = 32
_FEWEST_DIFFERENT = 10
_PLACEHOLDERS = ("changeme", "secret", "password", "example", "cambiame", "contraseña")


def weak_secret(key: str) -> Message | None:
    """Say why a key is too easy to guess, or None where nothing speaks against it."""
    plain = "".join(letter for letter in key.lower() if letter.isalnum())
    if len(key) < _SHORTEST:
        return Message(
            _("The secret key has {length} characters; it needs {shortest} or more."),
            {"length": len(key), "shortest": _SHORTEST},
        )
    # A text that repeats itself is found inside its own double, away from both ends.
    if len(set(key)) < _FEWEST_DIFFERENT or key in (key + key)[1:-1]:
        return Message(_("The secret key repeats itself; use a random one."))
    if any(word in plain for word in _PLACEHOLDERS):
        return Message(_("The secret key looks like a placeholder; use a random one."))
    return None


def read_or_make(folder: Path) -> str:
    """Return the key kept in the folder, made on the first call, readable by its owner only.

    Processes that start together get the same key: each writes a file of its own and links it
    to the final name, which only the first can do.
    """
    path = folder / FILE_NAME
    try:
        if not path.exists():
            _make(path)
        key = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            _("The secret key file {path} cannot be read or made: {reason}."),
            hint=_("Mend the folder's rights, or set TRATO_SECRET_KEY."),
            path=str(path),
            reason=str(error),
        ) from error
    if len(key) < _SHORTEST:
        # Never replaced by itself: whatever was sealed with the true key would be lost.
        raise ConfigError(
            _("The secret key file {path} holds no usable key: it is empty or was changed."),
            hint=_("Restore it from a backup, or delete it to have a new one made."),
            path=str(path),
        )
    return key


def _make(path: Path) -> None:
    handle, name = tempfile.mkstemp(prefix=FILE_NAME, dir=path.parent)  # made with mode 0600
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48) + "\n")
            file.flush()
            os.fsync(file.fileno())
        os.link(name, path)
    except FileExistsError:
        return  # another process was first; its key counts
    finally:
        os.unlink(name)
