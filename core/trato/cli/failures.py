"""Refusals of the database that the operator can mend, as errors that say so."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from trato.errors import ConfigError, TratoError
from trato.text import _

#: SQLSTATE classes and codes that tell of rights, passwords and names, not of a mistake of ours.
_OPERATORS = ("28", "3D", "42501")
#: A role that is not there shares its code with other things that a statement may name.
_UNDEFINED = "42704"
#: The same, in SQLite's words.
_FILES = ("file is not a database", "disk image is malformed", "readonly database")


@contextmanager
def as_error() -> Iterator[None]:
    """Turn what the database or the file system refuses into an error with cause and action."""
    try:
        yield
    except TratoError:
        raise
    except BrokenPipeError:
        raise
    except OSError as error:
        raise ConfigError(
            _("{path}: {reason}."), path=error.filename or "-", reason=error.strerror or str(error),
            hint=_("Check the name and the rights."), code="file",
        ) from error  # fmt: skip
    except Exception as error:
        # Most commands never import SQLAlchemy; then it cannot be its error.
        if "sqlalchemy" not in sys.modules:
            raise
        explained = _explain(error)
        if explained is None:
            raise
        raise explained from error


def _explain(error: Exception) -> TratoError | None:
    from sqlalchemy.exc import DBAPIError

    from trato.db.engine import is_unavailable, unavailable

    if not isinstance(error, DBAPIError):
        return None
    state = str(getattr(error.orig, "sqlstate", None) or "")
    no_role = state == _UNDEFINED and str(error.orig).startswith("role ")
    refused = state.startswith(_OPERATORS) or no_role
    if refused or any(words in str(error.orig) for words in _FILES):
        return ConfigError(
            _("The database refuses: {reason}."),
            hint=_("'trato doctor' looks for the cause; 'trato doctor --sql' prints how roles and "
                   "grants are made."),
            reason=str(error.orig).strip().splitlines()[0], code="database_refused",
        )  # fmt: skip
    return unavailable(error) if is_unavailable(error) else None
