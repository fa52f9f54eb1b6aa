"""The tour of a first visit: a few words above the first list, and a ring around what they mean.

The steps follow from what the person sees in the frame, so no plugin and no role is named here.
The step is kept in a cookie; that the tour is over is kept with the member.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access import rules
from trato.access.actor import Actor
from trato.access.roles import AUDIT
from trato.records import tours
from trato.records.explaining import ADMINISTER
from trato.text import _
from trato.web.auth import current_host, end_reading
from trato.web.frame import translator

blueprint = Blueprint("tour", __name__, url_prefix="/core/tour")

COOKIE = "trato_tour"
#: Stands where the tour was, so that the script sees it end.
_GONE = '<div id="t-tour" hidden></div>'


@dataclass(frozen=True, kw_only=True)
class Step:
    """A step: what is said, and the part of the page it is about (`data-tour` in templates)."""

    part: str
    title: str
    text: str


def steps(actor: Actor) -> list[Step]:
    """Choose what a person is shown: only what their roles let them see and do."""
    return list(_steps(actor))


def _steps(actor: Actor) -> Iterator[Step]:
    seen = [menu for menu in sorted(actor.view.menus, key=lambda menu: menu.position)
            if menu.entity is None
            or rules.decide(actor, actor.view.entities[menu.entity], "view").allowed]  # fmt: skip
    if seen:
        yield Step(
            part="menus", title=translator(_("Everything is on the left")),
            text=translator(_("{first} and the other lists of your company; on a phone they are "
                              "under More."), first=translator(seen[0].title)),
        )  # fmt: skip
    yield Step(
        part="find", title=translator(_("Find anything from any page")),
        text=translator(_("Press Ctrl K and write a name, an identification, a phone or an "
                          "e-mail.")),
    )  # fmt: skip
    entity = next((actor.view.entities[menu.entity] for menu in seen if menu.entity), None)
    if entity is not None and rules.decide(actor, entity, "create").allowed:
        yield Step(
            part="create", title=translator(_("Write down something new")),
            text=translator(_("What you write is kept even if you close the tab, and what you do "
                              "can be undone.")),
        )  # fmt: skip
    elif entity is not None and not actor.has(AUDIT):
        yield Step(
            part="menus", title=translator(_("You are here to look")),
            text=translator(_("If you cannot change something, the page of the record says why and "
                              "whom to ask.")),
        )  # fmt: skip
    if actor.has(ADMINISTER):
        yield Step(
            part="administration", title=translator(_("Prepare Trato for your company")),
            text=translator(_("In Administration you invite people, give them roles, enable "
                              "modules and add your own fields.")),
        )  # fmt: skip
    elif actor.has(AUDIT):
        yield Step(
            part="audit", title=translator(_("See who changed what")),
            text=translator(_("The audit shows each change with its date, filters it and checks "
                              "that nobody tampered with it.")),
        )  # fmt: skip
    yield Step(
        part="help", title=translator(_("Help is always there")),
        text=translator(_("It explains each module with pictures, and from there you can see this "
                          "tour again.")),
    )  # fmt: skip


def current() -> dict[str, object] | None:
    """Give the step that the person is at, for the page; None when there is no tour."""
    actor: Actor | None = g.get("actor")
    if actor is None or actor.member_id is None or g.user.is_viewing:
        return None
    whose, _dot, number = request.cookies.get(COOKIE, "").partition(".")
    if whose != _whose(actor) or (not number.isascii() and number.isdecimal()):
        return None
    return _at(actor, int(number[:2]))


def _at(actor: Actor, number: int) -> dict[str, object] | None:
    found = steps(actor)
    if not 1 <= number <= len(found):
        return None
    return {"step": found[number - 1], "number": number, "count": len(found)}


def _whose(actor: Actor) -> str:
    return actor.member_id.hex[-12:] if actor.member_id else ""


def begin(answer: Response) -> Response:
    """Let the tour begin on the page that an answer leads to, if the person has not seen it."""
    actor: Actor = g.actor
    if actor.member_id is None or g.user.is_viewing or current() is not None:
        return answer
    with current_host().unit(actor, read=True) as unit:
        is_over = tours.is_over(unit)
    if is_over:
        return _forget(answer)
    return _keep(answer, actor, 1)


def _keep(answer: Response, actor: Actor, number: int) -> Response:
    answer.set_cookie(COOKIE, f"{_whose(actor)}.{number}", httponly=True, samesite="Lax",
                      secure=request.is_secure)  # fmt: skip
    return answer


def _forget(answer: Response) -> Response:
    if COOKIE in request.cookies:
        answer.delete_cookie(COOKIE)
    return answer


@blueprint.post("/step")
def go() -> Response:
    """Go to a step of the tour: the form's `number`."""
    actor = _actor()
    number = request.form.get("number", "")
    is_number = number.isascii() and number.isdecimal() and len(number) < 3
    at = _at(actor, int(number)) if is_number else None
    if at is None:
        raise HttpNotFound
    if request.headers.get("HX-Request"):
        return _keep(make_response(render_template("_tour.html", tour=at)), actor, int(number))
    return _keep(redirect("/"), actor, int(number))


@blueprint.post("/end")
def end() -> Response:
    """End the tour for good."""
    actor = _actor()
    end_reading()
    with current_host().unit(actor) as unit:
        tours.end(unit)
    is_part = request.headers.get("HX-Request")
    return _forget(make_response(_GONE) if is_part else redirect("/"))


@blueprint.post("/start")
def start() -> Response:
    """Show the person around again."""
    actor = _actor()
    end_reading()
    with current_host().unit(actor) as unit:
        tours.start_over(unit)
    return _keep(redirect("/"), actor, 1)


def _actor() -> Actor:
    actor: Actor | None = g.actor
    if actor is None or actor.member_id is None:
        raise HttpNotFound
    return actor
