"""What sections and tabs of a form are called."""

from __future__ import annotations

from trato.screens.arranged import Part, Tab
from trato.web.frame import locale, translator


def heading(part: Part | Tab) -> str:
    """Name a section or a tab for the reader: in the tenant's words, else as it is declared."""
    words = part.titles.get(locale()) or next(iter(part.titles.values()), "")
    if words or not part.title:
        return words
    if isinstance(part, Part) and part.is_own:
        return part.title
    return translator(part.title, part.plugin or None)
