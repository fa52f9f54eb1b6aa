from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trato
from trato.errors import DomainError, Message, PluginError
from trato.i18n import Catalogs, Formats, extract, missing
from trato.i18n import catalogs as catalogs_module
from trato.i18n.po import read_po
from trato.i18n.typed_dates import read_time

NBSP = "\N{NO-BREAK SPACE}"
#: Monday 23 November 2026, 10:00 in Bogotá.
NOW = dt.datetime(2026, 11, 23, 15, 0, tzinfo=dt.UTC)
CORE = Path(trato.__file__).parent
HEADER = (
    'msgid ""\nmsgstr ""\n"Language: es\\n"\n"Content-Type: text/plain; charset=utf-8\\n"\n'
    '"Plural-Forms: nplurals=2; plural=(n != 1);\\n"\n\n'
)


def formats(locale: str = "es", currency: str = "COP") -> Formats:
    return Formats(locale, "America/Bogota", currency=currency, clock=lambda: NOW)


def spaced(text: str) -> str:
    return text.replace(NBSP, "_")


def entry(text: str, translation: str, flags: str = "") -> str:
    return f'{flags}msgid "{text}"\nmsgstr "{translation}"\n\n'


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(domain: str, *entries: str, locale: str = "es") -> Path:
        folder = tmp_path / domain
        folder.mkdir(exist_ok=True)
        (folder / f"{locale}.po").write_text(HEADER + "".join(entries), "utf-8")
        return folder

    return write


# Translations


def test_a_text_is_looked_up_in_its_domain_then_core_then_anywhere(
    write: Callable[..., Path],
) -> None:
    catalogs = Catalogs(
        {
            "leads": write("leads", entry("Open", "Abierto"), entry("Stage", "Etapa")),
            "clients": write("clients", entry("Open", "Vigente"), entry("Branch", "Sucursal")),
            "core": write("core", entry("Open", "Abrir"), entry("Branch", "Rama")),
        }
    )

    assert catalogs.translate("Open", "es", domain="clients") == "Vigente"
    assert catalogs.translate("Open", "es", domain="pqr") == "Abrir"
    assert catalogs.translate("Branch", "es", domain="leads") == "Rama"
    assert catalogs.translate("Stage", "es", domain="clients") == "Etapa"
    assert catalogs.translate("Open", "es") == "Abrir"


def test_what_nobody_translated_stays_english(write: Callable[..., Path]) -> None:
    catalogs = Catalogs({"core": write("core", entry("Yes", "Sí"))})

    assert catalogs.translate("No {name}", "es", name="x") == "No x"
    assert catalogs.translate("Yes", "en") == "Yes"
    assert catalogs.translate("Yes", "fr") == "Yes"
    assert catalogs.translate("", "es") == ""


def test_a_country_falls_back_to_its_language(write: Callable[..., Path]) -> None:
    write("core", entry("Mobile", "Móvil"), entry("Save", "Guardar"))
    folder = write("core", entry("Mobile", "Celular"), locale="es_CO")
    catalogs = Catalogs({"core": folder})

    assert catalogs.translate("Mobile", "es-CO") == "Celular"
    assert catalogs.translate("Save", "es_CO") == "Guardar"
    assert catalogs.translate("Mobile", "es") == "Móvil"


def test_places_are_filled_in_the_order_of_the_translation(write: Callable[..., Path]) -> None:
    text = "{count} of {total}"
    catalogs = Catalogs({"core": write("core", entry(text, "De {total}, {count}"))})

    assert catalogs.translate(text, "es", count=1, total=5) == "De 5, 1"


def test_messages_inside_a_message_are_translated_too(write: Callable[..., Path]) -> None:
    folder = write("core", entry("Needs {what}", "Necesita {what}"), entry("a word", "un texto"))
    message = Message("Needs {what}", {"what": Message("a word")})

    assert Catalogs({"core": folder}).message(message, "es") == "Necesita un texto"


def test_braces_in_a_value_are_left_alone() -> None:
    message = Message("Name: {name}", {"name": Message("{x}{__class__}")})

    assert Catalogs({}).message(message, "es") == "Name: {x}{__class__}"


