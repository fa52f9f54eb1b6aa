"""The list of an entity: search, filters, order, pages, and the way out as a file."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from trato.access import rules
from trato.access.actor import Actor
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.errors import BadQuery, TratoError
from trato.host import Host
from trato.i18n import Formats, in_sentence
from trato.records.filters import operators, parse_filter, unknown_field
from trato.records.query import COUNT_CAP, Filter, Op, Query
from trato.records.unit import Unit
from trato.screens.cells import Cells
from trato.screens.parts import list_columns, list_filters
from trato.text import _
from trato.web.frame import (
    Crumb,
    formats,
    initials,
    locale,
    phrase,
    set_crumbs,
    translator,
)

PAGE_SIZE = 80

#: What an operator is called beside a field's name.
OPERATORS: dict[Op, str] = {
    "eq": _("is"), "ne": _("is not"), "gt": _("greater than"), "gte": _("at least"),
    "lt": _("less than"), "lte": _("at most"), "in": _("is any of"),
    "contains": _("contains"), "startswith": _("begins with"), "isnull": _("is empty"),
    "under": _("is within"),
}  # fmt: skip
_TEMPORAL = {"gt": _("after"), "gte": _("from"), "lt": _("before"), "lte": _("until")}
_CONTROL = frozenset({"q", "sort", "cursor", "bin", "field", "op", "value"})


def base_url(entity: EntityView) -> str:
    """Give the address of an entity's list."""
    return f"/{entity.info.plugin}/{entity.info.collection}"


