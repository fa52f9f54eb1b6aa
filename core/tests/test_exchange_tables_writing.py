"""Tables written as CSV and XLSX: types, formulas, round trips, the file of refused rows."""

from __future__ import annotations

import io
import tracemalloc
import zipfile
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook

from trato.errors import DomainError, Message
from trato.exchange.cells import Cell, cell_text
from trato.exchange.mapping import FieldNames, match_headers
from trato.exchange.reading import Row, open_table
from trato.exchange.values import value_parser
from trato.exchange.writing import ErrorWriter, csv_lines, write_csv, write_xlsx
from trato.i18n import Formats

BOGOTA = ZoneInfo("America/Bogota")
SPANISH = Formats("es", "America/Bogota", clock=lambda: datetime(2026, 11, 23, tzinfo=UTC))


def csv_text(headers: list[str], rows: list[list[Cell]], **options: Any) -> str:
    stream = io.StringIO()
    write_csv(stream, headers, rows, **options)
    return stream.getvalue()


def lines(row: list[Cell], **options: Any) -> str:
    return list(csv_lines(["a"] * len(row), [row], **options))[1]


# -- CSV -----------------------------------------------------------------------------------------


def test_csv_is_what_a_spanish_excel_opens() -> None:
    text = csv_text(["Código", "Valor"], [["00123", Decimal("1234.50")], ["ñ", None]])

    assert text == "\ufeffCódigo;Valor\r\n00123;1234,50\r\nñ;\r\n"


def test_writing_counts_the_rows() -> None:
    assert write_csv(io.StringIO(), ["a"], [["1"], ["2"]]) == 2
    assert write_csv(io.StringIO(), ["a"], []) == 0


def test_mark_may_be_left_out() -> None:
    assert csv_text(["a"], [], bom=False) == "a\r\n"


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        (None, ""),
        (0, "0"),
        (-5, "-5"),
        (Decimal("-1234567.5"), "-1234567,5"),
        (Decimal("1E+3"), "1000"),
        (Decimal("1.250"), "1,2500"),
        (True, "sí"),
        (False, "no"),
        (date(2026, 11, 22), "2026-11-22"),
        (datetime(2026, 11, 22, 15, 30, tzinfo=UTC), "2026-11-22 10:30:00"),
        (datetime(2026, 11, 22, 15, 30), "2026-11-22 15:30:00"),
        ("a;b", '"a;b"'),
        ("a,b", '"a,b"'),
        ("a\tb", '"a\tb"'),
        ("a|b", '"a|b"'),
        ('12"', '"12"""'),
        ("a\nb", '"a\nb"'),
        (" a", '" a"'),
        ("a b", "a b"),
    ],
    ids=repr,
)
def test_cell_is_written_by_its_type(cell: Cell, written: str) -> None:
    assert lines([cell], zone=BOGOTA, booleans=("no", "sí")) == f"{written}\r\n"


def test_decimal_sign_follows_the_delimiter() -> None:
    row: list[Cell] = [Decimal("1.5"), Decimal("1.250"), "x"]

    assert lines(row, delimiter=",") == "1.5,1.2500,x\r\n"
    assert lines(row, delimiter="\t") == "1,5\t1,2500\tx\r\n"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "＝"])
def test_text_that_would_run_is_neutralised(start: str) -> None:
    assert lines([f"{start}1+1"]).strip('"\r\n') == f"'{start}1+1"


def test_formula_inside_a_text_cannot_come_free_under_another_delimiter() -> None:
    # Opened with commas, x,=cmd would be two cells.
    assert lines(["x,=cmd|' /c calc'!A1"]) == "\"x,=cmd|' /c calc'!A1\"\r\n"


def test_headers_are_neutralised() -> None:
    assert csv_text(["=1+1"], []) == "\ufeff'=1+1\r\n"


CSV_TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)
TRICKY = st.text(st.sampled_from(list("'\"=+-@\t\r\n;,| abñ€")), max_size=8)


