"""The gates in front of every page: who asks, and does the plugin exist for the tenant.

It looks at the path before routing errors are raised, or a disabled plugin would answer 405 to a
wrong method and 308 to a missing slash, and so tell that it is installed.
"""

from __future__ import annotations

from urllib.parse import quote

from flask import g, redirect, request
from flask_login import current_user
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from trato.errors import DomainError, Forbidden
from trato.plugin import RESERVED_NAMES
from trato.text import _
from trato.web import maintenance
from trato.web.auth import SignedIn, csrf_is_good, end_reading
from trato.web.installing import MANIFEST

#: Paths that need no session.
_OPEN = frozenset(
    {"login", "static", "health", "metrics", "favicon.ico", "robots.txt", MANIFEST, ""}
)
#: What a person may do whose role demands a second step that is not set up yet.
_ENROLMENT = "/account/second-factor"
#: What rules an account wherever it is used.
_ACCOUNTS_OWN = (
    "/account/password", "/account/second-factor", "/account/companies", "/tenant", "/host",
)  # fmt: skip
_LEAVING = frozenset({"/logout", "/tenant"})
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


class Unauthenticated(DomainError):
    """Nobody is signed in, and the API says so."""

    code = "unauthenticated"
    status = 401


class ForeignForm(DomainError):
    """A form without the token of our own pages."""

    code = "csrf"
    status = 400


def plugin_segment(path: str) -> str | None:
    """Give the plugin that a path is about, or None where it is the host's own."""
    parts = path.lstrip("/").split("/")
    if parts[0] == "api":
        own = len(parts) < 3 or parts[2] in ("openapi.json", "docs", "")
        return None if own else parts[2]
    if parts[0] == "help":
        about = parts[1] if len(parts) > 1 else ""
        return about if about and about != "trato" else None
    return None if parts[0] in RESERVED_NAMES or parts[0] in _OPEN else parts[0]


def check() -> Response | None:
    """Decide about a request before it is routed."""
    first = request.path.lstrip("/").split("/")[0]
    api = first == "api"
    plugin = plugin_segment(request.path)
    if plugin is None:
        _unroute()
    if first in ("static", "health", "metrics", "favicon.ico", "robots.txt", MANIFEST):
        return None
    maintenance.check()
    user = current_user._get_current_object() if current_user.is_authenticated else None
    if request.method not in _SAFE:
        end_reading()
    if user is not None and user.session_id is None and not api:
        # A token is for the API; in a page it could make itself a token with wider scopes.
        user = None
    g.user = user
    g.actor = None if user is None else user.actor
    if user is None:
        if api:
            raise Unauthenticated(
                _("Nobody is signed in."),
                hint=_("Send a valid token: Authorization: Bearer TOKEN."),
            )
        if first == "login":
            return _check_csrf()
        target = request.full_path.rstrip("?") if request.method == "GET" else "/"
        where = "/login" if target in ("/", "") else f"/login?next={_quoted(target)}"
        if request.headers.get("HX-Request"):
            # htmx would put the sign-in form into a corner of the page.
            return Response(status=204, headers={"HX-Redirect": where})
        return redirect(where)
    if plugin is not None and (g.actor is None or plugin not in g.actor.view.enabled):
        # Before the form's token: what is not there is not there, whatever else is missing.
        raise NotFound
    if user.secret is not None and (refused := _check_csrf()) is not None:
        return refused
    if user.lacks_second_factor and (answer := _demand_second_factor(api)) is not None:
        return answer
    if user.bound_tenant is not None:
        _refuse_bound(user)
    if user.is_viewing:
        _refuse_viewer(first)
    if api and g.actor is None:
        raise Forbidden(_("You belong to no company."), code="no_tenant")
    return None


def _unroute() -> None:
    """Take a path of the host's own away from the pages that are made for plugins.

    `/login/x` fits `/<plugin>/<collection>`; those pages count on a person and a company, and what
    begins with a reserved name is let pass without.
    """
    if str(request.url_rule).startswith("/<plugin>"):
        request.url_rule, request.routing_exception = None, NotFound()


def _demand_second_factor(api: bool) -> Response | None:
    """Lead to the set-up of the second step, and nowhere else."""
    if request.path.startswith(_ENROLMENT) or request.path in _LEAVING:
        return None
    if api or request.method not in _SAFE:
        raise Forbidden(
            _("Your role demands a second step at sign-in."),
            hint=_("Set it up in your account first."), code="second_factor_required",
        )  # fmt: skip
    if request.headers.get("HX-Request"):
        return Response(status=204, headers={"HX-Redirect": _ENROLMENT})
    return redirect(_ENROLMENT)


def _refuse_bound(user: SignedIn) -> None:
    """Refuse what is the account's own to a session that one company's provider opened.

    Whoever runs that provider can sign in as anybody it knows; the account may open other
    companies, and is not theirs to rule. One that the provider made has its second step here.
    """
    own_step = user.is_federated and request.path.startswith(_ENROLMENT)
    path = f"{request.path}/"
    if any(path.startswith(f"{place}/") for place in _ACCOUNTS_OWN) and not own_step:
        raise Forbidden(
            _("You came in through your company's provider, which does not rule your account."),
            hint=_("Sign out and enter with your password for this."), code="bound_session",
        )  # fmt: skip


def _refuse_viewer(first: str) -> None:
    """Refuse what an administrator may not do while looking as a member."""
    if request.path in ("/admin/view-as/end", "/logout"):
        return
    if request.method not in _SAFE:
        raise Forbidden(
            _("You are looking as another person; nothing can be changed."),
            hint=_("Leave that view first."), code="viewing",
        )  # fmt: skip
    if first in ("account", "admin", "settings", "host"):
        raise Forbidden(
            _("This page belongs to the person alone."),
            hint=_("Leave that view first."), code="viewing",
        )  # fmt: skip


def _check_csrf() -> Response | None:
    if request.method in _SAFE or csrf_is_good():
        return None
    raise ForeignForm(
        _("The form is too old, or did not come from this page."),
        hint=_("Go back, reload the page and send it again."),
    )


def _quoted(path: str) -> str:
    return quote(path, safe="/")
