"""What a caller asks of the read path, and what it gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

Op = Literal[
    "eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "startswith", "isnull", "under"
]
OPS: tuple[Op, ...] = (
    "eq", "ne", "gt", "gte", "lt", "lte", "in", "contains", "startswith", "isnull", "under",
)  # fmt: skip

#: Counts stop here: "10 000+".
COUNT_CAP = 10_000


@dataclass(frozen=True, kw_only=True)
class Filter:
    """One condition. The value is typed as the field is; a list for `in`, a bool for `isnull`."""

    path: str
    op: Op
    value: Any


@dataclass(frozen=True, kw_only=True)
class Query:
    """A page of a list."""

    #: Paths to read; none: every field the actor may see.
    columns: Sequence[str] | None = None
    filters: Sequence[Filter] = ()
    search: str = ""
    #: Paths, each with `-` before it for descending.
    sort: Sequence[str] = ()
    #: Read from the end of the order towards its beginning.
    backward: bool = False
    limit: int = 50
    cursor: str | None = None
    #: Read the recycle bin instead.
    archived: bool = False
    count: bool = False
    #: Leave out what the actor may see and not export.
    exported: bool = False

    def __post_init__(self) -> None:
        # Lists are welcome; statements are cached by what they ask for.
        for name in ("columns", "filters", "sort"):
            value = getattr(self, name)
            if isinstance(value, list):
                object.__setattr__(self, name, tuple(value))


@dataclass(frozen=True, kw_only=True)
class Page:
    """Rows of a list, in order; each begins with id and version."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    next: str | None = None
    total: int | None = None
    #: The total is more than was counted.
    total_capped: bool = False

    def records(self) -> Iterator[dict[str, Any]]:
        """Give each row as a mapping by path."""
        for row in self.rows:
            yield dict(zip(self.columns, row, strict=True))


@dataclass(frozen=True, kw_only=True)
class Record:
    """One record as its actor may see it."""

    entity: str
    id: UUID
    version: int
    values: Mapping[str, Any] = field(default_factory=dict)
    is_archived: bool = False

    def __getitem__(self, path: str) -> Any:
        return self.values[path]

    def get(self, path: str, default: Any = None) -> Any:
        """Give a field's value, or the default where it is empty or unknown."""
        value = self.values.get(path)
        return default if value is None else value
