"""What the keyboard can do, told on every page of somebody signed in."""

from __future__ import annotations

from flask import current_app, render_template
from markupsafe import Markup

from trato.web.frame import locale


def keys() -> Markup:
    """Give the dialog that lists the keys: the same for everybody of a language, so made once."""
    kept: dict[str, Markup] = current_app.extensions.setdefault("trato_keys", {})
    language = locale()
    if language not in kept:
        kept[language] = Markup(render_template("_keys.html"))  # noqa: S704 - a template of ours
    return kept[language]