class ListPage:
    """Makes everything that `list.html` shows."""

    def __init__(self, host: Host, unit: Unit, entity: EntityView, args: MultiDict[str, str]):
        self.unit, self.entity, self.args = unit, entity, args
        self.actor: Actor = unit.actor
        self.visible = rules.visible_fields(self.actor, entity)
        self.cells = Cells(
            view=unit.view, catalogs=host.catalogs, formats=formats(), locale=locale()
        )
        self.url = base_url(entity)
        self.is_bin = args.get("bin") == "1"
        self.filters = [(key, *self._filter(key, text)) for key, text in self._pairs()]

    def _pairs(self) -> list[tuple[str, str]]:
        return [(key, text) for key, text in self.args.items(multi=True) if key not in _CONTROL]

    def _filter(self, key: str, text: str) -> tuple[Field, Filter]:
        path, _dunder, op = key.partition("__")
        field = self.visible.get(path)
        if field is None:
            raise unknown_field(path, self.visible)
        return field, parse_filter(field, op or "eq", text, actor=self.actor)

    def query(self) -> Query:
        """Make the query that the address asks for."""
        screen: Any = self.unit.view.screens.get(("list", self.entity.name))
        sort = tuple(part for part in self.args.get("sort", "").split(",") if part)
        return Query(
            columns=tuple(f.path for f in self.columns()),
            filters=tuple(wanted for _key, _field, wanted in self.filters),
            search=self.args.get("q", "")[:200],
            sort=sort or (tuple(screen.sort) if screen else ()),
            limit=PAGE_SIZE, cursor=self.args.get("cursor") or None, archived=self.is_bin,
            count="cursor" not in self.args,
        )  # fmt: skip

    def columns(self) -> list[Field]:
        """Give the columns to show."""
        return list_columns(self.unit.view, self.entity, self.visible)

    def page(self) -> dict[str, Any]:
        """Read the rows and make the page."""
        query = self.query()
        found = self.unit.records.query(self.entity.name, query)
        columns = self.columns()
        load_labels(self.unit, self.cells, columns, found.rows, offset=2)
        info = self.entity.info
        total = found.total
        count = ""
        if total is not None:
            count = self.cells.formats.number(min(total, COUNT_CAP))
            count += "+" if found.total_capped else ""
        title = translator(info.titles, info.plugin)
        set_crumbs(Crumb(title=title))
        may = {action: rules.decide(self.actor, self.entity, action).allowed  # type: ignore[arg-type]
               for action in ("create", "export", "archive")}  # fmt: skip
        create = may["create"] and not self.unit.view.read_only and not self.is_bin
        create_url = f"{self.url}/new" if create else None
        return {
            "title": title if not self.is_bin else translator(_("Recycle bin")),
            "titles": in_sentence(title), "url": self.url, "state": self._state(),
            "columns": [self._column(field, query) for field in columns],
            "rows": self._rows(columns, found.rows),
            "next_url": self._address(cursor=found.next) if found.next else None,
            "count_text": count, "search": query.search, "sort": ",".join(query.sort),
            "chips": [self._chip(*item) for item in self.filters],
            "filters": [self._offer(field) for field in
                        list_filters(self.unit.view, self.entity, self.visible)],
            "clear_url": self.url + ("?bin=1" if self.is_bin else ""),
            "create_url": create_url, "create_label": self._create_label(),
            "export_urls": self._exports() if may["export"] else [],
            "bin_url": f"{self.url}?bin=1" if may["archive"] else None, "is_bin": self.is_bin,
            "empty": self._empty(query, create_url),
        }  # fmt: skip

    def _create_label(self) -> str:
        info = self.entity.info
        return phrase(_("New {title}"), info.plugin, title=info.title)

    def _state(self) -> list[tuple[str, str]]:
        """Give what forms of the page carry on besides search and cursor."""
        kept = self._pairs()
        kept += [(key, self.args[key]) for key in ("sort", "bin") if self.args.get(key)]
        return kept

    def _address(self, **changes: str | None) -> str:
        pairs = [*self._state()]
        if self.args.get("q"):
            pairs.append(("q", self.args["q"]))
        pairs = [(key, text) for key, text in pairs if key not in changes]
        pairs += [(key, text) for key, text in changes.items() if text]
        return f"{self.url}?{urlencode(pairs)}" if pairs else self.url

    def _exports(self) -> list[dict[str, str]]:
        query = self._address().partition("?")[2]
        tail = f"?{query}" if query else ""
        return [
            {"label": translator(_("Export to {format}"), format="Excel"),
             "url": f"{self.url}/export.xlsx{tail}"},
            {"label": translator(_("Export to {format}"), format="CSV"),
             "url": f"{self.url}/export.csv{tail}"},
        ]  # fmt: skip

    def _column(self, field: Field, query: Query) -> dict[str, Any]:
        lead = query.sort[0] if query.sort else ""
        is_sorted = None
        if lead.removeprefix("-") == field.path:
            is_sorted = "desc" if lead.startswith("-") else "asc"
        wanted = f"-{field.path}" if is_sorted == "asc" else field.path
        return {
            "key": field.path, "label": self.cells.label(field), "kind": field.kind,
            "align": "end" if field.kind in ("money", "integer", "decimal") else "start",
            "sortable": field.sortable, "sorted": is_sorted,
            "sort_url": self._address(sort=wanted) if field.sortable else None,
        }  # fmt: skip

    def _rows(self, columns: list[Field], rows: list[tuple[Any, ...]]) -> list[dict[str, Any]]:
        writers = [
            (self.cells.renderer(field, badge=field.kind == "choice"), field.kind, place)
            for place, field in enumerate(columns, start=2)
        ]
        labelled = next(
            (place for place, f in enumerate(columns, 2) if f.path == self.entity.info.label), 2
        )
        person = self.entity.info.owned
        made = []
        for row in rows:
            label = Markup(writers[labelled - 2][0](row[labelled])).striptags() or "—"
            made.append(
                {
                    "id": row[0], "url": f"{self.url}/{row[0]}", "label": label,
                    "initials": initials(label) if person else None,
                    "cells": [{"html": write(row[place]), "kind": kind}
                              for write, kind, place in writers],
                }
            )  # fmt: skip
        return made

    def _chip(self, key: str, field: Field, wanted: Filter) -> dict[str, str]:
        operator: str = OPERATORS[wanted.op]
        if field.kind in ("date", "moment"):
            operator = _TEMPORAL.get(wanted.op, operator)
        if wanted.op == "isnull":
            operator = _("is empty") if wanted.value else _("has a value")
        value = "" if wanted.op == "isnull" else self._shown(field, wanted.value)
        kept = [pair for pair in self._pairs() if pair[0] != key]
        extra = [(k, self.args[k]) for k in ("sort", "bin", "q") if self.args.get(k)]
        tail = urlencode(kept + extra)
        return {
            "label": self.cells.label(field), "operator": translator(operator), "value": value,
            "remove_url": f"{self.url}?{tail}" if tail else self.url,
        }  # fmt: skip

    def _shown(self, field: Field, value: Any) -> str:
        values = value if isinstance(value, list) else [value]
        if field.kind == "ref" and field.target:
            labels = self.unit.records.labels(field.target, values)
            return ", ".join(labels.get(item, "—") for item in values)
        write = self.cells.renderer(field)
        if field.kind in ("tags", "choices"):
            named = dict(self.cells.choices(field))
            return ", ".join(named.get(item, str(item)) for item in values)
        return ", ".join(Markup(write(item)).striptags() for item in values)

    def _offer(self, field: Field) -> dict[str, Any]:
        choices: list[tuple[str, str]] | None = None
        if field.kind in ("choice", "choices"):
            choices = self.cells.choices(field)
        elif field.kind == "boolean":
            choices = [("true", self.cells.formats.yes_no(True)),
                       ("false", self.cells.formats.yes_no(False))]  # fmt: skip
        elif field.kind == "member":
            choices = [("me", translator(_("me")))] if self.actor.member else []
            choices += sorted(
                ((str(m.id), m.name) for m in self.unit.view.members.values()),
                key=lambda pair: pair[1],
            )
        elif field.kind == "team":
            choices = [(str(team.id), team.name) for team in self.unit.view.teams.values()]
        elif field.kind == "ref" and field.target in self.unit.view.entities:
            choices = self._targets(field)
        ops = [op for op in operators(field) if op not in ("in",)]
        if field.kind == "ref" and not self._is_tree(field):
            ops = [op for op in ops if op != "under"]
        if choices is not None:
            ops = [op for op in ops if op in ("eq", "ne", "under", "contains")]
        names: dict[str, str] = {op: name for op, name in OPERATORS.items()}
        if field.kind in ("date", "moment"):
            names |= _TEMPORAL
        return {
            "key": field.path, "label": self.cells.label(field), "kind": field.kind,
            "operators": [(op, translator(names[op])) for op in ops], "choices": choices,
        }  # fmt: skip

    def _is_tree(self, field: Field) -> bool:
        target = self.unit.view.entities.get(field.target or "")
        return target is not None and target.info.tree is not None

    def _targets(self, field: Field) -> list[tuple[str, str]] | None:
        """Offer the records of a small catalogue to choose from; a large one is typed."""
        target = self.unit.view.entities[field.target or ""]
        if target.info.owned or target.info.parent:
            return None
        if not rules.decide(self.actor, target, "view").allowed:
            return []
        label = target.info.label
        found = self.unit.records.query(target.name, columns=(label,), sort=(label,), limit=200)
        return [(str(row[0]), str(row[2])) for row in found.rows]

    def _empty(self, query: Query, create_url: str | None) -> dict[str, Any] | None:
        if self.is_bin:
            return {"title": translator(_("The recycle bin is empty")),
                    "text": translator(_("What is archived can be restored from here.")),
                    "actions": []}  # fmt: skip
        if query.search or query.filters:
            return None
        info = self.entity.info
        actions = []
        if create_url:
            actions.append({"label": self._create_label(), "url": create_url, "icon": "plus"})
        return {
            "title": phrase(_("No {titles} yet"), info.plugin, titles=info.titles),
            "text": phrase(
                _("Here you will find the {titles} of your company. Write the first one, or "
                  "let whoever runs Trato import them from a file."), info.plugin,
                titles=info.titles,
            ),
            "actions": actions,
        }  # fmt: skip


