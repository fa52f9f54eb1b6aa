"""The tree of errors. Every error says fact, cause and action, and carries a stable code.

Texts are English message ids with ``{named}`` places; they are translated where a person reads
them (page, API answer, command), never where they are raised.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Message:
    """A text to be translated later, with the values for its named places.

    A value that is words rather than a name or a number is a Message too, so that it is
    translated with the text around it.
    """

    text: str
    params: Mapping[str, Any] = field(default_factory=dict)
    #: Plugin that declared the text, where it is put into a text of another.
    domain: str | None = None

    def __str__(self) -> str:
        return self.text.format_map(self.params) if self.params else self.text


def joined(parts: Iterable[Any], separator: str = ", ") -> Message:
    """Make one message of several messages, names or numbers, in order."""
    values = {f"part{number}": part for number, part in enumerate(parts)}
    return Message(separator.join(f"{{{name}}}" for name in values), values)


class TratoError(Exception):
    """Base of all errors that Trato raises on purpose.

    :param message: fact and cause, an English message id.
    :param hint: what to do about it, an English message id.
    :param params: values for the named places of both.
    """

    code = "error"
    #: HTTP status a page or the API answers with.
    status = 500

    def __init__(
        self, message: str, /, *, hint: str = "", code: str | None = None, **params: Any
    ) -> None:
        super().__init__(message)
        self.message = Message(message, params)
        self.hint = Message(hint, params)
        if code is not None:
            self.code = code

    def __str__(self) -> str:
        return " ".join(text for text in (str(self.message), str(self.hint)) if text)


class ConfigError(TratoError):
    """A setting, file or argument is wrong; the operator can mend it."""

    code = "config"


class DatabaseUnavailable(TratoError):
    """The database did not answer; nothing was written."""

    code = "database_unavailable"
    status = 503


class NoRoom(TratoError):
    """A file could not be kept, as the disk is full; nothing was written."""

    code = "disk_full"
    status = 503
    #: The disk is full, or somebody's share of it, or the file is as long as the system allows.
    numbers = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class PluginError(TratoError):
    """A plugin is missing, broken or used wrongly."""

    code = "plugin"


class LicenseError(TratoError):
    """A licence is missing, forged, for somebody else, or does not cover what was asked."""

    code = "license"
    status = 403


class TenantError(TratoError):
    """A tenant does not exist, or data was asked for without one."""

    code = "tenant"


class DomainError(TratoError):
    """The user asked for something that a rule refuses, and can mend it."""

    code = "refused"
    status = 422


class NotFound(DomainError):
    """What was asked for does not exist for this actor."""

    code = "not_found"
    status = 404


class Forbidden(DomainError):
    """The actor may not do this."""

    code = "forbidden"
    status = 403


class BadQuery(DomainError):
    """A filter, sort, field or cursor cannot be understood."""

    code = "bad_query"
    status = 400


class Conflict(DomainError):
    """The record exists already."""

    code = "conflict"
    status = 409


class StaleRecord(DomainError):
    """Somebody else saved the record first; ``current`` is what stands there now."""

    code = "stale"
    status = 412

    def __init__(self, message: str, /, *, current: Any = None, **kwargs: Any) -> None:
        super().__init__(message, **kwargs)
        self.current = current


class Invalid(DomainError):
    """Values were refused; ``errors`` maps a field's path to its messages."""

    code = "invalid"

    def __init__(
        self,
        errors: Mapping[str, Sequence[Message]],
        message: str = "Some values were refused.",
        /,
        **kwargs: Any,
    ) -> None:
        super().__init__(message, **kwargs)
        self.errors = {path: list(texts) for path, texts in errors.items()}

    def __str__(self) -> str:
        parts = [f"{path}: {' '.join(map(str, texts))}" for path, texts in self.errors.items()]
        return f"{self.message} {'; '.join(parts)}".strip()
