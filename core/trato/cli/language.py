"""The language in which commands speak."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

#: Spoken where nobody chose: the default of TRATO_DEFAULT_LOCALE.
FALLBACK = "es"
_NAMED = re.compile(r"([a-z]{2,3})([_-][A-Za-z]{2})?([.@].*)?")


def choose(words: Sequence[str], environ: Mapping[str, str]) -> str:
    """Choose by `--lang`, then TRATO_DEFAULT_LOCALE, then the terminal's language.

    A terminal without one ("C", "POSIX") speaks as nobody chose.
    """
    asked = ""
    for place, word in enumerate(words):
        if word == "--lang" and place + 1 < len(words):
            asked = words[place + 1]
        elif word.startswith("--lang="):
            asked = word.partition("=")[2]
        elif not word.startswith("-"):
            break
    terminal = next(
        (environ[name] for name in ("LC_ALL", "LC_MESSAGES", "LANG") if environ.get(name)), ""
    )
    for name in (asked, environ.get("TRATO_DEFAULT_LOCALE", ""), terminal):
        found = _NAMED.fullmatch(name.strip())
        if found is not None:
            return found[1] + (found[2] or "").replace("-", "_")
    return FALLBACK
