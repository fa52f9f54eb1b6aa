"""The business days of a tenant: the country's calendar with the tenant's settings."""

from __future__ import annotations

import re
from datetime import date

from trato.api import DomainError, Message, Setting, TenantView, _
from trato_colombia.holidays import BusinessCalendar

_SATURDAY = "saturday_is_business_day"
_DAYS_OFF = "days_off"
_DAY_OFF = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})(?:[\s:=]+(.+))?")
#: Names of holidays are Spanish, like those of the law.
_UNNAMED = "Día no laborable"


def read_days_off(text: str) -> dict[date, str]:
    """Read days and their names from what an administrator has typed.

    :raises DomainError: with code ``bad_setting``, naming what is no date.
    """
    days: dict[date, str] = {}
    for part in re.split(r"[,;\n]", text):
        typed = part.strip()
        if not typed:
            continue
        match = _DAY_OFF.fullmatch(typed)
        try:
            day = date.fromisoformat(match[1] if match else typed)
        except ValueError:
            match = None
        if match is None:
            raise DomainError(
                _("'{typed}' among the other days off is no date like 2026-12-24."),
                hint=_("Correct it in the settings of the plugin Colombia."),
                code="bad_setting", typed=typed[:40],
            )  # fmt: skip
        days[day] = (match[2] or _UNNAMED).strip()
    return days


def check_days_off(text: str) -> Message | None:
    """Tell what is no date among the days off, while they are typed."""
    try:
        read_days_off(text)
    except DomainError as error:
        return error.message
    return None


SETTINGS = (
    Setting(
        key=_SATURDAY, label=_("Saturday is a business day"), kind="boolean", default=False,
        help=_("Counts for the terms of petitions, complaints and collections."),
    ),
    Setting(
        key=_DAYS_OFF, label=_("Other days off"), kind="text", default="",
        help=_("Dates with commas between them, each with a name if you like: "
               "2026-12-24 Cierre de fin de año, 2026-12-31."),
        check=check_days_off,
    ),
)  # fmt: skip


def calendar_for(view: TenantView) -> BusinessCalendar:
    """Give the calendar of a tenant; it is made once for each view.

    :raises DomainError: with code ``bad_setting`` when the days off cannot be read.
    """
    found: BusinessCalendar | None = view.cache.get("colombia.calendar")
    if found is None:
        found = view.cache["colombia.calendar"] = BusinessCalendar(
            saturday=bool(view.settings.get(("colombia", _SATURDAY))),
            extra=read_days_off(view.settings.get(("colombia", _DAYS_OFF)) or ""),
        )
    return found
