from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.api import DomainError
from trato_colombia.holidays import BusinessCalendar, Holiday

#: Month, day and name as the calendars of these years show them.
PUBLISHED = {
    2024: """
        01-01 Año Nuevo
        01-08 Día de los Reyes Magos
        03-25 Día de San José
        03-28 Jueves Santo
        03-29 Viernes Santo
        05-01 Día del Trabajo
        05-13 Ascensión del Señor
        06-03 Corpus Christi
        06-10 Sagrado Corazón
        07-01 San Pedro y San Pablo
        07-20 Día de la Independencia
        08-07 Batalla de Boyacá
        08-19 La Asunción
        10-14 Día de la Raza
        11-04 Día de Todos los Santos
        11-11 Independencia de Cartagena
        12-08 La Inmaculada Concepción
        12-25 Navidad
    """,
    2025: """
        01-01 Año Nuevo
        01-06 Día de los Reyes Magos
        03-24 Día de San José
        04-17 Jueves Santo
        04-18 Viernes Santo
        05-01 Día del Trabajo
        06-02 Ascensión del Señor
        06-23 Corpus Christi
        06-30 Sagrado Corazón
        06-30 San Pedro y San Pablo
        07-20 Día de la Independencia
        08-07 Batalla de Boyacá
        08-18 La Asunción
        10-13 Día de la Raza
        11-03 Día de Todos los Santos
        11-17 Independencia de Cartagena
        12-08 La Inmaculada Concepción
        12-25 Navidad
    """,
    2026: """
        01-01 Año Nuevo
        01-12 Día de los Reyes Magos
        03-23 Día de San José
        04-02 Jueves Santo
        04-03 Viernes Santo
        05-01 Día del Trabajo
        05-18 Ascensión del Señor
        06-08 Corpus Christi
        06-15 Sagrado Corazón
        06-29 San Pedro y San Pablo
        07-13 Día de Nuestra Señora del Rosario de Chiquinquirá
        07-20 Día de la Independencia
        08-07 Batalla de Boyacá
        08-17 La Asunción
        10-12 Día de la Raza
        11-02 Día de Todos los Santos
        11-16 Independencia de Cartagena
        12-08 La Inmaculada Concepción
        12-25 Navidad
    """,
    2027: """
        01-01 Año Nuevo
        01-11 Día de los Reyes Magos
        03-22 Día de San José
        03-25 Jueves Santo
        03-26 Viernes Santo
        05-01 Día del Trabajo
        05-10 Ascensión del Señor
        05-31 Corpus Christi
        06-07 Sagrado Corazón
        07-05 San Pedro y San Pablo
        07-12 Día de Nuestra Señora del Rosario de Chiquinquirá
        07-20 Día de la Independencia
        08-07 Batalla de Boyacá
        08-16 La Asunción
        10-18 Día de la Raza
        11-01 Día de Todos los Santos
        11-15 Independencia de Cartagena
        12-08 La Inmaculada Concepción
        12-25 Navidad
    """,
}

#: Ley 51 de 1983: these stay on their date, those go to the Monday on or after theirs.
FIXED = {(1, 1), (5, 1), (7, 20), (8, 7), (12, 8), (12, 25)}
MOVED = {(1, 6), (3, 19), (6, 29), (8, 15), (10, 12), (11, 1), (11, 11)}
#: Days from Easter Sunday; the last three already on their Monday.
FROM_EASTER = {-3, -2, 43, 64, 71}

days = st.dates(date(1990, 1, 1), date(2090, 12, 31))


