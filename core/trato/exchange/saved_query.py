"""A query as plain data, for a task that runs later."""

from __future__ import annotations

from typing import Any

from trato.access import rules
from trato.access.actor import Actor
from trato.entities.fields import LIST_KINDS, Field
from trato.entities.view import EntityView
from trato.records.convert import from_json, to_json
from trato.records.filters import unknown_field
from trato.records.query import Filter, Query

#: Operators whose value is not one of the field's.
_OWN = ("isnull", "contains", "startswith")


def dump(entity: EntityView, query: Query) -> dict[str, Any]:
    """Write filters, search, order and bin of a query as JSON holds them.

    :raises TypeError: for an expression among the filters, which is no data.
    """
    filters = [wanted for wanted in query.filters if isinstance(wanted, Filter)]
    if len(filters) < len(query.filters):
        raise TypeError("a query that is kept has filters by path only")
    return {
        "filters": [[f.path, f.op, _map(to_json, entity.fields[f.path], f)] for f in filters],
        "search": query.search, "sort": list(query.sort), "archived": query.archived,
    }  # fmt: skip


def load(actor: Actor, entity: EntityView, data: dict[str, Any]) -> Query:
    """Read what ``dump`` wrote, as the actor may ask today.

    :raises BadQuery: for a field that is there no longer.
    """
    visible = rules.visible_fields(actor, entity)
    filters = []
    for path, op, value in data.get("filters", ()):
        if path not in visible:
            raise unknown_field(path, visible)
        kept = Filter(path=path, op=op, value=value)
        filters.append(Filter(path=path, op=op, value=_map(from_json, visible[path], kept)))
    return Query(
        filters=tuple(filters), search=data.get("search", ""),
        sort=tuple(data.get("sort", ())), archived=bool(data.get("archived")),
    )  # fmt: skip


def _map(convert: Any, field: Field, wanted: Filter) -> Any:
    if wanted.op in _OWN or wanted.value is None or field.kind in LIST_KINDS:
        return wanted.value
    if wanted.op == "in":
        return [convert(field, item) for item in wanted.value]
    return convert(field, wanted.value)
