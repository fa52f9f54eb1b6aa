"""Names of a new plugin: whether the one that was asked for may be, and what follows from it."""

from __future__ import annotations

import difflib
import keyword
import re
from collections.abc import Iterable
from dataclasses import dataclass

from trato.errors import ConfigError
from trato.plugin import NAME, RESERVED_NAMES
from trato.text import _

#: What a plugin can be made of, in the order in which it is told.
PARTS = ("entity", "screen", "job", "connector")
#: Without a record there is nothing to show, to work on or to send.
_NEEDS_ENTITY = frozenset({"screen", "job", "connector"})
_LONGEST = 40
#: Classes that stand beside the record in the written files.
_TAKEN = frozenset(
    "Any Batch Company Connector Decimal Document Double Item Mapped Mapping Plugin Remote Reply "
    "Request Section Sequence Setting Status Stream".split()
)
#: Words of one form, among those that companies keep records of.
_UNCOUNTABLE = frozenset(
    "advice baggage cargo cash clothing equipment evidence feedback freight furniture hardware "
    "information knowledge livestock luggage machinery mail maintenance merchandise money "
    "news payroll personnel research software staff stationery stock stuff training transport "
    "waste work".split()
)


@dataclass(frozen=True, kw_only=True)
class Names:
    """Everything that is named after the plugin."""

    #: `acme_visits`
    plugin: str
    #: `visit`, `Visit`, `visits`, `Visits`, `Visit` as a class, `Acme visits`
    noun: str
    noun_title: str
    nouns: str
    nouns_title: str
    class_name: str
    title: str

    @property
    def package(self) -> str:
        return f"trato_{self.plugin}"

    @property
    def distribution(self) -> str:
        return f"trato-{self.plugin.replace('_', '-')}"


def names_for(plugin: str, *, installed: Iterable[str] = ()) -> Names:
    """Check a plugin's name and derive from it what its first record is called.

    :param installed: names that are taken.
    :raises ConfigError: when it cannot name a plugin, or is taken.
    """
    if not NAME.fullmatch(plugin) or len(plugin) > _LONGEST:
        near = re.sub(r"[^a-z0-9]+", "_", plugin.lower()).strip("_0123456789")[:_LONGEST]
        raise ConfigError(
            _("'{name}' cannot name a plugin."),
            hint=_("Use small letters, digits and single underscores, at most {limit}, a letter "
                   "first, such as '{near}'."),
            name=plugin, limit=_LONGEST, near=near or "acme_visits", code="bad_name",
        )  # fmt: skip
    if plugin in RESERVED_NAMES:
        raise ConfigError(
            _("The name '{name}' belongs to the host."),
            hint=_("Put your company's name before it: 'acme_{name}'."), name=plugin,
            code="reserved_name",
        )  # fmt: skip
    if plugin in set(installed):
        raise ConfigError(
            _("A plugin '{name}' is installed already."),
            hint=_("Put your company's name before it: 'acme_{name}'."), name=plugin,
            code="taken_name",
        )  # fmt: skip
    nouns = plugin.rpartition("_")[2]
    if not nouns[0].isalpha():
        nouns = plugin
    noun, nouns = _one_and_many(nouns)
    if keyword.iskeyword(noun) or noun.capitalize() in _TAKEN:
        noun, nouns = f"{noun}_record", f"{noun}_records"
    words = noun.replace("_", " ")
    return Names(
        plugin=plugin, noun=noun, noun_title=words.capitalize(), nouns=nouns,
        nouns_title=nouns.replace("_", " ").capitalize(),
        class_name="".join(part.capitalize() for part in noun.split("_")),
        title=plugin.replace("_", " ").capitalize(),
    )  # fmt: skip


def parts_of(wanted: str) -> tuple[str, ...]:
    """Read `entity,screen,job,connector`; what needs a record brings one.

    :raises ConfigError: for a part that does not exist.
    """
    given = {part.strip() for part in wanted.split(",") if part.strip()}
    for part in sorted(given - set(PARTS)):
        near = difflib.get_close_matches(part, PARTS, n=1)
        raise ConfigError(
            _("A plugin cannot be made with '{part}'."),
            hint=_("Choose among: {parts}.") if not near
            else _("Choose among: {parts}. Did you mean '{near}'?"),
            part=part, parts=", ".join(PARTS), near=near[0] if near else "", code="bad_part",
        )  # fmt: skip
    if given & _NEEDS_ENTITY or not given:
        given.add("entity")
    return tuple(part for part in PARTS if part in given)


def parts_for(wanted: str) -> tuple[str, ...]:
    """Read the parts of a plugin that works with an entity of another one.

    :raises ConfigError: for a part that needs an entity of its own.
    """
    given = tuple(part.strip() for part in wanted.split(",") if part.strip())
    if given != ("connector",):
        raise ConfigError(
            _("For an entity of another plugin only a connector can be written."),
            hint=_("Say --with connector, or leave --for out."), code="bad_part",
        )  # fmt: skip
    return given


def _one_and_many(word: str) -> tuple[str, str]:
    if word in _UNCOUNTABLE:
        return word, word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y", word
    if word.endswith(("sses", "xes", "ches", "shes")):
        return word[:-2], word
    if word.endswith("s") and not word.endswith(("ss", "us", "is")) and len(word) > 3:
        return word[:-1], word
    if word.endswith("y") and word[-2:-1] not in tuple("aeiou"):
        return word, word[:-1] + "ies"
    return word, word + ("es" if word.endswith(("s", "x", "ch", "sh")) else "s")
