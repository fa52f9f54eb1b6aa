"""The kinds of values that settings have."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from trato.errors import Message
from trato.settings.declaration import HIDDEN, Kind
from trato.text import _

_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9]([a-z0-9.-]*[a-z0-9])?)(:[0-9]{1,5})?")
_KEYS = re.compile(r"[\w.-]+:[\w=-]+(\s*,\s*[\w.-]+:[\w=-]+)*,?", re.ASCII)
_LOCALE = re.compile(r"([a-z]{2,3})(?:[-_]([A-Za-z]{2}))?")
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


def whole(lowest: int, highest: int) -> Kind:
    """Take a whole number within both bounds."""

    def parse(text: str) -> int:
        number = int(text)
        if not lowest <= number <= highest:
            raise ValueError(text)
        return number

    return Kind(
        Message(
            _("a whole number from {lowest} to {highest}"), {"lowest": lowest, "highest": highest}
        ),
        parse,
    )


def choice(*options: str) -> Kind:
    """Take one of the options, in any case."""

    def parse(text: str) -> str:
        if text.lower() not in options:
            raise ValueError(text)
        return text.lower()

    return Kind(Message(_("one of: {options}"), {"options": ", ".join(options)}), parse)


def flag() -> Kind:
    """Take yes or no."""

    def parse(text: str) -> bool:
        if text.lower() in _TRUE:
            return True
        if text.lower() in _FALSE:
            return False
        raise ValueError(text)

    return Kind(Message(_("true or false")), parse)


def pattern(regex: str, accepts: str) -> Kind:
    """Take text that matches as a whole."""

    def parse(text: str) -> str:
        if not re.fullmatch(regex, text):
            raise ValueError(text)
        return text

    return Kind(Message(accepts), parse)


def url(*schemes: str, accepts: str) -> Kind:
    """Take an address with one of the schemes. It may hold a password, so it counts as secret."""

    def parse(text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in schemes:
            raise ValueError(text)
        # file:///folder has a path and no host; all others have a host.
        if (not parts.netloc and parts.path.strip("/") != "") != (parts.scheme == "file"):
            raise ValueError(text)
        parts.port  # noqa: B018  its property raises ValueError for a port that is no number
        return text

    return Kind(Message(accepts), parse, secret=True, show=_scheme_only)


def database_url(*, sqlite: bool) -> Kind:
    """Take the address of a PostgreSQL database, or of a SQLite file too.

    ``postgres://`` and ``postgresql://`` become ``postgresql+psycopg://``, the driver in use.
    A SQLite database in memory is refused: every connection would see another one.
    """

    def parse(text: str) -> str:
        scheme, _colon, rest = text.partition("://")
        if scheme == "sqlite" and sqlite:
            if not rest.startswith("/") or rest[1:] in {"", ":memory:"} or "?" in rest:
                raise ValueError(text)
            return text
        if scheme not in {"postgres", "postgresql", "postgresql+psycopg"} or not rest:
            raise ValueError(text)
        return f"postgresql+psycopg://{rest}"

    accepts = (
        _("sqlite:///FILE or postgresql://USER:PASSWORD@HOST/DATABASE")
        if sqlite
        else _("postgresql://USER:PASSWORD@HOST/DATABASE")
    )
    return Kind(Message(accepts), parse, secret=True, show=_scheme_only)


def license_keys(accepts: str, *, secret: bool) -> Kind:
    """Take keys in the form KID:BASE64URL; whoever uses them reads them further.

    Public ones are hidden in messages too, as a private one may stand there by mistake.
    """

    def parse(text: str) -> str:
        if not _KEYS.fullmatch(text):
            raise ValueError(HIDDEN)
        return text

    return Kind(Message(accepts), parse, secret=secret, show=_nothing)


def secret(shortest: int) -> Kind:
    """Take text without spaces that no message shows."""

    def parse(text: str) -> str:
        if len(text) < shortest or len(text.split()) != 1:
            raise ValueError(HIDDEN)
        return text

    accepts = Message(_("{shortest} or more characters without spaces"), {"shortest": shortest})
    return Kind(accepts, parse, secret=True, show=_nothing)


def secrets() -> Kind:
    """Take one or several secrets separated by commas."""

    def parse(text: str) -> Sequence[str]:
        parts = tuple(part.strip() for part in text.split(","))
        if not all(len(part.split()) == 1 for part in parts):
            raise ValueError(HIDDEN)
        return parts

    accepts = Message(_("one or several texts without spaces, separated by commas"))
    return Kind(accepts, parse, secret=True, show=_nothing)


def hosts() -> Kind:
    """Take names, addresses or networks, each but a network with a port where wanted."""

    def parse(text: str) -> Sequence[str]:
        return tuple(_host(part.strip().lower()) for part in text.split(","))

    return Kind(
        Message(_("host names, IP addresses or networks such as 10.0.0.0/8, separated by commas")),
        parse,
    )


def locale() -> Kind:
    """Take a language, perhaps with a country, and write it as ``es`` or ``es_CO``."""

    def parse(text: str) -> str:
        match = _LOCALE.fullmatch(text)
        if match is None:
            raise ValueError(text)
        language, country = match.groups()
        return f"{language}_{country.upper()}" if country else language

    return Kind(Message(_("a language such as es or es_CO")), parse)


def timezone() -> Kind:
    """Take a name of the IANA time zone database."""

    def parse(text: str) -> str:
        try:
            ZoneInfo(text)
        except (ZoneInfoNotFoundError, OSError) as error:  # OSError: a folder such as "America"
            raise ValueError(text) from error
        return text

    return Kind(Message(_("a time zone such as America/Bogota")), parse)


def _host(text: str) -> str:
    try:
        ipaddress.ip_network(text, strict=False)
    except ValueError:
        if not _HOST.fullmatch(text):
            raise
    return text


def _scheme_only(text: str) -> str:
    scheme, separator, _rest = text.partition("://")
    return f"{scheme}://{HIDDEN}" if separator else HIDDEN


def _nothing(text: str) -> str:
    return HIDDEN
