"""One reader's formats: locale, time zone and currency together."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

from trato.i18n.dates import DateFormats
from trato.i18n.numbers import NumberFormats
from trato.i18n.wording import wording_of


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class Formats(NumberFormats, DateFormats):
    """Write values for one reader and read what the reader types.

    :param locale: "es" means Colombian Spanish (``es_CO``); others as Babel knows them. Spanish
        and English are complete; another language has its own names and separators and, until
        ``wording.py`` learns it, English words.
    :param timezone: a name of the IANA database.
    :param currency: the tenant's own, three capitals.
    :param clock: gives the present moment, aware; for tests.

    Once Babel has loaded the locale (some 30 ms, once a process), making one takes microseconds:
    keep it for a page or longer, as it may be shared by threads.
    """

    def __init__(
        self,
        locale: str,
        timezone: str,
        *,
        currency: str = "COP",
        clock: Callable[[], dt.datetime] = _utc_now,
    ) -> None:
        from babel.core import Locale, UnknownLocaleError

        code = locale.replace("-", "_")
        try:
            names = Locale.parse("es_CO" if code == "es" else code)
        except (UnknownLocaleError, ValueError):  # ValueError: no locale at all
            names = Locale.parse("en")
        self._words = wording_of(names.language)
        NumberFormats.__init__(self, names, percent=self._words.percent, currency=currency)
        DateFormats.__init__(self, names, wording=self._words, zone=ZoneInfo(timezone), clock=clock)

    def yes_no(self, value: bool, /) -> str:
        """Write an answer: "Sí" or "No"."""
        return self._words.yes if value else self._words.no
