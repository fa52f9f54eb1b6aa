"""What other plugins may import of `colombia`."""

from __future__ import annotations

from trato_colombia.calendars import calendar_for
from trato_colombia.holidays import BusinessCalendar, Holiday
from trato_colombia.identification import (
    Level,
    Verdict,
    check_identification,
    format_identification,
    nit_check_digit,
)
from trato_colombia.identification_types import CC, NIT, TYPES, IdentificationType, find_type
from trato_colombia.models import ColombiaClient
from trato_colombia.municipalities import Department, Divipola, Municipality
from trato_colombia.municipality_list import divipola
from trato_colombia.pesos import format_pesos, parse_pesos, round_half_up
from trato_colombia.phones import Phone, format_phone, parse_phone

__all__ = [
    "CC",
    "NIT",
    "TYPES",
    "BusinessCalendar",
    "ColombiaClient",
    "Department",
    "Divipola",
    "Holiday",
    "IdentificationType",
    "Level",
    "Municipality",
    "Phone",
    "Verdict",
    "calendar_for",
    "check_identification",
    "divipola",
    "find_type",
    "format_identification",
    "format_pesos",
    "format_phone",
    "nit_check_digit",
    "parse_pesos",
    "parse_phone",
    "round_half_up",
]  # fmt: skip