@given(
    rows=st.lists(st.lists(CSV_TEXT | TRICKY, min_size=2, max_size=2), min_size=1, max_size=5),
    delimiter=st.sampled_from(";,\t|"),
    encoding=st.sampled_from(["utf-8", "utf-16"]),
)
def test_texts_come_back_from_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], delimiter: str, encoding: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "texts.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        # The last column keeps blank rows from being left out.
        write_csv(
            file,
            ["=uno", "dos;", "n"],
            [[*row, 1] for row in rows],
            delimiter=delimiter,
            bom=encoding == "utf-8",
        )

    # Named: one row of nothing but quotes and delimiters may look like a table of another one.
    with open_table(path, delimiter=delimiter) as table:
        assert table.headers == ("=uno", "dos;", "n")
        back = [[cell or "" for cell in row.cells[:2]] for row in table]

    assert back == rows


NUMBERS = st.decimals(
    allow_nan=False, allow_infinity=False, min_value=-(10**14), max_value=10**14, places=4
)
MOMENTS = st.datetimes(datetime(1900, 3, 2), datetime(9000, 1, 1), timezones=st.just(UTC)).map(
    lambda moment: moment.replace(microsecond=0)
)
TYPED = st.tuples(
    st.integers(-(10**14), 10**14),
    NUMBERS,
    st.booleans(),
    st.dates(date(1800, 1, 1), date(9998, 12, 31)),
    MOMENTS,
)
KINDS = ("integer", "money", "boolean", "date", "moment")


@given(rows=st.lists(TYPED, min_size=1, max_size=5), delimiter=st.sampled_from(";,\t|"))
def test_values_come_back_from_csv(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[Cell, ...]], delimiter: str
) -> None:
    path = tmp_path_factory.getbasetemp() / "values.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        write_csv(file, KINDS, rows, delimiter=delimiter, zone=BOGOTA)

    assert read_back(path, decimal="." if delimiter == "," else ",") == rows


def read_back(path: Path, *, decimal: Any = None) -> list[tuple[object, ...]]:
    parsers = [value_parser(kind, formats=SPANISH, decimal=decimal) for kind in KINDS]
    with open_table(path) as table:
        return [
            tuple(parse(cell) for parse, cell in zip(parsers, row.cells, strict=True))
            for row in table
        ]


# -- XLSX ----------------------------------------------------------------------------------------


def workbook(
    folder: Path, rows: list[list[Cell]], kinds: list[str], *, name: str = "Clientes"
) -> Path:
    path = folder / "export.xlsx"
    write_xlsx(
        path, [f"h{index}" for index in range(len(kinds))], rows, kinds=kinds, sheet_name=name
    )
    return path


def part(path: Path, name: str) -> str:
    with zipfile.ZipFile(path) as file:
        return file.read(name).decode()


def test_workbook_keeps_types_and_texts(tmp_path: Path) -> None:
    row: list[Cell] = [
        "00123", 7, Decimal("1234.5"), True, date(2026, 11, 22),
        datetime(2026, 11, 22, 15, 30, tzinfo=UTC), None,
    ]  # fmt: skip
    kinds = ["text", "integer", "money", "boolean", "date", "moment", "text"]
    path = tmp_path / "a.xlsx"

    count = write_xlsx(
        path, list("abcdefg"), [row], kinds=kinds, sheet_name="Clientes", zone=BOGOTA
    )

    assert count == 1
    with open_table(path) as table:
        assert table.sheet == "Clientes"
        assert list(table) == [
            Row(2, [*row[:5], datetime(2026, 11, 22, 10, 30), None]),
        ]


def test_workbook_shows_numbers_and_dates_with_their_formats(tmp_path: Path) -> None:
    kinds = ["text", "money", "date", "moment"]
    path = workbook(tmp_path, [["=1+1", 1, date(2026, 1, 1), datetime(2026, 1, 1, 10)]], kinds)

    formats = part(path, "xl/styles.xml")
    sheet = part(path, "xl/worksheets/sheet1.xml")

    assert 'numFmtId="4"' in formats  # 1.234,50
    assert 'numFmtId="49"' in formats  # text, also for what is typed into the column later
    assert 'numFmtId="14"' in formats  # the short date of whoever reads
    assert 'numFmtId="22"' in formats
    assert 'ySplit="1"' in sheet


