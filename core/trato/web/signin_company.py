"""Signing in through a company's identity provider: its page, the way there and the way back."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Blueprint, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response

from trato.access import credentials, identities, limits
from trato.access import store as people
from trato.db.engine import transaction
from trato.errors import TratoError
from trato.sso import arriving, flow
from trato.sso.errors import BadFlow, ProviderRefused
from trato.sso.provider import Provider, provider_of
from trato.tenancy.sign_in import policy
from trato.tenancy.view import Member, TenantView
from trato.text import _
from trato.web import doors, flash
from trato.web.auth import SignedIn, current_host, end_reading, member_of
from trato.web.frame import locale, translator
from trato.web.signin import (
    give_back_place,
    next_page,
    open_session,
    reserve_place,
    too_many,
)

log = logging.getLogger("trato.web")
blueprint = Blueprint("signin_company", __name__, url_prefix="/login/company")

#: The sign-in that this browser has begun, sealed.
FLOW_COOKIE = "trato_sign_in"
#: Secret of the link by which somebody ties the identity, kept out of addresses and logs.
LINK_COOKIE = "trato_identity"


@blueprint.get("/<door>")
def form(door: str) -> Response:
    """Offer the company's provider; an address that leads nowhere tells nothing."""
    view = doors.behind(door)
    if view is None:
        return _nowhere()
    return make_response(_page(view, door))


def _page(view: TenantView, door: str) -> str:
    name, company = policy(view).name, view.tenant.name
    path = f"{request.script_root}/login/company/{door}"
    page: dict[str, Any] = {
        "company": company, "action": path, "next": next_page(),
        "submit": translator(_("Sign in with {name}"), name=name), "text": "",
        "is_linking": False,
    }  # fmt: skip
    if _linking(view) is not None:
        page |= {
            "action": f"{path}/link", "submit": translator(_("Link and sign in with {name}"),
                                                           name=name),
            "text": translator(_("You have entered your password. Link your account with {name} "
                                 "once, and from then on you enter with it."), name=name),
        }  # fmt: skip
    elif (invited := _invited(view)) is not None:
        # Named, or a link that somebody slips one would lead unseen into his account.
        member = view.members[invited]
        page |= {
            "is_linking": True, "submit": translator(_("Link and sign in with {name}"), name=name),
            "text": translator(
                _("You are invited to enter as {member} ({email}) with {name} from now on. If you "
                  "are somebody else, close this page."),
                member=member.name, email=member.email, name=name,
            ),
        }  # fmt: skip
    return render_template("sign_company.html", page=page)


def _linking(view: TenantView) -> Member | None:
    """Find the member who is signed in by password and has no identity here yet."""
    user: SignedIn | None = g.get("user")
    if user is None or user.bound_tenant is not None or user.is_viewing:
        return None
    host = current_host()
    member = member_of(view, user.user_id, now=host.clock())
    if member is None:
        return None
    with transaction(host.engine, tenant_id=view.tenant.id, read=True) as connection:
        known = identities.of_member(connection, view.tenant.id, policy(view).issuer, member.id)
    return member if known is None else None


def _invited(view: TenantView) -> UUID | None:
    """Give the member whose link this browser came by, while it works."""
    secret = request.cookies.get(LINK_COOKIE, "")[:100]
    return _member_of_link(view, secret) if secret else None


def _member_of_link(view: TenantView, secret: str) -> UUID | None:
    host = current_host()
    with transaction(host.engine, tenant_id=view.tenant.id, read=True) as connection:
        found = identities.find_link(connection, view.tenant.id, secret, now=host.clock())
    return found if found in view.members else None


@blueprint.post("/<door>")
def start(door: str) -> Response:
    """Lead to the provider."""
    view = doors.behind(door)
    if view is None:
        return _nowhere()
    # Only the page that names the member sends this field.
    linking = request.form.get("link") == "1" and _invited(view) is not None
    return _onward(view, door, link=request.cookies[LINK_COOKIE][:100] if linking else None)


@blueprint.post("/<door>/link")
def start_link(door: str) -> Response:
    """Lead to the provider to tie the identity to who is signed in by password."""
    view = doors.behind(door)
    if view is None:
        return _nowhere()
    user: SignedIn | None = g.get("user")
    if user is None or user.session_id is None or _linking(view) is None:
        return redirect(f"/login/company/{door}")
    return _onward(view, door, session=str(user.session_id))