def test_counted_texts_follow_the_plural_rule_of_the_file(write: Callable[..., Path]) -> None:
    plural = (
        'msgid "{count} record"\nmsgid_plural "{count} records"\n'
        'msgstr[0] "{count} registro"\nmsgstr[1] "{count} registros"\n\n'
    )
    catalogs = Catalogs({"core": write("core", plural)})

    def counted(count: int, locale: str) -> str:
        return catalogs.translate_plural(
            "{count} record", "{count} records", count=count, locale=locale
        )

    assert [counted(n, "es") for n in (0, 1, 2)] == ["0 registros", "1 registro", "2 registros"]
    assert [counted(n, "en") for n in (0, 1, 2)] == ["0 records", "1 record", "2 records"]


def test_a_plural_form_may_leave_the_number_out(write: Callable[..., Path]) -> None:
    plural = (
        'msgid "One record in {place}"\nmsgid_plural "{count} records in {place}"\n'
        'msgstr[0] "Un registro en {place}"\nmsgstr[1] "{count} registros en {place}"\n\n'
    )
    catalogs = Catalogs({"core": write("core", plural)})

    text = catalogs.translate_plural(
        "One record in {place}", "{count} records in {place}", count=1, locale="es", place="Cali"
    )

    assert text == "Un registro en Cali"


@pytest.mark.parametrize("translation", ["Hola {nmae}", "Hola", "Hola {name} {", "{name} {0}"])
def test_a_translation_with_other_places_is_left_out_and_reported(
    write: Callable[..., Path], translation: str
) -> None:
    folder = write("core", entry("Hello {name}", translation))

    assert Catalogs({"core": folder}).translate("Hello {name}", "es", name="Ana") == "Hello Ana"
    assert missing(folder, ["Hello {name}"], locale="es") == {"Hello {name}"}


def test_unfinished_translations_count_as_missing(write: Callable[..., Path]) -> None:
    folder = write(
        "core",
        entry("Guess", "Adivinanza", flags="#, fuzzy\n"),
        entry("Empty", ""),
        entry("Done", "Hecho"),
        'msgid "a row"\nmsgid_plural "rows"\nmsgstr[0] "una fila"\nmsgstr[1] "filas"\n\n',
    )

    assert missing(folder, ["Guess", "Empty", "Done", "New", "a row", "rows"], locale="es") == {
        "Guess",
        "Empty",
        "New",
    }
    assert missing(folder, ["Done"], locale="fr") == {"Done"}


@pytest.mark.parametrize(
    "broken",
    [
        'msgid "x"\nmsgstr nothing\n',
        'msgid "x"\nmsgstr "open\n',
        'msgid "x"\nmsgstr "a" b"\n',
        'msgid "x"\nmsgid "y"\nmsgstr "z"\n',
    ],
)
def test_a_broken_file_is_named(write: Callable[..., Path], broken: str) -> None:
    folder = write("core", broken)

    with pytest.raises(PluginError, match=r"es\.po cannot be read: .+ Correct the file"):
        read_po(folder / "es.po")


