"""What makes two records of an entity probably the same: declared, or derived from its fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

from trato.entities.fields import Field
from trato.entities.fold import words
from trato.errors import PluginError
from trato.text import _

_NOT_PLAIN = re.compile(r"[^0-9a-z]+")
#: Two names are alike from this share of equal letters on: "La Espiga del Norte" is another bakery.
_ENOUGH = 0.85
#: Shorter words must be the same: "ana" is not "eva".
_SHORT = 4
_LONG = 8


class _Rule:
    """A way in which two records are the same, over one field or several."""

    def __init__(self, *fields: str) -> None:
        self.fields = fields

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(map(repr, self.fields))})"


class Same(_Rule):
    """Records that hold the same value in a field, however it is written.

    >>> Same("identification"), Same("phone", "mobile")

    With several fields a value of any of them counts in any of them. They are texts with an
    index; the tenant may forbid such duplicates.
    """


class Alike(_Rule):
    """Records whose names are alike: any order of words, no accents or legal forms, small typos.

    >>> Alike("name", "trade_name")

    The fields are searchable texts. People are told of such records; nothing is ever forbidden.
    """


DuplicateRule: TypeAlias = Same | Alike


def check_rules(
    entity: str, rules: Sequence[DuplicateRule], fields: Mapping[str, Field]
) -> tuple[DuplicateRule, ...]:
    """Check what an entity declares.

    :raises PluginError: naming the field that cannot tell duplicates.
    """
    for rule in rules:
        for path in rule.fields:
            field = fields.get(path)
            if isinstance(rule, Same):
                fits = field is not None and field.fold is not None
                need = _("Name a text field that has index=True or identifies=True.")
            else:
                fits = field is not None and field.kind == "text" and field.searchable
                need = _("Name a text field that has searchable=True.")
            if not fits:
                raise PluginError(
                    _("Duplicates of '{entity}' cannot be told by '{field}'."), hint=need,
                    entity=entity, field=path,
                )  # fmt: skip
    return tuple(rules)


def derived_rules(label: str, fields: Mapping[str, Field]) -> tuple[DuplicateRule, ...]:
    """Derive rules from kinds: what identifies, e-mail addresses, phones, and then the label.

    A label alone tells no duplicates: many visits may be called "Monthly visit".
    """
    folded = [f for f in fields.values() if f.fold is not None and not f.unique]
    by_kind = {kind: tuple(f.path for f in folded if f.kind == kind) for kind in ("email", "phone")}
    rules: list[DuplicateRule] = [
        Same(f.path) for f in folded if f.identifies and f.kind not in by_kind
    ]
    rules += [Same(*paths) for paths in by_kind.values() if paths]
    named = fields[label]
    if rules and named.kind == "text" and named.searchable and not named.unique:
        rules.append(Alike(label))
    return tuple(rules)


def with_own_fields(
    rules: Sequence[DuplicateRule], own: Iterable[Field]
) -> tuple[DuplicateRule, ...]:
    """Add a tenant's own fields that are e-mail addresses or phones and have an index."""
    extra: dict[str, list[str]] = {}
    for field in own:
        if field.kind in ("email", "phone") and field.indexed and not field.unique:
            extra.setdefault(field.kind, []).append(field.path)
    return (*rules, *(Same(*paths) for paths in extra.values()))


# --- names ---------------------------------------------------------------------------------------


def name_words(text: str, legal_forms: Iterable[str] = ()) -> list[str]:
    """Split a name into the words that tell it apart, without legal forms ("S.A.S.", "Ltda.").

    :param legal_forms: in small plain letters, of one word or several, such as ``"s en c"``.
    """
    found = [plain for word in words(text) if (plain := _NOT_PLAIN.sub("", word))]
    line = f" {' '.join(found)} "
    for form in sorted(legal_forms, key=len, reverse=True):
        line = line.replace(f" {form} ", " ")
    return line.split() or found


def is_alike(one: Sequence[str], other: Sequence[str]) -> bool:
    """Tell whether two names, as their words, probably mean the same; numbers must be equal."""
    if _numbers(one) != _numbers(other):
        return False
    rest = list(other)
    equal = 0
    for word in sorted(one, key=len, reverse=True):
        match = next((w for w in rest if w == word), None)
        if match is None:
            match = next((w for w in rest if _nearly(word, w)), None)
        if match is not None:
            rest.remove(match)
            equal += len(word) + len(match)
    letters = sum(map(len, one)) + sum(map(len, other))
    return letters > 0 and equal / letters >= _ENOUGH


def _numbers(name: Sequence[str]) -> list[str]:
    return sorted(word for word in name if any(letter.isdigit() for letter in word))


def _nearly(one: str, other: str) -> bool:
    """Tell whether two words differ by one typo, long ones by two."""
    shorter = min(len(one), len(other))
    if shorter < _SHORT:
        return False
    allowed = 2 if shorter >= _LONG else 1
    if abs(len(one) - len(other)) > allowed:
        return False
    return _typos(one, other) <= allowed


def _typos(one: str, other: str) -> int:
    """Count letters that are missing, added, wrong or swapped with their neighbour."""
    before: list[int] = []
    last = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        row = [i]
        for j, b in enumerate(other, start=1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (a != b))
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


#: Words of a name that may be misspelt at once while its record is still found.
_VARIED = 3
_MAX_WORDS = 6


def name_patterns(name: Sequence[str]) -> list[list[str]]:
    """Make sets of pieces: a record alike to a name has all pieces of one of them.

    A word with a typo keeps one of its halves, one of nine letters or more with two typos one of
    its thirds, and all other words whole.
    """
    telling = sorted({w for w in name if len(w) > 2}, key=len, reverse=True)[:_MAX_WORDS]
    sets: list[list[str]] = []
    for word in telling[:_VARIED]:
        others = [w for w in telling if w != word]
        sets += [[*others, piece] for piece in _pieces(word)] or ([others] if others else [[word]])
    return sets


def _pieces(word: str) -> list[str]:
    if any(c.isdigit() for c in word):
        return [word]
    if len(word) < 6:
        return []
    parts = 3 if len(word) >= 9 else 2
    size = len(word) // parts
    cuts = [*(size * n for n in range(parts)), len(word)]
    return [word[a:b] for a, b in pairwise(cuts)]


__all__ = [
    "Alike", "DuplicateRule", "Same", "check_rules", "derived_rules", "is_alike", "name_patterns",
    "name_words", "with_own_fields",
]  # fmt: skip