def _onward(
    view: TenantView, door: str, *, session: str | None = None, link: str | None = None
) -> Response:
    """Begin a sign-in and lead to the provider by a page of its own.

    A redirect would not do: the answer to a form may lead to our own pages only (CSP form-action).
    """
    host = current_host()
    if not reserve_place():
        return _told(view, door, too_many(), 429)
    begun = flow.begin(
        door=door, redirect_uri=doors.return_address(f"/login/company/{door}"),
        next=next_page(), now=host.clock(), session=session, link=link,
    )  # fmt: skip
    try:
        url = provider_of(host, view).authorization_url(
            redirect_uri=begun.redirect_uri, state=begun.state, nonce=begun.nonce,
            challenge=begun.challenge,
        )  # fmt: skip
    except TratoError as error:
        return _failed(view, door, error)
    page = {"url": url, "name": policy(view).name}
    answer = make_response(render_template("sign_onward.html", page=page))
    answer.set_cookie(
        FLOW_COOKIE, flow.seal(begun, host.secret_keys), httponly=True, samesite="Lax",
        max_age=int(flow.LIFETIME.total_seconds()), path="/login/company",
        secure=host.settings.resolve_cookie_secure(request.host_url),
    )  # fmt: skip
    return answer


@blueprint.get("/<door>/callback")
def come_back(door: str) -> Response:
    """Take what the provider has sent the browser back with, and sign in."""
    view = doors.behind(door)
    if view is None:
        return _nowhere()
    # The provider is asked now; nothing of the database is held meanwhile.
    end_reading()
    if not reserve_place():
        answer = _told(view, door, too_many(), 429)
    else:
        try:
            answer = _arrived(view, door)
        except TratoError as error:
            log.warning("sign-in through a provider refused address=%s code=%s",
                        request.remote_addr, error.code)  # fmt: skip
            answer = _failed(view, door, error)
        else:
            # The attempt of the way there, and that of the way back.
            give_back_place(2)
            doors.remember(answer, door)
    answer.delete_cookie(FLOW_COOKIE, path="/login/company")
    return answer


def _arrived(view: TenantView, door: str) -> Response:
    host = current_host()
    provider = provider_of(host, view)
    begun = flow.take_up(
        request.cookies.get(FLOW_COOKIE, "")[:8000], host.secret_keys, door=door,
        state=request.args.get("state", ""), now=host.clock(),
    )  # fmt: skip
    _use_once(begun)
    _check_answer(provider)
    id_token = provider.redeem(
        request.args["code"][:4000], verifier=begun.verifier, redirect_uri=begun.redirect_uri
    )
    claims = provider.identify(id_token, nonce=begun.nonce)
    person = arriving.read_person(claims, policy(view))
    if begun.session is not None:
        return _linked(view, begun, person)
    if begun.link is not None:
        user = arriving.link(host, view, _member_invited(view, begun.link), person)
    else:
        user = arriving.enter(host, view, person)
    return _opened(view, user, begun.next)


def _use_once(begun: flow.Flow) -> None:
    """Refuse a return that was used, also by who has kept the cookie.

    :raises BadFlow: the second time.
    """
    host = current_host()
    with transaction(host.engine) as connection:
        first = limits.reserve(
            connection, {flow.bucket_of(begun): 1}, now=host.clock(),
            seconds=int(flow.LIFETIME.total_seconds()) * 2,
        )  # fmt: skip
    if not first:
        raise BadFlow(
            _("This sign-in was not begun in this browser, or is too old, or was used already."),
            hint=_("Begin again at the sign-in page of your company."),
        )


def _check_answer(provider: Provider) -> None:
    """Refuse an answer that is a refusal, or another provider's (RFC 9207).

    :raises ProviderRefused: with what the provider says.
    """
    rules, issuer = provider.rules, request.args.get("iss")
    if issuer != rules.issuer and (issuer is not None or provider.metadata().names_itself):
        raise ProviderRefused(
            _("The answer comes from another provider than {name}."),
            hint=_("Begin again at the sign-in page of your company."), name=rules.name,
        )  # fmt: skip
    said = request.args.get("error")
    if said is not None or not request.args.get("code"):
        raise ProviderRefused(
            _("{name} let nobody in ({said})."),
            hint=_("Try again. If it goes on, ask whoever administers {name} in your company."),
            name=rules.name, said=(said or "-")[:60],
        )  # fmt: skip


