"""A record's page: who it is, its data, what belongs to it, what happened."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from markupsafe import Markup, escape

from trato.access import rules
from trato.entities.fields import Field
from trato.entities.view import EntityView
from trato.host import Host
from trato.plugin import field_path
from trato.records import marks, owning
from trato.records.explaining import ADMINISTER, decide, explain
from trato.records.query import Record
from trato.records.retention import leaves_at
from trato.records.unit import Unit
from trato.screens.cells import Cells, beside, is_state
from trato.screens.parts import form_groups, panels
from trato.tenancy.conditions import conditions
from trato.text import _
from trato.web.addresses import base_url
from trato.web.frame import Crumb, formats, locale, set_crumbs, translator
from trato.web.headings import heading
from trato.web.lists import load_labels
from trato.web.neighbours import neighbours_page
from trato.web.panels import awaited, fetched
from trato.web.timeline import timeline_page


class RecordPage:
    """Makes everything that `record.html` shows."""

    def __init__(self, host: Host, unit: Unit, entity: EntityView, record: Record) -> None:
        self.host, self.unit, self.entity, self.record = host, unit, entity, record
        self.visible = rules.visible_fields(unit.actor, entity)
        self.locked = rules.field_rules(unit.actor, entity)
        self.kept = owning.kept(unit, entity, record.id)
        self.cells = Cells(
            view=unit.view, catalogs=host.catalogs, formats=formats(), locale=locale()
        )
        self.conditions = conditions(unit.view, entity)
        self.url = f"{base_url(entity)}/{record.id}"
        self.marks = marks.of(unit, record.id)
        self.timeline = timeline_page(unit, entity, record, self.cells)

    def page(self) -> dict[str, Any]:
        """Read what belongs to the record and make the page."""
        entity, record = self.entity, self.record
        fields = list(self.visible.values())
        row = tuple(record.values.get(f.path) for f in fields)
        load_labels(self.unit, self.cells, fields, [row], offset=0)
        title = self._plain(entity.info.label) or "—"
        near = neighbours_page(self.unit, entity, record, self.cells)
        back = base_url(entity) if near is None else near["list_url"]
        set_crumbs(
            Crumb(title=translator(entity.info.titles, entity.info.plugin), url=back),
            Crumb(title=title),
        )
        screen: Any = self.unit.view.screens.get(("form", entity.name))
        facts = [field_path(f) for f in screen.facts] if screen else []
        writes = not self.unit.view.read_only
        edit = writes and self._may("edit")
        archive = writes and self._may("archive")
        return {
            "title": title, "has_avatar": entity.info.owned,
            "subtitle": self._subtitle(), "badges": [],
            "facts": [
                {"label": self.cells.label(self.visible[path]),
                 "html": self._html(self.visible[path], badge=True)}
                for path in facts if path in self.visible and not self.visible[path].hidden
            ],
            "sections": self._sections(),
            "panels": [
                awaited(self.unit, self.record, panel, number=number, url=self.url)
                for number, panel in enumerate(panels(self.unit.view, entity))
            ],
            "edit_url": f"{self.url}/edit" if edit and not record.is_archived else None,
            "archive_url": f"{self.url}/archive"
            if archive and not record.is_archived else None,
            "restore_url": f"{self.url}/restore" if archive and record.is_archived else None,
            "archived_text": self._archived_text() if record.is_archived else None,
            "marks": [] if self.unit.actor.viewer else [
                {"kind": kind, "is_on": kind in self.marks, "url": self.url}
                for kind in reversed(marks.KINDS)
            ],
            "history": self.timeline.page(), "why_url": f"{self.url}/why",
            "neighbours": near,
        }  # fmt: skip

    def _archived_text(self) -> str:
        leaves = leaves_at(self.unit, self.entity, self.record.id)
        if leaves is None:
            return translator(_("It is in the recycle bin and stands in no list."))
        return translator(
            _("It is in the recycle bin, stands in no list, and is removed for good on {day}."),
            day=formats().date(leaves),
        )

    def _subtitle(self) -> str:
        """Say what it is, and by what it is told from others of its name."""
        info = self.entity.info
        marks = [self._html(field).striptags() for path, field in self.visible.items()
                 if field.identifies and path != info.label]  # fmt: skip
        return " · ".join([translator(info.title, info.plugin), *(text for text in marks if text)])

    def _may(self, action: Any) -> bool:
        return decide(self.unit, self.unit.actor, self.entity, self.record, action).allowed

    def _html(self, field: Field, *, badge: bool = False) -> Markup:
        write = self.cells.renderer(field, badge=badge and is_state(field))
        return write(*(self.record.values.get(path) for path in (field.path, *beside(field))))

    def _plain(self, path: str) -> str:
        field = self.visible.get(path)
        return "" if field is None else self.cells.plain(field)(self.record.values.get(path))

    def _sections(self) -> list[dict[str, Any]]:
        made = []
        for group in form_groups(self.unit.view, self.entity, self.visible):
            fields = [f for f in group.fields if self._applies(f)]
            if fields:
                shown = [self._field(f) for f in fields]
                made.append({"title": heading(group.part), "fields": shown})
        system = [f for f in self.visible.values() if f.readonly]
        made.append({"title": translator(_("Record")), "fields": [self._field(f) for f in system]})
        return made

    def _applies(self, field: Field) -> bool:
        """Leave out what does not apply to such a record, unless it holds something."""
        values = self.record.values
        return values.get(field.path) is not None or self.conditions.shows(field.path, values)

    def _field(self, field: Field) -> dict[str, Any]:
        lock = None
        if field.path in self.locked:
            lock = translator(_("Your role may read this field, not change it."))
        elif field.path in self.kept:
            told = owning.kept_by(self.kept[field.path])
            lock = self.host.catalogs.message(told, locale())
        help_text = translator(field.help, field.plugin or None) if field.help else ""
        return {
            "key": field.path, "label": self.cells.label(field), "html": self._html(field),
            "kind": field.kind, "help": help_text, "lock_reason": lock,
        }  # fmt: skip

    def panel(self, number: int) -> dict[str, Any]:
        """Read the rows of a panel.

        :raises LookupError: when the page has no such panel.
        """
        declared = panels(self.unit.view, self.entity)[number]
        return fetched(self.unit, self.cells, self.record, declared, number=number)


def why_page(
    host: Host, unit: Unit, entity: EntityView, record: Record, *, member_id: UUID | None
) -> dict[str, Any]:
    """Make the page that says what the person may do with a record, and by which rule."""
    language = locale()
    url = f"{base_url(entity)}/{record.id}"
    label = escape(record.values.get(entity.info.label) or "—")
    set_crumbs(
        Crumb(title=translator(entity.info.titles, entity.info.plugin), url=base_url(entity)),
        Crumb(title=str(label), url=url),
        Crumb(title=translator(_("Access"))),
    )
    asked = explain(unit, entity, record, member_id=member_id)
    rows = [
        {"action": translator(_NAMES[action]), "allowed": decision.allowed,
         "reason": host.catalogs.message(decision.reason, language)}
        for action, decision in asked.decisions.items()
    ]  # fmt: skip
    rule_names = {"hidden": translator(_("hidden")), "read": translator(_("read only"))}
    # One's own hidden fields do not exist, so they are not named either.
    about_me = member_id in (None, unit.actor.member_id)
    cells = Cells(view=unit.view, catalogs=host.catalogs, formats=formats(), locale=language)
    fields = [
        (rule_names[rule], cells.label(entity.fields[path]))
        for path, rule in sorted(asked.fields.items())
        if path in entity.fields and not (about_me and rule == "hidden")
    ]
    kept = [
        (host.catalogs.message(owning.kept_by(owner), language), cells.label(entity.fields[path]))
        for path, owner in sorted(asked.kept.items())
        if path in rules.visible_fields(unit.actor, entity)
    ]
    roles = [translator(unit.view.roles[key].name) for key in asked.roles]
    members = []
    if unit.actor.has(ADMINISTER):
        members = sorted((m.name, str(m.id)) for m in unit.view.members.values() if m.is_active)
    return {"title": translator(_("Access")), "label": label, "rows": rows,
            "roles": ", ".join(roles) or "—", "fields": fields, "kept": kept, "url": url,
            "who": asked.member_name, "about_me": about_me, "members": members,
            "chosen": str(member_id or unit.actor.member_id or "")}  # fmt: skip


_NAMES = {"view": _("See it"), "edit": _("Change it"), "archive": _("Archive it")}
