"""The form of a tenant's own field: what was typed, its preview, and what each role may do."""

from __future__ import annotations

from typing import Any

from flask import request

from trato.access.roles import Grants
from trato.configuration.own_fields import KINDS, ON_PURGE
from trato.tenancy.own_fields import OwnField
from trato.tenancy.view import TenantView
from trato.text import _
from trato.web.admin.layout import ROOT, admin, widget
from trato.web.frame import LOCALES, locale, translator

#: What each kind is called.
KIND_NAMES = {
    "text": _("Short text"), "longtext": _("Long text"), "integer": _("Whole number"),
    "decimal": _("Number with decimals"), "money": _("Money"), "date": _("Date"),
    "moment": _("Date and time"), "boolean": _("Yes or no"), "choice": _("One of several"),
    "choices": _("Several of several"), "tags": _("Free tags"), "email": _("E-mail"),
    "phone": _("Phone"), "url": _("Web address"), "ref": _("Link to a record"),
    "member": _("Person of the company"),
}  # fmt: skip
FLAGS = (
    ("required", _("Required"), _("Nobody can save a record without it.")),
    ("unique", _("Unique"), _("No two records may have the same value.")),
    ("indexed", _("For filters and order"), _("Lists can be filtered and sorted by it quickly.")),
    ("searchable", _("In searches"), _("A record is found by its value.")),
)
_PURGES = {
    "clear": _("The link is emptied"), "refuse": _("The record cannot be deleted"),
}  # fmt: skip
_RULES = {"": _("See and change"), "read": _("Only see"), "hidden": _("Does not see it")}
WITH_CHOICES = ("choice", "choices")
_WITHOUT_DEFAULT = ("ref", "member")
#: Rules that mean nothing for a kind; the style hides them while a field is described.
_WITHOUT = {"ref": ("indexed", "searchable"), "member": ("unique", "searchable")}
#: Where a problem of the document stands in the form.
PLACES = {
    "": "key", "labels": "label_es", "labels.es": "label_es", "labels.en": "label_en",
    **{name: name for name in ("kind", "help", "section", "default", "choices", "target",
                               "on_purge")},
    **{flag: flag for flag, _label, _help in FLAGS},
}  # fmt: skip
_TEXTS = ("key", "kind", "label_es", "label_en", "help", "section", "default", "choices", "target",
          "on_purge")  # fmt: skip


def typed() -> dict[str, Any]:
    """Read a sent form."""
    form = request.form
    values: dict[str, Any] = {name: form.get(name, "").strip() for name in _TEXTS}
    values["default"] = [part for part in form.getlist("default") if part] or ""
    for flag, _label, _help in FLAGS:
        values[flag] = form.getlist(flag)[-1:] == ["true"]
    for key in _ruled(admin().view):
        if f"role:{key}" in form:
            values[f"role:{key}"] = form[f"role:{key}"]
    return values


def _ruled(view: TenantView) -> dict[str, Grants]:
    """Give the roles that a field can be kept from: all but those that may do everything."""
    return {key: grants for key, grants in view.roles.items() if not grants.is_admin}


def role_documents(
    view: TenantView, entity: str, path: str, values: dict[str, Any]
) -> dict[str, dict[str, Any]]:
    """Write the roles whose rule for a field was changed, as the section of a document."""
    documents = {}
    for key, grants in _ruled(view).items():
        rule = values.get(f"role:{key}")
        if rule not in _RULES or rule == (grants.field_rule(entity, path) or ""):
            continue
        written = grants.to_json()
        rules = dict(written["fields"].get(entity, {}))
        rules.pop(path, None)
        if rule:
            rules[path] = rule
        written["fields"] = {
            name: given for name, given in {**written["fields"], entity: rules}.items() if given
        }
        documents[key] = written
    return documents


def document(values: dict[str, Any], own: OwnField | None, *, position: int) -> dict[str, Any]:
    """Write what was typed as the section of a configuration document.

    :param position: where a new field stands.
    """
    kind = own.kind if own is not None else values["kind"]
    labels = dict(own.labels) if own is not None else {}
    for language, _name in LOCALES:
        if values[f"label_{language}"]:
            labels[language] = values[f"label_{language}"]
        else:
            labels.pop(language, None)
    spec: dict[str, Any] = {
        "labels": labels, "help": values["help"], "section": values["section"],
        **{flag: values[flag] and flag not in _WITHOUT.get(kind, ())
           for flag, _label, _help in FLAGS},
        "default": None if kind in _WITHOUT_DEFAULT else _default(kind, values["default"]),
    }  # fmt: skip
    if kind == "ref" and values["on_purge"]:
        spec["on_purge"] = values["on_purge"]
    if own is None:
        spec |= {"kind": kind, "position": position}
        if kind == "ref":
            spec["target"] = values["target"]
        if kind in WITH_CHOICES:
            lines = [line.strip() for line in values["choices"].splitlines()]
            spec["choices"] = [
                {"value": line, "label": line} for line in dict.fromkeys(lines) if line
            ]
    return spec


def _default(kind: str, given: Any) -> Any:
    """Give a default as the document holds it; empty is none."""
    texts = given if isinstance(given, list) else [given] if given else []
    if not texts:
        return None
    if kind in ("choices", "tags"):
        return [part.strip() for text in texts for part in text.split(",") if part.strip()]
    if kind == "boolean":
        return texts[-1] == "true"
    if kind == "integer" and texts[-1].lstrip("+-").isdecimal():
        return int(texts[-1])
    return texts[-1]


