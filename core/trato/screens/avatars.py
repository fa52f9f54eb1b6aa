"""The letters that stand for a person or a company, on one of six hues."""

from __future__ import annotations

from markupsafe import Markup, escape

_LETTERS = "aábcdeéfghiíjklmnñoópqrstuúvwxyz"


def initials(name: str) -> str:
    """Make the one or two letters that stand for a name."""
    words = [word for word in name.replace(".", " ").split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper() or "?"


def avatar(name: str, css: str = "") -> Markup:
    """Draw the initials of a name; the hue follows from the name, so a name keeps it.

    :param css: further classes.
    """
    hue = (_LETTERS.find(name[:1].lower()) + len(name)) % 6 + 1
    css = f" {css}" if css else ""
    letters = escape(initials(name))
    return Markup(f'<span class="t-av t-av-{hue}{css}" aria-hidden="true">{letters}</span>')
