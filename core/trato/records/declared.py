"""What is wrong in declared lists, views and menu entries, found before somebody opens them."""

from __future__ import annotations

import datetime as dt
import difflib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import cast
from urllib.parse import parse_qs, urlsplit

from trato.access.actor import Actor
from trato.entities.fields import Field
from trato.errors import BadQuery, Message
from trato.plugin import Menu, View
from trato.records.events import WORDS
from trato.records.filters import parse_filter
from trato.records.relative_dates import absolute
from trato.text import _

#: Days that views count from today are checked as if today were this one.
_SOME_DAY = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


#: What one writes who means an event that core tells of every record.
_SLIPS = {
    **WORDS,
    "change": "changed",
    "updated": "changed",
}


def near(word: str, names: Iterable[str]) -> str:
    """Give the name that was probably meant, or nothing."""
    found = difflib.get_close_matches(word, list(names), n=1)
    return found[0] if found else ""


def unknown_name(said: Message, word: str, names: Iterable[str]) -> Message:
    """Say what is not there, with the nearest name, else with all that there are."""
    known = sorted(names)
    if not known:
        return said
    meant = near(word, known)
    if meant:
        return Message(_("{said} Did you mean '{near}'?"), {"said": said, "near": meant})
    return Message(_("{said} Choose among: {names}."), {"said": said, "names": ", ".join(known)})


def wrong_order(entity: str, sort: Sequence[str], fields: Mapping[str, Field]) -> Iterator[Message]:
    """Find fields by which a list cannot be sorted; whether they exist is checked elsewhere."""
    for path in (part.removeprefix("-") for part in sort):
        if path in fields and not fields[path].sortable:
            yield Message(
                _("The list of '{entity}' cannot be sorted by '{field}'. Declare the field with "
                  "index=True, or sort by one of: {fields}."),
                {"entity": entity, "field": path,
                 "fields": ", ".join(p for p, field in fields.items() if field.sortable)},
            )  # fmt: skip


def wrong_view(entity: str, view: View, fields: Mapping[str, Field]) -> Iterator[Message]:
    """Find conditions of a view that its list would refuse to everybody."""
    yield from wrong_order(entity, view.sort, fields)
    for key, text in view.filters():
        path, _dunder, op = key.partition("__")
        field = fields.get(path)
        if field is None or field.options is not None:
            continue  # said elsewhere, or its values are loaded from data
        if field.kind == "member" and text == "me":
            continue
        given = absolute(field.kind, text, now=_SOME_DAY, timezone="UTC")
        try:
            # Who asks matters to `me` only.
            parse_filter(field, op or "eq", given, actor=cast(Actor, None))
        except BadQuery as error:
            said = Message(
                _("View '{view}' of '{entity}' has a wrong condition: {reason}"),
                {"view": view.key, "entity": entity, "reason": error.message},
            )
            with_hint = Message("{said} {hint}", {"said": said, "hint": error.hint})
            yield with_hint if str(error.hint) else said


def wrong_event(event: str, entities: Collection[str]) -> Iterator[Message]:
    """Find what an event names that nobody will ever tell.

    What a plugin tells of its own cannot be known here, so ``leads.lead.converted`` passes: only
    the usual slips, another form of core's words or of an entity's name, are taken for mistakes.
    """
    plugin, noun, word = (*event.split(".", 2), "", "")[:3]
    entity = f"{plugin}.{noun}"
    if not noun or (entity in entities and not word):
        yield Message(
            _("It hears '{event}', which names no event; write '{event}.*' for all of them."),
            {"event": event},
        )
    elif entity in entities and word in _SLIPS:
        said = Message(_("It hears '{event}', which no record tells."), {"event": event})
        yield unknown_name(said, event, [f"{entity}.{_SLIPS[word]}"])
    elif entity not in entities and word in (*WORDS.values(), "*"):
        for meant in (noun.removesuffix("s"), noun.removesuffix("es")):
            if f"{plugin}.{meant}" in entities:
                said = Message(_("It hears '{event}', of no entity."), {"event": event})
                yield unknown_name(said, event, [f"{plugin}.{meant}.{word}"])
                return


def wrong_menu(
    menu: Menu, *, plugin: str, entities: Iterable[str], optional: Collection[str],
    absent: Collection[str], lists: Collection[str], views: Mapping[str, Iterable[str]],
) -> Iterator[Message]:  # fmt: skip
    """Find what a menu entry names and is not there.

    :param plugin: whose entry it is.
    :param optional: plugins whose entities may be absent.
    :param absent: those of them that are not there, so that nothing is known of their lists.
    :param lists: paths of the lists that the plugin may lead to, its own and those of the plugins
        that its manifest names.
    :param views: by path of a list the keys of the views that it declares.
    """
    if menu.entity is not None and menu.entity not in (known := set(entities)):
        if menu.entity.partition(".")[0] not in optional:
            said = Message(
                _("Menu entry '{path}' goes by the entity '{entity}', which does not exist."),
                {"path": menu.path, "entity": menu.entity},
            )
            yield unknown_name(said, menu.entity, known)
    address = urlsplit(menu.path)
    owner, collection = (*address.path.split("/"), "", "")[1:3]
    there = {*lists, f"/help/{plugin}"}
    if address.scheme or address.netloc or f"/{owner}/{collection}" not in there:
        if owner not in absent:
            said = Message(
                _("Menu entry '{path}' leads to no list of the plugin, nor of one that its "
                  "manifest names."),
                {"path": menu.path},
            )  # fmt: skip
            own = [path for path in lists if path.startswith(f"/{plugin}/")]
            yield unknown_name(said, address.path, own)
    for key in parse_qs(address.query).get("view", ()):
        if address.path in views and key not in set(views[address.path]):
            said = Message(
                _("Menu entry '{path}' leads to the view '{view}', which is not declared."),
                {"path": menu.path, "view": key},
            )
            yield unknown_name(said, key, views[address.path])
