"""THE read path: filters, search, order, keyset page, rules, and only the columns shown.

Statements are composed from Core tables; no ORM object is made. A page costs at most two
statements (rows with a value in the leading key, then rows without), with or without a search. A
term that many records contain is looked for along the sort index first, in bounded steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from dataclasses import field as dataclass_field
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    Select,
    Table,
    bindparam,
    func,
    null,
    select,
)

from trato.access import rules
from trato.access.actor import Actor
from trato.access.roles import Action
from trato.db.types import Id
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import BadQuery
from trato.records import cursor as cursors
from trato.records import search
from trato.records.conditions import check, sides_of, sql_of, stated, with_sides
from trato.records.convert import JSON_KINDS, from_json
from trato.records.filters import unknown_field
from trato.records.query import COUNT_CAP, Page, Query
from trato.records.sorting import SortKey, after, key_value, order_by, raw_value, sort_keys
from trato.text import _

MAX_LIMIT = 500
#: Rows of the sort index that one step of a walk looks at; the first step is a tenth of it.
STEP = 20_000
#: A common term that is not found near by is looked for by the keys of so many records.
KEYS = 50_000
#: Callers choose columns and order freely; no more plans than this are kept per entity.
_MOST_PLANS = 200


#: Rows, and what tells where in the order the row of a number stands.
_Found = tuple[list[tuple[Any, ...]], Callable[[int], list[Any]]]


@dataclass(frozen=True, kw_only=True, eq=False)
class _Plan:
    """What a query comes to, before paging."""

    columns: tuple[str, ...]
    selected: list[ColumnElement[Any]]
    conditions: list[ColumnElement[bool]]
    keys: list[SortKey]
    joined: list[Table]
    #: Extension tables that a filter reads, apart from those whose columns are shown.
    filter_joins: list[Table]
    #: Whether nothing narrows the list: every living record of the tenant is in it.
    is_whole: bool
    #: Statements of pages that need no more conditions, by region and shape of the start.
    statements: dict[Any, Select[Any]] = dataclass_field(default_factory=dict)


def run(connection: Connection, actor: Actor, entity: EntityView, query: Query) -> Page:
    """Read one page.

    :raises Forbidden: when the actor may see no record of the entity.
    :raises BadQuery: for an unknown field, filter or order, or a foreign cursor.
    """
    rules.require(actor, entity, "view")
    if not 1 <= query.limit <= MAX_LIMIT:
        raise BadQuery(_("A page has between 1 and {limit} rows."), limit=MAX_LIMIT)
    visible = rules.visible_fields(actor, entity)
    check(entity, visible, query.filters)
    terms = search.terms(query.search)
    plan = _plan(connection, actor, entity, query, visible, searched=bool(terms))
    bound_to = cursors.fingerprint(
        entity.name, stated(query.filters), query.search, query.sort, query.archived, query.limit
    )
    start = None if query.cursor is None else cursors.decode(query.cursor, bound_to)
    if query.search.strip() and not terms:
        return Page(columns=plan.columns, rows=[], total=0 if query.count else None)
    tenant_id = actor.tenant_id
    few = search.FEW[connection.dialect.name]
    values = search.bound(connection, entity, tenant_id, terms, many=few) if terms else {}
    raw, position = _pages(connection, entity, plan, query.limit + 1, start, values)
    common = False
    if terms and not raw:
        common = search.find(connection, entity, tenant_id, terms) is None
    if common:
        plan = _plan(connection, actor, entity, query, visible, searched=False)
        values["many"] = KEYS
        raw, position = _common(
            connection, entity, plan, terms, query.limit + 1, start, values, tenant_id=tenant_id
        )
    next_cursor = None
    if len(raw) > query.limit:
        raw = raw[: query.limit]
        last = position(query.limit - 1)
        next_cursor = cursors.encode(bound_to, [last[0], *(raw_value(v) for v in last[1:])])
    total = None
    if query.count and terms and start is None and next_cursor is None:
        total = len(raw)
    elif query.count and common:
        total = _count(connection, entity, _searched(connection, entity, plan), values) or _count(
            connection, entity,
            replace(plan, conditions=[*plan.conditions,
                                      search.contains(entity.table.c.search_text, terms)]), {},
        )  # fmt: skip
    elif query.count:
        total = _count(connection, entity, plan, values)
    return Page(
        columns=plan.columns,
        rows=_finish(entity, plan.columns, raw),
        next=next_cursor,
        total=None if total is None else min(total, COUNT_CAP),
        total_capped=total is not None and total > COUNT_CAP,
    )


def matching(
    connection: Connection, actor: Actor, entity: EntityView, query: Query,
    columns: Sequence[ColumnElement[Any]], fields: Iterable[Field],
) -> Select[Any] | None:  # fmt: skip
    """Select something of every record that a query finds, in no order and on no page.

    :param columns: what is selected, of the tables of ``fields``.
    :return: the statement; None where the words can be found nowhere.
    """
    rules.require(actor, entity, "view")
    visible = rules.visible_fields(actor, entity)
    check(entity, visible, query.filters)
    plan = _plan(connection, actor, entity, replace(query, columns=()), visible, searched=False)
    conditions = list(plan.conditions)
    terms = search.terms(query.search)
    if query.search.strip() and not terms:
        return None
    if terms:
        ids = search.find(connection, entity, actor.tenant_id, terms)
        conditions.append(
            search.contains(entity.table.c.search_text, terms)
            if ids is None
            else search.among(connection, entity.table.c.id, ids)
        )
    sides = [entity.extensions[f.plugin].__table__ for f in fields if f.source == "extension"]
    statement = select(*columns).where(*conditions)
    return _from(entity, statement, [*plan.filter_joins, *sides], (), lead_inner=False)


def _plan(
    connection: Connection, actor: Actor, entity: EntityView, query: Query,
    visible: Mapping[str, Field], *, searched: bool,
) -> _Plan:  # fmt: skip
    """Plan a query; a plan in which nothing is of the actor's own is made once.

    Filters hold values, and a row rule who asks, so plans with either are made for each query.
    What the actor may see is part of the key, as hidden columns are refused by the plan.

    :param searched: the plan finds the few records that contain the terms of ``search.bound``.
    """
    actions: tuple[Action, ...] = ("view", "export") if query.exported else ("view",)
    found = [rules.predicate(actor, entity, action) for action in actions]
    limits = [rule for rule in found if rule is not None]
    plans: dict[Any, _Plan] = entity.cache.setdefault("plans", {})
    key = (actor.tenant_id, query.columns, query.sort, query.backward, query.archived,
           searched, tuple(visible))  # fmt: skip
    is_kept = not query.filters and not limits
    plan = plans.get(key) if is_kept else None
    if plan is None:
        plan = _make_plan(connection, actor, entity, query, visible, limits)
        if searched:
            keys = [
                replace(key, column=search.unindexed(connection, key.column)) for key in plan.keys
            ]
            plan = replace(_searched(connection, entity, plan), keys=keys)
    if is_kept:
        if len(plans) >= _MOST_PLANS:
            plans.clear()
        plans[key] = plan
    return plan


def _searched(connection: Connection, entity: EntityView, plan: _Plan) -> _Plan:
    """Narrow a plan to the few records that contain the terms of ``search.bound``."""
    conditions = [*plan.conditions, search.few(connection, entity)]
    return replace(plan, conditions=conditions, is_whole=False, statements={})


def _make_plan(
    connection: Connection, actor: Actor, entity: EntityView, query: Query,
    visible: Mapping[str, Field], limits: Sequence[ColumnElement[bool]],
) -> _Plan:  # fmt: skip
    table = entity.table
    paths = query.columns if query.columns is not None else tuple(visible)
    selected, joined = _select_columns(entity, visible, paths)
    conditions: list[ColumnElement[bool]] = [table.c.tenant_id == actor.tenant_id]
    archived = table.c.archived_at
    conditions.append(archived.is_not(None) if query.archived else archived.is_(None))
    conditions.extend(limits)
    dialect = connection.dialect.name
    conditions += (sql_of(actor, entity, wanted, dialect=dialect) for wanted in query.filters)
    keys = sort_keys(
        entity, visible, query.sort, tenant_id=actor.tenant_id, backward=query.backward
    )
    return _Plan(
        columns=("id", "version", *(p for p in paths if p not in ("id", "version"))),
        selected=selected, conditions=conditions, keys=keys, joined=joined,
        filter_joins=sides_of(entity, query.filters),
        is_whole=not (query.filters or limits or query.archived),
    )  # fmt: skip


def _select_columns(
    entity: EntityView, visible: Mapping[str, Field], paths: Iterable[str]
) -> tuple[list[ColumnElement[Any]], list[Table]]:
    """Pick the columns of the paths; own fields come as the JSON column, unpacked afterwards.

    It comes with the first of them; the places of the others stay empty until then.
    """
    table = entity.table
    columns: list[ColumnElement[Any]] = [table.c.id, table.c.version]
    joined: list[Table] = []
    has_custom = False
    for path in paths:
        if path in ("id", "version"):
            continue
        field = visible.get(path)
        if field is None:
            raise unknown_field(path, visible)
        if field.source == "native":
            columns.append(table.c[path])
        elif field.source == "custom":
            columns.append(null().label(None) if has_custom else table.c.custom.label(None))
            has_custom = True
        else:
            side = entity.extensions[field.plugin].__table__
            columns.append(side.c[field.name].label(None))
            if side not in joined:
                joined.append(side)
    return columns, joined


def _from(
    entity: EntityView, statement: Select[Any], tables: Iterable[Table],
    keys: Sequence[SortKey], *, lead_inner: bool,
) -> Select[Any]:  # fmt: skip
    """Join the extension tables and the side rows of the order."""
    table = entity.table
    source: Any = table
    done: set[Any] = set()
    for number, key in enumerate(keys):
        if key.source is None or key.source in done or key.on is None:
            continue
        done.add(key.source)
        source = source.join(key.source, key.on, isouter=not (number == 0 and lead_inner))
    sides = [side for side in dict.fromkeys(tables) if side not in done]
    return statement.select_from(with_sides(source, table, sides))


def _pages(
    connection: Connection, entity: EntityView, plan: _Plan, limit: int, start: list[Any] | None,
    values: Mapping[str, Any],
) -> _Found:  # fmt: skip
    """Read the region with a leading value, then, if the page is not full, the one without.

    Backward it is the other way round.

    :param values: what the plan's conditions leave open.
    """
    rows: list[tuple[Any, ...]] = []
    pieces: list[tuple[int, Sequence[Row[Any]]]] = []
    width = len(plan.selected)
    for region, at in _regions(plan, start):
        statement, bound = _page_statement(entity, plan, region, at)
        bound |= {**values, "page_size": limit - len(rows)}
        found = connection.execute(statement, bound).all()
        rows += [row[:width] for row in found]
        pieces.append((region, found))
        if len(rows) >= limit:
            break

    def position(number: int) -> list[Any]:
        for region, found in pieces:
            if number < len(found):
                # The tie-breaker is the record's id, whichever table it is read from.
                return [region, *found[number][width:], found[number][0]]
            number -= len(found)
        raise IndexError(number)

    return rows, position


def _page_statement(
    entity: EntityView, plan: _Plan, region: int, start: list[Any] | None
) -> tuple[Select[Any], dict[str, Any]]:
    """Give the plan's statement for a page of a region, composed once, and where it begins."""
    keys, _tie = _keys(entity, plan, region)
    values: list[Any] = []
    last: Any = None
    if start is not None:
        values, last = _start_values(keys, start)
    shape = (region, start is None, *(value is None for value in values))
    statement = plan.statements.get(shape)
    if statement is None:
        places: tuple[list[Any], Any] | None = None
        if start is not None:
            named = [
                None if value is None else bindparam(f"after_{number}", type_=key.column.type)
                for number, (key, value) in enumerate(zip(keys, values, strict=True))
            ]
            places = (named, bindparam("last", type_=Id))
        statement = _region_select(entity, plan, plan.selected, region, places)
        statement = statement.limit(bindparam("page_size", type_=Integer))
        plan.statements[shape] = statement
    bound = {f"after_{n}": value for n, value in enumerate(values) if value is not None}
    return statement, bound if start is None else {**bound, "last": last}


