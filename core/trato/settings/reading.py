"""Gathering settings from the environment and a file, with every problem said at once."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from trato.errors import ConfigError, Message
from trato.settings.declaration import HIDDEN, PREFIX, declared
from trato.text import _

CONFIG = "TRATO_CONFIG"
#: Variables of the tests' own fixtures; no setting of a deployment.
_OF_TESTS = "TRATO_TEST_"


class _Given(NamedTuple):
    """One value as the operator wrote it."""

    env: str
    #: How messages call it: the variable, or the key and its file.
    label: str
    #: None where a file holds something that no setting takes, such as a table.
    text: str | None


def read(settings: type, environ: Mapping[str, str], *, file: Path | None) -> dict[str, Any]:
    """Return the values that were given, by field; ConfigError lists all that are wrong.

    An empty variable counts as not set, as container tools pass every variable they know.
    """
    known = declared(settings)
    path = file or (Path(environ[CONFIG]) if environ.get(CONFIG) else None)
    given = {item.env: item for item in _of_file(path)} if path else {}
    given.update({item.env: item for item in _of_environment(environ)})
    values: dict[str, Any] = {}
    problems: list[Message] = []
    for item in given.values():
        if item.env not in known:
            problems.append(_unknown(item, list(known)))
            continue
        field, setting = known[item.env]
        try:
            if item.text is None:
                raise ValueError(item.label)
            values[field.name] = setting.kind.parse(item.text)
        except ValueError:
            problems.append(
                Message(
                    _("{name} is '{value}', and must be {accepts}."),
                    {
                        "name": item.label,
                        "value": HIDDEN if item.text is None else setting.kind.show(item.text),
                        "accepts": setting.kind.accepts,
                    },
                )
            )
    if problems:
        raise ConfigError(
            "{problems}",
            hint=_("Correct it and start again; `trato doctor` lists all settings."),
            problems=_together(problems),
        )
    return values


def _of_environment(environ: Mapping[str, str]) -> Iterator[_Given]:
    for name, text in sorted(environ.items()):
        if name.startswith(PREFIX) and not name.startswith(_OF_TESTS) and name != CONFIG:
            if text.strip():
                yield _Given(name, name, text.strip())


def _of_file(path: Path) -> Iterator[_Given]:
    try:
        entries = tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:  # ValueError: not TOML, or not UTF-8
        raise ConfigError(
            _("The settings file {path} cannot be read: {reason}."),
            hint=_("Correct the file or its rights, or change TRATO_CONFIG."),
            path=str(path),
            reason=str(error),
        ) from error
    for key, value in entries.items():
        text = _as_text(value)
        if text != "":
            yield _Given(PREFIX + key.upper(), f"{key} ({path.name})", text)


def _as_text(value: object) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | str):
        return str(value).strip()
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return ",".join(value)
    return None


def _unknown(item: _Given, known: list[str]) -> Message:
    names = [env.removeprefix(PREFIX) for env in known]
    for close in difflib.get_close_matches(item.env.removeprefix(PREFIX), names, n=1):
        guess = PREFIX + close if item.label == item.env else close.lower()
        return Message(
            _("{name} is no setting; perhaps {guess} is meant."),
            {"name": item.label, "guess": guess},
        )
    return Message(_("{name} is no setting."), {"name": item.label})


def _together(messages: list[Message]) -> Message:
    """Make one message of several, each still translated as itself."""
    places = {f"problem_{number}": message for number, message in enumerate(messages)}
    return Message("\n".join(f"{{{place}}}" for place in places), places)
