"""What a list fetches beside its rows: the choice of its columns, and its totals."""

from __future__ import annotations

from dataclasses import replace

from flask import Blueprint, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import rules
from trato.records import arranging
from trato.web.auth import current_host
from trato.web.lists import ListPage
from trato.web.pages import opened

blueprint = Blueprint("list_state", __name__)

_COLUMNS = "/<plugin>/<collection>/columns"


@blueprint.get(_COLUMNS)
def show(plugin: str, collection: str) -> str:
    """Show the columns to choose from: inside the list's menu, or as a page."""
    with opened(plugin, collection) as (unit, entity):
        rules.require(unit.actor, entity, "view")
        page = ListPage(current_host(), unit, entity, request.args).columns_page()
    inside = request.headers.get("HX-Request")
    return render_template("_columns.html" if inside else "columns.html", page=page)


@blueprint.get("/<plugin>/<collection>/totals")
def show_totals(plugin: str, collection: str) -> str:
    """Show the sums of the list's columns; it is asked for behind the page."""
    with opened(plugin, collection) as (unit, entity):
        page = ListPage(current_host(), unit, entity, request.args).totals()
    return render_template("_totals.html", totals=page)


@blueprint.post(_COLUMNS)
def choose(plugin: str, collection: str) -> Response:
    """Remember the columns in the order of the form, one of them moved, and the rows' height.

    A button that moves a column sends `move=up:path` or `move=down:path` and comes back to the
    choice; `reset` forgets it.
    """
    with opened(plugin, collection, read=False) as (unit, entity):
        rules.require(unit.actor, entity, "view")
        page = ListPage(current_host(), unit, entity, request.args)
        direction, _colon, moved = request.form.get("move", "").partition(":")
        height = request.form.get("height", "comfortable")
        first = page.columns()[0].path
        chosen = [path for path in request.form.getlist("column") if path != first]
        columns = (first, *_moved(chosen, moved, direction))
        tail = "/columns" if moved else ""
        if page.views.chosen is not None:
            # A view is changed in the address alone, until somebody keeps it.
            held = page.views.held
            if "reset" in request.form:
                columns, height = held.columns, ""
            return redirect(page.address.to(tail, _columns=",".join(columns), _rows=height))
        if "reset" in request.form:
            arranging.forget(unit, entity)
        else:
            arranging.arrange(
                unit, entity,
                replace(page.arranged, columns=columns, is_compact=height == "compact"),
            )  # fmt: skip
    return redirect(page.address.to(tail, _columns="", _rows=""))


def _moved(paths: list[str], path: str, direction: str) -> list[str]:
    """Give the paths with one of them a place nearer to the start or the end."""
    paths = list(dict.fromkeys(paths))
    if path not in paths:
        return paths
    at = paths.index(path)
    to = at - 1 if direction == "up" else at + 1
    paths.insert(max(to, 0), paths.pop(at))
    return paths