def _member_invited(view: TenantView, secret: str) -> UUID:
    found = _member_of_link(view, secret)
    if found is None:
        raise BadFlow(
            _("This link no longer works."),
            hint=_("Ask the administrator of your company for a new one."), code="link_used",
        )  # fmt: skip
    return found


def _linked(view: TenantView, begun: flow.Flow, person: arriving.Person) -> Response:
    """Tie the identity to who began, if the same session still asks."""
    user: SignedIn | None = g.get("user")
    member = _linking(view)
    if user is None or member is None or str(user.session_id) != begun.session:
        raise BadFlow(
            _("Your account was not linked: you signed out meanwhile, or it is linked already."),
            hint=_("Sign in with your password and begin again."),
        )
    account = arriving.link(current_host(), view, member.id, person)
    if g.actor is None or g.actor.tenant_id != view.tenant.id:
        # A password does not open this company; the identity does.
        return _opened(view, account, "/")
    text = translator(_("Your account is linked with {name}."), name=policy(view).name)
    return flash.flash(redirect("/account"), text)


def _opened(view: TenantView, user: people.User, wanted: str) -> Response:
    """Open a session that reaches this company only; one of before ends."""
    before: SignedIn | None = g.get("user")
    if before is not None and before.session_id is not None:
        with transaction(current_host().engine) as connection:
            credentials.close_session(connection, before.session_id)
    answer = open_session(
        user, second_step=not policy(view).trusts_second_step, bound=view, wanted=wanted
    )
    answer.delete_cookie(LINK_COOKIE, path="/login/company")
    return answer


@blueprint.get("/<door>/link")
def follow_link(door: str) -> Response:
    """Take the secret of an invitation out of the address at once; reading uses nothing up."""
    answer = redirect(f"/login/company/{door}")
    answer.set_cookie(
        LINK_COOKIE, request.args.get("key", "")[:100], max_age=3600, httponly=True,
        samesite="Lax", path="/login/company",
        secure=current_host().settings.resolve_cookie_secure(request.host_url),
    )  # fmt: skip
    return answer


@blueprint.get("/<door>/leave")
def leave(door: str) -> Response:
    """Lead to where one signs out of the provider; without such a place back to the form."""
    view = doors.behind(door)
    if view is None:
        return _nowhere()
    end_reading()
    if not reserve_place():
        return _told(view, door, too_many(), 429)
    try:
        url = provider_of(current_host(), view).leave_url(back=f"{doors.root()}/login")
    except TratoError as error:
        return _failed(view, door, error)
    give_back_place()
    return redirect(url or "/login")


def _nowhere() -> Response:
    """Answer alike for an address that never was and for a company without a provider."""
    page = {
        "title": translator(_("This address leads nowhere")),
        "text": translator(_("Check it with whoever gave it to you, or sign in with your "
                             "password.")),
        "link": {"label": translator(_("Sign in with a password")), "url": "/login"},
    }  # fmt: skip
    return make_response(render_template("sign_step.html", page=page), 404)


def _failed(view: TenantView, door: str, error: TratoError) -> Response:
    catalogs = current_host().catalogs
    parts = [catalogs.message(part, locale()) for part in (error.message, error.hint) if part.text]
    answer = _told(view, door, " ".join(parts), error.status)
    if error.status == 503:
        answer.headers["Retry-After"] = "60"
    return answer


def _told(view: TenantView, door: str, text: str, status: int) -> Response:
    again = urlencode({"next": next_page()}) if next_page() != "/" else ""
    page = {
        "title": translator(_("You are not signed in")), "text": text,
        "link": {"label": translator(_("Back to the sign-in of {company}"),
                                     company=view.tenant.name),
                 "url": f"/login/company/{door}" + (f"?{again}" if again else "")},
    }  # fmt: skip
    return make_response(render_template("sign_step.html", page=page), status)