def test_a_broken_file_translates_nothing_and_hinders_nobody(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr(catalogs_module.log, "warning", lambda text, *of: told.append(text % of))
    core = write("core", entry("Hour", "Hora"))
    (write("rota") / "es.po").write_bytes('msgid "x"\nmsgstr "área"\n'.encode("latin-1"))
    catalogs = Catalogs({"core": core, "rota": core.parent / "rota"})

    assert catalogs.translate("x", "es", domain="rota") == "x"
    assert catalogs.translate("Hour", "es", domain="rota") == "Hora"
    assert "es.po cannot be read: 'utf-8' codec" in told[0]


def test_escapes_and_continued_lines_are_read(write: Callable[..., Path]) -> None:
    folder = write("core", 'msgid "Say \\"hi\\""\nmsgstr ""\n"Diga "\n"\\"hola\\""\n')

    assert Catalogs({"core": folder}).translate('Say "hi"', "es") == 'Diga "hola"'


def test_languages_are_those_that_have_a_file(write: Callable[..., Path]) -> None:
    write("core", locale="es")
    folder = write("core", locale="pt")

    assert Catalogs({"core": folder, "leads": Path("/none")}).locales() == ("en", "es", "pt")


# Texts that must be translated


def test_marked_texts_are_found_in_python_and_templates(tmp_path: Path) -> None:
    (tmp_path / "models.py").write_text(
        'from trato.text import _\nA = _("Name")\nB = [_("Long "\n  "text")]\nC = t("not marked")\n'
    )
    templates = tmp_path / "templates" / "clients"
    templates.mkdir(parents=True)
    (templates / "list.html").write_text(
        "{% set a = t('Single') %}<b title=\"{{ t(\"Double\", n=1) }}\">{{ _('Under') }}</b>"
        "{% if tn('{count} row', '{count} rows', n) %}{{ t(column.label) }}{% endif %}"
    )
    (templates / "mail.txt").write_text("{{ t('Mail') }}")
    (tmp_path / "static.html").write_text("{{ t('Outside') }}")

    assert extract(tmp_path) == {
        "Name",
        "Long text",
        "Single",
        "Double",
        "Under",
        "{count} row",
        "{count} rows",
        "Mail",
    }


@pytest.mark.parametrize("call", ['_(f"Hi {name}")', "_(text)", '_("a", "b")', '_("a" + b)', "_()"])
def test_marking_what_is_no_literal_text_is_a_mistake(tmp_path: Path, call: str) -> None:
    file = tmp_path / "models.py"
    file.write_text(f"x = 1\ny = {call}\n")

    with pytest.raises(ValueError, match=r"models\.py:2: _\(\) takes one literal text"):
        extract(file)


@pytest.mark.parametrize("part", ["errors.py", "i18n", "licensing", "settings"])
def test_core_is_translated_into_spanish(part: str) -> None:
    texts = extract(CORE / part)
    if part == "errors.py":  # its default text stands where marking it would be a circle
        texts |= {"Some values were refused."}

    assert texts
    assert missing(CORE / "translations", texts, locale="es") == set()


def test_no_text_of_core_is_translated_twice() -> None:
    lines = (CORE / "translations" / "es.po").read_text("utf-8").splitlines()
    ids = [line for line in lines if line.startswith("msgid ") and line != 'msgid ""']

    assert sorted({line for line in ids if ids.count(line) > 1}) == []


# Numbers and money


@pytest.mark.parametrize(
    ("value", "spanish", "english"),
    [
        (0, "0", "0"),
        (999, "999", "999"),
        (1234567, "1.234.567", "1,234,567"),
        (-1234, "-1.234", "-1,234"),
        (Decimal("1234.50"), "1.234,5", "1,234.5"),
        (Decimal("-0.00"), "0", "0"),
        (Decimal("1E+3"), "1.000", "1,000"),
        (0.1, "0,1", "0.1"),
        (Decimal("12345678901234567890.12"), "12.345.678.901.234.567.890,12", None),
    ],
)
def test_numbers_have_groups_and_the_decimals_they_have(
    value: Decimal, spanish: str, english: str | None
) -> None:
    assert formats("es").number(value) == spanish
    if english is not None:
        assert formats("en").number(value) == english


def test_decimals_are_rounded_half_up_as_invoices_are() -> None:
    assert formats().decimal(Decimal("2.345")) == "2,35"
    assert formats().decimal(Decimal("-2.345")) == "-2,35"
    assert formats().decimal(1234, places=0) == "1.234"
    assert formats().decimal(Decimal("0.004")) == "0,00"
    assert formats().decimal(Decimal("-0.004")) == "0,00"


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (1234567, None, "$_1.234.567"),
        (Decimal("1234567.00"), None, "$_1.234.567"),
        (Decimal("1234567.5"), None, "$_1.234.567,50"),
        (Decimal("0.004"), None, "$_0"),
        (Decimal("-0.004"), None, "$_0"),
        (-1500, None, "-$_1.500"),
        (Decimal("-0.5"), "COP", "-$_0,50"),
        (1234, "USD", "USD_1.234,00"),
        (Decimal("1234.5"), "USD", "USD_1.234,50"),
        (Decimal("-1234.5"), "EUR", "-EUR_1.234,50"),
        (Decimal("1234.5"), "JPY", "JPY_1.235"),
        (1234, "JPY", "JPY_1.234"),
        (Decimal("1.2345"), "KWD", "KWD_1,235"),
    ],
)
def test_money_has_its_sign_and_the_digits_in_use(
    value: Decimal, currency: str | None, text: str
) -> None:
    assert spaced(formats().money(value, currency)) == text


def test_the_bare_sign_is_for_the_own_currency_only() -> None:
    dollars = formats("es", currency="USD")

    assert spaced(dollars.money(Decimal("1234.5"))) == "USD_1.234,50"
    assert spaced(dollars.money(1234567, "COP")) == "COP_1.234.567"
    assert spaced(formats("en").money(1234567)) == "$_1,234,567"


