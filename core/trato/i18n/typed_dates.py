"""Reading dates, times and moments as people type them and as files bring them."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Mapping, Sequence
from typing import Literal, NoReturn

from trato.errors import DomainError
from trato.text import _

DateOrder = Literal["dmy", "mdy", "ymd"]

_LONGEST, _SHOWN = 64, 40
_YEARS = range(1800, 9999)
#: A year of two digits lies at most so many years back, else ahead (CLDR's rule).
_YEARS_BACK = 80
_FEWEST_LETTERS = 3
_TIME_EXAMPLE = "15:20"
_SPACES = re.compile(r"\s+")  # no-break and narrow ones too
_THREE_NUMBERS = re.compile(r"([0-9]{1,4})([/.-])([0-9]{1,2})\2([0-9]{1,4})")
_EIGHT_DIGITS = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})")
_WORDS_AND_NUMBERS = re.compile(r"[^\W\d_]+|[0-9]+")
_ISO_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:.+")
_HALF = r"(?:([ap])\.?\s?m\.?)"
_TIME = re.compile(rf"([0-9]{{1,2}})(?:[:.]([0-9]{{2}})(?:[:.]([0-9]{{2}}))?)?\s?{_HALF}?")
_DATE_THEN_TIME = re.compile(rf"(.+?),? (?:a las |at )?([0-9]{{1,2}}[:.][0-9:.]+\s?{_HALF}?)")


def read_time(text: str) -> dt.time:
    """Read a time of day: "15:20", "3:20 p. m.", "3 pm"."""
    match = _TIME.fullmatch(_fold(text))
    # A bare number needs "a. m." or "p. m." to be a time.
    if match is not None and (match[2] or match[4]):
        hour, minute, second = (int(part or 0) for part in match.group(1, 2, 3))
        is_possible = minute < 60 and second < 60 and hour < 24
        if match[4]:
            is_possible = is_possible and 1 <= hour <= 12
            hour = hour % 12 + (12 if match[4] == "p" else 0)
        if is_possible:
            return dt.time(hour, minute, second)
    raise DomainError(
        _("'{text}' is not a time; write it like {example}."),
        code="not_a_time",
        text=text[:_SHOWN],
        example=_TIME_EXAMPLE,
    )


class DateReader:
    """Read dates in one language.

    :param order: how three numbers are read; None takes only those that can be but one date.
    :param months: names from January on; three letters of one are enough.
    :param weekdays: names, which may stand before a date and are not checked against it.
    :param fillers: words inside a written date that mean nothing.
    :param nearby: words such as "tomorrow", with the days from today that they mean.
    :param example: how a date is meant to be written, for the message that refuses one.
    """

    def __init__(
        self,
        *,
        order: DateOrder | None,
        months: Sequence[str],
        weekdays: Sequence[str],
        fillers: frozenset[str],
        nearby: Mapping[str, int],
        example: str,
    ) -> None:
        self._order = order
        self._months = [_fold(name) for name in months]
        self._weekdays = [_fold(name) for name in weekdays]
        self._fillers = fillers
        self._nearby = {_fold(word): days for word, days in nearby.items()}
        self._example = example

    def read(self, text: str, *, today: dt.date, order: DateOrder | None = None) -> dt.date:
        """Read a date: ISO, three numbers, with the month's name, or a word such as "today"."""
        plain = _fold(text)
        if len(text) > _LONGEST:
            self._refuse(text)
        if plain in self._nearby:
            return today + dt.timedelta(days=self._nearby[plain])
        if match := _EIGHT_DIGITS.fullmatch(plain):
            year, month, day = match.groups()
        elif match := _THREE_NUMBERS.fullmatch(plain):
            year, month, day = self._ordered(text, match.group(1, 3, 4), order or self._order)
        else:
            year, month, day = self._named(text, plain, today)
        number = int(year)
        if len(year) <= 2:
            number += (today.year - _YEARS_BACK - number + 99) // 100 * 100
        try:
            if number in _YEARS:
                return dt.date(number, int(month), int(day))
        except ValueError as error:
            self._refuse(text, error)
        self._refuse(text)

    def read_moment(
        self, text: str, *, now: dt.datetime, order: DateOrder | None = None
    ) -> dt.datetime:
        """Read a date, perhaps with a time, in the zone of ``now``; the answer is aware UTC."""
        moment = _iso_moment(text.strip())
        if moment is None:
            plain = _SPACES.sub(" ", text.strip())
            match = _DATE_THEN_TIME.fullmatch(plain.lower())
            day = self.read(match[1] if match else text, today=now.date(), order=order)
            moment = dt.datetime.combine(day, read_time(match[2]) if match else dt.time())
        if moment.year not in _YEARS:
            self._refuse(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=now.tzinfo)
        return moment.astimezone(dt.UTC)

    def _ordered(
        self, text: str, numbers: tuple[str, ...], order: DateOrder | None
    ) -> tuple[str, str, str]:
        """Put three numbers into the order year, month, day."""
        first, second, third = numbers
        if len(first) == 4:
            return first, second, third
        if order is None:
            if int(first) <= 12 and int(second) <= 12 and int(first) != int(second):
                raise DomainError(
                    _("'{text}' can be two dates; write it like {example}."),
                    code="ambiguous_date",
                    text=text[:_SHOWN],
                    example=self._example,
                )
            order = "dmy" if int(first) > 12 else "mdy"
        if order == "ymd":
            return first, second, third
        return (third, second, first) if order == "dmy" else (third, first, second)

    def _named(self, text: str, plain: str, today: dt.date) -> tuple[str, str, str]:
        """Find year, month and day where the month is a word; no year means the current one."""
        parts = _WORDS_AND_NUMBERS.findall(plain)
        words = [part for part in parts if part.isalpha() and part not in self._fillers]
        numbers = [part for part in parts if not part.isalpha()]
        if len(words) == 2 and _position(words[0], self._weekdays) is not None:
            del words[0]
        month = _position(words[0], self._months) if len(words) == 1 else None
        if month is None or not 1 <= len(numbers) <= 2:
            self._refuse(text)
        return (numbers[1] if len(numbers) == 2 else str(today.year)), str(month + 1), numbers[0]

    def _refuse(self, text: str, cause: Exception | None = None) -> NoReturn:
        raise DomainError(
            _("'{text}' is not a date; write it like {example}."),
            code="not_a_date",
            text=text[:_SHOWN],
            example=self._example,
        ) from cause


def _iso_moment(text: str) -> dt.datetime | None:
    if _ISO_MOMENT.fullmatch(text):
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError:
            return None  # such as "2026-11-23 03:20 pm", which has another way
    return None


def _position(word: str, names: Sequence[str]) -> int | None:
    """Find the one name that begins so: "nov", "sept", "noviembre"."""
    found = [place for place, name in enumerate(names) if name.startswith(word)]
    return found[0] if len(word) >= _FEWEST_LETTERS and len(found) == 1 else None


def _fold(text: str) -> str:
    """Lower case, without accents, with single spaces."""
    letters = unicodedata.normalize("NFKD", text.strip().casefold())
    plain = "".join(letter for letter in letters if not unicodedata.combining(letter))
    return _SPACES.sub(" ", plain)