def _start_values(keys: Sequence[SortKey], start: list[Any]) -> tuple[list[Any], UUID]:
    """Read the key values and the id after which a page starts.

    :raises BadQuery: when somebody changed the cursor.
    """
    if len(start) != len(keys) + 2:
        raise BadQuery(_("The cursor cannot be read."), code="bad_cursor")
    values = [key_value(key, raw) for key, raw in zip(keys, start[1:-1], strict=True)]
    try:
        return values, UUID(start[-1])
    except (ValueError, TypeError, AttributeError):
        raise BadQuery(_("The cursor cannot be read."), code="bad_cursor") from None


def _regions(plan: _Plan, start: list[Any] | None) -> list[tuple[int, list[Any] | None]]:
    """Give the regions to read, and where in the first of them a page begins.

    :raises BadQuery: when somebody changed the cursor.
    """
    lead = plan.keys[0]
    regions = [0, 1] if lead.nullable else [0]
    if lead.empty_first:
        regions.reverse()
    if start is None:
        return [(region, None) for region in regions]
    if not start or start[0] not in (0, 1):
        raise BadQuery(_("The cursor cannot be read."), code="bad_cursor")
    rest = regions[regions.index(start[0]) :] if start[0] in regions else []
    return [(region, start if region == start[0] else None) for region in rest]


