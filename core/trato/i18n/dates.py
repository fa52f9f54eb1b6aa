"""Writing and reading dates, times and moments in one zone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from trato.i18n.typed_dates import DateOrder, DateReader
from trato.i18n.wording import Wording

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from babel.core import Locale

_MINUTE, _HOUR = 60, 3600
#: Up to here a distance is told in the smaller unit.
_HOURS_OVER_MIDNIGHT = 12
_MOST_DAYS, _MOST_MONTHS = 180, 24
_DAYS_OF_MONTH, _DAYS_OF_YEAR = 30.44, 365.25


class DateFormats:
    """Write and read dates in the words of a locale and the time of a zone.

    Moments must be aware; one without a zone is refused with ValueError.
    """

    def __init__(
        self, names: Locale, *, wording: Wording, zone: ZoneInfo, clock: Callable[[], dt.datetime]
    ) -> None:
        months, days = names.months["format"], names.days["format"]
        #: Names, January and Monday first.
        self.months: tuple[str, ...] = tuple(months["wide"][n] for n in range(1, 13))
        self.months_short: tuple[str, ...] = tuple(months["abbreviated"][n] for n in range(1, 13))
        self.weekdays: tuple[str, ...] = tuple(days["wide"][n] for n in range(7))
        self.weekdays_short: tuple[str, ...] = tuple(days["abbreviated"][n] for n in range(7))
        self.zone = zone
        self._wording = wording
        self._clock = clock

    def now(self) -> dt.datetime:
        """Give the present moment in the reader's zone."""
        return self._clock().astimezone(self.zone)

    def today(self) -> dt.date:
        """Give the present day in the reader's zone."""
        return self.now().date()

    def date(self, value: dt.date) -> str:
        """Write a date: "23 nov" in the current year, "23 nov 2025" in others."""
        day = self._day(value)
        wording, month = self._wording, self.months_short[day.month - 1]
        if day.year == self.now().year:
            return wording.date(day.day, month)
        return wording.date_with_year(day.day, month, day.year)

    def date_long(self, value: dt.date) -> str:
        """Write a date for a letter: "lunes 23 de noviembre de 2026"."""
        day = self._day(value)
        weekday, month = self.weekdays[day.weekday()], self.months[day.month - 1]
        return self._wording.date_long(weekday, day.day, month, day.year)

    def date_numeric(self, value: dt.date) -> str:
        """Write a date for a field or a file: "23/11/2026"; ``parse_date`` reads it back."""
        return self._wording.date_numeric(self._day(value))

    def time(self, value: dt.time | dt.datetime) -> str:
        """Write a time of day, 24 hours: "15:20". A moment is told in the reader's zone."""
        if isinstance(value, dt.datetime):
            value = self._local(value).time()
        return f"{value.hour}:{value.minute:02}"

    def date_time(self, value: dt.datetime) -> str:
        """Write a moment: "23 nov, 15:20"."""
        local = self._local(value)
        return f"{self.date(local)}, {local.hour}:{local.minute:02}"

    def relative(self, value: dt.date) -> str:
        """Write how far a date or a moment is: "hace 5 minutos", "mañana", "en 3 días".

        From the next day on calendar days count, not hours: what is tomorrow stays tomorrow.
        """
        now = self.now()
        day = self._day(value)
        if isinstance(value, dt.datetime):
            seconds = (value - now).total_seconds()
            if abs(seconds) < _MINUTE:
                return self._wording.just_now
            if abs(seconds) < _HOUR:
                return self._distance("minute", seconds / _MINUTE)
            if day == now.date() or abs(seconds) < _HOURS_OVER_MIDNIGHT * _HOUR:
                return self._distance("hour", seconds / _HOUR)
        days = (day - now.date()).days
        if abs(days) <= 1:
            wording = self._wording
            return (wording.today, wording.tomorrow, wording.yesterday)[days]
        if abs(days) < _MOST_DAYS:
            return self._distance("day", days)
        if abs(days) < _MOST_MONTHS * _DAYS_OF_MONTH:
            return self._distance("month", days / _DAYS_OF_MONTH)
        return self._distance("year", days / _DAYS_OF_YEAR)

    def parse_date(self, text: str, *, order: DateOrder | None = None) -> dt.date:
        """Read a typed date: "23/11/2026", "23 nov", "2026-11-23", "mañana".

        :param order: of the three numbers, for a file that is not written as the locale does.
        :raises DomainError: with a text for the person who typed it.
        """
        return self._reader.read(text, today=self.today(), order=order)

    def parse_datetime(self, text: str, *, order: DateOrder | None = None) -> dt.datetime:
        """Read a typed date, perhaps with a time, in the reader's zone; the answer is UTC."""
        return self._reader.read_moment(text, now=self.now(), order=order)

    @cached_property
    def _reader(self) -> DateReader:
        wording = self._wording
        return DateReader(
            order=wording.order,
            months=self.months,
            weekdays=self.weekdays,
            fillers=wording.fillers,
            nearby={wording.today: 0, wording.tomorrow: 1, wording.yesterday: -1},
            example=self.date_numeric(self.today()),
        )

    def _day(self, value: dt.date) -> dt.date:
        return self._local(value).date() if isinstance(value, dt.datetime) else value

    def _local(self, value: dt.datetime) -> dt.datetime:
        if value.tzinfo is None:
            # astimezone() would take the machine's own zone without a word.
            raise ValueError(f"The moment {value} has no time zone.")
        return value.astimezone(self.zone)

    def _distance(self, unit: str, signed: float) -> str:
        count = int(abs(signed))
        one, several = self._wording.units[unit]
        span = f"{count} {one if count == 1 else several}"
        return self._wording.past(span) if signed < 0 else self._wording.future(span)