def stored(entity: str, own: OwnField | None) -> dict[str, Any]:
    """Give what stands in the form before anybody typed."""
    if own is None:
        return {**dict.fromkeys(_TEXTS, ""), "kind": "text", "on_purge": "clear",
                **{flag: False for flag, _label, _help in FLAGS},
                **{f"role:{key}": "" for key in _ruled(admin().view)}}  # fmt: skip
    default = own.default if own.default is not None else ""
    return {
        "key": own.key, "kind": own.kind, "help": own.help, "section": own.section,
        "label_es": own.labels.get("es", ""), "label_en": own.labels.get("en", ""),
        "default": "true" if default is True else default, "choices": "",
        "target": own.target or "", "on_purge": own.on_purge or "",
        **{flag: getattr(own, flag) for flag, _label, _help in FLAGS},
        **{f"role:{key}": grants.field_rule(entity, f"custom.{own.key}") or ""
           for key, grants in _ruled(admin().view).items()},
    }  # fmt: skip


def sections(
    own: OwnField | None, values: dict[str, Any], errors: dict[str, list[str]]
) -> list[dict[str, Any]]:
    """Describe the form; what goes with one kind only is hidden by the style for the others."""

    def line(name: str, label: str, kind: str = "text", help: str = "", **more: Any) -> Any:
        return widget(
            name, translator(label), kind, value=values[name], errors=errors.get(name, []),
            help=translator(help) if help else "", **more,
        )  # fmt: skip

    kind = own.kind if own is not None else values["kind"]
    named = [
        line("label_es", _("Name in Spanish"), required=True, maxlength=100),
        line("label_en", _("Name in English"), maxlength=100),
    ]
    if own is None:
        kinds = [(key, translator(KIND_NAMES[key])) for key in KINDS]
        named += [
            line("kind", _("Kind"), "choice", _("It cannot be changed later."), choices=kinds,
                 required=True),
            line("key", _("Key"), "text",
                 _("How imports and the API call it. Empty: made from the name."), maxlength=40),
            line("choices", _("Values"), "longtext", _("One value a line.")),
            line("target", _("Links to"), "choice", _("It cannot be changed later."),
                 choices=_targets(), required=True),
        ]  # fmt: skip
    if own is None or kind == "ref":
        purges = [(key, translator(_PURGES[key])) for key in ON_PURGE]
        named.append(
            line("on_purge", _("When the linked record is deleted for good"), "choice",
                 choices=purges, required=True)
        )  # fmt: skip
    named += [
        line("help", _("Help"), "text", _("Stands below the field in forms."), maxlength=500),
        line("section", _("Heading"), "text", _("The part of the form in which it stands."),
             maxlength=100),
    ]  # fmt: skip
    if kind not in _WITHOUT_DEFAULT or own is None:
        named.append(_default_widget(own, kind, line))
    unfit = () if own is None else _WITHOUT.get(kind, ())
    rules = [line(flag, label, "boolean", help) for flag, label, help in FLAGS if flag not in unfit]
    return [{"title": "", "fields": named},
            {"title": translator(_("Rules")), "fields": rules},
            {"title": translator(_("Who sees it")), "fields": _role_widgets(values)}]  # fmt: skip


def _targets() -> list[tuple[str, str]]:
    view = admin().view
    found = [(name, translator(e.info.titles, e.info.plugin)) for name, e in view.entities.items()]
    return sorted(found, key=lambda pair: pair[1].casefold())


def _role_widgets(values: dict[str, Any]) -> list[dict[str, Any]]:
    choices = [(rule, translator(label)) for rule, label in _RULES.items()]
    return [
        widget(f"role:{key}", translator(grants.name or key), "choice", choices=choices,
               value=values.get(f"role:{key}", ""), complete=True)
        for key, grants in _ruled(admin().view).items()
    ]  # fmt: skip


def _default_widget(own: OwnField | None, kind: str, line: Any) -> Any:
    """Describe where the value of new records is said, as its kind is written in documents."""
    label, help = _("Default"), _("New records begin with it. Empty: with nothing.")
    if own is not None and kind in WITH_CHOICES:
        choices = [(c.value, c.label) for c in own.choices if c.active]
        return line("default", label, kind, help, choices=choices)
    if own is not None and kind == "boolean":
        return line("default", label, "choice", help,
                    choices=[("true", translator(_("Yes")))])  # fmt: skip
    if own is not None and kind == "date":
        return line("default", label, "date", help)
    return line("default", label, "text", help)


def preview(values: dict[str, Any], own: OwnField | None) -> dict[str, Any]:
    """Describe the field as the form of a record shows it."""
    kind = own.kind if own is not None else values["kind"]
    if kind not in KINDS:
        kind = "text"
    view = admin().view
    choices: list[tuple[str, str]] | None = None
    if kind in WITH_CHOICES:
        lines = [line.strip() for line in str(values["choices"]).splitlines() if line.strip()]
        choices = [(line, line) for line in lines]
        if own is not None:
            choices = [(c.value, c.label) for c in own.choices if c.active]
    elif kind == "member":
        choices = sorted(((str(m.id), m.name) for m in view.members.values() if m.is_active),
                         key=lambda pair: pair[1].casefold())  # fmt: skip
    default = values["default"] if kind not in _WITHOUT_DEFAULT else ""
    value: Any = default
    if isinstance(default, list) and kind not in ("choices", "tags"):
        value = default[-1] if default else ""
    reference = None
    if kind == "ref" and values["target"] in view.entities:
        search_url = f"{ROOT}/fields/targets/{values['target']}"
        reference = {"search_url": search_url, "value_label": ""}
    currency = view.tenant.currency
    label = values["label_es"] if locale() == "es" else values["label_en"]
    return widget(
        "preview", label or values["label_es"] or values["label_en"] or translator(_("Name")),
        kind, value=value, help=values["help"], choices=choices, reference=reference,
        required=bool(values["required"]) and kind != "boolean",
        unit=("$" if currency == "COP" else currency) if kind == "money" else None,
    )  # fmt: skip
