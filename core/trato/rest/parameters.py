"""The query string of a list: filters, search, order, page and columns. Nothing is ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl

from trato.access.actor import Actor
from trato.access.rules import visible_fields
from trato.entities.fields import LIST_KINDS, Field
from trato.entities.view import EntityView
from trato.errors import BadQuery
from trato.records.filters import ID_OPS, operators, parse_filter, unknown_field
from trato.records.query import OPS, Filter, Op, Query
from trato.records.reading import MAX_LIMIT
from trato.rest.serializer import Shape, shape
from trato.text import _

#: The record's own id, which stands in every answer: filtered as a reference is.
ID = Field(path="id", label=_("id of a record"), kind="ref")
#: Parameters that are no filters. A field of such a name is filtered as `NAME__eq`.
OWN = ("q", "sort", "limit", "cursor", "fields", "count")
DEFAULT_LIMIT = 50
_MAX_PARAMETERS = 500
#: Longest text that is searched or filtered by.
MAX_TEXT = 500


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a list is asked for, and how its rows are written."""

    query: Query
    shape: Shape


def read_parameters(query_string: bytes) -> dict[str, str]:
    """Read a query string strictly.

    :raises BadQuery: when it is not UTF-8, too long, or says something twice.
    """
    try:
        pairs = parse_qsl(
            query_string.decode(), keep_blank_values=True, errors="strict",
            max_num_fields=_MAX_PARAMETERS,
        )  # fmt: skip
    except UnicodeDecodeError:
        raise BadQuery(_("The query string is not UTF-8.")) from None
    except ValueError:
        raise BadQuery(_("At most {limit} parameters."), limit=_MAX_PARAMETERS) from None
    found: dict[str, str] = {}
    for name, value in pairs:
        if name in found:
            raise BadQuery(
                _("Parameter '{name}' stands twice."),
                hint=_("Several values of a field are written {name}__in=A,B."),
                name=name[:80], code="duplicate_parameter",
            )  # fmt: skip
        found[name] = value
    return found


def refuse_parameters(query_string: bytes) -> None:
    """Refuse any parameter, where a call takes none.

    :raises BadQuery: naming the first.
    """
    for name in read_parameters(query_string):
        raise BadQuery(
            _("There is no parameter '{name}' here."), name=name[:80], code="unknown_parameter"
        )


def list_query(query_string: bytes, actor: Actor, entity: EntityView) -> Asked:
    """Read what a list is asked for.

    :raises BadQuery: for anything unknown, wrong or said twice.
    """
    given = read_parameters(query_string)
    visible = visible_fields(actor, entity)
    chosen = given.pop("fields", None)
    shown = shape(
        entity, visible.values() if chosen is None else _columns(chosen, visible),
        whole=chosen is None,
    )  # fmt: skip
    sort = given.pop("sort", None)
    search, cursor = _text("q", given.pop("q", "")), given.pop("cursor", None)
    limit = _limit(given.pop("limit", None))
    count = _flag("count", given.pop("count", "false"))
    filters = tuple(_filter(name, value, actor, entity, visible) for name, value in given.items())
    query = Query(
        columns=shown.paths, filters=filters, search=search, limit=limit, cursor=cursor,
        sort=() if sort is None else _order(sort), count=count,
    )  # fmt: skip
    return Asked(query=query, shape=shown)


def field_operators(actor: Actor, field: Field) -> tuple[Op, ...]:
    """Name the operators by which a field may be filtered; `under` only where there is a tree."""
    if field is ID:
        return ID_OPS
    offered = operators(field)
    if "under" in offered:
        target = actor.view.entities.get(field.target or "")
        if target is None or target.info.tree is None:
            return tuple(op for op in offered if op != "under")
    return offered


def _columns(chosen: str, visible: Mapping[str, Field]) -> list[Field]:
    columns: dict[str, Field] = {}
    for path in chosen.split(","):
        if path in ("id", "version"):
            continue
        field = visible.get(path)
        if field is None:
            raise unknown_field(path, visible)
        columns[path] = field
    return list(columns.values())


def _order(text: str) -> tuple[str, ...]:
    """Read an order; a field that comes again can order nothing any more."""
    keys: dict[str, str] = {}
    for key in text.split(","):
        keys.setdefault(key.removeprefix("-"), key)
    return tuple(keys.values())


def _text(name: str, text: str) -> str:
    if "\x00" in text:
        raise BadQuery(_("Parameter '{name}' has a NUL character."), name=name)
    if len(text) > MAX_TEXT:
        raise BadQuery(
            _("Parameter '{name}' is longer than {limit} letters."), name=name, limit=MAX_TEXT
        )
    return text


def _limit(text: str | None) -> int:
    if text is None:
        return DEFAULT_LIMIT
    limit = int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0
    if not 1 <= limit <= MAX_LIMIT:
        raise BadQuery(
            _("'{value}' is no limit; a page has between 1 and {limit} rows."),
            value=text[:20], limit=MAX_LIMIT, code="bad_limit",
        )  # fmt: skip
    return limit


def _flag(name: str, text: str) -> bool:
    if text not in ("true", "false"):
        raise BadQuery(
            _("Parameter '{name}' is true or false, not '{value}'."), name=name, value=text[:20]
        )
    return text == "true"


def _filter(
    name: str, value: str, actor: Actor, entity: EntityView, visible: Mapping[str, Field]
) -> Filter:
    path, op = name, "eq"
    visible = {ID.path: ID, **visible}
    if name not in visible:
        before, mark, after = name.rpartition("__")
        if mark and before in visible:
            path, op = before, after
    field = visible.get(path)
    if field is None:
        near = unknown_field(path.removesuffix(f"__{path.rpartition('__')[2]}"), visible)
        raise BadQuery(
            _("There is no parameter or field '{name}'."), hint=near.hint.text,
            name=name[:80], near=near.hint.params.get("near", ""), code="unknown_field",
        )  # fmt: skip
    offered = field_operators(actor, field)
    if op not in offered:
        raise BadQuery(
            _("Field '{field}' cannot be filtered with '{op}'."), hint=_("It takes: {ops}."),
            field=path, op=op[:20], ops=", ".join(offered),
            code="bad_operator" if op in OPS else "unknown_operator",
        )  # fmt: skip
    if field.kind == "boolean" or op == "isnull":
        _flag(name, value)
    elif op != "in":
        _text(name, value)
    if field.kind in LIST_KINDS and not value.strip():
        raise BadQuery(
            _("Filter '{field}' has no value."), hint=_("Ask for {field}__isnull=true."),
            field=path,
        )  # fmt: skip
    return parse_filter(field, op, value, actor=actor)
