"""Workbooks as tables: typed cells, row numbers, and files that would harm the reader."""

from __future__ import annotations

import re
import tracemalloc
import zipfile
from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from xlsxwriter import Workbook  # type: ignore[import-untyped]
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

from trato.errors import DomainError
from trato.exchange.cells import Cell, Unreadable
from trato.exchange.reading import Row, open_table
from trato.exchange.workbook_check import Limits

SHEET = "xl/worksheets/sheet1.xml"
TEXTS = "xl/sharedStrings.xml"


def book(
    folder: Path, *sheets: tuple[str, Callable[[Workbook, Worksheet], object]], **options: object
) -> Path:
    path = folder / "book.xlsx"
    with Workbook(str(path), options) as workbook:
        for name, fill in sheets:
            fill(workbook, workbook.add_worksheet(name))
    return path


def simple(folder: Path, rows: list[list[object]]) -> Path:
    def fill(_book: Workbook, sheet: Worksheet) -> None:
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)

    return book(folder, ("Hoja", fill))


def rebuilt(path: Path, changes: dict[str, bytes | None], *, level: int = 6) -> Path:
    """Write the workbook again with some parts replaced, added or (None) left out."""
    with zipfile.ZipFile(path) as source:
        parts = {info.filename: source.read(info) for info in source.infolist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as target:
        for name, content in {**parts, **changes}.items():
            if content is not None:
                target.writestr(name, content)
    return path


def sheet_xml(rows: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{rows}</sheetData></worksheet>"
    ).encode()


def refusal(path: Path, *, sheet: str | None = None, limits: Limits | None = None) -> DomainError:
    with pytest.raises(DomainError) as caught:
        open_table(path, sheet=sheet, limits=limits or Limits())
    return caught.value


# -- cells ---------------------------------------------------------------------------------------


def test_cells_keep_their_types(tmp_path: Path) -> None:
    def fill(workbook: Workbook, sheet: Worksheet) -> None:
        day = workbook.add_format({"num_format": "dd/mm/yyyy"})
        moment = workbook.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        hour = workbook.add_format({"num_format": "hh:mm"})
        hours = workbook.add_format({"num_format": "[h]:mm"})
        sheet.write_row(0, 0, list("abcdefghij"))
        sheet.write_string(1, 0, "00123")
        sheet.write_number(1, 1, 901234567)
        sheet.write_number(1, 2, 0.1 + 0.2)
        sheet.write_number(1, 3, -1234.5)
        sheet.write_boolean(1, 4, True)
        sheet.write_datetime(1, 5, date(2026, 11, 22), day)
        sheet.write_datetime(1, 6, datetime(2026, 11, 22, 10, 0, 5), moment)
        sheet.write_datetime(1, 7, time(10, 30), hour)
        sheet.write_number(1, 8, timedelta(hours=36).total_seconds() / 86_400, hours)
        sheet.write_rich_string(1, 9, "Ño", workbook.add_format({"bold": True}), "ñ", "o")

    expected: list[Cell] = [
        "00123",
        901234567,
        Decimal("0.3"),
        Decimal("-1234.5"),
        True,
        date(2026, 11, 22),
        datetime(2026, 11, 22, 10, 0, 5),
        "10:30:00",
        "36:00:00",
        "Ñoño",
    ]
    with open_table(book(tmp_path, ("Hoja", fill))) as table:
        (row,) = table

    assert row == Row(2, expected)
    assert [type(cell) for cell in row.cells] == [type(cell) for cell in expected]


def test_formula_gives_its_value_and_a_failed_one_is_told(tmp_path: Path) -> None:
    def fill(_book: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(1, 1, list("abc"))
        sheet.write_formula(2, 1, "=1+1", None, 2)
        sheet.write_formula(2, 2, '="x"', None, "x")
        sheet.write_formula(2, 3, "=NA()", None, "#N/A")
        sheet.write_formula(3, 1, "=1/0", None, "#DIV/0!")

    with open_table(book(tmp_path, ("Hoja", fill))) as table:
        first, second = table

    assert first.cells[:2] == [2, "x"]
    assert isinstance(first.cells[2], Unreadable)
    assert str(first.cells[2].message) == "The cell shows the error #N/A of a formula."
    assert str(second.cells[0]) == "#DIV/0!"
    assert second.cells[1:] == [None, None]
    assert first.problem is None


def test_number_of_more_digits_than_a_spreadsheet_keeps_is_told(tmp_path: Path) -> None:
    with open_table(simple(tmp_path, [["a", "b"], [1234567890123456, 123456789012345]])) as table:
        (row,) = table

    lost, kept = row.cells
    assert isinstance(lost, Unreadable)
    assert "more than 15 digits" in str(lost.message)
    assert kept == 123456789012345


def test_dates_of_a_macintosh_workbook_are_right(tmp_path: Path) -> None:
    def fill(workbook: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(0, 0, ["a"])
        sheet.write_datetime(1, 0, date(2026, 11, 22), workbook.add_format({"num_format": 14}))

    with open_table(book(tmp_path, ("Hoja", fill), date_1904=True)) as table:
        assert [row.cells for row in table] == [[date(2026, 11, 22)]]


def test_rows_and_columns_are_named_as_the_spreadsheet_names_them(tmp_path: Path) -> None:
    def fill(_book: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(3, 2, ["a", "b"])
        sheet.write_row(6, 2, ["1", "2"])
        sheet.write_row(9, 2, ["3", "4"])

    def bad(_book: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(3, 2, ["a", "", "c", "A"])
        sheet.write_row(4, 2, ["1", "2", "3", "4"])

    def equal(_book: Workbook, sheet: Worksheet) -> None:
        sheet.write_row(3, 2, ["a", "c", "A"])

    path = book(tmp_path, ("Buena", fill), ("Mala", bad), ("Igual", equal))
    with open_table(path) as table:
        assert table.headers == ("a", "b")
        assert list(table) == [Row(7, ["1", "2"]), Row(10, ["3", "4"])]

    assert "Column D has no header" in str(refusal(path, sheet="Mala"))
    assert "Columns C and E have the same header, 'A'" in str(refusal(path, sheet="Igual"))


def test_cells_beyond_the_headers_are_a_problem_of_their_row(tmp_path: Path) -> None:
    with open_table(simple(tmp_path, [["a", "b"], ["1"], ["1", "2", "3"]])) as table:
        short, long = table

    assert short == Row(2, ["1", None])
    assert str(long.problem) == "The row has 3 cells and the header 2."


def test_headers_may_be_numbers_and_dates(tmp_path: Path) -> None:
    with open_table(simple(tmp_path, [[2026, " Año "], [1, 2]])) as table:
        assert table.headers == ("2026", "Año")


# -- sheets --------------------------------------------------------------------------------------


def cell(text: str) -> Callable[[Workbook, Worksheet], object]:
    return lambda _book, sheet: (sheet.write(0, 0, text), sheet.write(1, 0, "x"))


def hidden(_book: Workbook, sheet: Worksheet) -> None:
    cell("hidden")(_book, sheet)
    sheet.hide()


def shown(_book: Workbook, sheet: Worksheet) -> None:
    cell("shown")(_book, sheet)
    sheet.activate()
    sheet.set_first_sheet()


def test_first_visible_sheet_is_read_and_any_may_be_named(tmp_path: Path) -> None:
    path = book(tmp_path, ("Oculta", hidden), ("Datos & más", shown), ("Tres", cell("three")))

    with open_table(path) as table:
        assert (table.sheet, table.headers) == ("Datos & más", ("shown",))
        assert table.sheets == ("Datos & más", "Tres")
        assert (table.encoding, table.delimiter) == (None, None)
    with open_table(path, sheet=" tres ") as table:
        assert table.headers == ("three",)
    with open_table(path, sheet="oculta") as table:
        assert table.headers == ("hidden",)


def test_unknown_sheet_is_told_with_those_there_are(tmp_path: Path) -> None:
    error = refusal(book(tmp_path, ("Uno", cell("a")), ("Dos", cell("b"))), sheet="Tres")

    assert str(error) == "The workbook has no sheet named 'Tres'. Its sheets are: Uno, Dos."


def test_empty_sheet_and_sheet_of_headers_are_told(tmp_path: Path) -> None:
    path = book(tmp_path, ("Vacía", lambda _book, _sheet: None), ("Uno", cell("a")))

    assert "The file is empty" in str(refusal(path))
    assert "no row below" in str(refusal(simple(tmp_path, [["a", "b"]])))


# -- files that would harm -----------------------------------------------------------------------


def test_workbook_that_unpacks_to_too_much_is_refused_before_unpacking(tmp_path: Path) -> None:
    # 300 MB of one letter: some 300 KB.
    path = rebuilt(simple(tmp_path, [["a"], ["b"]]), {TEXTS: b"A" * (300 << 20)}, level=9)
    assert path.stat().st_size < 1 << 20

    tracemalloc.start()
    try:
        by_ratio = refusal(path)
        by_size = refusal(path, limits=Limits(unpacked=100 << 20))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert "unpacks to" in str(by_ratio)
    assert "times its size" in str(by_ratio)
    assert "unpacks to 300 MB (at most 100)" in str(by_size)
    assert peak < 4 << 20


def test_two_cells_at_the_corners_of_a_sheet_are_refused(tmp_path: Path) -> None:
    # Calamine allocates the cells between them and ends the process.
    def corners(_book: Workbook, sheet: Worksheet) -> None:
        sheet.write(0, 0, "a")
        sheet.write(1_048_575, 16_383, "b")

    error = refusal(book(tmp_path, ("Hoja", corners)))

    assert error.code == "workbook_too_large"
    assert "spans 17179869184 cells" in str(error)


@pytest.mark.parametrize(
    "rows",
    [
        '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c><v>1</v></c></row>',
        '<row r="1"><c><v>1</v></c><c r="xfd9999"><v>1</v></c></row>',
        '<x:row xmlns:x="x"><x:c r="A1"><x:v>1</x:v></x:c><x:c r="Z9999"><x:v/></x:c></x:row>',
        '<!-- <c " --><c r="A1"><v/></c><c r="Z9999"><v>1</v></c><!-- "> -->',
        '<c r="A1"><is/></c><c r="Z9999"><f>1</f></c>',
    ],
    ids=["implicit", "lower", "prefix", "comment", "formula"],
)
def test_far_cells_are_found_however_they_are_written(tmp_path: Path, rows: str) -> None:
    path = rebuilt(simple(tmp_path, [["a"], ["b"]]), {SHEET: sheet_xml(rows)})

    error = refusal(path, limits=Limits(cells=1000))

    assert error.code == "workbook_too_large"


def test_formatted_empty_cells_far_away_do_not_count(tmp_path: Path) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
        '<row r="2"><c r="A2" t="inlineStr"><is><t>b</t></is></c></row>'
        '<row r="1048576"><c r="XFD1048576" s="1"/></row>'
    )
    path = rebuilt(simple(tmp_path, [["a"], ["b"]]), {SHEET: sheet_xml(rows)})

    with open_table(path, limits=Limits(cells=1000)) as table:
        assert list(table) == [Row(2, ["b"])]


def test_long_text_that_many_cells_point_to_is_refused(tmp_path: Path) -> None:
    texts = b"<sst><si><t>" + b"A" * 30_000 + b"</t></si></sst>"
    rows = '<row><c t="s"><v>0</v></c></row>' * 100
    path = rebuilt(simple(tmp_path, [["a"], ["b"]]), {TEXTS: texts, SHEET: sheet_xml(rows)})

    error = refusal(path, limits=Limits(unpacked=2 << 20))

    assert error.code == "workbook_too_large"
    assert "more than 2 million characters" in str(error)


def test_many_parts_are_refused(tmp_path: Path) -> None:
    extra: dict[str, bytes | None] = {f"xl/media/{number}": b"" for number in range(10_000)}

    assert "parts (at most 10000)" in str(refusal(rebuilt(simple(tmp_path, [["a"]]), extra)))


def test_pictures_are_not_unpacked(tmp_path: Path) -> None:
    path = rebuilt(simple(tmp_path, [["a"], ["b"]]), {"xl/media/image1.png": b"\x89PNG\0"})

    with open_table(path) as table:
        assert [row.cells for row in table] == [["b"]]


def test_many_failed_formulas_are_told_at_once(tmp_path: Path) -> None:
    rows = '<row><c t="e"><v>#REF!</v></c></row>' * 10_001
    path = rebuilt(simple(tmp_path, [["a"], ["b"]]), {SHEET: sheet_xml(rows)})

    assert "more than 10000 cells with the error of a formula (#REF!)" in str(refusal(path))


# -- damaged files -------------------------------------------------------------------------------


DAMAGES: dict[str, tuple[dict[str, bytes | None], str]] = {
    "no-sheet": ({SHEET: None}, "its part xl/worksheets/sheet1.xml is missing"),
    "no-relations": (
        {"xl/_rels/workbook.xml.rels": None},
        "its part xl/_rels/workbook.xml.rels is missing",
    ),
    "no-workbook": ({"xl/workbook.xml": None}, "a zip archive, but not an XLSX workbook"),
    "twice": ({"XL/Workbook.xml": b""}, "its part XL/Workbook.xml is there twice"),
    "no-sheets": ({"xl/workbook.xml": b"<workbook/>"}, "it has no sheet with cells"),
    "cut": ({SHEET: b"<worksheet><sheetData>"}, "broken: its content cannot be read"),
    "utf16": ({SHEET: sheet_xml("").decode().encode("utf-16")}, "is no XML"),
    "latin1": ({SHEET: b'<?xml version="1.0" encoding="latin-1"?><a/>'}, "not that of a workbook"),
    "entity": ({SHEET: b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, "not that of a workbook"),
    "cell-1A": ({SHEET: sheet_xml('<c r="1A"><v/></c>')}, "there is no cell 1A"),
    "cell-XFE1": ({SHEET: sheet_xml('<c r="XFE1"><v/></c>')}, "there is no cell XFE1"),
    "row-too-far": ({SHEET: sheet_xml('<c r="A1048577"><v/></c>')}, "there is no row 1048577"),
    "row-0": ({SHEET: sheet_xml('<row r="0"/>')}, "there is no row 0"),
    "arabic-digit": ({SHEET: sheet_xml('<row r="\u0661"/>')}, "there is no row \u0661"),
    "no-text": ({SHEET: sheet_xml('<c t="s"><v>9</v></c>')}, "a text that is not there"),
    "bad-truth": ({SHEET: sheet_xml('<c t="b"><v>9</v></c>')}, "The workbook is broken: "),
    "large-list": ({"xl/workbook.xml": b" " * (9 << 20)}, "is 9 MB (at most 8)"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_workbook_is_told(tmp_path: Path, damage: str) -> None:
    changes, told = DAMAGES[damage]
    path = rebuilt(simple(tmp_path, [["a"], ["b"]]), changes, level=0)

    assert told in str(refusal(path, limits=Limits(ratio=10**6)))


def test_encrypted_part_is_told(tmp_path: Path) -> None:
    path = simple(tmp_path, [["a"], ["b"]])
    content = bytearray(path.read_bytes())
    for found in re.finditer(rb"PK\x01\x02", bytes(content)):
        content[found.start() + 8] |= 1  # the directory's flag of encryption
    path.write_bytes(content)

    assert "is encrypted" in str(refusal(path))


def test_part_with_a_name_of_no_encoding_is_told(tmp_path: Path) -> None:
    path = rebuilt(simple(tmp_path, [["a"], ["b"]]), {"xl/é": b""})
    path.write_bytes(path.read_bytes().replace("xl/é".encode(), b"xl/\xff\xff"))

    error = refusal(path)

    assert "broken: its content cannot be read" in str(error)
    assert "can't decode byte 0xff" in str(error.__cause__)


def test_part_before_the_beginning_is_told(tmp_path: Path) -> None:
    path = simple(tmp_path, [["a"], ["b"]])
    content = bytearray(path.read_bytes())
    place = content.index(b"PK\x05\x06") + 16  # where the directory says that it begins
    content[place + 2] += 50  # some three megabytes later
    path.write_bytes(content)

    error = refusal(path)

    assert "broken: its content cannot be read" in str(error)
    assert "[Errno 22]" in str(error.__cause__)


def test_zip_of_something_else_is_told(tmp_path: Path) -> None:
    path = tmp_path / "photos.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")

    assert "An .ods or .xlsb file can be saved as .xlsx" in str(refusal(path))


def test_cut_workbook_is_told(tmp_path: Path) -> None:
    path = simple(tmp_path, [["a"], ["b"]])
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])

    assert "The workbook is broken: " in str(refusal(path))


@settings(max_examples=300, deadline=None)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 1 << 14), st.integers(0, 255)), min_size=1, max_size=4
    )
)
def test_any_damage_is_a_table_or_a_told_error(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[int, int]]
) -> None:
    path = simple(tmp_path_factory.getbasetemp(), [["a", "b"], ["1", 2], ["x", 3.5]])
    content = bytearray(path.read_bytes())
    for place, byte in changes:
        content[4 + place % (len(content) - 4)] = byte
    path.write_bytes(content)

    try:
        with open_table(path) as table:
            told = f"{sum(1 for _row in table)} rows"
    except DomainError as error:
        told = str(error)

    assert told


