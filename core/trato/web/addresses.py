"""Addresses of lists: what a list shows is in its address, so that it can be kept and shared."""

from __future__ import annotations

from urllib.parse import urlencode

from werkzeug.datastructures import MultiDict

from trato.entities.view import EntityView

#: Parts of an address that are no filter. The filter form's own begin with a line, as no field's
#: name does.
_CONTROL = frozenset({"q", "sort", "cursor", "bin", "_field", "_op", "_value"})


def base_url(entity: EntityView) -> str:
    """Give the address of an entity's list."""
    return f"/{entity.info.plugin}/{entity.info.collection}"


class ListAddress:
    """The address of a list, read and written."""

    def __init__(self, url: str, args: MultiDict[str, str]) -> None:
        self.url = url
        self.filters = [pair for pair in args.items(multi=True) if pair[0] not in _CONTROL]
        self.search = args.get("q", "")[:200]
        self.sort = args.get("sort", "")
        self.cursor = args.get("cursor") or None
        self.is_bin = args.get("bin") == "1"

    def state(self) -> list[tuple[str, str]]:
        """Give what forms of the page carry on besides search and cursor."""
        kept = [("sort", self.sort), ("bin", "1" if self.is_bin else "")]
        return [*self.filters, *((key, text) for key, text in kept if text)]

    def to(self, tail: str = "", **changes: str) -> str:
        """Give this address with other parts, at the first page; an empty part is left out.

        :param tail: what follows the list's own path: `/export.csv`.
        """
        kept = [pair for pair in self._pairs() if pair[0] not in changes]
        return self._written(tail, [*kept, *changes.items()])

    def without(self, key: str) -> str:
        """Give this address without a filter."""
        return self._written("", [pair for pair in self._pairs() if pair[0] != key])

    def _pairs(self) -> list[tuple[str, str]]:
        return [*self.state(), ("q", self.search)]

    def _written(self, tail: str, pairs: list[tuple[str, str]]) -> str:
        query = urlencode([pair for pair in pairs if pair[1]])
        return f"{self.url}{tail}?{query}" if query else f"{self.url}{tail}"
