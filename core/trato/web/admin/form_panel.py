"""What is said of one field, section or tab while a form is arranged: inputs, and what they say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from werkzeug.datastructures import MultiDict

from trato.entities.fields import TEXT_KINDS, Field
from trato.screens.arranged import Part, Tab
from trato.screens.cells import Cells
from trato.tenancy.layouts import LaidField
from trato.text import _
from trato.web.admin.form_draft import Draft
from trato.web.admin.layout import widget
from trato.web.frame import LOCALES, translator
from trato.web.headings import heading

#: How many fields a condition can be made of in the page; a file may name more.
_MOST = 3
_STATES = (("filled", _("is filled in")), ("empty", _("is empty")))
_YES_NO = (("filled", _("Yes")), ("empty", _("No")))
#: Among the values of a choice, the one that stands for none.
_NONE = ":empty"
_IN_LANGUAGES = {"es": _("Title in Spanish"), "en": _("Title in English")}
_LABELS = {"es": _("Name in Spanish"), "en": _("Name in English")}
_CHOICES = ("choice", "choices")
#: Kinds of which a condition may ask for certain texts.
_TEXTS = TEXT_KINDS | {"tags"}


def name_of(one: Part | Tab) -> str:
    """Name a section or tab for who arranges it; the one without a title too."""
    unnamed = _("General") if isinstance(one, Tab) else _("Without a heading")
    return heading(one) or translator(unnamed)


# --- in ------------------------------------------------------------------------------------------


def read(draft: Draft, open_at: str, form: MultiDict[str, str]) -> None:
    """Put what a sent panel says into the draft."""
    kind, _colon, name = open_at.partition(":")
    if kind == "field" and name in draft.known and "p_section" in form:
        _read_field(draft, draft.known[name], form)
        return
    one = draft.part(name) if kind == "section" else draft.tab(name) if kind == "tab" else None
    if one is None or "p_title_es" not in form:
        return
    draft.rename(one, {code: form.get(f"p_title_{code}", "").strip() for code, _name in LOCALES})
    part = draft.part(name) if kind == "section" else None
    if part is not None:
        draft.put_on(part, form.get("p_tab", part.tab))


def _read_field(draft: Draft, field: Field, form: MultiDict[str, str]) -> None:
    before = draft.fields.get(field.path, LaidField())
    labels = {
        code: text for code, _name in LOCALES if (text := form.get(f"p_label_{code}", "").strip())
    }
    is_free = not field.required
    draft.fields[field.path] = replace(
        before,
        labels=labels if "p_label_es" in form else before.labels,
        help=form["p_help"].strip() if "p_help" in form else before.help,
        hidden=_ticked(form, "p_hidden") and is_free,
        required=_ticked(form, "p_required") and is_free,
        when=_read_when(draft, form) if is_free else {},
    )
    home = draft.home(field.path)
    to = form["p_section"]
    if home is not None and home.key != to:
        draft.place(field.path, to)


def _ticked(form: MultiDict[str, str], name: str) -> bool:
    return form.getlist(name)[-1:] == ["true"]


def _read_when(draft: Draft, form: MultiDict[str, str]) -> dict[str, tuple[str | bool, ...]]:
    asked: dict[str, tuple[str | bool, ...]] = {}
    for number in range(len([name for name in form if name.startswith("p_when_field_")])):
        other = draft.known.get(form.get(f"p_when_field_{number}", ""))
        if other is None:
            continue
        texts = [text for text in form.getlist(f"p_when_value_{number}") if text]
        values: tuple[str | bool, ...]
        if other.kind in _CHOICES:
            values = tuple(False if text == _NONE else text for text in texts) or (True,)
        else:
            parts = [part.strip() for text in texts for part in text.split(",")]
            exact = tuple(part for part in parts if part) if other.kind in _TEXTS else ()
            values = exact or (form.get(f"p_when_op_{number}") != "empty",)
        asked[other.path] = values
    return asked


# --- out -----------------------------------------------------------------------------------------


def panel(draft: Draft, cells: Cells, open_at: str) -> dict[str, Any] | None:
    """Describe the inputs of what is open; None where that is not there."""
    kind, _colon, name = open_at.partition(":")
    if kind == "field" and name in draft.known:
        return _field_panel(draft, cells, draft.known[name])
    one = draft.part(name) if kind == "section" else draft.tab(name) if kind == "tab" else None
    if one is None:
        return None
    declared = heading(replace(one, titles={}))
    help_text = translator(_("Empty: {title}"), title=declared) if declared else ""
    fields = [
        widget(f"p_title_{code}", translator(_IN_LANGUAGES[code]), help=help_text, maxlength=100,
               value=one.titles.get(code, ""))
        for code, _name in LOCALES
    ]  # fmt: skip
    if isinstance(one, Part) and len(draft.tabs) > 1:
        fields.append(
            widget("p_tab", translator(_("Tab")), "choice", value=one.tab, complete=True,
                   choices=[(tab.key, name_of(tab)) for tab in draft.tabs])
        )  # fmt: skip
    return {"fields": fields, "conditions": [],
            "drop": f"drop:{kind}:{name}" if draft.is_own(one) else None}  # fmt: skip


def _field_panel(draft: Draft, cells: Cells, field: Field) -> dict[str, Any]:
    said = draft.fields.get(field.path, LaidField())
    home = draft.home(field.path)
    fields = [
        widget("p_section", translator(_("Section")), "choice", value=home.key if home else "",
               choices=[(part.key, name_of(part)) for tab in draft.tabs
                        for part in draft.sections(tab)], complete=True)
    ]  # fmt: skip
    if field.source != "custom":  # one's own fields have their names on their own page
        fields += [
            widget(f"p_label_{code}", translator(_LABELS[code]), maxlength=100,
                   value=said.labels.get(code, ""),
                   help=translator(_("Empty: {title}"), title=cells.catalogs.translate(
                       field.label, code, domain=field.plugin or None)))
            for code, _name in LOCALES
        ]  # fmt: skip
        fields.append(
            widget("p_help", translator(_("Help")), maxlength=500, value=said.help,
                   help=translator(_("Stands below the field in forms.")))
        )  # fmt: skip
    if field.required:
        fields.append(
            widget("p_required", translator(_("Required")), "boolean", value=True, readonly=True,
                   help=translator(_("Every record must have this; it is always shown.")))
        )  # fmt: skip
        return {"fields": fields, "conditions": [], "drop": None}
    fields.append(widget("p_hidden", translator(_("Leave it out of the form")), "boolean",
                         value=said.hidden))  # fmt: skip
    if field.writable and field.kind != "boolean":
        fields.append(
            widget("p_required", translator(_("Required")), "boolean", value=said.required,
                   help=translator(_("For pages, imports and the API, as long as the field "
                                     "applies.")))
        )  # fmt: skip
    return {"fields": fields, "drop": None,
            "conditions": _conditions(draft, cells, field, said.when)}  # fmt: skip


def _conditions(
    draft: Draft, cells: Cells, field: Field, when: Mapping[str, Sequence[str | bool]]
) -> list[list[dict[str, Any]]]:
    """Describe a line for each field of a condition, and one to add another."""
    others = [
        (other.path, cells.label(other))
        for part in draft.parts for other in draft.shown(part)
        if other.path != field.path and not part.is_away
    ]  # fmt: skip
    lines: list[tuple[str, Sequence[str | bool]]] = list(when.items())
    if len(lines) < _MOST:
        lines.append(("", ()))
    return [
        _condition(draft, cells, number, path, values, others)
        for number, (path, values) in enumerate(lines)
    ]


def _condition(
    draft: Draft, cells: Cells, number: int, path: str, values: Sequence[str | bool],
    others: list[tuple[str, str]],
) -> list[dict[str, Any]]:  # fmt: skip
    title = _("Shown always, or only when") if number == 0 else _("and when")
    none = translator(_("always") if number == 0 else _("nothing else"))
    line = [widget(f"p_when_field_{number}", translator(title), "choice", value=path,
                   choices=[("", none), *others], complete=True)]  # fmt: skip
    other = draft.known.get(path)
    if other is None:
        return line
    value = f"p_when_value_{number}"
    if other.kind in _CHOICES:
        chosen = [_NONE if one is False else one for one in values if one is not True]
        choices = [*cells.choices(other), (_NONE, translator(_("empty")))]
        line.append(widget(value, translator(_("is one of")), "choices", value=chosen,
                           choices=choices, help=translator(_("None chosen: it is filled in, "
                                                              "with whatever."))))  # fmt: skip
        return line
    names = _YES_NO if other.kind == "boolean" else _STATES
    line.append(
        widget(f"p_when_op_{number}", cells.label(other), "choice", complete=True,
               value="empty" if values and values[0] is False else "filled",
               choices=[(key, translator(text)) for key, text in names])
    )  # fmt: skip
    if other.kind in _TEXTS:
        texts = [one for one in values if isinstance(one, str)]
        line.append(widget(value, translator(_("or is exactly one of")), value=", ".join(texts),
                           help=translator(_("Separate them with commas."))))  # fmt: skip
    return line
