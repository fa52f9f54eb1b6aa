"""Removal of a module's data for good: what would go, the archive, the name typed, the password."""

from __future__ import annotations

from flask import g, request
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.db.engine import transaction
from trato.errors import PluginError
from trato.jobs import queue
from trato.jobs.removing import REMOVE
from trato.lifecycle.exports import REMOVED_KEPT
from trato.lifecycle.plugins import check_purge, contents
from trato.text import _
from trato.web.account import current_person, password_problem
from trato.web.admin.layout import admin, blueprint, done, page, told, widget
from trato.web.auth import SignedIn, current_host
from trato.web.frame import formats, translator


@blueprint.get("/modules/<name>/remove")
def show_removal(name: str) -> str:
    """Show what would go with a switched-off module's data."""
    return _page(name)


@blueprint.post("/modules/<name>/remove")
def remove_data(name: str) -> Response | tuple[str, int]:
    """Queue the removal, for whoever types the module's name and the own password."""
    host, actor = current_host(), admin()
    title = _title(name)
    if _reasons(name):
        return _page(name), 422
    typed = " ".join(request.form.get("name", "").split())
    if typed.casefold() != title.casefold():
        return _page(name, {"name": translator(_("Type {module} to go on."), module=title)}), 422
    problem = password_problem(current_person(), request.form.get("current", ""))
    if problem is not None:
        return _page(name, {"current": problem}), 422
    with transaction(host.engine, tenant_id=actor.tenant_id) as connection:
        waits = any(
            task.payload.get("plugin") == name
            for task in queue.tasks(connection, actor.tenant_id, job=REMOVE,
                                    states=("queued", "running", "held"))
        )  # fmt: skip
        if not waits:
            queue.enqueue(
                connection, actor.tenant_id, REMOVE, now=host.clock(), by=actor.member_id,
                payload={"plugin": name, "member_id": str(actor.member_id)},
            )  # fmt: skip
    return done("export", _("The data of {module} is being archived and removed; its archive "
                            "appears here."), module=title)  # fmt: skip


def _title(name: str) -> str:
    plugin = current_host().plugins.get(name)
    if plugin is None:
        raise HttpNotFound
    return translator(plugin.title, plugin.name)


def _reasons(name: str) -> list[str]:
    """Say why the data cannot be removed now; nothing: it can."""
    view = admin().view
    user: SignedIn = g.user
    if user.is_federated:
        return [translator(_("Your account has no password, which this asks for. Another "
                             "administrator has to do it."))]  # fmt: skip
    if view.plugins[name].is_on:
        return [translator(_("The module is switched on. Switch it off first: its data stays "
                             "until you remove it here."))]  # fmt: skip
    if view.read_only:
        return [translator(_("The licence is over: everything can be read, nothing removed."))]
    try:
        check_purge(current_host(), name, view.tenant.slug)
    except PluginError as error:
        return told(error)[:1]
    return []


def _page(name: str, wrong: dict[str, str] | None = None) -> str:
    host, actor = current_host(), admin()
    module = _title(name)
    with transaction(host.engine, tenant_id=actor.tenant_id, read=True) as connection:
        counts = contents(host, connection, actor.tenant_id, name)
    titles = {
        entity.__table__.name: translator(entity.__entity__.titles, name)
        for entity in host.registry.entities.values() if entity.__entity__.plugin == name
    }  # fmt: skip
    rows = [(titles[table], formats().number(count)) for table, count in counts.items()
            if table in titles]  # fmt: skip
    others = sum(count for table, count in counts.items() if table not in titles)
    if others:
        rows.append((translator(_("Rows that belong to records")), formats().number(others)))
    reasons = _reasons(name)

    def field(key: str, label: str, kind: str, help: str = "") -> dict[str, object]:
        problem = (wrong or {}).get(key)
        return widget(key, label, kind, required=True, help=help,
                      errors=[problem] if problem else [])  # fmt: skip

    return page(
        "admin_remove.html", active="modules", errors=reasons,
        title=translator(_("Remove the data of {module}"), module=module),
        module=module, rows=rows, can=not reasons and bool(rows),
        action=f"/settings/modules/{name}/remove", days=REMOVED_KEPT.days,
        fields=[
            field("name", translator(_("Type {module}"), module=module), "text"),
            field("current", translator(_("Your password")), "password"),
        ],
    )  # fmt: skip
