"""Help of the enabled plugins, in the reader's language: `/help` and `/help/<plugin>`."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from flask import Blueprint, g, render_template
from markdown_it import MarkdownIt
from markupsafe import Markup
from werkzeug.exceptions import NotFound as HttpNotFound

from trato.text import _
from trato.web.auth import current_host
from trato.web.frame import Crumb, locale, set_crumbs, translator

blueprint = Blueprint("help", __name__, url_prefix="/help")


def pages_of(plugin: str) -> Path:
    """Give the folder of a plugin's help: one `LOCALE.md` a language."""
    return current_host().registry.folders[plugin] / "help"


def find_page(folder: Path, language: str) -> Path | None:
    """Find the help in the reader's language, else in Spanish, else in any."""
    wanted = [folder / f"{code}.md" for code in (language, language.partition("_")[0], "es")]
    return next((file for file in [*wanted, *sorted(folder.glob("*.md"))] if file.is_file()), None)


@lru_cache(maxsize=64)
def _render(file: Path, changed: int) -> Markup:
    """Turn a page into HTML; HTML inside the page is shown as text."""
    del changed  # part of the key, so that an edited page is read again
    # Plugins are trusted code, and their help is text all the same.
    return Markup(MarkdownIt("commonmark", {"html": False}).render(file.read_text("utf-8")))  # noqa: S704


@blueprint.get("")
def index() -> str:
    """List the help of what is enabled."""
    if g.actor is None:
        raise HttpNotFound
    host = current_host()
    entries = [
        {"title": translator(plugin.title, name), "text": translator(plugin.description, name)
         if plugin.description else "", "icon": plugin.icon, "url": f"/help/{name}"}
        for name, plugin in host.plugins.items()
        if name in g.actor.view.enabled and find_page(pages_of(name), locale()) is not None
    ]  # fmt: skip
    set_crumbs(Crumb(title=translator(_("Help"))))
    return render_template("help_index.html", page={"title": translator(_("Help")),
                                                    "entries": entries})  # fmt: skip


@blueprint.get("/<plugin>")
def show(plugin: str) -> str:
    """Show a plugin's help; the gate and this let only an enabled one through."""
    if g.actor is None or plugin not in g.actor.view.enabled:
        raise HttpNotFound
    file = find_page(pages_of(plugin), locale())
    if file is None:
        raise HttpNotFound
    title = translator(current_host().plugins[plugin].title, plugin)
    set_crumbs(Crumb(title=translator(_("Help")), url="/help"), Crumb(title=title))
    html = _render(file, file.stat().st_mtime_ns)
    return render_template("help.html", page={"title": title, "html": html})
