"""Import in pages: bring a file, say which column fills which field, try it, run it, see it run."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from flask import Blueprint, g, make_response, redirect, render_template, request, send_file
from werkzeug.exceptions import NotFound as HttpNotFound
from werkzeug.wrappers import Response

from trato.access import rules
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.entities.fields import REF_KINDS
from trato.entities.view import EntityView
from trato.errors import DomainError, NotFound, TratoError
from trato.exchange import desk as desks
from trato.exchange.cells import cell_text
from trato.exchange.columns import missing
from trato.exchange.desk import Desk
from trato.exchange.mapping import IGNORE, propose
from trato.exchange.reading import open_table
from trato.exchange.references import keys_of
from trato.exchange.wording import ID, ID_LABEL, Wording
from trato.jobs import queue
from trato.jobs.exchanging import IMPORT, IMPORTS
from trato.jobs.queue import Task
from trato.records.bulk import matchable
from trato.records.writing import check_writable
from trato.text import _
from trato.web import flash
from trato.web.addresses import base_url
from trato.web.auth import current_host
from trato.web.exchange_tasks import badge, came_to, cancel, find_task, resume, told
from trato.web.frame import Crumb, formats, locale, phrase, set_crumbs, toast, translator
from trato.web.pages import opened

#: Endpoint whose bodies may be larger than others; they go to the disk as they come.
UPLOAD = "imports.upload"
blueprint = Blueprint("imports", __name__)
blueprint.after_request(flash.clear)

_ALL = "/<plugin>/<collection>/import"
_ONE = f"{_ALL}/<uuid:id>"
#: By what people, teams and records without such a field are named in files.
_NAMES = {"email": _("E-mail"), "name": _("Name"), "key": _("Key"), ID: ID_LABEL}
#: Rows of the file that are shown beside its headers.
_SAMPLE = 3
_DUPLICATES = {
    "create": _("Create it all the same, and count it"), "skip": _("Leave the row out"),
    "update": _("Change the record that is there"), "error": _("Refuse the row"),
}  # fmt: skip


@contextmanager
def importing(plugin: str, collection: str) -> Iterator[EntityView]:
    """Check that the person may import into a list; there is no such page otherwise."""
    with opened(plugin, collection) as (unit, entity):
        rules.require(unit.actor, entity, "import")
        check_writable(unit)
    yield entity


@blueprint.get(_ALL)
def show(plugin: str, collection: str) -> str:
    """Ask for a file, and offer the imports that one has begun."""
    flash.take()
    with importing(plugin, collection) as entity:
        return render_template("import_file.html", page=_file_page(entity, []))


@blueprint.post(_ALL)
def upload(plugin: str, collection: str) -> Response:
    """Take a file; what cannot be imported at all is refused before anything is asked."""
    with importing(plugin, collection) as entity:
        actor: Actor = g.actor
        sent = request.files.get("file")
        if sent is None or not sent.filename:
            error = DomainError(_("Choose a file."), code="no_file")
            return _refused(entity, error)
        desk = desks.begin(
            current_host(), actor.tenant_id, IMPORTS, entity=entity.name,
            member_id=actor.member_id, file=sent.filename,
        )  # fmt: skip
        try:
            # The body lies on the disk already; it is copied piece by piece.
            sent.save(desk.source, buffer_size=1 << 16)
            _look(desk)
            _propose(entity, desk)
            desk.save()
        except TratoError as error:
            shutil.rmtree(desk.folder, ignore_errors=True)
            return _refused(entity, error)
        except OSError:
            shutil.rmtree(desk.folder, ignore_errors=True)
            raise
        finally:
            sent.close()  # on the disk it would be there twice until the request is forgotten
        return redirect(f"{base_url(entity)}/import/{desk.id}")


@blueprint.get(_ONE)
def show_one(plugin: str, collection: str, id: UUID) -> Response:
    """Show what each column fills, and what the last trial or run came to."""
    flash.take()
    with importing(plugin, collection) as entity:
        try:
            desk = _desk(entity, id)
        except NotFound as error:
            return _gone(entity, error)
        return make_response(render_template("import.html", page=_page(entity, desk)))


@blueprint.get(f"{_ONE}/status")
def status(plugin: str, collection: str, id: UUID) -> str:
    """Give how far it is; the page asks while it runs."""
    with importing(plugin, collection) as entity:
        page = {"task": told(_desk(entity, id), f"{base_url(entity)}/import/{id}")}
        return render_template("_exchange.html", page=page)


@blueprint.post(_ONE)
def run(plugin: str, collection: str, id: UUID) -> Response:
    """Keep what was chosen, and queue a trial or the import."""
    with importing(plugin, collection) as entity:
        try:
            desk = _desk(entity, id)
        except NotFound as error:
            return _gone(entity, error)
        last = find_task(desk)
        url = f"{base_url(entity)}/import/{id}"
        if last is not None and last.state in ("queued", "running"):
            return flash.flash(redirect(url), translator(_("It is running already.")))
        _read_choices(desk)
        try:
            _check(entity, desk)
        except TratoError as error:
            page = _page(entity, desk, errors=_texts(error))
            return make_response(render_template("import.html", page=page), 422)
        desks.remember(current_host(), g.actor.tenant_id, desk, desk.headers)
        is_trial = request.form.get("do") != "import"
        with opened(plugin, collection, read=False) as (unit, _entity):
            payload = {"desk": str(desk.id), "dry_run": is_trial}
            # Of two that were sent at the same moment, as by a double click, only one is queued.
            key = f"{IMPORT}@{desk.id}:{len(desk.tasks)}"
            made = unit.enqueue(IMPORT, payload, unique_key=key)
            if made is not None:
                desk.tasks.append(str(made))
                desk.trials += [str(made)] * is_trial
                desk.save()
        if made is None:
            return flash.flash(redirect(url), translator(_("It is running already.")))
        return redirect(f"{url}#t-exchange")


@blueprint.post(f"{_ONE}/cancel")
def stop(plugin: str, collection: str, id: UUID) -> Response:
    """Stop it after the batch that is being written."""
    with importing(plugin, collection) as entity:
        cancel(_desk(entity, id))
        return redirect(f"{base_url(entity)}/import/{id}#t-exchange")


@blueprint.post(f"{_ONE}/resume")
def go_on(plugin: str, collection: str, id: UUID) -> Response:
    """Go on where it was."""
    with importing(plugin, collection) as entity:
        resume(_desk(entity, id))
        return redirect(f"{base_url(entity)}/import/{id}#t-exchange")


@blueprint.get(f"{_ONE}/errors.csv")
def errors(plugin: str, collection: str, id: UUID) -> Response:
    """Give the refused rows, to be mended and imported again."""
    with importing(plugin, collection) as entity:
        desk = _desk(entity, id)
        if not desk.errors.is_file():
            raise HttpNotFound
        name = f"{desk.source.stem if not desk.file else desk.file.rsplit('.', 1)[0]}-errores.csv"
        return send_file(desk.errors, as_attachment=True, download_name=name, max_age=0,
                         mimetype="text/csv")  # fmt: skip


# --- parts ---------------------------------------------------------------------------------------


def _desk(entity: EntityView, id: UUID) -> Desk:
    """Find an import of the signed-in member; those of others do not exist for him."""
    actor: Actor = g.actor
    desk = desks.find(current_host(), actor.tenant_id, IMPORTS, id, member_id=actor.member_id)
    if desk.entity != entity.name:
        raise HttpNotFound
    return desk


def _gone(entity: EntityView, error: NotFound) -> Response:
    """Lead back to the first page: a notice of an import may be older than its files."""
    toast(_texts(error)[0])
    return make_response(render_template("import_file.html", page=_file_page(entity, [])), 404)


def _wording() -> Wording:
    return Wording(current_host().catalogs, locale())


def _look(desk: Desk) -> None:
    """Keep what the file is, so that no page has to open it again."""
    with open_table(desk.source, encoding=desk.encoding) as table:
        rows = [row.cells for row, _n in zip(table, range(_SAMPLE), strict=False)]
        desk.headers = list(table.headers)
        desk.kind = table.sheet or (table.encoding or "").upper()
        desk.sheets = list(table.sheets)
    desk.samples = [
        [cell_text(cells[index])[:60] for cells in rows if cells[index] is not None]
        for index in range(len(desk.headers))
    ]


def _propose(entity: EntityView, desk: Desk) -> None:
    """Choose for each column what was chosen the last time, else the field that it names."""
    actor: Actor = g.actor
    writable = rules.writable_fields(actor, entity)
    for proposal in propose(desk.headers, _wording().names(actor, entity)):
        path = proposal.path or IGNORE
        root = path if path in writable or path == ID else path.rpartition(".")[0]
        desk.map[proposal.header] = path if root in writable or path == ID else IGNORE
    known = desks.remembered(
        current_host(), actor.tenant_id, entity.name, desk.headers, member_id=actor.member_id
    )
    if known is not None:
        offered = {path for path, _label in _targets(entity)}
        last = {h: str(p) for h, p in known["map"].items() if h in desk.headers}
        desk.map |= {h: p if p in offered else IGNORE for h, p in last.items()}
        desk.is_as_before = True
    keys = [p for p in desk.map.values() if p in writable and writable[p].identifies]
    desk.match = keys[0] if keys else None
    if known is not None and "match" in known:
        desk.match, desk.duplicates = known["match"], known["duplicates"]


def _read_choices(desk: Desk) -> None:
    """Read the form: columns by their place, as two headers may look alike in HTML."""
    for index, header in enumerate(desk.headers):
        desk.map[header] = request.form.get(f"column-{index}", IGNORE) or IGNORE
    desk.match = request.form.get("match") or None
    chosen = request.form.get("duplicates", "create")
    desk.duplicates = chosen if chosen in _DUPLICATES else "create"


def _check(entity: EntityView, desk: Desk) -> None:
    """Refuse choices by which no row could be imported."""
    filled = [path for path in desk.map.values() if path != IGNORE]
    wording = _wording()
    fields = rules.visible_fields(g.actor, entity)
    offered = dict(_targets(entity))
    for path in filled:
        if path not in offered:
            raise DomainError(_("There is no field '{field}'."), field=path[:80])
        if filled.count(path) > 1:
            raise DomainError(
                _("Two columns fill '{field}'."), hint=_("Leave one of them out."),
                field=offered[path],
            )  # fmt: skip
    if desk.match is not None and desk.match not in filled:
        raise DomainError(
            _("No column fills '{field}', by which rows find their records."),
            field=wording.label(fields[desk.match]) if desk.match in fields else desk.match,
        )
    if desk.match is None:
        rules.require(g.actor, entity, "create")
        if lacking := missing(rules.writable_fields(g.actor, entity), filled):
            raise DomainError(
                _("No column fills what is obligatory: {fields}."),
                hint=_("Choose a column for it; or say below by which field rows find the records "
                       "that they change."),
                fields=", ".join(wording.label(field) for field in lacking),
            )  # fmt: skip


def _targets(entity: EntityView) -> list[tuple[str, str]]:
    """List what a column may fill: fields, references by each of their names, and the id."""
    actor: Actor = g.actor
    wording = _wording()
    found: list[tuple[str, str]] = []
    for path, field in rules.writable_fields(actor, entity).items():
        label = wording.label(field)
        found.append((path, label))
        if field.kind in REF_KINDS:
            target = actor.view.entities.get(field.target or "")
            for key in keys_of(actor, field):
                named = target.fields.get(key) if target is not None else None
                told = wording.say(_NAMES[key]) if key in _NAMES else key
                suffix = wording.label(named) if named is not None else told
                found.append((f"{path}.{key}", f"{label} · {suffix}"))
    return [*found, (ID, wording.say(ID_LABEL))]


def _file_page(entity: EntityView, wrong: list[str]) -> dict[str, Any]:
    actor: Actor = g.actor
    heading = _crumbs(entity)
    mine = [
        one for one in desks.all_of(current_host(), actor.tenant_id, IMPORTS)
        if one.entity == entity.name
        and one.member_id == (str(actor.member_id) if actor.member_id else None)
    ]  # fmt: skip
    tasks = _last_tasks(mine)
    limit = current_host().settings.max_import_mb
    return {
        "title": heading, "errors": wrong, "action": f"{base_url(entity)}/import",
        "cancel_url": base_url(entity),
        "help": translator(
            _("CSV or Excel (.xlsx), at most {limit} MB. The first row names the columns."),
            limit=limit,
        ),
        "most": limit * 1024 * 1024,
        "kept": translator(
            _("Your last {count} are kept, those of all lists together, for {days} days."),
            count=desks.KEPT, days=desks.KEPT_FOR.days,
        ),
        "earlier": [
            {"file": one.file, "url": f"{base_url(entity)}/import/{one.id}",
             "when": formats().date_time(one.begun_at), **_state(one, tasks)}
            for one in reversed(mine)
        ],
    }  # fmt: skip


def _last_tasks(some: Iterable[Desk]) -> dict[UUID, Task]:
    """Read the last task of each import that has one."""
    ids = {UUID(one.tasks[-1]) for one in some if one.tasks}
    tenant_id = g.actor.tenant_id
    with transaction(current_host().engine, tenant_id=tenant_id, read=True) as connection:
        return queue.some(connection, tenant_id, ids)


def _state(desk: Desk, tasks: Mapping[UUID, Task]) -> dict[str, Any]:
    """Say what became of an import."""
    if not desk.tasks:
        label = translator(_("Not begun"))
        return {"badge": {"label": label, "tone": "calm", "icon": "clock"}, "came_to": ""}
    task = tasks.get(UUID(desk.tasks[-1]))
    if task is None:  # it is remembered no more
        return {"badge": None, "came_to": ""}
    return {"badge": badge(task.state), "came_to": came_to(task, desk.tasks[-1] in desk.trials)}


def _crumbs(entity: EntityView) -> str:
    info = entity.info
    heading = phrase(_("Import {titles}"), info.plugin, titles=info.titles)
    titles = translator(info.titles, info.plugin)
    set_crumbs(Crumb(title=titles, url=base_url(entity)), Crumb(title=heading))
    return heading


def _page(entity: EntityView, desk: Desk, errors: list[str] | None = None) -> dict[str, Any]:
    heading = _crumbs(entity)
    wording = _wording()
    url = f"{base_url(entity)}/import/{desk.id}"
    fields = rules.visible_fields(g.actor, entity)
    return {
        "title": heading, "errors": errors or [], "action": url, "file": desk.file,
        "kind": desk.kind,
        "columns": [
            {"name": f"column-{index}", "header": header, "value": desk.map.get(header, IGNORE),
             "sample": desk.samples[index]}
            for index, header in enumerate(desk.headers)
        ],
        "targets": [(IGNORE, translator(_("Leave out"))), *_targets(entity)],
        "match": desk.match or "",
        "matches": [
            ("", translator(_("No: every row is a new record"))),
            *((path, wording.label(fields[path])) for path in matchable(entity) if path in fields),
            (ID, wording.say(ID_LABEL)),
        ],
        "duplicates": desk.duplicates,
        "duplicate_choices": [(key, translator(text)) for key, text in _DUPLICATES.items()],
        "hints": _hints(desk),
        "task": told(desk, url), "status_url": f"{url}/status",
        "another_url": f"{base_url(entity)}/import", "list_url": base_url(entity),
    }  # fmt: skip


def _hints(desk: Desk) -> list[str]:
    """Say what was decided without being asked, and how to have it otherwise."""
    hints = []
    if others := [name for name in desk.sheets if name != desk.kind]:
        hints.append(translator(
            _("Of the workbook only the sheet “{sheet}” is read, not {others}. Save another sheet "
              "as a file of its own to import it."),
            sheet=desk.kind, others=", ".join(others[:5]) + (", …" if len(others) > 5 else ""),
        ))  # fmt: skip
    if desk.is_as_before and not desk.tasks:
        hints.append(translator(
            _("As the last time: the columns are chosen as for the last file with the same titles. "
              "Change below what is different now.")
        ))  # fmt: skip
    return hints


def _refused(entity: EntityView, error: TratoError) -> Response:
    page = _file_page(entity, _texts(error))
    return make_response(render_template("import_file.html", page=page), 422)


def _texts(error: TratoError) -> list[str]:
    catalogs = current_host().catalogs
    texts = [catalogs.message(one, locale()) for one in (error.message, error.hint)]
    return [" ".join(text for text in texts if text)]