@pytest.mark.parametrize(
    "text", ["=1+1", "{=1}", "https://example.com", "mailto:a@b.co", "007", "1e5", "'=1", "", " x "]
)
def test_text_stays_text_in_a_workbook(tmp_path: Path, text: str) -> None:
    path = workbook(tmp_path, [[text, 1]], ["text", "integer"])

    sheet = part(path, "xl/worksheets/sheet1.xml")

    assert "<f>" not in sheet
    assert "<hyperlink" not in sheet
    with open_table(path) as table:
        assert [row.cells for row in table] == [[text or None, 1]]


@pytest.mark.parametrize(
    "number",
    [10**15, -(10**18), Decimal("1234567890123.4567"), Decimal("1E-20"), Decimal("1E+400")],
)
def test_number_that_a_workbook_would_round_is_written_as_text(
    tmp_path: Path, number: int | Decimal
) -> None:
    with open_table(workbook(tmp_path, [[number]], ["decimal"])) as table:
        assert [row.cells for row in table] == [[cell_text(number)]]


@pytest.mark.parametrize("day", [date(1900, 2, 28), date(1850, 1, 1)])
def test_date_that_excel_miscounts_is_written_as_text(tmp_path: Path, day: date) -> None:
    with open_table(workbook(tmp_path, [[day]], ["date"])) as table:
        assert [row.cells for row in table] == [[day.isoformat()]]


def test_longest_text_is_written_and_a_longer_one_refused(tmp_path: Path) -> None:
    with open_table(workbook(tmp_path, [["a" * 32_767]], ["longtext"])) as table:
        assert [row.cells for row in table] == [["a" * 32_767]]

    with pytest.raises(DomainError) as caught:
        workbook(tmp_path, [["x"], ["a" * 32_768]], ["longtext"])

    assert "Row 3, 'h0': a cell of a workbook holds 32767 characters" in str(caught.value)
    assert "Export as CSV" in str(caught.value)


def test_more_rows_than_a_sheet_holds_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Workbook.add_worksheet

    def add_small(book: Any, name: str) -> Any:
        sheet = made(book, name)
        assert sheet.xls_rowmax == 1_048_576
        sheet.xls_rowmax = 4
        return sheet

    monkeypatch.setattr(Workbook, "add_worksheet", add_small)
    path = tmp_path / "export.xlsx"

    assert write_xlsx(path, ["a"], [[1]] * 3, kinds=["integer"], sheet_name="a") == 3
    path.unlink()
    with pytest.raises(DomainError, match="A sheet holds 4 rows, headers included"):
        write_xlsx(path, ["a"], [[1]] * 4, kinds=["integer"], sheet_name="a")

    assert list(tmp_path.iterdir()) == []


def test_nothing_is_left_of_a_workbook_that_failed(tmp_path: Path) -> None:
    def rows() -> Iterator[list[Cell]]:
        yield ["a"]
        raise RuntimeError("the database went away")

    path = tmp_path / "export.xlsx"
    path.write_bytes(b"what was there before")

    with pytest.raises(RuntimeError, match="went away"):
        write_xlsx(path, ["a"], rows(), kinds=["text"], sheet_name="a")

    assert list(tmp_path.iterdir()) == [path]
    assert path.read_bytes() == b"what was there before"


@pytest.mark.parametrize(
    ("name", "tab"),
    [
        ("Clientes [activos]: a/b\\c*?", "Clientes  activos   a b c"),
        ("'Comillas'", "Comillas"),
        ("Muy larga " * 10, "Muy larga Muy larga Muy larga M"),
        ("😀" * 20, "😀" * 15),
        ("", "Sheet1"),
    ],
)
def test_any_name_becomes_the_name_of_a_tab(tmp_path: Path, name: str, tab: str) -> None:
    with open_table(workbook(tmp_path, [["x"]], ["text"], name=name)) as table:
        assert table.sheet == tab


XML_TEXT = st.text(
    st.characters(exclude_characters="\0\r", exclude_categories=["Cs"]), max_size=20
).filter(lambda text: "\ufffe" not in text and "\uffff" not in text)


