"""How one setting is declared: its default, the kind of its value, its words."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from trato.errors import Message

PREFIX = "TRATO_"
_KEY = "setting"
#: Stands for a value, or a part of it, that no message may show.
HIDDEN = "…"


@dataclass(frozen=True)
class Kind:
    """Say which texts a setting takes and what they become."""

    #: Completes the sentence "must be …".
    accepts: Message
    #: Turns the text into the value; ValueError when it is not acceptable.
    parse: Callable[[str], Any]
    #: The value, or a part such as a password in a URL, is kept out of messages and ``repr``.
    secret: bool = False
    #: What a message may show of a wrong text.
    show: Callable[[str], str] = str


@dataclass(frozen=True)
class SettingDoc:
    """Describe one setting, for the manual and ``doctor``."""

    name: str
    #: Its environment variable.
    env: str
    doc: Message
    #: The default as the operator would write it; empty for none.
    default: str
    accepts: Message
    secret: bool


@dataclass(frozen=True)
class Declared:
    """Keep what ``setting`` was told beside the field."""

    kind: Kind
    doc: str
    env: str | None


def setting(default: object, kind: Kind, *, doc: str, env: str | None = None) -> Any:
    """Declare a field of Settings; Any, as ``dataclasses.field`` poses as the value's type.

    :param env: the variable's name after ``TRATO_``, where it is not the field's.
    """
    return dataclasses.field(
        default=default, repr=not kind.secret, metadata={_KEY: Declared(kind, doc, env)}
    )


def declared(settings: type) -> Mapping[str, tuple[dataclasses.Field[Any], Declared]]:
    """List the settings of the class by the name of their environment variable."""
    return {
        PREFIX + (field.metadata[_KEY].env or field.name).upper(): (field, field.metadata[_KEY])
        for field in dataclasses.fields(settings)
    }


def describe(settings: type) -> tuple[SettingDoc, ...]:
    """Describe the settings of the class in their order."""
    return tuple(
        SettingDoc(
            name=field.name,
            env=env,
            doc=Message(setting.doc),
            default=_written(field.default),
            accepts=setting.kind.accepts,
            secret=setting.kind.secret,
        )
        for env, (field, setting) in declared(settings).items()
    )


def _written(value: object) -> str:
    if value is None:
        return ""
    return ",".join(value) if isinstance(value, tuple) else str(value)