def _region_select(
    entity: EntityView, plan: _Plan, columns: Sequence[ColumnElement[Any]], region: int,
    start: tuple[list[Any], Any] | None, *, showing: bool = True,
) -> Select[Any]:  # fmt: skip
    """Make the statement of one region; behind its columns stand the keys.

    :param showing: the columns are those of a page, which begin with the id; else the tie-breaker
        comes last.
    """
    lead = plan.keys[0]
    keys, tie = _keys(entity, plan, region)
    positions = [key.column.label(None) for key in keys]
    if not showing:
        positions.append(tie.label(None))
    statement = select(*columns, *positions).where(*plan.conditions)
    sides = [*plan.filter_joins, *(plan.joined if showing else ())]
    statement = _from(entity, statement, sides, plan.keys, lead_inner=region == 0 and lead.nullable)
    if lead.nullable:
        empty = lead.column.is_(None)
        statement = statement.where(lead.column.is_not(None) if region == 0 else empty)
    if start is not None:
        values, last = start
        statement = statement.where(
            after(keys, values, tie, last, descending=lead.descending, lead_known=region == 0)
        )
    return statement.order_by(*_order(entity, plan, region))


def _keys(
    entity: EntityView, plan: _Plan, region: int
) -> tuple[Sequence[SortKey], ColumnElement[Any]]:
    """Give the keys and the tie-breaker of a region; without a leading value the others order."""
    lead = plan.keys[0]
    if region:
        return plan.keys[1:], entity.table.c.id
    return plan.keys, entity.table.c.id if lead.record_id is None else lead.record_id


