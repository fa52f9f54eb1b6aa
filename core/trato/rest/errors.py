"""Errors that only the API knows, with the header fields that go with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from trato.errors import BadQuery, DomainError, StaleRecord
from trato.text import _


class RequestError(DomainError):
    """A call that is refused before, or instead of, looking at its values.

    :ivar headers: fields of the answer beside its problem document.
    """

    code = "bad_request"
    status = 400

    def __init__(
        self, message: str, /, *, headers: Mapping[str, str] | None = None, **kwargs: Any
    ) -> None:
        super().__init__(message, **kwargs)
        self.headers = dict(headers or {})


class BadBody(RequestError):
    """The body is not JSON."""

    code = "bad_json"


class BodyTooLarge(RequestError):
    """The body is larger than the operator allows."""

    code = "too_large"
    status = 413


class UnsupportedMediaType(RequestError):
    """The body is of a type that is not read."""

    code = "unsupported_media_type"
    status = 415


class BadPrecondition(RequestError):
    """An If-Match that is not a list of entity tags."""

    code = "bad_precondition"


class MethodNotAllowed(RequestError):
    """The resource exists and does not know the method."""

    code = "method_not_allowed"
    status = 405

    def __init__(self, method: str, allowed: Iterable[str]) -> None:
        names = ", ".join(allowed)
        super().__init__(
            _("{method} is not possible here."), hint=_("Possible are: {allowed}."),
            headers={"Allow": names}, method=method[:20], allowed=names,
        )  # fmt: skip


class TooManyCalls(RequestError):
    """The token has used up its calls of this minute."""

    code = "too_many_calls"
    status = 429


class IdempotencyMismatch(RequestError):
    """An Idempotency-Key came back with another request."""

    code = "idempotency_mismatch"
    status = 409


class PreconditionFailed(StaleRecord):
    """The record is no longer what the caller saw.

    :param current: the record as JSON shows it, or None where there is none.
    :param etag: its entity tag.
    """

    def __init__(self, error: StaleRecord, *, current: Any, etag: str | None) -> None:
        super().__init__(
            error.message.text, hint=error.hint.text, current=current, code=error.code,
            **error.message.params,
        )  # fmt: skip
        self.headers = {} if etag is None else {"ETag": etag}


__all__ = [
    "BadBody",
    "BadPrecondition",
    "BadQuery",
    "BodyTooLarge",
    "IdempotencyMismatch",
    "MethodNotAllowed",
    "PreconditionFailed",
    "RequestError",
    "TooManyCalls",
    "UnsupportedMediaType",
]
