"""One row of a file on its way to a record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from trato.entities.fields import Field
from trato.errors import Message
from trato.exchange.reading import Row
from trato.records.records import Outcome


@dataclass(frozen=True, kw_only=True)
class ReferenceColumn:
    """A column whose cells name a record, a member or a team.

    :param key: field by which they name it; None: whatever people call it by.
    """

    index: int
    header: str
    field: Field
    key: str | None


@dataclass(kw_only=True, slots=True, eq=False)
class Draft:
    """One row of a file on its way to a record."""

    row: Row
    values: dict[str, Any] = field(default_factory=dict)
    #: What its cells name, by index of the column.
    names: dict[int, str] = field(default_factory=dict)
    id: UUID | None = None
    #: Refusals by header; `""` for the row as a whole.
    errors: dict[str, list[Message]] = field(default_factory=dict)
    #: What the write path made of it.
    outcome: Outcome | None = None

    def refuse(self, header: str, text: str, /, **params: Any) -> None:
        """Refuse the row for one cell's sake; the text is a message id."""
        self.errors.setdefault(header, []).append(Message(text, params))


def as_id(text: str) -> UUID | None:
    """Read an id; None for any other text."""
    try:
        return UUID(text) if len(text) in (32, 36) else None
    except ValueError:
        return None
