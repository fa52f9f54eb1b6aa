"""Conditions: a filter becomes SQL that both databases answer from an index where there is one."""

from __future__ import annotations

import difflib
import operator
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Float,
    Numeric,
    Text,
    and_,
    false,
    func,
    not_,
    or_,
    select,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects.postgresql import JSONB

from trato.access.actor import Actor
from trato.entities.fields import LIST_KINDS, TEXT_KINDS, Field
from trato.entities.fold import FOLDS
from trato.entities.view import EntityView
from trato.errors import BadQuery, Message
from trato.records.convert import (
    Refused,
    choice_labels,
    load_value,
    side_column,
    side_value,
    spelled,
    to_json,
)
from trato.records.query import OPS, Filter, Op
from trato.tenancy.tables import value as side
from trato.text import _

_COMPARE = {"gt": operator.gt, "gte": operator.ge, "lt": operator.lt, "lte": operator.le}
_ORDERED = frozenset(_COMPARE)
#: What the id of a record, which is no field, may be asked for.
ID_OPS: tuple[Op, ...] = ("eq", "ne", "in")
#: Operators that have no meaning for values of the other kinds.
_SOME_KINDS = frozenset(("contains", "startswith", "under"))
#: One past every text that begins with a prefix, by code point.
_LAST = "\U0010ffff"


def operators(field: Field) -> tuple[Op, ...]:
    """Name the operators that make sense for a field."""
    if field.kind in ("integer", "decimal", "money", "date", "moment"):
        return ("eq", "ne", "gt", "gte", "lt", "lte", "in", "isnull")
    if field.kind in LIST_KINDS:
        return ("contains", "eq", "ne", "in", "isnull")
    if field.kind == "boolean":
        return ("eq", "ne", "isnull")
    if field.kind in TEXT_KINDS:
        return ("contains", "startswith", "eq", "ne", "in", "gt", "gte", "lt", "lte", "isnull")
    if field.kind == "ref" and field.source != "custom":
        return ("eq", "ne", "in", "isnull", "under")
    return ("eq", "ne", "in", "isnull")


def parse_filter(field: Field, op: str, text: str, *, actor: Actor) -> Filter:
    """Read a filter as it stands in a URL.

    `me` stands for the actor in fields that name a member.

    :raises BadQuery: naming the field, the operator or the value that is wrong.
    """
    if op not in OPS or op not in operators(field):
        raise _unfit(field, op)
    if op == "isnull":
        if text.lower() not in ("true", "false", "1", "0"):
            raise _wrong(field, text, _("true or false"))
        return Filter(path=field.path, op="isnull", value=text.lower() in ("true", "1"))
    if op == "in":
        values = [_parse(field, part, actor) for part in text.split(",") if part != ""]
        if not values:
            raise _wrong(field, text, _("a list of values with commas between them"))
        if len(values) > 200:
            raise _wrong(field, f"{text[:40]}…", _("a list of at most 200 values"))
        return Filter(path=field.path, op="in", value=values)
    if op in ("contains", "startswith") and field.kind in TEXT_KINDS:
        if "\x00" in text:
            raise _wrong(field, text.replace("\x00", "?"), _("a text without control characters"))
        return Filter(path=field.path, op=op, value=text)
    return Filter(path=field.path, op=op, value=_parse(field, text, actor))


_EXPECTED = {
    "integer": _("a whole number"), "decimal": _("a number"), "money": _("an amount"),
    "date": _("a date like 2026-11-22"),
    "moment": _("a moment like 2026-11-22T15:30:00-05:00"), "boolean": _("true or false"),
    "ref": _("an id"), "member": _("an id, or me"), "team": _("an id"),
}  # fmt: skip


def _parse(field: Field, text: str, actor: Actor) -> Any:
    raw: Any = text
    try:
        if field.kind == "integer":
            raw = int(text) if text.lstrip("+-").isascii() else text
        elif field.kind == "boolean":
            raw = {"true": True, "1": True, "false": False, "0": False}.get(text.lower(), text)
        elif field.kind == "member" and text == "me" and actor.member_id is not None:
            return actor.member_id
        elif field.kind == "moment" and len(text) == 10:
            raw = f"{text}T00:00:00+00:00"
        elif field.kind in ("email", "phone", "url"):
            if any(ord(letter) < 32 or 0xD800 <= ord(letter) < 0xE000 for letter in text):
                raise ValueError(text)
            return text.strip() or None
        elif field.kind in LIST_KINDS:
            listed = load_value(field, [text])
            return listed[0] if listed else None
        value = load_value(field, raw)
    except (Refused, ValueError):
        expected = _EXPECTED.get(field.kind)
        if field.kind in ("choice", "choices"):
            raise BadQuery(
                _("Filter '{field}': '{value}' is not one of: {choices}."),
                field=field.path, value=text[:60],
                choices=", ".join(list(choice_labels(field))[:12]),
            ) from None  # fmt: skip
        raise _wrong(field, text, expected or _("a text of this kind")) from None
    if value is None and field.kind not in TEXT_KINDS:
        raise _wrong(field, text, _EXPECTED.get(field.kind) or _("a value"))
    return value