def easter(year: int) -> date:
    """Compute Easter Sunday by the anonymous Gregorian algorithm."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    month, day = divmod(h + k - 7 * ((a + 11 * h + 22 * k) // 451) + 114, 31)
    return date(year, month, day + 1)


def monday_from(day: date) -> date:
    return day + timedelta(days=-day.weekday() % 7)


@pytest.fixture(scope="module")
def calendar() -> BusinessCalendar:
    return BusinessCalendar()


@pytest.mark.parametrize("year", PUBLISHED)
def test_holidays_are_those_of_the_published_calendar(
    calendar: BusinessCalendar, year: int
) -> None:
    listed = [f"{holiday.day:%m-%d} {holiday.name}" for holiday in calendar.holidays(year)]

    assert listed == [line.strip() for line in PUBLISHED[year].strip().splitlines()]


@pytest.mark.parametrize("year", range(1984, 2101))
def test_holidays_follow_the_law_in_other_years(calendar: BusinessCalendar, year: int) -> None:
    moved = MOVED | ({(7, 9)} if year >= 2026 else set())
    expected = {date(year, *day) for day in FIXED}
    expected |= {monday_from(date(year, *day)) for day in moved}
    expected |= {easter(year) + timedelta(days=offset) for offset in FROM_EASTER}

    assert {holiday.day for holiday in calendar.holidays(year)} == expected


def test_the_holiday_of_ley_2578_begins_in_2026(calendar: BusinessCalendar) -> None:
    def names(year: int) -> set[str]:
        return {holiday.name for holiday in calendar.holidays(year)}

    assert names(2026) - names(2025) == {"Día de Nuestra Señora del Rosario de Chiquinquirá"}


def test_before_ley_51_holidays_stayed_on_their_date(calendar: BusinessCalendar) -> None:
    assert calendar.holiday_name(date(1983, 1, 6)) == "Día de los Reyes Magos"
    assert calendar.holiday_name(date(1983, 1, 10)) is None


@pytest.mark.parametrize("year", [1900, 2101, 2206, 9999])
def test_years_without_known_rules_are_refused_not_counted_as_free_of_holidays(
    calendar: BusinessCalendar, year: int
) -> None:
    with pytest.raises(DomainError) as refused:
        calendar.is_business_day(date(year, 5, 1))

    assert refused.value.code == "unknown_holidays"
    assert str(refused.value) == (
        f"The holidays of {year} are not known, only those of 1901 to 2100. "
        "Check the year of the date."
    )


def test_a_date_that_means_never_is_refused_like_any_unknown_year(
    calendar: BusinessCalendar,
) -> None:
    never = date(9999, 12, 31)

    with pytest.raises(DomainError, match="The holidays of 9999 are not known"):
        calendar.business_days_between(date(2026, 1, 1), never)
    with pytest.raises(DomainError, match="The holidays of 9999 are not known"):
        calendar.add_business_days(never, 1)
    with pytest.raises(DomainError, match="The holidays of 2101 are not known"):
        calendar.add_business_days(date(2100, 12, 31), 1)


def test_a_moved_holiday_says_so(calendar: BusinessCalendar) -> None:
    san_jose, jueves_santo = calendar.holidays(2026)[2:4]

    assert san_jose == Holiday(date(2026, 3, 23), "Día de San José", is_moved=True)
    assert jueves_santo == Holiday(date(2026, 4, 2), "Jueves Santo", is_moved=False)


def test_two_holidays_on_one_day_give_both_names(calendar: BusinessCalendar) -> None:
    assert calendar.holiday_name(date(2025, 6, 30)) == "Sagrado Corazón; San Pedro y San Pablo"


@pytest.mark.parametrize(
    ("day", "is_business_day"),
    [
        (date(2026, 11, 20), True),  # Friday
        (date(2026, 11, 21), False),  # Saturday
        (date(2026, 11, 22), False),  # Sunday
        (date(2026, 11, 16), False),  # Independencia de Cartagena, moved to Monday
        (date(2026, 11, 11), True),  # its own date, a Wednesday
        (date(2026, 12, 8), False),  # a Tuesday that is not moved
    ],
)
def test_business_days_are_neither_weekend_nor_holiday(
    calendar: BusinessCalendar, day: date, is_business_day: bool
) -> None:
    assert calendar.is_business_day(day) is is_business_day


def test_saturday_is_a_business_day_only_where_the_tenant_says_so() -> None:
    calendar = BusinessCalendar(saturday=True)

    assert calendar.is_business_day(date(2026, 11, 21))
    assert not calendar.is_business_day(date(2026, 11, 22))
    assert not calendar.is_business_day(date(2024, 7, 20))  # a Saturday and a holiday
    assert calendar.add_business_days(date(2026, 11, 20), 2) == date(2026, 11, 23)


def test_a_petition_before_semana_santa_is_due_fifteen_business_days_later(
    calendar: BusinessCalendar,
) -> None:
    # Received on Friday 20 March 2026. Not counted: Monday 23 (San José), 2 and 3 April.
    assert calendar.add_business_days(date(2026, 3, 20), 15) == date(2026, 4, 15)


def test_a_term_that_begins_on_a_holiday_counts_from_the_next_business_day(
    calendar: BusinessCalendar,
) -> None:
    assert calendar.add_business_days(date(2026, 4, 2), 1) == date(2026, 4, 6)
    assert calendar.add_business_days(date(2026, 4, 5), 1) == date(2026, 4, 6)


def test_business_days_are_counted_backwards_too(calendar: BusinessCalendar) -> None:
    assert calendar.add_business_days(date(2026, 4, 6), -1) == date(2026, 4, 1)
    assert calendar.business_days_between(date(2026, 4, 6), date(2026, 4, 1)) == -1


def test_no_days_leave_a_date_where_it_is(calendar: BusinessCalendar) -> None:
    sunday = date(2026, 4, 5)

    assert calendar.add_business_days(sunday, 0) == sunday
    assert calendar.business_days_between(sunday, sunday) == 0


def test_a_term_crosses_the_turn_of_the_year(calendar: BusinessCalendar) -> None:
    # 25 December, 1 January and 11 January (Reyes) do not count.
    assert calendar.add_business_days(date(2026, 12, 24), 11) == date(2027, 1, 13)
    assert calendar.business_days_between(date(2026, 12, 24), date(2027, 1, 13)) == 11


def test_the_last_known_day_can_be_counted(calendar: BusinessCalendar) -> None:
    assert calendar.business_days_between(date(2100, 12, 30), date(2100, 12, 31)) == 1


@given(days, st.integers(-40, 40))
def test_adding_and_counting_agree(day: date, count: int) -> None:
    calendar = BusinessCalendar()

    reached = calendar.add_business_days(day, count)

    assert calendar.business_days_between(day, reached) == count
    assert count == 0 or calendar.is_business_day(reached)


@given(days, st.integers(0, 800), st.booleans())
def test_counting_agrees_with_walking(start: date, length: int, saturday: bool) -> None:
    calendar = BusinessCalendar(
        saturday=saturday, extra={start + timedelta(days=3): "Cierre"}, struck=[date(2026, 5, 1)]
    )
    end = start + timedelta(days=length)

    walked = [calendar.is_business_day(start + timedelta(days=n)) for n in range(length + 1)]

    assert calendar.business_days_between(start, end) == sum(walked[1:])
    assert calendar.business_days_between(end, start) == -sum(walked[:-1])


def test_a_tenant_has_days_off_of_its_own() -> None:
    calendar = BusinessCalendar(extra={date(2026, 12, 24): "Cierre de fin de año"})

    assert calendar.holiday_name(date(2026, 12, 24)) == "Cierre de fin de año"
    assert not calendar.is_business_day(date(2026, 12, 24))
    assert Holiday(date(2026, 12, 24), "Cierre de fin de año") in calendar.holidays(2026)
    assert calendar.add_business_days(date(2026, 12, 23), 1) == date(2026, 12, 28)


def test_a_tenant_works_on_a_struck_holiday() -> None:
    calendar = BusinessCalendar(struck=[date(2026, 11, 16)])

    assert calendar.is_business_day(date(2026, 11, 16))
    assert calendar.holiday_name(date(2026, 11, 16)) is None
    assert len(calendar.holidays(2026)) == 18


def test_an_instant_is_no_day(calendar: BusinessCalendar) -> None:
    instant = datetime(2026, 1, 1, 3, tzinfo=UTC)  # still 2025 in Bogotá

    with pytest.raises(TypeError, match="convert it in a time zone"):
        calendar.is_business_day(instant)
    with pytest.raises(TypeError, match="convert it in a time zone"):
        calendar.add_business_days(instant, 1)
    with pytest.raises(TypeError, match="convert it in a time zone"):
        calendar.business_days_between(date(2025, 12, 1), instant)
