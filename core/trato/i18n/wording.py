"""The words and patterns of dates and answers that Babel does not have, by language."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from trato.i18n.typed_dates import DateOrder


@dataclass(frozen=True, kw_only=True)
class Wording:
    """Say how a language writes what is no number."""

    yes: str
    no: str
    #: What follows a percentage.
    percent: str
    #: Of day and the month's short name.
    date: Callable[[int, str], str]
    #: Of day, the month's short name and year.
    date_with_year: Callable[[int, str, int], str]
    #: Of weekday, day, the month's name and year.
    date_long: Callable[[str, int, str, int], str]
    #: Four digits of year, so that nobody misreads it.
    date_numeric: Callable[[dt.date], str]
    #: How a date of three numbers is read; None where readers of the language differ.
    order: DateOrder | None
    just_now: str
    today: str
    tomorrow: str
    yesterday: str
    past: Callable[[str], str]
    future: Callable[[str], str]
    #: One and several of each unit.
    units: Mapping[str, tuple[str, str]]
    #: Words inside a written date that mean nothing.
    fillers: frozenset[str]


SPANISH = Wording(
    yes="Sí",
    no="No",
    percent="\N{NO-BREAK SPACE}%",
    date=lambda day, month: f"{day} {month}",
    date_with_year=lambda day, month, year: f"{day} {month} {year}",
    date_long=lambda weekday, day, month, year: f"{weekday} {day} de {month} de {year}",
    date_numeric=lambda date: f"{date.day:02}/{date.month:02}/{date.year:04}",
    order="dmy",
    just_now="hace un momento",
    today="hoy",
    tomorrow="mañana",
    yesterday="ayer",
    past=lambda span: f"hace {span}",
    future=lambda span: f"en {span}",
    units={
        "minute": ("minuto", "minutos"),
        "hour": ("hora", "horas"),
        "day": ("día", "días"),
        "month": ("mes", "meses"),
        "year": ("año", "años"),
    },
    fillers=frozenset({"de", "del", "el"}),
)

#: English is read in Bogotá as in Boston, so a date in numbers is written in ISO order.
ENGLISH = Wording(
    yes="Yes",
    no="No",
    percent="%",
    date=lambda day, month: f"{month} {day}",
    date_with_year=lambda day, month, year: f"{month} {day}, {year}",
    date_long=lambda weekday, day, month, year: f"{weekday}, {month} {day}, {year}",
    date_numeric=dt.date.isoformat,
    order=None,
    just_now="just now",
    today="today",
    tomorrow="tomorrow",
    yesterday="yesterday",
    past=lambda span: f"{span} ago",
    future=lambda span: f"in {span}",
    units={
        "minute": ("minute", "minutes"),
        "hour": ("hour", "hours"),
        "day": ("day", "days"),
        "month": ("month", "months"),
        "year": ("year", "years"),
    },
    fillers=frozenset({"of", "the", "st", "nd", "rd", "th"}),
)


def wording_of(language: str) -> Wording:
    """Give the wording of a language; English for one that has none yet."""
    return SPANISH if language == "es" else ENGLISH
