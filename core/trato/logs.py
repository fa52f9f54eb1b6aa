"""What the program writes about itself: one line an event, as text or as JSON.

Lines name people and records by number only. What proves who somebody is must never reach a line;
what looks like it is blotted out all the same, as a message may quote a driver's.
"""

from __future__ import annotations

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

#: What happens while something is done is said with it: request, tenant, job, task.
_context: ContextVar[Mapping[str, Any]] = ContextVar(
    "trato_log_context", default=MappingProxyType({})
)

#: API tokens; hashes of passwords; passwords in addresses; bearer tokens.
_SECRETS = re.compile(
    r"trato_[0-9a-z]{1,7}_[A-Za-z0-9_-]{43}"
    r"|\$argon2\S+"
    r"|(?<=://)[^/\s:@]*:[^/\s@]+(?=@)"
    r"|(?<=[Bb]earer )\S+"
)
_BLOT = "***"
_OWN = "trato_fields"


@contextmanager
def about(**fields: Any) -> Iterator[None]:
    """Say these fields with every line that is written meanwhile."""
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


def fields(**values: Any) -> dict[str, dict[str, Any]]:
    """Give what ``extra`` of a logging call takes, so that a line has fields of its own."""
    return {_OWN: values}


class JsonFormatter(logging.Formatter):
    """Write a line of JSON: time, level, logger, message, fields, error."""

    def format(self, record: logging.LogRecord) -> str:
        """Write one line."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(), "logger": record.name,
            "message": record.getMessage(), **_context.get(), **getattr(record, _OWN, {}),
        }  # fmt: skip
        if record.exc_info:
            line["error"] = self.formatException(record.exc_info)
        return _SECRETS.sub(_BLOT, json.dumps(line, ensure_ascii=False, default=str))


class TextFormatter(logging.Formatter):
    """Write a line for people: time, level, message, and the fields behind it."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """Write one line, and below it an error with where it came from."""
        said = {**_context.get(), **getattr(record, _OWN, {})}
        line = super().format(record)
        first, newline, rest = line.partition("\n")
        shown = "".join(f" {name}={value}" for name, value in said.items() if value is not None)
        return _SECRETS.sub(_BLOT, f"{first}{shown}{newline}{rest}")


def formatter(kind: str) -> logging.Formatter:
    """Give the formatter of a kind: `text` or `json`."""
    return JsonFormatter() if kind == "json" else TextFormatter()


def configure(*, level: str, kind: str) -> None:
    """Let this process write its lines to standard error.

    :param level: `debug`, `info`, `warning` or `error`; other people's libraries write warnings
        at the least.
    :param kind: `text` or `json`.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter(kind))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    logging.getLogger("trato").setLevel(level.upper())