def _unfit(field: Field, op: str) -> BadQuery:
    return BadQuery(
        _("Field '{field}' cannot be filtered with '{op}'."),
        hint=_("It takes: {ops}."),
        field=field.path, op=op, ops=", ".join(operators(field)),
    )  # fmt: skip


def _wrong(field: Field, text: str, expected: str) -> BadQuery:
    return BadQuery(
        _("Filter '{field}': '{value}' is not {expected}."),
        field=field.path,
        value=text[:60],
        expected=Message(expected),
    )


def condition(
    actor: Actor, entity: EntityView, wanted: Filter, *, dialect: str
) -> ColumnElement[bool]:
    """Make the SQL condition of a filter on a field that the caller has checked."""
    if wanted.path == "id":
        return _plain(entity.table.c.id, wanted)
    field = entity.fields[wanted.path]
    if wanted.op not in OPS or (wanted.op in _SOME_KINDS and wanted.op not in operators(field)):
        raise _unfit(field, wanted.op)
    if field in entity.valued:
        return _by_side_rows(actor, entity, field, wanted, dialect)
    if field.source == "custom":
        return _by_json(entity, field, wanted, dialect)
    table = entity.table
    name = field.path
    if field.source == "extension":
        table, name = entity.extensions[field.plugin].__table__, field.name
    column = table.c[name]
    if wanted.op == "under":
        return column.in_(_below(actor, field, wanted.value))
    if field.fold:
        return _by_shadow(field, column, table.c[f"{name}_key"], wanted)
    if field.kind in TEXT_KINDS and wanted.op in ("contains", "startswith"):
        text = _escape(wanted.value)
        return column.ilike(f"%{text}%" if wanted.op == "contains" else f"{text}%", escape="\\")
    if field.kind in TEXT_KINDS:
        column = _by_code_point(column, dialect)
    return _plain(column, wanted)


def _by_code_point(column: Any, dialect: str) -> Any:
    """Let plain text be ordered alike on both databases, whatever the database's language."""
    return column.collate("C") if dialect == "postgresql" else column


def _plain(column: ColumnElement[Any], wanted: Filter) -> ColumnElement[bool]:
    value = wanted.value
    if value is None and wanted.op in _ORDERED:
        return false()
    match wanted.op:
        case "isnull":
            return column.is_(None) if value else column.is_not(None)
        case "eq":
            return column.is_(None) if value is None else column == value
        case "ne":
            if value is None:
                return column.is_not(None)
            return or_(column != value, column.is_(None))
        case "in":
            return column.in_(value)
        case "gt" | "gte" | "lt" | "lte":
            ordered: ColumnElement[bool] = _COMPARE[wanted.op](column, value)
            return ordered
    raise BadQuery(_("Operator '{op}' does not fit here."), op=wanted.op)


def _by_shadow(
    field: Field, column: ColumnElement[Any], key: ColumnElement[Any], wanted: Filter
) -> ColumnElement[bool]:
    """Compare folded text by its shadow column; plain text must be equal to the letter too."""
    fold = FOLDS[field.fold or "text"]
    exact = field.kind == "text" and field.fold == "text" and not field.spellings
    value = wanted.value
    match wanted.op:
        case "isnull":
            return column.is_(None) if value else column.is_not(None)
        case "eq" | "ne":
            if value is None:
                return column.is_(None) if wanted.op == "eq" else column.is_not(None)
            written = spelled(field, value) if field.spellings else [fold(value)[:500]]
            same = key == written[0] if len(written) == 1 else key.in_(written)
            if exact:
                same = and_(same, column == value)
            # What folds to nothing has no key, and is another than any value.
            return same if wanted.op == "eq" else or_(not_(same), key.is_(None))
        case "in":
            given = [item for item in value if item is not None]
            if field.spellings:
                same = key.in_([text for item in given for text in spelled(field, item)])
            else:
                same = key.in_([fold(item)[:500] for item in given])
            return and_(same, column.in_(value)) if exact else same
        case "contains":
            folded = fold(value)
            pattern = f"%{_escape(folded)}%"
            return key.like(pattern, escape="\\") if folded else column.is_not(None)
        case "startswith":
            folded = fold(value)
            within = and_(key >= folded, key < folded + _LAST)
            return within if folded else column.is_not(None)
    if value is None:
        return false()
    return _plain(key, Filter(path=wanted.path, op=wanted.op, value=fold(value)[:500]))


