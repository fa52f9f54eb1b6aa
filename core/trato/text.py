"""Marking of texts for translation. Translating them is ``trato.i18n``'s work."""

from __future__ import annotations


def _(text: str) -> str:
    """Mark a text for translation and return it unchanged.

    Declarations are read once per process and shown in many languages, so nothing is translated
    here; the host knows which plugin declared the text.
    """
    return text
