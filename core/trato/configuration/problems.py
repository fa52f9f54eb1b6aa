"""Collecting all that is wrong with a document, each at its place."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Any

from trato.errors import Invalid, Message
from trato.text import _


class Problems:
    """What is wrong, by path: `fields.clients.client.channel.kind`."""

    def __init__(self) -> None:
        self.found: dict[str, list[Message]] = {}

    def add(self, path: str, text: str | Message, /, **params: Any) -> None:
        """Note a problem; the text is a message id."""
        message = text if isinstance(text, Message) else Message(text, params)
        self.found.setdefault(path, []).append(message)

    def check(self) -> None:
        """Refuse the document when anything is wrong.

        :raises Invalid: with every problem at once.
        """
        if self.found:
            raise Invalid(
                self.found, _("The configuration was not applied."),
                hint=_("Nothing was changed. Correct the file and apply it again."),
                code="bad_configuration",
            )  # fmt: skip

    def mapping(self, path: str, value: Any) -> dict[str, Any]:
        """Take a mapping with text keys; anything else is a problem and read as empty."""
        if value is None:
            return {}
        if not isinstance(value, Mapping):
            self.add(path, _("This must be a mapping, not {value}."), value=shown(value))
            return {}
        kept = {}
        for key, item in value.items():
            if isinstance(key, str):
                kept[key] = item
            else:
                self.add(path, _("The key {key} is not text; put it in quotes."), key=shown(key))
        return kept

    def known(self, path: str, given: Mapping[str, Any], known: Iterable[str]) -> None:
        """Note every key that means nothing here."""
        names = list(known)
        for key in given:
            if key not in names:
                near = difflib.get_close_matches(key, names, n=1)
                if near:
                    self.add(join(path, key), _("Unknown; perhaps '{near}' is meant."),
                             near=near[0])  # fmt: skip
                else:
                    self.add(join(path, key), _("Unknown; here stand: {known}."),
                             known=", ".join(names))  # fmt: skip

    def text(self, path: str, value: Any, *, limit: int, empty: bool = False) -> str:
        """Take text of at most ``limit`` letters."""
        if value is None:
            if not empty:
                self.add(path, _("This may not be empty."))
            return ""
        if not isinstance(value, str):
            self.add(path, _("This must be text, not {value}; put it in quotes."),
                     value=shown(value))  # fmt: skip
            return ""
        if not value.strip() and not empty:
            self.add(path, _("This may not be empty."))
        if len(value) > limit:
            self.add(path, _("At most {limit} letters; these are {length}."), limit=limit,
                     length=len(value))  # fmt: skip
        return value.strip()

    def flag(self, path: str, value: Any) -> bool:
        """Take true or false."""
        if not isinstance(value, bool):
            self.add(path, _("This is true or false, not {value}."), value=shown(value))
            return False
        return value


def join(path: str, key: str) -> str:
    """Name a place below another."""
    return f"{path}.{key}" if path else key


def shown(value: Any) -> str:
    """Show a wrong value, shortened."""
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
