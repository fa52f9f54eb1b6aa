"""What a caller asks of the read path, and what it gets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement

from trato.plugin import field_path

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

    def __post_init__(self) -> None:
        object.__setattr__(self, "path", field_path(self.path))


#: A condition: a filter, or an expression over the entity's attributes (`Visit.due < today`).
Wanted = Filter | ColumnElement[bool]
#: Values by field, which is named by path or by the entity's attribute (`Visit.status`).
Values = Mapping[Any, Any]


def by_path(values: Any) -> Any:  # what is no mapping at all is refused by whoever reads it
    """Name the fields of values by their paths."""
    if not isinstance(values, Mapping) or all(type(name) is str for name in values):
        return values
    return {field_path(name): value for name, value in values.items()}


@dataclass(frozen=True, kw_only=True)
class Query:
    """A page of a list."""

    #: Paths to read; none: every field the actor may see.
    columns: Sequence[str] | None = None
    filters: Sequence[Wanted] = ()
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
        # Lists and attributes are welcome; statements are cached by what they ask for.
        object.__setattr__(self, "filters", tuple(self.filters))
        object.__setattr__(self, "sort", tuple(map(field_path, self.sort)))
        if self.columns is not None:
            object.__setattr__(self, "columns", tuple(map(field_path, self.columns)))


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
    """One record as its actor may see it; fields go by path or by the entity's attribute."""

    entity: str
    id: UUID
    version: int
    values: Mapping[str, Any] = field(default_factory=dict)
    is_archived: bool = False

    def __getitem__(self, field: Any) -> Any:
        return self.values[field_path(field)]

    def get(self, field: Any, default: Any = None) -> Any:
        """Give a field's value, or the default where it is empty or unknown."""
        value = self.values.get(field_path(field))
        return default if value is None else value
