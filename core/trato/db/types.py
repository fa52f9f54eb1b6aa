"""Column types that keep what they are given, alike on SQLite and PostgreSQL."""

from __future__ import annotations

import datetime as dt
import threading
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from uuid import UUID

import uuid_utils.compat
from sqlalchemy import JSON, BigInteger, DateTime, Text, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator, TypeEngine

#: Text that both databases sort by code point. Row-level security allows an index on it.
Key = Text().with_variant(postgresql.TEXT(collation="C"), "postgresql")
Json = JSON(none_as_null=True).with_variant(
    postgresql.JSONB(none_as_null=True),
    "postgresql",
)


class _Uuid(Uuid[UUID]):
    """SQLAlchemy's, read in half the time where the database has none of its own."""

    def result_processor(self, dialect: Dialect, coltype: object) -> Any:
        if dialect.supports_native_uuid:
            return super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]
        return lambda value: None if value is None else UUID(int=int(value, 16))


Id = _Uuid(as_uuid=True)

#: What a signed 64-bit column holds.
MAX_BIGINT = 2**63 - 1

_lock = threading.Lock()
_last = 0


def new_id() -> UUID:
    """Make a UUIDv7; within a process each is greater than the one before.

    The library counts inside a millisecond, but restarts the counter when threads race; order
    inside a millisecond matters to cursors, so a smaller value is replaced by the last plus one.
    """
    global _last
    value = uuid_utils.compat.uuid7().int
    with _lock:
        if value <= _last:
            value = _last + 1
        _last = value
    return UUID(int=value)


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An aware moment, kept in UTC. SQLite has no zones: there it is a naive UTC text."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a moment needs a time zone: {value!r}")
        value = value.astimezone(dt.UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> Any:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Scaled(TypeDecorator[Decimal]):
    """An exact decimal kept as a whole number of 10**-scale.

    NUMERIC loses digits on SQLite, and its operators are not leakproof on PostgreSQL, where
    row-level security would then keep them from using an index.
    """

    impl = BigInteger
    cache_ok = True

    def __init__(self, scale: int = 4) -> None:
        super().__init__()
        self.scale = scale

    @property
    def limit(self) -> Decimal:
        """The greatest value that fits."""
        return Decimal(MAX_BIGINT).scaleb(-self.scale)

    def to_integer(self, value: Decimal | int) -> int:
        """Turn a decimal into the stored integer; half a unit rounds away from zero."""
        try:
            # The 28 digits of the default context would round a large amount by itself.
            return int(
                Decimal(value).scaleb(self.scale).quantize(Decimal(1), rounding=ROUND_HALF_UP)
            )
        except InvalidOperation as error:
            raise ValueError(f"{value!r} does not fit 10**-{self.scale}") from error

    def process_bind_param(self, value: Decimal | int | None, dialect: Dialect) -> int | None:
        return None if value is None else self.to_integer(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-self.scale)

    def coerce_compared_value(self, op: Any, value: Any) -> TypeEngine[Any]:
        return self


Money = Scaled(4)
