"""The list of an entity: search, filters, order, pages, and the way out as a file."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import cached_property
from typing import Any
from uuid import UUID

from markupsafe import Markup
from werkzeug.datastructures import MultiDict

from trato.access import rules
from trato.access.actor import Actor
from trato.entities.fields import Field
from trato.entities.fold import fold
from trato.entities.view import EntityView
from trato.host import Host
from trato.i18n import in_sentence
from trato.records import owning
from trato.records.arranging import Arrangement
from trato.records.query import COUNT_CAP, Query, Record
from trato.records.retention import bin_days
from trato.records.totals import summable, totals
from trato.records.unit import Unit
from trato.records.views import Content
from trato.screens.cells import Cells, is_number
from trato.screens.parts import list_columns
from trato.screens.rows import read_columns, rows_writer
from trato.text import _
from trato.web.addresses import ListAddress, base_url
from trato.web.filters import Filters
from trato.web.frame import Crumb, formats, locale, phrase, set_crumbs, translator
from trato.web.list_views import ListViews

PAGE_SIZE = 80


class ListPage:
    """Makes everything that `list.html` shows."""

    def __init__(
        self, host: Host, unit: Unit, entity: EntityView, args: MultiDict[str, str]
    ) -> None:
        self.unit, self.entity = unit, entity
        self.actor: Actor = unit.actor
        self.cells = Cells(
            view=unit.view, catalogs=host.catalogs, formats=formats(), locale=locale()
        )
        self.address = ListAddress(base_url(entity), args)
        self.views = ListViews(unit, entity, self.address)
        self.filters = Filters(unit, entity, self.cells, self.address)

    def query(self) -> Query:
        """Make the query that the address asks for.

        :raises UnusableView: when it asks for a view that cannot be shown.
        """
        if self.views.refusal is not None:
            raise self.views.refusal
        screen: Any = self.unit.view.screens.get(("list", self.entity.name))
        address = self.address
        visible = self.filters.visible
        asked = tuple(part for part in address.sort.split(",") if part)
        own = self._remembered_sort() if self.views.chosen is None else ()
        usual = own or (tuple(screen.sort) if screen else ())
        return Query(
            columns=read_columns(self.columns(), visible), filters=self.filters.wanted,
            search=address.search,
            sort=asked or tuple(part for part in usual if part.removeprefix("-") in visible),
            limit=PAGE_SIZE, cursor=address.cursor, archived=address.is_bin,
            count=address.cursor is None,
        )  # fmt: skip

    def columns(self) -> list[Field]:
        """Give the columns to show, as the member chose; the first leads to the record."""
        return self._columns

    @cached_property
    def arranged(self) -> Arrangement:
        """What the member chose for this list, as far as the fields are there still."""
        found = self.views.listing.arrangement
        return replace(
            found, columns=tuple(path for path in found.columns if path in self.filters.visible)
        )

    @property
    def is_compact(self) -> bool:
        """Whether the rows are low."""
        said = self.address.is_compact
        return self.arranged.is_compact if said is None else said

    def _remembered_sort(self) -> tuple[str, ...]:
        """Give the order that the member chose last, if all its fields can still be sorted by."""
        paths = [part.removeprefix("-") for part in self.arranged.sort]
        fields = [self.filters.visible.get(path) for path in paths]
        return self.arranged.sort if all(f is not None and f.sortable for f in fields) else ()

    def sort_to_remember(self) -> tuple[str, ...]:
        """Give the order that the address asks for, where it is news of the whole list."""
        if self.views.chosen is not None:
            return ()
        asked = tuple(part for part in self.address.sort.split(",") if part)
        return asked if asked != self.arranged.sort else ()

    @cached_property
    def _columns(self) -> list[Field]:
        visible = self.filters.visible
        usual = list_columns(self.unit.view, self.entity, visible) or [next(iter(visible.values()))]
        chosen = tuple(filter(None, self.address.columns.split(","))) or self.arranged.columns
        if not chosen:
            return usual
        paths = dict.fromkeys((usual[0].path, *chosen))
        return [visible[path] for path in paths if path in visible]

    def _offered(self) -> dict[str, Field]:
        """Give the fields that may be columns: what the person sees, without long texts."""
        shown = {field.path: field for field in self.columns()}
        rest = {p: f for p, f in self.filters.visible.items() if f.kind != "longtext"}
        return shown | rest

    def columns_page(self) -> dict[str, Any]:
        """Make what `_columns.html` shows: the chosen columns in order, then the others."""
        info, shown, offered = self.entity.info, self.columns(), self._offered()
        title = translator(_("Columns"))
        set_crumbs(
            Crumb(title=translator(info.titles, info.plugin), url=self.address.to()),
            Crumb(title=title),
        )
        chosen = [self._column_offer(f, is_on=True, is_fixed=f is shown[0]) for f in shown]
        paths = {field.path for field in shown}
        others = [self._column_offer(f) for path, f in offered.items() if path not in paths]
        return {
            "title": title, "save_url": self.address.to("/columns"), "chosen": chosen,
            "others": sorted(others, key=lambda item: fold(item["label"])), "count": len(offered),
            "is_compact": self.is_compact,
        }  # fmt: skip

    def _column_offer(
        self, field: Field, *, is_on: bool = False, is_fixed: bool = False
    ) -> dict[str, Any]:
        return {"path": field.path, "label": self.cells.label(field), "is_on": is_on,
                "is_fixed": is_fixed}  # fmt: skip

    def page(self) -> dict[str, Any]:
        """Read the rows and make the page."""
        address, info = self.address, self.entity.info
        query = self.query()
        found = self.unit.records.query(self.entity.name, query)
        columns = self.columns()
        total = found.total
        count = ""
        if total is not None:
            count = self.cells.formats.number(min(total, COUNT_CAP))
            count += "+" if found.total_capped else ""
        title = translator(info.titles, info.plugin)
        set_crumbs(Crumb(title=title))
        may = {action: rules.decide(self.actor, self.entity, action).allowed
               for action in ("create", "export", "archive", "import")}  # fmt: skip
        create = may["create"] and not self.unit.view.read_only and not address.is_bin
        create_url = f"{address.url}/new" if create else None
        return {
            "title": title if not address.is_bin else translator(_("Recycle bin")),
            "titles": in_sentence(title), "url": address.url, "state": address.state(),
            "columns": [self._column(field, query) for field in columns],
            "rows": self._rows(columns, found.rows),
            "is_compact": self.is_compact, "views": self.views.page(),
            "totals_url": address.to("/totals"),
            # The order in which the rows went on, also if another one is remembered meanwhile.
            "next_url": address.to(cursor=found.next, sort=",".join(query.sort))
            if found.next else None,
            "count_text": count, "search": query.search, "chips": self.filters.chips(),
            "bulk": self.bulk(), "bulk_url": address.to("/bulk"),
            "row_actions": self._row_actions(), "run_url": address.to("/bulk/run"),
            "filters_url": address.to("/filters"), "columns_url": address.to("/columns"),
            "columns_count": translator(
                _("{shown} of {all}"), shown=len(columns), all=len(self._offered())
            ),
            "clear_url": f"{address.url}?bin=1" if address.is_bin else self.views.whole_url,
            "create_url": create_url, "create_label": self._create_label(),
            "export_urls": self._exports() if may["export"] else [],
            "export_later_url": address.to("/exports") if may["export"] else None,
            "import_url": f"{address.url}/import"
            if may["import"] and not self.unit.view.read_only else None,
            "bin_url": f"{address.url}?bin=1" if may["archive"] else None,
            "is_bin": address.is_bin, "bin_days": bin_days(self.unit.view),
            "empty": self._empty(query, create_url),
        }  # fmt: skip

    def refused(self) -> dict[str, Any]:
        """Make the page of a view that cannot be shown: why, and the other views."""
        info, refusal = self.entity.info, self.views.refusal
        title = translator(info.titles, info.plugin)
        set_crumbs(Crumb(title=title))
        if refusal is None:
            raise ValueError("this view can be shown")
        catalogs, language = self.cells.catalogs, locale()
        hint = refusal.hint
        return {
            "title": title, "titles": in_sentence(title), "url": self.address.url,
            "views": self.views.page(), "columns": [], "rows": "", "is_refused": True,
            "clear_url": self.views.whole_url,
            "empty": {
                "title": catalogs.message(refusal.message, language),
                "text": catalogs.message(hint, language) if hint.text else "",
                "actions": [
                    {"label": translator(label, titles=in_sentence(title)), "url": url}
                    for label, url in (
                        (_("Show all {titles}"), self.views.whole_url),
                        (_("Show it without this filter"), self.views.repaired_url),
                    ) if url is not None
                ],
            },
        }  # fmt: skip

    def kept(self) -> Content:
        """Give what the list shows as a view keeps it."""
        return Content(
            filters=tuple(self.address.filters), search=self.address.search,
            sort=tuple(self.query().sort), columns=tuple(field.path for field in self.columns()),
            is_compact=self.is_compact,
        )  # fmt: skip

    def totals(self) -> dict[str, Any]:
        """Sum the columns that are summed, over all that the address finds; see `_totals.html`."""
        columns = self.columns()
        found = totals(self.unit, self.entity, self.query(), [f.path for f in columns])
        count = self.cells.formats.number(found.count)
        label = _("Total of {count}")
        if found.is_capped:
            label = _("More than {count}: filter the list to see its totals")
        amounts = [
            [self._amount(field, *sum) for sum in sorted(found.sums.get(field.path, {}).items())]
            for field in columns[1:]
        ]
        return {
            "label": translator(label, count=count), "is_capped": found.is_capped,
            "cells": [{"label": self.cells.label(field), "amounts": shown}
                      for field, shown in zip(columns[1:], amounts, strict=True)],
        }  # fmt: skip

    def _amount(self, field: Field, currency: str, amount: Decimal) -> str:
        if field.kind == "money":
            return self.cells.formats.money(amount, currency or None)
        return self.cells.plain(field)(amount)

    def filters_page(self) -> dict[str, Any]:
        """Make what `filters.html` shows: a form for each field."""
        info, address = self.entity.info, self.address
        title = translator(_("Filter"))
        set_crumbs(
            Crumb(title=translator(info.titles, info.plugin), url=address.to()),
            Crumb(title=title),
        )
        return {"title": title, "url": address.url, "state": address.state(),
                "search": address.search, "filters": self.filters.offers()}  # fmt: skip

    def _create_label(self) -> str:
        info = self.entity.info
        return phrase(_("New {title}"), info.plugin, title=info.title)

    def _exports(self) -> list[dict[str, str]]:
        return [
            {"label": translator(_("Export to {format}"), format=name),
             "url": self.address.to(f"/export.{extension}")}
            for name, extension in (("Excel", "xlsx"), ("CSV", "csv"))
        ]  # fmt: skip

    @cached_property
    def _edited(self) -> frozenset[str]:
        """Name the fields that the person may edit in their cells."""
        actor, view = self.actor, self.unit.view
        if self.address.is_bin or view.read_only or actor.viewer is not None:
            return frozenset()
        if not rules.decide(actor, self.entity, "edit").allowed:
            return frozenset()
        return frozenset(rules.writable_fields(actor, self.entity))

    def _column(self, field: Field, query: Query) -> dict[str, Any]:
        lead = query.sort[0] if query.sort else ""
        is_sorted = None
        if lead.removeprefix("-") == field.path:
            is_sorted = "desc" if lead.startswith("-") else "asc"
        wanted = f"-{field.path}" if is_sorted == "asc" else field.path
        return {
            "label": self.cells.label(field), "align": "end" if is_number(field) else "start",
            "sortable": field.sortable, "sorted": is_sorted,
            "sort_url": self.address.to(sort=wanted) if field.sortable else None,
            "is_total": summable(self.entity, self.filters.visible, field.path),
            "edits": field.path if field.path in self._edited else None,
        }  # fmt: skip

    def bulk(self) -> list[dict[str, str]]:
        """Give what the person may do with many rows of this list."""
        actor, view = self.actor, self.unit.view
        if self.address.is_bin or view.read_only or actor.viewer is not None:
            return []
        writable = rules.writable_fields(actor, self.entity)
        may = {action: rules.decide(actor, self.entity, action).allowed
               for action in ("edit", "archive")}  # fmt: skip
        has_tags = any(field.kind == "tags" for field in writable.values())
        offers = [
            ("assign", _("Assign"), "user-share", may["edit"] and "owner_id" in writable),
            ("team", _("Assign to a team"), "users-group",
             may["edit"] and "team_id" in writable and bool(view.teams)),
            ("tag", _("Add a tag"), "tag", may["edit"] and has_tags),
            ("untag", _("Remove a tag"), "tags", may["edit"] and has_tags),
            ("change", _("Change a field"), "pencil", may["edit"] and bool(writable)),
            ("archive", _("Archive"), "archive", may["archive"]),
        ]  # fmt: skip
        return [{"do": do, "label": translator(label), "icon": icon}
                for do, label, icon, is_offered in offers if is_offered]  # fmt: skip

    def _row_actions(self) -> list[dict[str, Any]]:
        """Give what can be done with one row; each record's own rules are asked when it is done."""
        actor, view = self.actor, self.unit.view
        changes = not view.read_only and actor.viewer is None
        may = {action: changes and rules.decide(actor, self.entity, action).allowed
               for action in ("edit", "archive")}  # fmt: skip
        offers: list[tuple[str, str, dict[str, Any]]] = [
            (_("Open"), "arrow-right", {"to": ""}),
            (_("Open in a new tab"), "external-link", {"to": "", "apart": True}),
        ]
        if may["edit"] and not self.address.is_bin:
            offers.append((_("Edit"), "pencil", {"to": "/edit"}))
        if may["archive"] and self.address.is_bin:
            offers.append((_("Restore"), "arrow-back-up", {"to": "/restore", "posts": True}))
        elif may["archive"]:
            offers.append((_("Archive"), "archive", {"do": "archive"}))
        return [{"label": translator(label), "icon": icon, **how} for label, icon, how in offers]

    def row(self, record: Record) -> Markup:
        """Write the row of one record."""
        columns = self.columns()
        values = (record.values.get(path) for path in read_columns(columns, self.filters.visible))
        return self._rows(columns, [(record.id, record.version, *values)])

    def _rows(self, columns: list[Field], rows: list[tuple[Any, ...]]) -> Markup:
        load_labels(self.unit, self.cells, columns, rows, offset=2)
        write = rows_writer(
            self.cells, columns, url=self.address.url,
            read=read_columns(columns, self.filters.visible), avatars=self.entity.info.owned,
            choose=translator(_("Choose")) if self.bulk() else None,
            locked=self._locked(columns, rows),
        )  # fmt: skip
        return write(rows)

    def _locked(
        self, columns: list[Field], rows: list[tuple[Any, ...]]
    ) -> dict[UUID, dict[str, str]]:
        """Say which cells hold what another system rules: one statement, where one rules any."""
        shown = {field.path for field in columns} & self._edited
        if shown.isdisjoint(self.unit.view.owners.get(self.entity.name, ())):
            return {}
        catalogs, language = self.cells.catalogs, self.cells.locale
        ruled = owning.kept_fields(self.unit, self.entity, [row[0] for row in rows])
        return {
            record_id: {path: catalogs.message(owning.kept_by(owner), language)
                        for path, owner in kept.items() if path in shown}
            for record_id, kept in ruled.items()
        }  # fmt: skip

    def _empty(self, query: Query, create_url: str | None) -> dict[str, Any] | None:
        if self.address.is_bin:
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
        found = cells.named(target, unit.records.labels(target, ids))
        cells.labels.setdefault(target, {}).update(found)