def _order(entity: EntityView, plan: _Plan, region: int) -> list[Any]:
    keys, tie = _keys(entity, plan, region)
    return order_by(keys, tie, descending=plan.keys[0].descending, lead_known=region == 0)


def _common(
    connection: Connection, entity: EntityView, plan: _Plan, terms: list[str], limit: int,
    start: list[Any] | None, values: Mapping[str, Any], *, tenant_id: int,
) -> _Found:  # fmt: skip
    """Find a common term: near by, else by the keys of all that contain it, else by a long walk.

    Where one record in fifty contains it, those of a page are near, unless the order keeps them
    together, as that of the names does with their first word.
    """
    near = _walk(connection, entity, plan, terms, limit, start, tenant_id=tenant_id, is_near=True)
    if near is not None:
        return near
    found = _pages(connection, entity, _searched(connection, entity, plan), limit, start, values)
    if found[0]:
        return found
    far = _walk(connection, entity, plan, terms, limit, start, tenant_id=tenant_id)
    return far or ([], [].__getitem__)


def _walk(
    connection: Connection, entity: EntityView, plan: _Plan, terms: list[str], limit: int,
    start: list[Any] | None, *, tenant_id: int, is_near: bool = False,
) -> _Found | None:  # fmt: skip
    """Find terms by walking the order in steps, then read the rows that were found.

    The step is a subquery with a LIMIT, so that the planner, which has no statistics for LIKE
    under row-level security, cannot decide to read and sort the whole tenant.

    :param is_near: begin with a small step, and give up, with None, when two whole ones would not
        be enough at the rate at which matches were found.
    """
    found: list[UUID] = []
    positions: list[list[Any]] = []
    table = entity.table
    length = STEP // 10 if is_near else STEP
    looked = 0
    for region, begin in _regions(plan, start):
        at = begin
        while len(found) < limit:
            places = None if at is None else _start_values(_keys(entity, plan, region)[0], at)
            step = _region_select(
                entity, plan, [table.c.id.label("found"), table.c.search_text.label("searched")],
                region, places, showing=False,
            ).limit(length)  # fmt: skip
            inner = step.subquery("step")
            record, searched, *placed = inner.c
            # The same order again, which the planner sees is there already, so that it stops at
            # the first rows that match.
            keys, _tie = _keys(entity, plan, region)
            again = [replace(key, column=column) for key, column in zip(keys, placed, strict=False)]
            ordered = order_by(
                again, placed[-1], descending=plan.keys[0].descending, lead_known=region == 0
            )
            matching = (
                select(record, *placed)
                .where(search.contains(searched, terms))
                .order_by(*ordered)
                .limit(limit - len(found))
            )
            for row in connection.execute(matching):
                found.append(row[0])
                positions.append([region, *row[1:]])
            if len(found) >= limit:
                break
            end = connection.execute(step.offset(length - 1).limit(1)).first()
            if end is None:
                break
            looked += length
            if is_near and looked * limit > 2 * STEP * len(found):
                return None
            length = STEP
            at = [region, *(raw_value(v) for v in end[2:])]
        if len(found) >= limit:
            break
    rows = rows_by_id(connection, entity, plan.selected, plan.joined, found, tenant_id=tenant_id)
    return [rows[record] for record in found if record in rows], positions.__getitem__


