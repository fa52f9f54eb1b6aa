"""Help in the reader's language: of Trato itself at `/help`, of plugins at `/help/<plugin>`."""

from __future__ import annotations

import logging
import re
from functools import lru_cache
from pathlib import Path

from flask import Blueprint, Response, g, render_template, send_file
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup
from werkzeug.exceptions import NotFound as HttpNotFound

from trato.text import _
from trato.web.auth import current_host
from trato.web.frame import Crumb, frame, locale, set_crumbs, translator

log = logging.getLogger("trato.web")
blueprint = Blueprint("help", __name__, url_prefix="/help")

#: Help of Trato itself; it has the form that a plugin's has.
OWN = Path(__file__).parent / "help"
_PICTURE = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*\.webp")


def pages_of(plugin: str) -> Path:
    """Give the folder of a plugin's help: one `LOCALE.md` a language, and its pictures."""
    return current_host().registry.folders[plugin] / "help"


def find_page(folder: Path, language: str, kind: str = "") -> Path | None:
    """Find the help in the reader's language, else in Spanish, else in any.

    :param kind: begins the names of pages that only some read: `administration-`.
    """
    wanted = [folder / f"{kind}{code}.md" for code in (language, language.partition("_")[0], "es")]
    others = [] if kind else sorted(folder.glob("*.md"))
    return next((file for file in [*wanted, *others] if file.is_file()), None)


def picture_size(file: Path) -> tuple[int, int]:
    """Read the size of a WebP picture from its head, in pixels.

    :raises ValueError: for a file that is none.
    """
    with file.open("rb") as opened:
        head = opened.read(30)
    # https://developers.google.com/speed/webp/docs/riff_container: simple lossy, and extended
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8 ":
        width, height = (int.from_bytes(head[at : at + 2], "little") for at in (26, 28))
        return width & 0x3FFF, height & 0x3FFF
    if head[:4] == b"RIFF" and head[8:16] == b"WEBPVP8X":
        return int.from_bytes(head[24:27], "little") + 1, int.from_bytes(head[27:30], "little") + 1
    raise ValueError(f"{file.name} is no WebP picture, or a lossless one")


def _rendered(folder: Path, url: str, kind: str = "") -> Markup | None:
    file = find_page(folder, locale(), kind)
    return None if file is None else _render(file, file.stat().st_mtime_ns, url)


@lru_cache(maxsize=64)
def _render(file: Path, changed: int, url: str) -> Markup:
    """Turn a page into HTML; HTML inside the page is shown as text.

    Pictures are drawn for twice as many pixels as they take, so that they are sharp everywhere.
    """
    del changed  # part of the key, so that an edited page is read again
    markdown = MarkdownIt("commonmark", {"html": False})
    tokens = markdown.parse(file.read_text("utf-8"))
    for token in tokens:
        for part in token.children or ():
            if part.type == "image":
                _place(part, file.parent, url)
    # Plugins are trusted code, and their help is text all the same.
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704


def _place(image: Token, folder: Path, url: str) -> None:
    name = str(image.attrs["src"])
    file = folder / name
    if not _PICTURE.fullmatch(name) or not file.is_file():
        log.warning(
            "%s: there is no picture %s; pictures are NAME.webp beside the page", folder, name
        )
        image.type, image.content, image.tag = "text", image.content, ""
        return
    width, height = picture_size(file)
    image.attrs |= {
        "src": f"{url}/{name}?v={file.stat().st_mtime_ns:x}", "width": width // 2,
        "height": height // 2, "loading": "lazy", "decoding": "async",
    }  # fmt: skip


@blueprint.get("")
def index() -> str:
    """Show the help of Trato itself and list that of what is enabled."""
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
    around = frame()
    parts = [_rendered(OWN, "/help/trato")]
    if around is not None and around.admin_url:
        parts.append(_rendered(OWN, "/help/trato", "administration-"))
    page = {
        "title": translator(_("Help")), "entries": entries,
        "parts": [part for part in parts if part is not None],
        "has_tour": around is not None and not around.viewed,
    }  # fmt: skip
    return render_template("help_index.html", page=page)


@blueprint.get("/<plugin>")
def show(plugin: str) -> str:
    """Show a plugin's help; the gate and this let only an enabled one through."""
    folder = _folder(plugin)
    html = _rendered(folder, f"/help/{plugin}")
    if html is None:
        raise HttpNotFound
    title = translator(current_host().plugins[plugin].title, plugin)
    set_crumbs(Crumb(title=translator(_("Help")), url="/help"), Crumb(title=title))
    return render_template("help.html", page={"title": title, "html": html})


@blueprint.get("/trato/<name>", defaults={"plugin": None})
@blueprint.get("/<plugin>/<name>")
def show_picture(plugin: str | None, name: str) -> Response:
    """Send a picture of the help to whoever may read the help."""
    folder = OWN if plugin is None else _folder(plugin)
    if g.actor is None or not _PICTURE.fullmatch(name) or not (folder / name).is_file():
        raise HttpNotFound
    return send_file(folder / name, mimetype="image/webp")


def _folder(plugin: str) -> Path:
    if g.actor is None or plugin not in g.actor.view.enabled:
        raise HttpNotFound
    return pages_of(plugin)
