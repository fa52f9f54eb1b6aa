"""Holidays and business days of Colombia.

Ley 51 de 1983 (Emiliani) moves most holidays to the following Monday; later laws add days (Ley
2578 de 2026: 9 July). The package ``holidays`` knows the rules year by year; this module adds
Spanish names as people write them, a tenant's own days and the counting of terms.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType

from trato.api import DomainError, _

_ONE_DAY = timedelta(days=1)
_SATURDAY, _SUNDAY = 5, 6
#: The package writes this name with a small letter.
_SPELLING = {"Ascensión del señor": "Ascensión del Señor"}
_MOVED_MARK = " (observado)"


@dataclass(frozen=True, slots=True)
class Holiday:
    """A holiday on the day on which it is kept."""

    day: date
    name: str
    #: The law moved it to this Monday.
    is_moved: bool = False


class BusinessCalendar:
    """Tell business days from others, for one tenant's rules.

    It keeps the years it was asked for, so hold on to one rather than making one per question.
    Days are plain dates; an instant belongs to a day only in a time zone, so a ``datetime`` is
    refused with ``TypeError``.

    :param saturday: whether Saturday is a business day.
    :param extra: days off of the tenant, with their names.
    :param struck: holidays on which the tenant works.
    """

    def __init__(
        self,
        *,
        saturday: bool = False,
        extra: Mapping[date, str] = MappingProxyType({}),
        struck: Collection[date] = (),
    ) -> None:
        self._weekend = (_SUNDAY,) if saturday else (_SATURDAY, _SUNDAY)
        self._extra = dict(extra)
        self._struck = frozenset(struck)
        self._years: dict[int, _Year] = {}

    def holidays(self, year: int) -> tuple[Holiday, ...]:
        """List a year's holidays by day; two of them may fall on the same day (30 June 2025).

        :raises DomainError: outside the years whose rules are known, 1901 to 2100.
        """
        return self._year(year).holidays

    def holiday_name(self, day: date) -> str | None:
        """Name a holiday in Spanish, both names if two fall together, or ``None``."""
        return self._year_of(day).names.get(day)

    def is_business_day(self, day: date) -> bool:
        """Tell whether a day is neither holiday nor weekend."""
        return self.holiday_name(day) is None and day.weekday() not in self._weekend

    def add_business_days(self, day: date, count: int) -> date:
        """Give the ``count``-th business day after ``day``, or before it if negative.

        The day itself does not count, as in a term that runs from the day after receipt; it need
        not be a business day, and 0 gives it back unchanged.
        """
        self._year_of(day)
        step = _ONE_DAY if count > 0 else -_ONE_DAY
        reached = day
        for _number in range(abs(count)):
            reached += step
            while not self.is_business_day(reached):
                reached += step
        return reached

    def business_days_between(self, start: date, end: date) -> int:
        """Count the business days after ``start`` up to and including ``end``.

        Negative if ``end`` is earlier, then counting those from ``end`` up to before ``start``:
        ``business_days_between(d, add_business_days(d, n)) == n`` for every n.
        """
        # Before any arithmetic: 31 December 9999, a common "never", has no day after it.
        self._year_of(start)
        self._year_of(end)
        if end < start:
            return -self._count(end, start)
        return self._count(start + _ONE_DAY, end + _ONE_DAY)

    def _count(self, first: date, stop: date) -> int:
        """Count the business days from ``first`` up to before ``stop``, year by year."""
        if first == stop:
            return 0
        week = 7 - len(self._weekend)
        working = _weekdays_before(stop, week) - _weekdays_before(first, week)
        for year in range(first.year, (stop - _ONE_DAY).year + 1):
            off = self._year(year).weekdays_off
            working -= bisect_left(off, stop) - bisect_left(off, first)
        return working

    def _year_of(self, day: date) -> _Year:
        if isinstance(day, datetime):
            raise TypeError(
                f"A date is needed, not the instant {day!r}: convert it in a time zone."
            )
        return self._year(day.year)

    def _year(self, year: int) -> _Year:
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = self._make_year(year)
        return known

    def _make_year(self, year: int) -> _Year:
        own = [Holiday(day, name) for day, name in self._extra.items() if day.year == year]
        kept = [holiday for holiday in (*_national(year), *own) if holiday.day not in self._struck]
        kept.sort(key=lambda holiday: (holiday.day, holiday.name))
        names: dict[date, str] = {}
        for holiday in kept:
            before = names.get(holiday.day)
            names[holiday.day] = f"{before}; {holiday.name}" if before else holiday.name
        off = tuple(day for day in names if day.weekday() not in self._weekend)
        return _Year(tuple(kept), names, off)


@dataclass(frozen=True, slots=True)
class _Year:
    holidays: tuple[Holiday, ...]
    names: Mapping[date, str]
    #: Holidays that would be business days otherwise, ascending.
    weekdays_off: tuple[date, ...]


def _national(year: int) -> list[Holiday]:
    """Give the country's holidays of a year from the package's rules."""
    # The package and its country modules cost a quarter of a second; most commands need none.
    from holidays import country_holidays
    from holidays.constants import HOLIDAY_NAME_DELIMITER

    rules = country_holidays("CO", years=year, expand=False, language="es")
    # Outside its years the package answers with no holidays at all, which would be a wrong term.
    if not rules.start_year <= year <= rules.end_year:
        raise DomainError(
            _("The holidays of {year} are not known, only those of {first} to {last}."),
            hint=_("Check the year of the date."),
            code="unknown_holidays",
            year=year,
            first=rules.start_year,
            last=rules.end_year,
        )
    found = []
    for day, names in rules.items():
        for name in names.split(HOLIDAY_NAME_DELIMITER):
            plain = name.removesuffix(_MOVED_MARK)
            found.append(Holiday(day, _SPELLING.get(plain, plain), is_moved=plain != name))
    return found


def _weekdays_before(day: date, week: int) -> int:
    """Count the first ``week`` days of each week before a day; only differences mean anything."""
    weeks, weekday = divmod(day.toordinal() - 1, 7)  # day 1 of the calendar is a Monday
    return weeks * week + min(weekday, week)
