"""The frame of the administration: who may enter, its menu, forms that were refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, g, redirect, render_template, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access.actor import Actor
from trato.access.roles import AUDIT
from trato.configuration import Step
from trato.errors import Invalid, Message, TratoError
from trato.records.explaining import ADMINISTER
from trato.text import _
from trato.web import flash
from trato.web.auth import current_host
from trato.web.frame import Crumb, locale, set_crumbs, translator

ROOT = "/settings"
blueprint = Blueprint("admin", __name__, url_prefix=ROOT)


@dataclass(frozen=True, kw_only=True)
class Section:
    """An entry of the administration's menu."""

    key: str
    title: str
    #: What one does there, for the overview.
    about: str
    icon: str

    @property
    def url(self) -> str:
        return f"{ROOT}/{self.key}"


SECTIONS = (
    Section(key="company", title=_("Company"), icon="building",
            about=_("Name, language, time zone, currency and appearance.")),
    Section(key="modules", title=_("Modules and licence"), icon="puzzle",
            about=_("What is active, what your licence includes, and until when.")),
    Section(key="users", title=_("Users"), icon="users",
            about=_("Who enters, with which roles, and until when.")),
    Section(key="teams", title=_("Teams"), icon="users-group",
            about=_("Who works together, and so sees the same records.")),
    Section(key="roles", title=_("Roles"), icon="shield-lock",
            about=_("What each role may do with which records and fields.")),
    Section(key="sso", title=_("Single sign-on"), icon="login-2",
            about=_("Whether people enter through the provider that the company uses anyway.")),
    Section(key="fields", title=_("Fields and choices"), icon="list-details",
            about=_("Your own fields for each kind of record, and their values.")),
    Section(key="mail", title=_("E-mail"), icon="mail",
            about=_("By which server and from whom the company's letters go.")),
    Section(key="tokens", title=_("API tokens"), icon="key",
            about=_("Which programs work in whose name, and until when.")),
    Section(key="configuration", title=_("Configuration as a file"), icon="file-text",
            about=_("Take fields, roles, teams and settings to another company, or bring them.")),
    Section(key="connections", title=_("Connections"), icon="plug-connected",
            about=_("What is exchanged with other systems, and what waits there.")),
    Section(key="jobs", title=_("Background tasks"), icon="clock",
            about=_("What runs by itself, what waits, and what failed.")),
    Section(key="audit", title=_("Audit"), icon="history",
            about=_("Who changed what and when, and whether the record of it is whole.")),
    Section(key="export", title=_("Copy of your data"), icon="database",
            about=_("Everything that your company keeps in Trato, in one file.")),
)  # fmt: skip


#: What an auditor reads too; all other pages are for administrators.
_FOR_AUDITORS = frozenset({"admin.show_audit", "admin.audit_check", "admin.export_audit"})


@blueprint.before_request
def _check() -> None:
    """Let administrators in, and auditors to the audit; for all others there is nothing here."""
    actor = g.get("actor")
    if actor is None or actor.member is None:
        raise HttpNotFound
    audits = request.endpoint in _FOR_AUDITORS and actor.has(AUDIT)
    if not (audits or actor.has(ADMINISTER)):
        raise HttpNotFound
    flash.take()


blueprint.after_request(flash.clear)


@blueprint.get("")
def overview() -> str:
    """Show what there is to administer."""
    set_crumbs(Crumb(title=translator(_("Administration"))))
    page = {"title": translator(_("Administration"))}
    return render_template("admin_overview.html", page=page, sections=SECTIONS, active="")


def admin() -> Actor:
    """Give the administrator who asks."""
    actor: Actor = g.actor
    return actor


def slug() -> str:
    """Name the tenant that is administered: the one of the session, never one of the address."""
    return admin().view.tenant.slug


def page(
    template: str, *, active: str, title: str, way: tuple[Crumb, ...] = (), **values: Any
) -> str:
    """Render a page of the administration.

    :param active: key of the section it belongs to.
    :param title: its title, translated.
    :param way: steps between the section and the page.
    """
    section = next((s for s in SECTIONS if s.key == active), None)
    administers = admin().has(ADMINISTER)
    steps = [Crumb(title=translator(_("Administration")), url=ROOT)] if administers else []
    name = translator(section.title) if section is not None else title
    if section is not None and (way or name != title):
        steps.append(Crumb(title=name, url=section.url))
    set_crumbs(*steps, *way, Crumb(title=title))
    values.setdefault("errors", [])
    return render_template(
        template, page={"title": title, **values}, active=active,
        sections=SECTIONS if administers else [section] if section else [],
    )  # fmt: skip


def fragment(template: str, **values: Any) -> str:
    """Render a part of a page of the administration."""
    return render_template(template, page=values)


def done(path: str, text: str, **params: Any) -> Response:
    """Go on to a page of the administration and say there what was done."""
    return flash.flash(redirect(f"{ROOT}/{path}"), translator(text, **params))


def applied(path: str, steps: Iterable[Step], text: str, **params: Any) -> Response:
    """Go on to a page after a change of the configuration; says it when a task goes on with it."""
    said = translator(text, **params)
    if any(step.goes_on for step in steps):
        more = _("The records are being indexed in the background; you may go on meanwhile.")
        said = f"{said} {translator(more)}"
    return flash.flash(redirect(f"{ROOT}/{path}"), said)


def said(message: Message) -> str:
    """Write a message in the reader's language."""
    return current_host().catalogs.message(message, locale()) if message.text else ""


def told(error: TratoError) -> list[str]:
    """Write an error as the lines of a notice: what happened, and what to do about it."""
    return [line for line in (said(error.message), said(error.hint)) if line]


def by_field(
    error: Invalid, places: Mapping[str, str], *, prefix: str = ""
) -> tuple[dict[str, list[str]], list[str]]:
    """Sort the problems of a refused document to the fields of a form.

    :param places: names of the form's fields by the path's part behind the prefix.
    :return: problems by field, and those that belong to none.
    """
    found: dict[str, list[str]] = {}
    rest: list[str] = []
    for path, messages in error.errors.items():
        part = path.removeprefix(prefix).lstrip(".")
        head = part.partition(".")[0].partition("[")[0]
        name = places.get(part) or places.get(head)
        texts = [said(message) for message in messages]
        if name is None:
            rest.extend(texts)
        else:
            found.setdefault(name, []).extend(texts)
    return found, rest


def widget(name: str, label: str, kind: str = "text", **values: Any) -> dict[str, Any]:
    """Describe a field as `_fields.html` draws it; texts are translated already."""
    made: dict[str, Any] = {
        "name": name, "label": label, "kind": kind, "value": None, "required": False, "help": "",
        "errors": [], "choices": None, "multiple": kind == "choices", "readonly": False,
        "reference": None, "maxlength": None, "unit": None,
    }  # fmt: skip
    return made | values