def test_percentages_are_hundredths() -> None:
    assert spaced(formats().percent(34)) == "34_%"
    assert spaced(formats().percent(Decimal("12.55"))) == "12,6_%"
    assert formats("en").percent(Decimal("12.50")) == "12.5%"


def test_yes_and_no() -> None:
    assert (formats().yes_no(True), formats().yes_no(False)) == ("Sí", "No")
    assert formats("en").yes_no(True) == "Yes"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1234567", "1234567"),
        ("1.234.567", "1234567"),
        ("1.234,50", "1234.50"),
        ("1234,5", "1234.5"),
        (",5", "0.5"),
        ("0,125", "0.125"),
        ("007", "7"),
        (" +12 ", "12"),
        ("-1.234", "-1234"),
        ("\N{MINUS SIGN}3", "-3"),
        ("(1.500)", "-1500"),
        (f"$ 1.234{NBSP}", "1234"),
        ("-$ 1.234,5", "-1234.5"),
        ("$ -1.234", "-1234"),
        ("1.234 COP", "1234"),
        ("34 %", "34"),
        ("1 234 567", "1234567"),
    ],
)
def test_typed_numbers_are_read(text: str, value: str) -> None:
    assert formats().parse_number(text) == Decimal(value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ",",
        "-",
        "abc",
        "12.5",
        "1.23",
        "0.125",
        "1234.567",
        "1.2345",
        "12.34.567",
        "1,2,3",
        "1.234,",
        "1,234.50",
        "--5",
        "(-5)",
        "1e5",
        "1,23E+11",
        "٣",
        "NaN",
        "USD 5",
        "9" * 65,
    ],
)
def test_a_number_that_could_be_misread_is_refused(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        formats().parse_number(text)

    assert caught.value.code == "not_a_number"
    assert str(caught.value) == f"'{text[:40]}' is not a number; write it like 1.234,5."


def test_a_file_may_write_numbers_its_own_way() -> None:
    assert formats("es").parse_number("1,234.5", decimal=".") == Decimal("1234.5")
    assert formats("es").parse_number("1.500", decimal=".") == Decimal("1.5")
    assert formats("en").parse_number("1.500", decimal=",") == Decimal(1500)
    with pytest.raises(DomainError, match=r"write it like 1,234\.5\."):
        formats("es").parse_number("1.234,5", decimal=".")


@given(
    value=st.decimals(
        allow_nan=False, allow_infinity=False, places=4, min_value=-(10**15), max_value=10**15
    ),
    locale=st.sampled_from(["es", "en", "de", "es_MX"]),
)
def test_a_written_number_is_read_back(value: Decimal, locale: str) -> None:
    words = Formats(locale, "America/Bogota")

    assert words.parse_number(words.number(value)) == value
    assert words.parse_number(words.money(value)) == words.parse_number(words.decimal(value))


# Dates and times


def test_the_current_year_is_left_out_of_dates() -> None:
    assert formats().date(dt.date(2026, 11, 3)) == "3 nov"
    assert formats().date(dt.date(2025, 11, 23)) == "23 nov 2025"
    assert formats("en").date(dt.date(2026, 11, 3)) == "Nov 3"
    assert formats("en").date(dt.date(2025, 11, 23)) == "Nov 23, 2025"


def test_the_current_year_is_that_of_the_readers_zone() -> None:
    # 1 January 2027, 02:00 UTC is still 2026 in Bogotá.
    words = Formats("es", "America/Bogota", clock=lambda: dt.datetime(2027, 1, 1, 2, tzinfo=dt.UTC))

    assert words.today() == dt.date(2026, 12, 31)
    assert words.date(dt.date(2026, 5, 1)) == "1 may"


def test_other_forms_of_a_date() -> None:
    day = dt.date(2026, 3, 9)

    assert formats().date_long(day) == "lunes 9 de marzo de 2026"
    assert formats("en").date_long(day) == "Monday, March 9, 2026"
    assert formats().date_numeric(day) == "09/03/2026"
    assert formats("en").date_numeric(day) == "2026-03-09"


def test_moments_are_told_in_the_readers_zone() -> None:
    moment = dt.datetime(2026, 11, 24, 4, 5, tzinfo=dt.UTC)

    assert formats().date_time(moment) == "23 nov, 23:05"
    assert formats().date(moment) == "23 nov"
    assert formats().time(moment) == "23:05"
    assert formats().time(dt.time(9, 30)) == "9:30"
    assert formats().date_time(moment.replace(year=2025)) == "23 nov 2025, 23:05"
    assert Formats("es", "Europe/Madrid", clock=lambda: NOW).date_time(moment) == "24 nov, 5:05"


def test_a_moment_without_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="2026-11-23 10:00:00 has no time zone"):
        formats().date_time(dt.datetime(2026, 11, 23, 10))


