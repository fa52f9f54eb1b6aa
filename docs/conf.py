"""Build the documentation as a site: make docs. Nothing is fetched, and a warning is an error.

The pages stay plain Markdown that reads well in the repository: what only the site needs, the
navigation and the list of names in ``trato.api``, is added here.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "Trato"
copyright = "the authors of Trato"
language = "en"

extensions = ["myst_parser", "sphinx.ext.autodoc"]
# The source is the whole checkout, so that links to README and CHANGELOG lead somewhere.
root_doc = "docs/index"
include_patterns = [
    "docs/**.md", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "plugins/*/README.md",
]  # fmt: skip
myst_heading_anchors = 4
# Examples leave out with "…" what is not their subject.
suppress_warnings = ["misc.highlighting_failure"]
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_preserve_defaults = True

html_theme = "furo"
html_title = "Trato"
html_copy_source = False
html_show_sphinx = False
html_theme_options = {
    "light_css_variables": {"color-brand-primary": "#0b5c63", "color-brand-content": "#0b5c63"},
    "dark_css_variables": {"color-brand-primary": "#6cc5cb", "color-brand-content": "#6cc5cb"},
}

#: What stands beside every page, by title.
NAVIGATION = {
    "Start": ["/docs/start", "/README", "/docs/glossary", "/CHANGELOG", "/CONTRIBUTING"],
    "Usar y configurar": ["/docs/es/*"],
    "Operate": ["/docs/operate/*", "/docs/security"],
    "Develop": ["/docs/develop/*", "/docs/rest", "/docs/errors", "/docs/design"],
    "Hooks": ["/docs/develop/hooks/index", "/docs/develop/hooks/*"],
    "Modules": ["/plugins/*/README"],
    "Decisions": ["/docs/decisions/*"],
}


def add_navigation(app: Sphinx, page: str, source: list[str]) -> None:
    """Give the first page its tree of all others."""
    if page != root_doc:
        return
    for title, pages in NAVIGATION.items():
        lines = ["", "```{toctree}", ":hidden:", ":glob:", f":caption: {title}", *pages, "```", ""]
        source[0] += "\n".join(lines)


def add_front_door(app: Sphinx, error: Exception | None) -> None:
    """Lead from the folder to the first page."""
    if error is None:
        Path(app.outdir, "index.html").write_text(
            '<!doctype html><meta charset="utf-8"><title>Trato</title>'
            f'<meta http-equiv="refresh" content="0; url={root_doc}.html">',
            encoding="utf-8",
        )


def setup(app: Sphinx) -> None:
    app.connect("source-read", add_navigation)
    app.connect("build-finished", add_front_door)