def load_labels(
    unit: Unit, cells: Cells, fields: list[Field], rows: list[tuple[Any, ...]], *, offset: int
) -> None:
    """Read the labels of all referenced records: one statement a referenced entity."""
    wanted: dict[str, set[UUID]] = {}
    for place, field in enumerate(fields, start=offset):
        if field.kind == "ref" and field.target:
            ids = {row[place] for row in rows if row[place] is not None}
            wanted.setdefault(field.target, set()).update(ids)
    for target, ids in wanted.items():
        cells.labels.setdefault(target, {}).update(unit.records.labels(target, ids))


def filter_address(page: ListPage, args: MultiDict[str, str]) -> str:
    """Turn `field`, `op` and `value` of the filter form into an address.

    :raises BadQuery: when they do not fit; the caller shows it beside the list.
    """
    path, op, text = args["field"], args.get("op", "eq"), args.get("value", "").strip()
    field = page.visible.get(path)
    if field is None:
        raise unknown_field(path, page.visible)
    if op == "isnull":
        text = "true"
    elif not text:
        return page._address()
    else:
        text = _typed(field, text, page.cells.formats)
    parse_filter(field, op, text, actor=page.actor)
    key = path if op == "eq" else f"{path}__{op}"
    return page._address(**{key: text})


def _typed(field: Field, text: str, written: Formats) -> str:
    """Turn what a person typed in the form into what an address says."""
    try:
        if field.kind in ("integer", "decimal", "money"):
            return str(written.parse_number(text))
        if field.kind == "date":
            return written.parse_date(text).isoformat()
        if field.kind == "moment":
            return written.parse_datetime(text).isoformat()
    except TratoError as error:
        raise BadQuery(error.message.text, **error.message.params) from error
    return text