@pytest.mark.parametrize(
    ("away", "spanish", "english"),
    [
        ({"seconds": -59}, "hace un momento", "just now"),
        ({"seconds": 59}, "hace un momento", "just now"),
        ({"minutes": -1}, "hace 1 minuto", "1 minute ago"),
        ({"minutes": 59}, "en 59 minutos", "in 59 minutes"),
        ({"hours": -9}, "hace 9 horas", "9 hours ago"),
        ({"hours": 1, "minutes": 59}, "en 1 hora", "in 1 hour"),
        ({"hours": -11}, "hace 11 horas", "11 hours ago"),
        ({"hours": -13}, "ayer", "yesterday"),
        ({"hours": 25}, "mañana", "tomorrow"),
        ({"hours": 37, "minutes": 59}, "mañana", "tomorrow"),
        ({"hours": 38}, "en 2 días", "in 2 days"),
        ({"days": -45}, "hace 45 días", "45 days ago"),
        ({"days": -200}, "hace 6 meses", "6 months ago"),
        ({"days": -365}, "hace 11 meses", "11 months ago"),
        ({"days": -1000}, "hace 2 años", "2 years ago"),
    ],
)
def test_distance_in_time(away: dict[str, int], spanish: str, english: str) -> None:
    moment = NOW + dt.timedelta(**away)

    assert formats().relative(moment) == spanish
    assert formats("en").relative(moment) == english


def test_distance_of_days() -> None:
    today = dt.date(2026, 11, 23)

    assert [formats().relative(today + dt.timedelta(days=n)) for n in (-2, -1, 0, 1, 128)] == [
        "hace 2 días",
        "ayer",
        "hoy",
        "mañana",
        "en 128 días",
    ]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("23/11/2026", "2026-11-23"),
        ("3/4/2026", "2026-04-03"),
        (" 03-04-26 ", "2026-04-03"),
        ("03.04.2026", "2026-04-03"),
        ("2026-11-23", "2026-11-23"),
        ("2026/11/23", "2026-11-23"),
        ("20261123", "2026-11-23"),
        ("23/11/46", "1946-11-23"),
        ("23/11/45", "2045-11-23"),
        ("23 nov", "2026-11-23"),
        ("23 Nov. 2025", "2025-11-23"),
        ("1 sept 2026", "2026-09-01"),
        ("1 sep 2026", "2026-09-01"),
        ("lunes 23 de noviembre de 2026", "2026-11-23"),
        ("mar 24 mar 2026", "2026-03-24"),
        ("el miércoles, 25 de Noviembre del 2026", "2026-11-25"),
        ("hoy", "2026-11-23"),
        ("MAÑANA", "2026-11-24"),
        ("ayer", "2026-11-22"),
        ("29/02/2028", "2028-02-29"),
    ],
)
def test_typed_dates_are_read(text: str, day: str) -> None:
    assert formats().parse_date(text) == dt.date.fromisoformat(day)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "11/23/2026",
        "29/02/2027",
        "31/11/2026",
        "23/11/0206",
        "23/11/026",
        "23/11-2026",
        "2026-13-01",
        "23112026",
        "23 no 2026",
        "23 brumario",
        "ju 3",
        "nov",
        "23 nov 2026 5",
        "10.000",
        "x" * 70,
    ],
)
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        formats().parse_date(text)

    assert caught.value.code == "not_a_date"
    assert str(caught.value) == f"'{text[:40]}' is not a date; write it like 23/11/2026."


def test_in_english_a_date_of_numbers_must_have_one_meaning() -> None:
    english = formats("en")

    assert english.parse_date("23/11/2026") == dt.date(2026, 11, 23)
    assert english.parse_date("11/23/2026") == dt.date(2026, 11, 23)
    assert english.parse_date("4/4/2026") == dt.date(2026, 4, 4)
    assert english.parse_date("Nov 23rd, 2025") == dt.date(2025, 11, 23)
    assert english.parse_date("3 April") == dt.date(2026, 4, 3)
    with pytest.raises(
        DomainError, match="'03/04/2026' can be two dates; write it like 2026-11-23"
    ):
        english.parse_date("03/04/2026")


