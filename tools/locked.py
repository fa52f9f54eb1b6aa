"""Print the part of requirements.lock that distributions need: tools/locked.py trato[testing].

Who needs what is read from what is installed, with the markers of this Python and platform. Our own
distributions are not in the lock and are left out.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from configparser import ConfigParser
from importlib.metadata import requires
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements.lock"


def needed(*wanted: str) -> set[str]:
    """Name all distributions that some need, these included."""
    seen: set[tuple[str, str]] = set()
    waiting = [Requirement(text) for text in wanted]
    while waiting:
        one = waiting.pop()
        for extra in ("", *one.extras):
            if (one.name, extra) not in seen:
                seen.add((one.name, extra))
                waiting += _asked(one.name, extra)
    return {str(canonicalize_name(name)) for name, _extra in seen}


def _asked(name: str, extra: str) -> Iterator[Requirement]:
    for text in requires(name) or ():
        asked = Requirement(text)
        if asked.marker is None or asked.marker.evaluate({"extra": extra}):
            yield asked


def _ours() -> set[str]:
    """Name the distributions of this checkout."""
    found = set()
    for file in (ROOT / "core/setup.cfg", *ROOT.glob("plugins/*/setup.cfg")):
        config = ConfigParser()
        config.read(file, "utf-8")
        found.add(str(canonicalize_name(config["metadata"]["name"])))
    return found


def locked(names: set[str]) -> str:
    """Give the entries of some distributions, with versions and hashes.

    :raises SystemExit: for distributions that the lock lacks.
    """
    entries = re.findall(r"^([\w.-]+)(.*\n(?: .*\n)*)", LOCK.read_text("utf-8"), re.M)
    missing = names - _ours() - {str(canonicalize_name(name)) for name, _rest in entries}
    if missing:
        sys.exit(
            f"requirements.lock lacks {', '.join(sorted(missing))}: name them in requirements.in, "
            "then run make lock"
        )
    return "".join(name + rest for name, rest in entries if canonicalize_name(name) in names)


if __name__ == "__main__":
    sys.stdout.write(locked(needed(*sys.argv[1:])))
