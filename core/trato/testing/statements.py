"""Counting of SQL statements, what a page costs, and of the connections that it holds at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Engine, event

#: What every transaction begins with; it differs between the databases and is no work.
_FRAME = ("BEGIN", "SAVEPOINT", "RELEASE", "ROLLBACK", "select set_config(")


@dataclass(kw_only=True)
class Statements:
    """What a database was asked."""

    texts: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.texts)

    def naming(self, table: str) -> list[str]:
        """Give the statements that name a table."""
        return [text for text in self.texts if table in text]


@contextmanager
def count_statements(engine: Engine) -> Iterator[Statements]:
    """Collect the statements that the block sends, without those that frame a transaction.

    >>> with count_statements(host.engine) as counted:
    ...     unit.records.query("clients.client")
    >>> assert len(counted) == 1
    """
    found = Statements()

    def note(
        connection: Any, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
    ) -> None:
        del connection, cursor, parameters, context, many
        if not statement.startswith(_FRAME):
            found.texts.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", note)


@dataclass(kw_only=True)
class Connections(threading.local):
    """How many connections this thread holds, and the most that it held at once."""

    held: int = 0
    most: int = 0


@contextmanager
def count_connections(engine: Engine) -> Iterator[Connections]:
    """Count the connections that this thread takes from the pool inside the block.

    Who holds one and waits for another may wait for ever where there are few.
    """
    found = Connections()

    def take(*_args: Any) -> None:
        found.held += 1
        found.most = max(found.most, found.held)

    def give(*_args: Any) -> None:
        found.held -= 1

    event.listen(engine, "checkout", take)
    event.listen(engine, "checkin", give)
    try:
        yield found
    finally:
        event.remove(engine, "checkout", take)
        event.remove(engine, "checkin", give)
