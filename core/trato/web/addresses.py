"""Addresses of lists: what a list shows is in its address, so that it can be kept and shared."""

from __future__ import annotations

from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from trato.entities.view import EntityView
from trato.records.views import Content

#: Parts of an address that are no filter. What a form sends, and what is said beside a view,
#: begins with a line, as no field's name does.
_CONTROL = frozenset(
    {
        "q",
        "sort",
        "cursor",
        "bin",
        "view",
        "_field",
        "_op",
        "_value",
        "_edited",
        "_columns",
        "_rows",
    }
)
#: What `view` says for the whole list, where it opens with a view otherwise.
WHOLE = "all"
_ROWS = {None: "", True: "compact", False: "comfortable"}
Pairs = list[tuple[str, str]]


def base_url(entity: EntityView) -> str:
    """Give the address of an entity's list."""
    return f"/{entity.info.plugin}/{entity.info.collection}"


class ListAddress:
    """The address of a list, read and written.

    `?view=ID` alone is what the view holds. Who changes the list goes on to `?view=ID&_edited=1`
    with everything that the list shows, so that less than the view can be said too.
    """

    def __init__(self, url: str, args: MultiDict[str, str]) -> None:
        self.url = url
        self.filters = [pair for pair in args.items(multi=True) if pair[0] not in _CONTROL]
        self.search = args.get("q", "")[:200]
        self.sort = args.get("sort", "")
        self.columns = args.get("_columns", "")
        self.rows = args.get("_rows", "")
        self.cursor = args.get("cursor") or None
        self.is_bin = args.get("bin") == "1"
        self.view = "" if self.is_bin else args.get("view", "")[:80]
        self._is_edited = "_edited" in args or bool(self._said())
        self._held: Pairs | None = None

    def follow(self, held: Content) -> None:
        """Show what a view holds, unless the address says itself what differs from it."""
        said = (self.filters, self.search, self.sort, self.columns, self.rows)
        self.filters, self.search = list(held.filters), held.search
        self.sort, self.columns = ",".join(held.sort), ",".join(held.columns)
        self.rows = _ROWS[held.is_compact]
        self._held = sorted(self._said())
        if self._is_edited:
            self.filters, self.search, self.sort, self.columns, self.rows = said

    @property
    def is_changed(self) -> bool:
        """Whether the list shows something else than its view; without one, than all."""
        return sorted(self._said()) != (self._held or [])

    @property
    def is_compact(self) -> bool | None:
        """Whether rows are low; None where the address does not say."""
        return {"compact": True, "comfortable": False}.get(self.rows)

    def state(self) -> Pairs:
        """Give what forms of the page carry on besides search and cursor."""
        pairs = [pair for pair in self._pairs() if pair[0] != "q" and pair[1]]
        return [*self._place(edited=self.view != WHOLE), *pairs]

    def to(self, tail: str = "", **changes: str) -> str:
        """Give this address with other parts, at the first page; an empty part is left out.

        :param tail: what follows the list's own path: `/export.csv`.
        """
        kept = [pair for pair in self._pairs() if pair[0] not in changes]
        return self._written(tail, [*kept, *changes.items()])

    def without(self, key: str) -> str:
        """Give this address without a filter."""
        return self._written("", [pair for pair in self._pairs() if pair[0] != key])

    def _said(self) -> Pairs:
        """Give what the address says of the list itself."""
        pairs = [*self.filters, ("sort", self.sort), ("q", self.search),
                 ("_columns", self.columns), ("_rows", self.rows)]  # fmt: skip
        return [pair for pair in pairs if pair[1]]

    def _pairs(self) -> Pairs:
        said = self._said()
        at = next((n for n, (key, _text) in enumerate(said) if key in ("q", "_columns", "_rows")),
                  len(said))  # fmt: skip
        return [*said[:at], *([("bin", "1")] if self.is_bin else []), *said[at:]]

    def _place(self, *, edited: bool) -> Pairs:
        """Say which view it is about, and whether the list shows something else."""
        if not self.view:
            return []
        return [("view", self.view), *([("_edited", "1")] if edited else [])]

    def _written(self, tail: str, pairs: Pairs) -> str:
        pairs = [pair for pair in pairs if pair[1]]
        if self._held is not None and sorted(pairs) == self._held:
            pairs = self._place(edited=False)
        else:
            is_view = self._held is not None or self._is_edited
            pairs = [*self._place(edited=is_view and self.view != WHOLE), *pairs]
        query = urlencode(pairs)
        return f"{self.url}{tail}?{query}" if query else f"{self.url}{tail}"
