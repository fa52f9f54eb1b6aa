"""The section `forms`: what a tenant made of the form of each kind of record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from trato.configuration.problems import Problems, join, shown
from trato.entities.conditions import wanted
from trato.entities.fields import TEXT_KINDS, Field
from trato.entities.view import EntityView
from trato.registry import Registry
from trato.tenancy.layouts import GENERAL, LaidField, LaidSection, LaidTab, Layout
from trato.tenancy.own_fields import OwnField
from trato.text import _

_KEY = re.compile(r"[a-z0-9][a-z0-9-]{0,59}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(_[A-Z]{2})?")
_NO_KEY = _("{value} cannot be a key: at most 60 small letters, digits and hyphens.")
#: The mark is of the layout that a change was made from; a file has none.
_PARTS = ("tabs", "sections", "fields", "mark")
#: Kinds of fields that a condition may ask for a certain value; others are filled or empty.
_TELLING = TEXT_KINDS | {"choice", "choices", "tags", "boolean"}


def describe(layout: Layout | None) -> dict[str, Any]:
    """Write a layout part by part, so that a plan tells what differs: `fields.website`."""
    written = {} if layout is None else layout.to_json()
    fields = written.pop("fields", {})
    return written | {f"fields.{path}": said for path, said in fields.items()}


def merged(base: Layout, theirs: Layout, mine: Layout) -> Layout | None:
    """Put together what two people made of one layout.

    :return: None where both changed the same part otherwise.
    """
    before, one, other = describe(base), describe(theirs), describe(mine)
    made: dict[str, Any] = {"fields": {}}
    for part in {**before, **one, **other}:
        was, his, hers = before.get(part), one.get(part), other.get(part)
        if his not in (was, hers) and hers != was:
            return None
        value = his if hers == was else hers
        if value is not None:
            name = part.removeprefix("fields.")
            (made if name == part else made["fields"])[name] = value
    return Layout.from_json(made)


def known_fields(
    entity: str,
    view: EntityView | None,
    registry: Registry,
    own: Mapping[tuple[str, str], OwnField],
) -> dict[str, Field]:
    """Give every field that a layout may name, also of plugins that are not enabled."""
    known: dict[str, Field] = {}
    declared = registry.entities.get(entity)
    if declared is not None:
        known |= declared.__entity__.fields
    for extension in registry.extensions.get(entity, {}).values():
        known |= extension.__entity__.fields
    known |= {f"custom.{key}": field.field() for (of, key), field in own.items() if of == entity}
    if view is not None:  # as the tenant has them, with choices that are read from data
        known |= view.plain or view.fields
    return known


def read(
    problems: Problems, path: str, spec: Any, *, current: Layout | None, known: Mapping[str, Field]
) -> Layout | None:
    """Read the layout of one form; it takes the place of the one before, null takes it away.

    :param known: fields that it may name; those that the present layout names may stay.
    """
    if spec is None:
        return None
    given = problems.mapping(path, spec)
    problems.known(path, given, _PARTS)
    mark = (current or Layout()).mark
    if given.get("mark", mark) != mark:
        problems.add(join(path, "mark"), _("Somebody else changed this form meanwhile."))
    before = set() if current is None else {*current.fields} | {
        name for section in current.sections for name in section.fields
    }  # fmt: skip
    names = known.keys() | before
    layout = Layout(
        tabs=_tabs(problems, join(path, "tabs"), given.get("tabs")),
        sections=_sections(problems, join(path, "sections"), given.get("sections"), names),
        fields={
            name: _field(problems, join(join(path, "fields"), name), said, name, known, names)
            for name, said in problems.mapping(
                join(path, "fields"), given.get("fields")
            ).items()
        },
    )  # fmt: skip
    return layout if layout.to_json() else None


def _list(problems: Problems, path: str, value: Any) -> list[Any]:
    if value is None or isinstance(value, list):
        return value or []
    problems.add(path, _("This must be a list, not {value}."), value=shown(value))
    return []


def _keys(
    problems: Problems, path: str, value: Any, parts: tuple[str, ...]
) -> list[tuple[str, str, dict[str, Any]]]:
    """Read a list of parts with keys; each with its place and key."""
    found: dict[str, tuple[str, str, dict[str, Any]]] = {}
    for number, item in enumerate(_list(problems, path, value)):
        place = f"{path}[{number}]"
        given = {"key": item} if isinstance(item, str) else problems.mapping(place, item)
        problems.known(place, given, parts)
        key = given.get("key")
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            problems.add(join(place, "key"), _NO_KEY, value=shown(key))
        elif key in found:
            problems.add(place, _("'{key}' stands twice."), key=key)
        else:
            found[key] = (place, key, given)
    return list(found.values())


def _words(problems: Problems, path: str, value: Any) -> dict[str, str]:
    words = problems.mapping(path, value)
    for language in words:
        if not _LANGUAGE.fullmatch(language):
            problems.add(join(path, language), _("'{value}' is not a language such as es or en."),
                         value=language)  # fmt: skip
    return {
        language: problems.text(join(path, language), text, limit=100)
        for language, text in words.items()
    }


def _tabs(problems: Problems, path: str, value: Any) -> tuple[LaidTab, ...]:
    return tuple(
        LaidTab(key=key, titles=_words(problems, join(place, "titles"), given.get("titles")))
        for place, key, given in _keys(problems, path, value, ("key", "titles"))
    )


def _sections(
    problems: Problems, path: str, value: Any, names: set[str]
) -> tuple[LaidSection, ...]:
    made = []
    placed: set[str] = set()
    for place, key, given in _keys(problems, path, value, ("key", "titles", "tab", "fields")):
        fields = []
        at = join(place, "fields")
        for name in _list(problems, at, given.get("fields")):
            if not isinstance(name, str) or name not in names:
                problems.add(at, _("There is no field '{field}'."), field=shown(name))
            elif name in placed:
                problems.add(at, _("'{key}' stands twice."), key=name)
            else:
                fields.append(name)
                placed.add(name)
        tab = given.get("tab", GENERAL)
        if not isinstance(tab, str) or not _KEY.fullmatch(tab):
            problems.add(join(place, "tab"), _NO_KEY, value=shown(tab))
            tab = GENERAL
        titles = _words(problems, join(place, "titles"), given.get("titles"))
        made.append(LaidSection(key=key, titles=titles, tab=tab, fields=tuple(fields)))
    return tuple(made)


def _field(
    problems: Problems, path: str, spec: Any, name: str, known: Mapping[str, Field],
    names: set[str],
) -> LaidField:  # fmt: skip
    given = problems.mapping(path, spec)
    problems.known(path, given, ("labels", "help", "hidden", "required", "when"))
    if name not in names:
        problems.add(path, _("There is no field '{field}'."), field=name)
    declared = known.get(name)
    said = LaidField(
        labels=_words(problems, join(path, "labels"), given.get("labels")),
        help=problems.text(join(path, "help"), given.get("help"), limit=500, empty=True),
        **{flag: problems.flag(join(path, flag), given[flag])
           for flag in ("hidden", "required") if flag in given},
        when=_when(problems, join(path, "when"), given.get("when"), name, known, names),
    )  # fmt: skip
    if said.hidden and said.required:
        problems.add(join(path, "hidden"), _("What is obligatory cannot be left out."))
    if declared is not None and declared.required and (said.hidden or said.when):
        problems.add(join(path, "hidden" if said.hidden else "when"),
                     _("Every record must have this; it is always shown."))  # fmt: skip
    if declared is not None and said.required:
        if not declared.writable:
            problems.add(join(path, "required"), _("Nobody writes this; it cannot be demanded."))
        elif declared.kind == "boolean":
            problems.add(join(path, "required"), _("Yes or no is always said; it cannot be "
                                                   "demanded."))  # fmt: skip
    return said


def _when(
    problems: Problems, path: str, value: Any, name: str, known: Mapping[str, Field],
    names: set[str],
) -> dict[str, tuple[str | bool, ...]]:  # fmt: skip
    """Read a condition: by field a value or several, true for filled and false for empty."""
    asked: dict[str, tuple[str | bool, ...]] = {}
    for other, some in problems.mapping(path, value).items():
        place = join(path, other)
        if other not in names or other == name:
            problems.add(place, _("There is no field '{field}'."), field=other)
            continue
        values = some if isinstance(some, list) else [some]
        if not values or not all(isinstance(one, str | int | None) for one in values):
            problems.add(place, _("This is a value, several, true or false, not {value}."),
                         value=shown(some))  # fmt: skip
            continue
        asked[other] = wanted(values)
        declared = known.get(other)
        if declared is not None:
            _check_asked(problems, place, declared, asked[other])
    return asked


def _check_asked(
    problems: Problems, path: str, declared: Field, values: tuple[str | bool, ...]
) -> None:
    texts = [value for value in values if isinstance(value, str)]
    if texts and declared.kind not in _TELLING - {"boolean"}:
        problems.add(path, _("Of this field can only be asked whether it is filled: true or "
                             "false."))  # fmt: skip
        return
    choices = dict(declared.choices)
    for text in texts:
        if choices and text not in choices:
            problems.add(path, _("{value} is not one of: {choices}."), value=shown(text),
                         choices=", ".join(list(choices)[:20]))  # fmt: skip


__all__ = ["describe", "known_fields", "merged", "read"]
