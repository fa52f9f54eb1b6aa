"""A short word that outlives a redirect: what was done, told on the page that follows."""

from __future__ import annotations

import base64

from flask import g, request
from werkzeug.wrappers import Response

from trato.web.frame import toast

COOKIE = "trato_flash"
_SECONDS = 60
_LONGEST = 300


def flash(response: Response, text: str, *, undo_url: str | None = None) -> Response:
    """Let the next page say a word; the cookie lives for one page, at most a minute.

    :param undo_url: path of this application that undoes what was done.
    """
    told = f"{text[:_LONGEST]}\n{undo_url}" if undo_url else text[:_LONGEST]
    written = base64.urlsafe_b64encode(told.encode()).decode("ascii")
    response.set_cookie(
        COOKIE, written, max_age=_SECONDS, httponly=True, samesite="Lax", secure=request.is_secure
    )
    return response


def take() -> None:
    """Show the word that the page before left, if there is one."""
    written = request.cookies.get(COOKIE)
    if written is None or request.method != "GET" or request.headers.get("HX-Request"):
        return
    g.flash_taken = True
    try:
        told = base64.urlsafe_b64decode(written.encode("ascii", "replace")).decode()
    except ValueError:  # somebody changed the cookie; there is nothing to say then
        return
    text, _line, undo_url = told.partition("\n")
    is_here = undo_url.startswith("/") and not undo_url.startswith("//")
    toast(text[:_LONGEST], undo_url=undo_url if is_here else None)


def clear(response: Response) -> Response:
    """Forget a word that was shown."""
    if g.get("flash_taken") and not response.location:
        response.delete_cookie(COOKIE)
    return response
