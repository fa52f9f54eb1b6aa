"""Views of a list as its page shows them: the chooser, what changed, what cannot be shown."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from trato.access import rules
from trato.entities.view import EntityView
from trato.errors import BadQuery, NotFound
from trato.records import views
from trato.records.filters import parse_filter
from trato.records.relative_dates import absolute
from trato.records.unit import Unit
from trato.records.views import Content, Listing, ListView
from trato.text import _
from trato.web.addresses import WHOLE, ListAddress
from trato.web.frame import translator

#: Views that stand beside each other; the others are in a menu.
_TABS = 5


class UnusableView(BadQuery):
    """A view that is not there, or that would show more than it says."""


class UnknownView(UnusableView):
    """A view that is not there for the person."""

    code = NotFound.code
    status = NotFound.status


class ListViews:
    """The views of one list for one person, and the one that the address asks for."""

    def __init__(self, unit: Unit, entity: EntityView, address: ListAddress) -> None:
        self.unit, self.entity, self.address = unit, entity, address
        self.refusal: UnusableView | None = None
        #: The view that is shown, and what of it the person may see.
        self.chosen: ListView | None = None
        self.held = Content()
        #: Columns and orders that were left out, in words.
        self.notes: list[str] = []
        if address.view and address.view != WHOLE:
            self._choose(address.view)

    @cached_property
    def listing(self) -> Listing:
        """Views and arrangement of the list; from here on its links say that it is the whole."""
        found = views.read(self.unit, self.entity)
        if found.default is not None and not self.address.view and not self.address.is_bin:
            self.address.view = WHOLE
        return found

    @property
    def whole_url(self) -> str:
        """The address of the whole list, also where it opens with a view."""
        has_default = self.listing.default is not None
        return f"{self.address.url}?view={WHOLE}" if has_default else self.address.url

    def url(self, view: ListView) -> str:
        """Give the address of a view."""
        return f"{self.address.url}?{urlencode({'view': view.key})}"

    def _choose(self, key: str) -> None:
        address = self.address
        view = self.listing.named(key)
        if view is None:
            address.filters = []
            self.refusal = UnknownView(
                _("This view does not exist, or is not shared with you."),
                hint=_("Who shared it may have deleted it."),
            )
            return
        self.chosen, self.held = view, self._usable(view)
        address.follow(self.held)
        if not address.is_changed:
            wrong = {pair: self._problem(view, *pair) for pair in view.content.filters}
            self.refusal = next((problem for problem in wrong.values() if problem), None)
            address.filters = [pair for pair, problem in wrong.items() if problem is None]

    def _usable(self, view: ListView) -> Content:
        """Leave out columns and orders that are gone or hidden, and say so."""
        visible = rules.visible_fields(self.unit.actor, self.entity)
        content, known = view.content, self.entity.fields
        sort = tuple(part for part in content.sort if part.removeprefix("-") in visible
                     and visible[part.removeprefix("-")].sortable)  # fmt: skip
        lost = dict.fromkeys(
            part.removeprefix("-") for part in (*content.columns, *content.sort)
            if part.removeprefix("-") not in visible
        )  # fmt: skip
        gone = [path for path in lost if path not in known]
        if gone:
            self.notes.append(
                translator(_("Fields of this view that no longer exist: {fields}."),
                           fields=", ".join(path.partition(".")[2] or path for path in gone))
            )  # fmt: skip
        if len(gone) < len(lost):
            self.notes.append(
                translator(_("This view has fields that you may not see; they are left out."))
            )
        columns = tuple(path for path in content.columns if path in visible)
        return replace(content, sort=sort, columns=columns)

    def _problem(self, view: ListView, key: str, text: str) -> UnusableView | None:
        """Say why a condition cannot be asked; without it the view would show more."""
        visible, actor = rules.visible_fields(self.unit.actor, self.entity), self.unit.actor
        name, (path, _dunder, op) = title_of(self.entity, view), key.partition("__")
        hint = _("Change its filters, or delete the view.")
        if not views.may_change(self.unit, view):
            hint = _("Tell who shared it with you.")
        if path not in self.entity.fields:
            return UnusableView(
                _("The view “{name}” filters by the field “{field}”, which no longer exists."),
                hint=hint, name=name, field=path.partition(".")[2] or path,
            )  # fmt: skip
        if path not in visible:
            return UnusableView(
                _("The view “{name}” filters by a field that you may not see."),
                hint=hint, name=name,
            )  # fmt: skip
        field = visible[path]
        text = absolute(field.kind, text, now=self.unit.now, timezone=actor.timezone)
        try:
            parse_filter(field, op or "eq", text, actor=actor)
        except BadQuery:
            return UnusableView(
                _("The view “{name}” filters “{field}” by a value that no longer exists."),
                hint=hint, name=name, field=translator(field.label, field.plugin or None),
            )  # fmt: skip
        return None

    @property
    def repaired_url(self) -> str | None:
        """The address of a refused view without the conditions that cannot be asked."""
        if self.chosen is None or not views.may_change(self.unit, self.chosen):
            return None
        return self.address.to()

    # --- the page --------------------------------------------------------------------------------

    def page(self) -> dict[str, Any]:
        """Make the chooser, and what can be done with the list as it stands."""
        address, chosen = self.address, self.chosen
        offered = [] if address.is_bin else list(self.listing.views)
        offered.sort(key=lambda view: not view.is_favorite)
        tabs, more = offered[:_TABS], offered[_TABS:]
        if chosen is not None and chosen in more:
            more.insert(0, tabs.pop())
            more.remove(chosen)
            tabs.append(chosen)
        changed = address.is_changed and self.refusal is None and not address.is_bin
        keeps = changed and self._keeps()
        mine = chosen is not None and views.may_change(self.unit, chosen)
        return {
            "tabs": [self._tab(view, changed) for view in tabs],
            "more": [self._tab(view, changed) for view in more],
            "whole": {
                "title": translator(_("All")), "url": self.whole_url,
                "is_active": chosen is None and self.refusal is None,
                "is_changed": chosen is None and changed,
            },
            "notes": [] if changed else self.notes,
            "is_changed": changed and chosen is not None,
            "new_url": address.to("/views/new") if keeps else None,
            "discard_url": self.url(chosen) if chosen is not None and changed else None,
            "keep_url": address.to(f"/views/{chosen.id}/content")
            if keeps and mine and chosen is not None else None,
            "version": 0 if chosen is None else chosen.version,
            "menu_url": f"{address.url}/views/{chosen.id}"
            if chosen is not None and self.unit.actor.viewer is None else None,
        }  # fmt: skip

    def _keeps(self) -> bool:
        """Tell whether the person may keep views."""
        actor = self.unit.actor
        return actor.member_id is not None and actor.viewer is None and not self.unit.view.read_only

    def _tab(self, view: ListView, changed: bool) -> dict[str, Any]:
        is_active = view is self.chosen
        return {
            "title": title_of(self.entity, view), "url": self.url(view), "is_active": is_active,
            "is_changed": is_active and changed, "is_favorite": view.is_favorite,
            "is_shared": view.share in ("team", "all"),
        }  # fmt: skip


def title_of(entity: EntityView, view: ListView) -> str:
    """Give the name of a view: its maker's words, or the plugin's in the reader's language."""
    return translator(view.name, entity.info.plugin) if view.share == "plugin" else view.name