def test_a_file_may_order_dates_its_own_way() -> None:
    assert formats("es").parse_date("11/23/2026", order="mdy") == dt.date(2026, 11, 23)
    assert formats("en").parse_date("03/04/2026", order="dmy") == dt.date(2026, 4, 3)
    assert formats("es").parse_date("26/11/23", order="ymd") == dt.date(2026, 11, 23)
    assert formats("es").parse_date("2026-11-23", order="dmy") == dt.date(2026, 11, 23)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-23T15:20", "2026-11-23T20:20"),
        ("2026-11-23 15:20:30", "2026-11-23T20:20:30"),
        ("2026-11-23T15:20Z", "2026-11-23T15:20"),
        ("2026-11-23T15:20+02:00", "2026-11-23T13:20"),
        ("2026-11-23 3:20 pm", "2026-11-23T20:20"),
        ("2026-11-23 03:20 p. m.", "2026-11-23T20:20"),
        ("23/11/2026 15:20", "2026-11-23T20:20"),
        ("23/11/2026, 12:05 a. m.", "2026-11-23T05:05"),
        (f"23/11/2026 3:20{NBSP}P.M.", "2026-11-23T20:20"),
        ("23 nov, 6:00", "2026-11-23T11:00"),
        ("mañana a las 9:30", "2026-11-24T14:30"),
        ("23/11/2026", "2026-11-23T05:00"),
        ("hoy", "2026-11-23T05:00"),
    ],
)
def test_typed_moments_are_read_in_the_readers_zone(text: str, moment: str) -> None:
    expected = dt.datetime.fromisoformat(moment).replace(tzinfo=dt.UTC)

    assert formats().parse_datetime(text) == expected
    assert formats().parse_datetime(text).tzinfo is dt.UTC


@pytest.mark.parametrize(
    "text",
    ["", "15:20", "23/11/2026 25:00", "2026-11-23T25:00", "0001-01-01T00:00Z", "31/11/2026 9:00"],
)
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(DomainError, match="write it like") as caught:
        formats().parse_datetime(text)

    assert caught.value.code in {"not_a_date", "not_a_time"}


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("15:20", "15:20"),
        ("9:05", "09:05"),
        ("15.20", "15:20"),
        ("15:20:30", "15:20:30"),
        ("3:20 p. m.", "15:20"),
        ("3:20PM", "15:20"),
        ("3 pm", "15:00"),
        ("12 am", "00:00"),
        ("12:30 p.m.", "12:30"),
    ],
)
def test_typed_times_are_read(text: str, time: str) -> None:
    assert read_time(text) == dt.time.fromisoformat(time)


@pytest.mark.parametrize("text", ["", "15", "24:00", "12:60", "15:20 pm", "0:30 am", "1:2"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(DomainError) as caught:
        read_time(text)

    assert str(caught.value) == f"'{text}' is not a time; write it like 15:20."


@given(
    day=st.dates(dt.date(1800, 1, 1), dt.date(9998, 12, 31)),
    locale=st.sampled_from(["es", "en"]),
)
def test_a_written_date_is_read_back(day: dt.date, locale: str) -> None:
    words = formats(locale)

    for text in (words.date_numeric(day), words.date(day), words.date_long(day)):
        assert words.parse_date(text) == day


def test_a_refusal_reads_well_in_spanish() -> None:
    catalogs = Catalogs({"core": CORE / "translations"})

    with pytest.raises(DomainError) as caught:
        formats().parse_number("12.5")

    assert catalogs.message(caught.value.message, "es") == (
        "«12.5» no es un número; escríbalo como 1.234,5."
    )


def test_unknown_locales_read_as_english() -> None:
    assert formats("xx").number(1234) == "1,234"
    assert formats("no locale").date(dt.date(2026, 11, 3)) == "Nov 3"


def test_another_country_of_the_language_keeps_its_separators() -> None:
    assert formats("es_MX").number(Decimal("1234.5")) == "1,234.5"
    assert formats("es-CO").number(Decimal("1234.5")) == "1.234,5"
