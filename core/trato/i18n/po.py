"""Reading one ``.po`` file, and what it leaves untranslated."""

from __future__ import annotations

import gettext
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from string import Formatter

from trato.errors import PluginError
from trato.text import _

_FORMATTER = Formatter()
#: A comment, a keyword with its string, or a string going on. Babel takes an unquoted string and
#: drops its first and last letter.
_LINE = re.compile(r'(#.*|(msg[a-z_]+(\[\d+\])?\s+)?"([^"\\]|\\.)*"\s*)?')


@dataclass(frozen=True)
class Plural:
    """Keep the forms of a text that counts, and the language's rule to choose one."""

    forms: tuple[str, ...]
    choose: Callable[[int], int]

    def form(self, count: int) -> str:
        """Give the form for a count."""
        return self.forms[self.choose(abs(count))]


@dataclass(frozen=True)
class PoTexts:
    """Hold what a file translates, by English text. Fuzzy and unfinished entries are left out."""

    singulars: dict[str, str] = field(default_factory=dict)
    #: By the English singular.
    plurals: dict[str, Plural] = field(default_factory=dict)
    #: English plurals, which are texts too but keys of nothing.
    plural_texts: set[str] = field(default_factory=set)


def read_po(path: Path) -> PoTexts:
    """Read a file; one that does not exist translates nothing.

    An entry whose ``{places}`` are not those of its English text is left out: English is better
    than a page that fails while it is filled in. ``missing`` reports it.

    :raises PluginError: when the file is not a valid one.
    """
    try:
        stat = path.stat()
    except OSError:
        return PoTexts()
    return _read(path, stat.st_mtime_ns, stat.st_size)


def wrong_files(folder: Path) -> Iterator[PluginError]:
    """Find the translations of a folder that cannot be read."""
    for path in sorted(folder.glob("*.po")):
        try:
            read_po(path)
        except PluginError as error:
            yield error


@lru_cache(maxsize=64)
def _read(path: Path, _changed: int, _size: int) -> PoTexts:
    """Read a file once: it is checked when its plugin is, and used afterwards."""
    from babel.messages import pofile

    texts = PoTexts()
    try:
        lines = path.read_text("utf-8").split("\n")
        for number, line in enumerate(lines, 1):
            if not _LINE.fullmatch(line):
                raise ValueError(f"line {number} is {line!r}")
        catalog = pofile.read_po(lines, ignore_obsolete=True, abort_invalid=True)
        choose = gettext.c2py(catalog.plural_expr)
    # ValueError also: not UTF-8, a wrong plural rule.
    except (pofile.PoFileError, ValueError, OSError) as error:
        raise PluginError(
            _("The translations {path} cannot be read: {reason}."),
            hint=_("Correct the file, or install the plugin again."),
            path=str(path),
            reason=str(error),
        ) from error
    for message in catalog:
        if not message.id or message.fuzzy:
            continue
        if isinstance(message.id, str):
            text = message.string
            if isinstance(text, str) and text and _fits([text], [message.id]):
                texts.singulars[message.id] = text
        elif isinstance(message.string, list | tuple):
            forms = tuple(message.string)
            if len(forms) >= catalog.num_plurals and all(forms) and _fits(forms, message.id):
                texts.plurals[message.id[0]] = Plural(forms, choose)
                texts.plural_texts.add(message.id[1])
    return texts


def missing(folder: Path, texts: Iterable[str], *, locale: str) -> set[str]:
    """Tell which texts the file ``<locale>.po`` of a folder does not translate.

    A plugin may lean on core: give what its own folder misses to core's folder in turn.
    """
    known = read_po(folder / f"{locale}.po")
    return set(texts) - known.singulars.keys() - known.plurals.keys() - known.plural_texts


def _fits(translations: Sequence[str], originals: Sequence[str]) -> bool:
    """Tell whether the translations name the same places; plural forms may leave some out."""
    try:
        wanted = set().union(*map(_places, originals))
    except ValueError:
        return True  # a text with loose braces is never filled in
    try:
        named = set().union(*map(_places, translations))
    except ValueError:
        return False
    return named == wanted


def _places(text: str) -> set[str]:
    if "{" not in text and "}" not in text:
        return set()
    return {name for _text, name, _spec, _conversion in _FORMATTER.parse(text) if name is not None}