def rows_by_id(
    connection: Connection, entity: EntityView, columns: Sequence[ColumnElement[Any]],
    joined: Iterable[Table], ids: Sequence[UUID], *, tenant_id: int,
    limits: Sequence[ColumnElement[bool]] = (),
) -> dict[UUID, tuple[Any, ...]]:  # fmt: skip
    """Read rows by key; the first column is the id. The caller has checked the rules.

    :param limits: further conditions on the entity's table.
    """
    if not ids:
        return {}
    statement = _from(entity, select(*columns), joined, (), lead_inner=False).where(
        entity.table.c.tenant_id == tenant_id,
        search.among(connection, entity.table.c.id, list(ids)), *limits,
    )  # fmt: skip
    return {row[0]: tuple(row) for row in connection.execute(statement)}


def _count(
    connection: Connection, entity: EntityView, plan: _Plan, values: Mapping[str, Any]
) -> int:
    some = _from(entity, select(entity.table.c.id), plan.filter_joins, (), lead_inner=False).where(
        *plan.conditions
    )
    if plan.is_whole and connection.dialect.name == "sqlite":
        # It would count along any index, and look at each record whether it is in the bin; this
        # order's has the living ones alone.
        some = some.order_by(entity.table.c.created_at, entity.table.c.id)
    counted = some.limit(COUNT_CAP + 1).subquery()
    return int(connection.execute(select(func.count()).select_from(counted), values).scalar_one())


def _finish(
    entity: EntityView, columns: tuple[str, ...], raw: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Unpack own fields from the JSON column."""
    own = [
        (place, field.name, None if field.kind in JSON_KINDS else field)
        for place, path in enumerate(columns) if (field := entity.custom.get(path)) is not None
    ]  # fmt: skip
    if not own:
        return raw
    held = own[0][0]
    finished = []
    for row in raw:
        values = list(row)
        custom = row[held] or {}
        for place, name, field in own:
            value = custom.get(name)
            values[place] = value if field is None else from_json(field, value)
        finished.append(tuple(values))
    return finished


def record_statement(
    entity: EntityView, visible: Mapping[str, Field], *, tenant_id: int
) -> Select[Any]:
    """Give the statement that reads a record by its `id`, composed once per visible fields.

    Its columns are those of ``select_columns``, and behind them when the record was archived.
    """
    kept: dict[Any, Select[Any]] = entity.cache.setdefault("record statements", {})
    key = (tenant_id, tuple(visible))
    found = kept.get(key)
    if found is None:
        table = entity.table
        columns, joined = _select_columns(entity, visible, visible)
        statement = select(*columns, table.c.archived_at.label("bin")).where(
            table.c.tenant_id == tenant_id, table.c.id == bindparam("record_id", type_=Id)
        )
        found = kept[key] = _from(entity, statement, joined, (), lead_inner=False)
    return found


def select_columns(
    entity: EntityView, visible: Mapping[str, Field], paths: Iterable[str]
) -> tuple[list[ColumnElement[Any]], list[Table]]:
    """Pick columns for a read by key; see ``rows_by_id`` and ``finish``."""
    return _select_columns(entity, visible, paths)


def finish(
    entity: EntityView, columns: tuple[str, ...], raw: list[tuple[Any, ...]]
) -> list[tuple[Any, ...]]:
    """Unpack own fields of rows read by key."""
    return _finish(entity, columns, raw)