@settings(max_examples=200, deadline=None)
@given(
    xml=st.lists(
        st.sampled_from(
            [
                '<row>', '<row r="3">', "</row>", "<c>", '<c r="B2">', '<c t="s">', '<c t="e">',
                '<c t="d">', '<c t="b">', '<c t="inlineStr">', "</c>", "<v>", "</v>", "<f>", "</f>",
                "<is>", "</is>", "<t>", "</t>", "0", "1", "-1", "1e400", "x", "#N/A", "&amp;",
            ]
        ),
        max_size=12,
    )
)  # fmt: skip
def test_any_sheet_is_a_table_or_a_told_error(
    tmp_path_factory: pytest.TempPathFactory, xml: list[str]
) -> None:
    path = simple(tmp_path_factory.getbasetemp(), [["a"], ["b"]])
    rebuilt(path, {SHEET: sheet_xml("".join(xml))})

    try:
        with open_table(path) as table:
            told = f"{sum(1 for _row in table)} rows"
    except DomainError as error:
        told = str(error)

    assert told


def test_nothing_is_left_of_the_checked_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))

    with open_table(simple(tmp_path, [["a"], ["b"]])) as table:
        assert list(temporary.iterdir()) == []
        assert len(list(table)) == 1


@pytest.mark.slow
def test_large_sheet_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.xlsx"
    with Workbook(str(path), {"constant_memory": True}) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["name", "number", "value", "city"])
        for row in range(1, 30_000):
            sheet.write_row(row, 0, [f"name {row}", row, row * 1.5, "Bogotá"])

    tracemalloc.start()
    try:
        with open_table(path) as table:
            count = sum(1 for _row in table)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert count == 29_999
    assert peak < 8 << 20  # Python's part; calamine holds the sheet, within Limits.cells
