"""The section `fields`: a tenant's own fields by entity and key."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from trato.configuration.problems import Problems, join, shown
from trato.entities.fields import TEXT_KINDS
from trato.records.convert import Refused, load_value, to_json
from trato.tenancy.own_fields import OwnChoice, OwnField
from trato.text import _

KINDS = (
    "text", "longtext", "integer", "decimal", "money", "date", "moment", "boolean", "choice",
    "choices", "tags", "email", "phone", "url", "ref", "member",
)  # fmt: skip
#: Other words for a kind.
_ALIASES = {"date-time": "moment", "datetime": "moment", "link": "ref", "user": "member"}
#: What a purge may do to the records that link to the purged one: empty the link, or stop.
ON_PURGE = ("clear", "refuse")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_FLAGS = ("required", "unique", "indexed", "searchable", "active")
_PARTS = ("kind", "labels", "help", "section", "position", *_FLAGS, "default", "choices",
          "target", "on_purge")  # fmt: skip
_WITH_CHOICES = frozenset({"choice", "choices"})
_NOT_UNIQUE = frozenset({"longtext", "boolean", "choice", "choices", "tags", "member"})
_NOT_INDEXED = frozenset({"longtext"})
_SEARCHED = TEXT_KINDS | {"choice", "choices", "tags", "integer"}
#: What they name is of this tenant, so a document could not carry it to another.
_WITHOUT_DEFAULT = frozenset({"ref", "member"})


def describe(own: OwnField) -> dict[str, Any]:
    """Write an own field as the document holds it."""
    written: dict[str, Any] = {
        "kind": own.kind, "labels": dict(own.labels), "help": own.help, "section": own.section,
        "position": own.position, **{flag: getattr(own, flag) for flag in _FLAGS},
        "default": own.default,
    }  # fmt: skip
    if own.kind in _WITH_CHOICES:
        written["choices"] = [
            {"value": choice.value, "label": choice.label, "active": choice.active}
            for choice in own.choices
        ]
    if own.kind == "ref":
        written |= {"target": own.target, "on_purge": own.on_purge}
    return written


def read(
    problems: Problems, path: str, spec: Any, *, entity: str, key: str,
    current: OwnField | None, position: int, entities: Collection[str],
) -> OwnField | None:  # fmt: skip
    """Read one field of the document over what stands there now.

    :param entities: kinds of record that the tenant has, which a link may point to.
    :param position: where it stands among the document's fields, for a new one.
    :return: None when it is too wrong to be read.
    """
    if not _KEY.fullmatch(key):
        problems.add(path, _("'{key}' cannot be a key: a small letter, then at most 39 small "
                             "letters, digits and underscores."), key=key)  # fmt: skip
        return None
    given = problems.mapping(path, spec)
    problems.known(path, given, _PARTS)
    kind = _kind(problems, path, given, current)
    if kind is None:
        return None
    own = current or OwnField(entity=entity, key=key, kind=kind, labels={}, position=position)
    values: dict[str, Any] = {}
    if "labels" in given or current is None:
        values["labels"] = _labels(problems, join(path, "labels"), given.get("labels"))
    for part, limit in (("help", 500), ("section", 100)):
        if part in given:
            values[part] = problems.text(join(path, part), given[part], limit=limit, empty=True)
    if "position" in given:
        values["position"] = _position(problems, join(path, "position"), given["position"])
    for flag in _FLAGS:
        if flag in given:
            values[flag] = problems.flag(join(path, flag), given[flag])
    if "choices" in given:
        values["choices"] = _choices(problems, join(path, "choices"), given["choices"], own)
    own = replace(own, **values)
    if own.kind == "ref":
        own = _link(problems, path, given, own, current, entities)
    else:
        for part in ("target", "on_purge"):
            if part in given:
                problems.add(join(path, part), _("Only a link to a record has this."))
    _check(problems, path, own)
    if "default" in given:
        own = replace(own, default=_default(problems, join(path, "default"), given["default"], own))
    elif own.default is not None:
        own = replace(own, default=without(own.default, own.field().retired))
    if own.unique and own.default is not None:
        problems.add(join(path, "default"), _("A unique field cannot have a default."))
    return own


def without(default: Any, retired: Collection[str]) -> Any:
    """Give the default of new records when some values are offered no longer."""
    if isinstance(default, list):
        return [item for item in default if item not in retired] or None
    return None if default in retired else default


def _kind(
    problems: Problems, path: str, given: Mapping[str, Any], current: OwnField | None
) -> str | None:
    if "kind" not in given:
        if current is None:
            problems.add(path, _("A new field needs a kind: {kinds}."), kinds=", ".join(KINDS))
            return None
        return current.kind
    named = given["kind"]
    kind = _ALIASES.get(named, named) if isinstance(named, str) else named
    if kind not in KINDS:
        problems.add(join(path, "kind"), _("{value} is not a kind; say one of: {kinds}."),
                     value=shown(named), kinds=", ".join(KINDS))  # fmt: skip
        return None
    if current is not None and kind != current.kind:
        problems.add(
            join(path, "kind"),
            _("The kind of '{key}' is {kind} and cannot become {wanted}: its values would be lost. "
              "Make a new field and retire this one."),
            key=current.key, kind=current.kind, wanted=kind,
        )  # fmt: skip
        return None
    return str(kind)


def _labels(problems: Problems, path: str, value: Any) -> dict[str, str]:
    labels = problems.mapping(path, value)
    for language in labels:
        if not _LANGUAGE.fullmatch(language):
            problems.add(join(path, language), _("'{value}' is not a language such as es or en."),
                         value=language)  # fmt: skip
    if not labels and not problems.found.get(path):
        problems.add(path, _("A field needs a label, such as es: Canal."))
    return {
        language: problems.text(join(path, language), text, limit=100)
        for language, text in labels.items()
    }


def _position(problems: Problems, path: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100_000:
        problems.add(path, _("This is a whole number from 0 to 100000, not {value}."),
                     value=shown(value))  # fmt: skip
        return 0
    return value


def _link(
    problems: Problems, path: str, given: Mapping[str, Any], own: OwnField,
    current: OwnField | None, entities: Collection[str],
) -> OwnField:  # fmt: skip
    """Read where a link points, and what happens to it when a record there is purged."""
    named = given.get("target", own.target)
    place = join(path, "target")
    if current is not None and named != current.target:
        problems.add(place, _("'{key}' points to {target} and cannot point elsewhere: its values "
                              "would be lost. Make a new field and retire this one."),
                     key=own.key, target=current.target)  # fmt: skip
        named = current.target
    elif current is None and named not in entities:
        problems.add(place, _("{value} is not a kind of record; say one of: {entities}."),
                     value=shown(named), entities=", ".join(sorted(entities)))  # fmt: skip
        named = None
    usual = "refuse" if own.required else "clear"
    purge = given.get("on_purge", own.on_purge) or usual
    if purge not in ON_PURGE:
        problems.add(join(path, "on_purge"), _("{value} is not one of: {choices}."),
                     value=shown(purge), choices=", ".join(ON_PURGE))  # fmt: skip
        purge = usual
    elif own.required and purge == "clear":
        problems.add(join(path, "on_purge"),
                     _("A required link cannot be emptied; say 'refuse'."))  # fmt: skip
    return replace(own, target=named, on_purge=purge)


def _choices(problems: Problems, path: str, value: Any, own: OwnField) -> tuple[OwnChoice, ...]:
    """Read choices; those that the document leaves out stay behind the others."""
    if not isinstance(value, list):
        problems.add(path, _("This must be a list of choices, not {value}."), value=shown(value))
        return own.choices
    before = {choice.value: choice for choice in own.choices}
    wanted: dict[str, OwnChoice] = {}
    for number, item in enumerate(value):
        place = f"{path}[{number}]"
        given = {"value": item} if isinstance(item, str | int) else problems.mapping(place, item)
        problems.known(place, given, ("value", "label", "active"))
        named = given.get("value")
        if isinstance(named, int) and not isinstance(named, bool):
            named = str(named)
        text = problems.text(join(place, "value"), named, limit=100)
        if not text:
            continue
        if text in wanted:
            problems.add(place, _("The choice '{value}' stands twice."), value=text)
        old = before.get(text)
        label = given.get("label", old.label if old else text)
        active = given.get("active", old.active if old else True)
        wanted[text] = OwnChoice(
            value=text, label=problems.text(join(place, "label"), label, limit=100),
            active=problems.flag(join(place, "active"), active),
        )  # fmt: skip
    return (*wanted.values(), *(c for name, c in before.items() if name not in wanted))


def _check(problems: Problems, path: str, own: OwnField) -> None:
    """Note what does not go with the kind."""
    for flag, allowed in (
        ("unique", own.kind not in _NOT_UNIQUE),
        ("indexed", own.kind not in _NOT_INDEXED),
        ("searchable", own.kind in _SEARCHED),
    ):
        if getattr(own, flag) and not allowed:
            problems.add(join(path, flag), _("A field of kind {kind} cannot be {flag}."),
                         kind=own.kind, flag=flag)  # fmt: skip
    if own.kind in _WITH_CHOICES:
        if not any(choice.active for choice in own.choices):
            problems.add(join(path, "choices"), _("A field of kind {kind} needs choices."),
                         kind=own.kind)  # fmt: skip
    elif own.choices:
        problems.add(join(path, "choices"), _("A field of kind {kind} has no choices."),
                     kind=own.kind)  # fmt: skip


def _default(problems: Problems, path: str, value: Any, own: OwnField) -> Any:
    """Check a default as a record's value is checked; it is kept as JSON holds it."""
    if own.kind in _WITHOUT_DEFAULT and value is not None:
        problems.add(path, _("A field of kind {kind} cannot have a default."), kind=own.kind)
        return None
    field = own.field()
    try:
        loaded = load_value(field, value)
    except Refused as refused:
        problems.add(path, refused.message)
        return None
    if loaded is not None and without(loaded, field.retired) != loaded:
        problems.add(path, _("A value that is retired cannot be the default."))
        return None
    return to_json(field, loaded)