def _by_side_rows(
    actor: Actor, entity: EntityView, field: Field, wanted: Filter, dialect: str
) -> ColumnElement[bool]:
    """Filter by the typed rows: own indexed fields, and lists where any value may match."""
    rows = select(side.c.record_id).where(
        side.c.tenant_id == actor.tenant_id,
        side.c.entity == entity.name,
        side.c.field == field.path,
    )
    value, op = wanted.value, wanted.op
    identifier = entity.table.c.id
    if op == "isnull" or value is None:
        present = identifier.in_(rows)
        return not_(present) if (op == "isnull" and value) or op == "eq" else present
    column = side.c[side_column(field)]
    typed = [
        next(part for part in (*side_value(field, item), "") if part is not None)
        for item in (value if isinstance(value, list) else [value])
    ]
    if op in ("contains", "startswith") and field.kind in TEXT_KINDS:
        text = str(typed[0])
        if op == "contains":
            return identifier.in_(rows.where(column.like(f"%{_escape(text)}%", escape="\\")))
        return identifier.in_(rows.where(column >= text, column < text + _LAST))
    if op in _ORDERED:
        return identifier.in_(
            rows.where(_plain(column, Filter(path=wanted.path, op=op, value=typed[0])))
        )
    matching: ColumnElement[bool] = identifier.in_(rows.where(column.in_(typed)))
    if field.kind == "text":
        # The rows hold it folded; equal is equal to the letter, as with a native field.
        items = value if isinstance(value, list) else [value]
        kept = func.coalesce(json_text(entity, field, dialect), "")
        matching = and_(matching, kept.in_(items))
    return not_(matching) if op == "ne" else matching


def _by_json(entity: EntityView, field: Field, wanted: Filter, dialect: str) -> ColumnElement[bool]:
    """Filter by an own field without an index, out of the JSON column: right, not fast."""
    text: ColumnElement[Any] = json_text(entity, field, dialect)
    value, op = wanted.value, wanted.op
    if op == "isnull" or value is None:
        return text.is_(None) if (op == "isnull" and value) or op == "eq" else text.is_not(None)
    if field.kind in ("integer", "decimal", "money"):
        number = _exact_number(text, field, dialect)
        scaled: Any = (
            [_scaled(field, item) for item in value] if op == "in" else _scaled(field, value)
        )
        return _plain(number, Filter(path=wanted.path, op=op, value=scaled))
    if op in ("contains", "startswith"):
        pattern = _escape(value)
        return text.ilike(f"%{pattern}%" if op == "contains" else f"{pattern}%", escape="\\")

    if field.kind == "moment":
        # "…00Z" would come after "…00.5Z".
        text = func.rtrim(text, "Z")

    def stored(item: Any) -> str:
        if field.kind == "boolean":
            return str(item).lower() if dialect == "postgresql" else str(int(item))
        kept = str(to_json(field, item))
        return kept.rstrip("Z") if field.kind == "moment" else kept

    compared: Any = [stored(item) for item in value] if op == "in" else stored(value)
    return _plain(_by_code_point(text, dialect), Filter(path=wanted.path, op=op, value=compared))


def json_text(entity: EntityView, field: Field, dialect: str) -> Any:
    """Take an own field's value out of the JSON column, as text."""
    custom = entity.table.c.custom
    if dialect == "postgresql":
        return func.jsonb_extract_path_text(sql_cast(custom, JSONB), field.name)
    # json_extract answers 1 and 0 for true and false.
    return sql_cast(func.json_extract(custom, f'$."{field.name}"'), Text)


def _scaled(field: Field, value: Any) -> Any:
    return value if field.kind == "integer" else Decimal(value)


def _exact_number(text: Any, field: Field, dialect: str) -> Any:
    if field.kind == "integer":
        return sql_cast(text, BigInteger)
    return sql_cast(text, Numeric(30, field.scale) if dialect == "postgresql" else Float)


def _below(actor: Actor, field: Field, root: Any) -> Any:
    """Select a node of a tree and all below it."""
    target = actor.view.entities.get(field.target or "")
    if target is None or target.info.tree is None:
        return [root]
    table = target.table
    start = (
        select(table.c.tenant_id, table.c.id)
        .where(table.c.tenant_id == actor.tenant_id, table.c.id == root)
        .cte(f"below_{field.name}", recursive=True)
    )
    below = start.union(
        select(table.c.tenant_id, table.c.id).where(
            table.c.tenant_id == start.c.tenant_id, table.c[target.info.tree] == start.c.id
        )
    )
    return select(below.c.id)


def _escape(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


def unknown_field(path: str, visible: Mapping[str, Field]) -> BadQuery:
    """Make the error for a field that does not exist, with the nearest that does."""
    near = difflib.get_close_matches(path, visible, n=1)
    if near:
        return BadQuery(
            _("There is no field '{field}'."), hint=_("Did you mean '{near}'?"),
            field=path[:80], near=near[0], code="unknown_field",
        )  # fmt: skip
    return BadQuery(_("There is no field '{field}'."), field=path[:80], code="unknown_field")