@settings(deadline=None, max_examples=40)
@given(
    rows=st.lists(
        st.tuples(XML_TEXT | TRICKY.map(lambda t: t.replace("\r", "")), TYPED),
        min_size=1,
        max_size=4,
    )
)
def test_values_come_back_from_a_workbook(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, tuple[Cell, ...]]]
) -> None:
    path = tmp_path_factory.getbasetemp() / "values.xlsx"
    write_xlsx(path, KINDS, [row for _text, row in rows], kinds=KINDS, sheet_name="a", zone=BOGOTA)
    texts = tmp_path_factory.getbasetemp() / "texts.xlsx"
    write_xlsx(
        texts,
        ["t", "n"],
        [[text, 1] for text, _row in rows],
        kinds=["text", "integer"],
        sheet_name="a",
    )

    with open_table(texts) as table:
        assert [row.cells[0] or "" for row in table] == [text for text, _row in rows]
    # A number too long for a workbook is text with a decimal point.
    assert read_back(path, decimal=".") == [row for _text, row in rows]


# -- refused rows --------------------------------------------------------------------------------


def test_error_file_is_the_original_row_and_what_is_wrong() -> None:
    stream = io.StringIO()
    writer = ErrorWriter(stream, ["NIT", "Nombre", "Tel"])

    writer.add(
        Row(27, ["0901", "=A", "+57"]),
        {
            "NIT": [Message("Wrong {what}.", {"what": "digit"}), Message("Too short.")],
            "Tel": [Message("No.")],
        },
    )
    writer.add(Row(58, ["1", None, None], Message("The row is short.")), {"": [Message("Twice.")]})

    assert writer.count == 2
    assert stream.getvalue().splitlines() == [
        "\ufeffNIT;Nombre;Tel;row;column;error",
        "0901;'=A;'+57;27;\"NIT, Tel\";NIT: Wrong digit. NIT: Too short. Tel: No.",
        "1;;;58;;The row is short. Twice.",
    ]


def test_error_file_is_told_in_the_readers_language() -> None:
    stream = io.StringIO()
    writer = ErrorWriter(stream, ["a"], translate=lambda message: f"¡{message}!")

    writer.add(Row(2, ["x"]), {"a": [Message("No.")]})

    assert stream.getvalue().endswith("x;2;a;a: ¡No.!\r\n")


def test_mended_error_file_is_imported_as_the_original(tmp_path: Path) -> None:
    path = tmp_path / "errors.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        ErrorWriter(file, ["Nombre"], delimiter=",").add(
            Row(9, ["a, b"]), {"Nombre": [Message("No.")]}
        )

    with open_table(path) as table:
        result = match_headers(table.headers, [FieldNames("name", ("Nombre",))])
        assert list(result.used()) == [(0, "Nombre", "name")]
        again = io.StringIO()
        writer = ErrorWriter(again, table.headers)
        for row in table:
            writer.add(row, {"Nombre": [Message("Still no.")]})

    assert again.getvalue().splitlines() == [
        "\ufeffNombre;row;column;error",
        '"a, b";2;Nombre;Nombre: Still no.',
    ]


def test_column_of_the_file_named_error_is_kept() -> None:
    stream = io.StringIO()

    ErrorWriter(stream, ["Error", "b"]).add(Row(2, ["x", "y"]), {"b": [Message("No.")]})

    assert stream.getvalue().splitlines() == [
        "\ufeffError;b;trato_row;trato_column;trato_error",
        "x;y;2;b;b: No.",
    ]


def test_cells_beyond_the_headers_are_not_lost() -> None:
    stream = io.StringIO()

    ErrorWriter(stream, ["a", "b"]).add(Row(2, ["1", "2", "3"], Message("Too long.")), {})

    assert stream.getvalue().splitlines()[1] == "1;2;2;;Too long.;3"


# -- memory --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_memory_does_not_grow_with_the_rows_written(tmp_path: Path, kind: str) -> None:
    def rows(count: int) -> Iterator[list[Cell]]:
        for number in range(count):
            yield [f"{number:06}", f"Muñoz {number}", Decimal(number) / 4, date(2026, 11, 22)]

    def peak(count: int) -> int:
        path = tmp_path / f"{count}.{kind}"
        headers = ["code", "name", "value", "day"]
        tracemalloc.start()
        try:
            if kind == "csv":
                with path.open("w", encoding="utf-8", newline="") as file:
                    assert write_csv(file, headers, rows(count)) == count
            else:
                kinds = ["text", "text", "money", "date"]
                assert write_xlsx(path, headers, rows(count), kinds=kinds, sheet_name="a") == count
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    few, many = peak(2_000), peak(10_000)

    assert many < few + (1 << 19)
