"""Delimited text files as tables: encodings, delimiters, row numbers, damage."""

from __future__ import annotations

import codecs
import gc
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.errors import ConfigError, DomainError
from trato.exchange.cells import neutralise, restore
from trato.exchange.delimited import ENCODINGS, MAX_RECORD, RawRow, examine
from trato.exchange.reading import Row, open_table


def write(folder: Path, content: str | bytes, *, name: str = "file.csv") -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def refusal(path: Path, *, encoding: str | None = None) -> DomainError:
    with pytest.raises(DomainError) as caught:
        open_table(path, encoding=encoding)
    return caught.value


# -- encodings -----------------------------------------------------------------------------------

SPANISH = "Nombre;Cargo\r\nMuñoz Ávila;Ingeniería «piñón» – 50 €\r\n"


@pytest.mark.parametrize(
    ("mark", "codec", "shown"),
    [
        (b"", "utf-8", "utf-8"),
        (codecs.BOM_UTF8, "utf-8", "utf-8-sig"),
        (codecs.BOM_UTF16_LE, "utf-16-le", "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be", "utf-16-be"),
        (b"", "cp1252", "windows-1252"),
    ],
)
def test_encoding_is_recognised(tmp_path: Path, mark: bytes, codec: str, shown: str) -> None:
    path = write(tmp_path, mark + SPANISH.encode(codec))

    with open_table(path) as table:
        assert table.encoding == shown
        assert table.headers == ("Nombre", "Cargo")
        assert [row.cells for row in table] == [["Muñoz Ávila", "Ingeniería «piñón» – 50 €"]]


def test_encoding_is_decided_by_the_whole_file(tmp_path: Path) -> None:
    # More than one of the pieces by which it is decided.
    rows = f"{'nadie' * 20};1\n" * 30_000
    path = write(tmp_path, b"a;b\n" + rows.encode() + "Muñoz;2\n".encode("cp1252"))

    with open_table(path) as table:
        assert table.encoding == "windows-1252"
        assert [row.cells for row in table][-1] == ["Muñoz", "2"]


def test_letter_cut_by_a_piece_of_the_file_is_still_utf8(tmp_path: Path) -> None:
    # 3-byte letters: the borders of the pieces fall inside them.
    path = write(tmp_path, "a;b\nx;" + "\n€;".join(["€" * 1000] * 900) + "\n")

    with open_table(path) as table:
        assert table.encoding == "utf-8"


@pytest.mark.parametrize("encoding", ["cp850", "CP850", "latin-1", "ISO-8859-15", "mac-roman"])
def test_named_encoding_is_used(tmp_path: Path, encoding: str) -> None:
    path = write(tmp_path, "Año;Región\n2026;Córdoba\n".encode(encoding))

    with open_table(path, encoding=encoding) as table:
        assert table.headers == ("Año", "Región")
        assert [row.cells for row in table] == [["2026", "Córdoba"]]


def test_named_utf16_without_a_mark_is_little_endian(tmp_path: Path) -> None:
    path = write(tmp_path, "Año;b\n1;2\n".encode("utf-16-le"))

    with open_table(path, encoding="utf-16") as table:
        assert table.headers == ("Año", "b")


def test_wrong_encoding_names_byte_and_line(tmp_path: Path) -> None:
    content = b"a;b\n1;2\n3;ma\xf1ana\n"
    path = write(tmp_path, content)

    error = refusal(path, encoding="utf-8")

    assert error.code == "wrong_encoding"
    assert error.message.params["offset"] == content.index(b"\xf1")
    assert error.message.params["line"] == 3
    assert "byte 0xF1 at offset 12 (line 3)" in str(error)


def test_wrong_encoding_far_inside_the_file_names_byte_and_line(tmp_path: Path) -> None:
    content = codecs.BOM_UTF8 + b"a;b\n" + b"1;2\n" * 700_000 + b"\xe1;2\n"
    path = write(tmp_path, content)

    error = refusal(path)

    assert error.message.params["offset"] == len(content) - 4
    assert error.message.params["line"] == 700_002


def test_letter_cut_by_the_end_of_the_file_is_told(tmp_path: Path) -> None:
    content = "a;b\n1;é".encode()[:-1]
    path = write(tmp_path, content)

    error = refusal(path, encoding="utf-8")

    assert error.message.params["offset"] == len(content) - 1


def test_bytes_of_no_known_encoding_are_told(tmp_path: Path) -> None:
    path = write(tmp_path, b"a;b\n\x81;2\n")  # neither UTF-8 nor Windows-1252

    assert "UTF-8 or Windows-1252: byte 0x81 at offset 4 (line 2)" in str(refusal(path))


def test_mark_of_another_encoding_than_the_named_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, codecs.BOM_UTF8 + b"a;b\n1;2\n")

    error = refusal(path, encoding="cp1252")

    assert error.code == "wrong_encoding"
    assert "begins with the mark of utf-8-sig" in str(error)


@pytest.mark.parametrize("name", ["klingon", "rot13", "base64", "", "utf-7", "u\0x"])
def test_unknown_encoding_lists_the_known(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, b"a;b\n1;2\n")

    with pytest.raises(ConfigError) as caught:
        open_table(path, encoding=name)

    assert all(known in str(caught.value) for known in ENCODINGS)


# -- delimiters ----------------------------------------------------------------------------------


@pytest.mark.parametrize("delimiter", [";", ",", "\t", "|"])
def test_delimiter_is_recognised(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, delimiter.join("abc") + "\n" + delimiter.join("123") + "\n")

    with open_table(path) as table:
        assert table.delimiter == delimiter
        assert table.headers == ("a", "b", "c")


@pytest.mark.parametrize(
    ("content", "delimiter"),
    [
        ("Nombre;Valor\nPérez, Ana;1,5\nRuiz, Luis;2,5\n", ";"),
        ("Nombre;Ciudad, país;Valor\nA;Bogotá, Colombia;1\nB;Cali, Colombia;2\n", ";"),
        ('"Nombre; corto","Valor"\n"A; b","1;2;3"\n', ","),
        ("Nombre\tNotas\nAna\ta, b, c; d\nLuis\tx; y\n", "\t"),
        ("id|nota\n1|a;b\n2|c,d\n", "|"),
        ("\n\n;;\nNombre;Valor\nA;1\n", ";"),
    ],
)
def test_delimiter_is_the_one_that_explains_the_columns(
    tmp_path: Path, content: str, delimiter: str
) -> None:
    with open_table(write(tmp_path, content)) as table:
        assert table.delimiter == delimiter


def test_file_of_one_column_is_a_table(tmp_path: Path) -> None:
    with open_table(write(tmp_path, "Nombre\nAna\nLuis\n")) as table:
        assert table.headers == ("Nombre",)
        assert [row.cells for row in table] == [["Ana"], ["Luis"]]


def test_separator_line_of_excel_is_obeyed_and_not_a_row(tmp_path: Path) -> None:
    with open_table(write(tmp_path, "sep=|\r\na|b;c\r\n1|2;3\r\n")) as table:
        assert table.headers == ("a", "b;c")
        assert list(table) == [Row(2, ["1", "2;3"])]


@pytest.mark.parametrize(("named", "character"), [(",", ","), ("tab", "\t"), ("^", "^")])
def test_named_delimiter_is_used(tmp_path: Path, named: str, character: str) -> None:
    path = write(tmp_path, f"a;x{character}b\n1{character}2\n")

    with open_table(path, delimiter=named) as table:
        assert table.headers == ("a;x", "b")
        assert table.delimiter == character


@pytest.mark.parametrize("delimiter", ['"', "\n", ";;", "", "a", "'"])
def test_impossible_delimiter_is_refused(tmp_path: Path, delimiter: str) -> None:
    path = write(tmp_path, b"a;b\n1;2\n")

    with pytest.raises(ConfigError, match="cannot separate columns"):
        open_table(path, delimiter=delimiter)


# -- rows ----------------------------------------------------------------------------------------


def test_cells_are_the_text_of_the_file(tmp_path: Path) -> None:
    path = write(tmp_path, 'code;note\n00123;" a ""b"";\r\nc "\n')

    with open_table(path) as table:
        assert list(table) == [Row(2, ["00123", ' a "b";\r\nc '])]


def test_empty_cells_are_none(tmp_path: Path) -> None:
    with open_table(write(tmp_path, 'a;b;c\n1;;""\n')) as table:
        assert [row.cells for row in table] == [["1", None, None]]


def test_rows_are_numbered_as_a_spreadsheet_numbers_them(tmp_path: Path) -> None:
    path = write(tmp_path, '\n;\na;b\n\n1;"two\nlines"\n ; \n;;\n2;x\r\n')

    with open_table(path) as table:
        assert [row.number for row in table] == [5, 8]


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_every_line_end_is_understood(tmp_path: Path, end: str) -> None:
    with open_table(write(tmp_path, end.join(["a;b", "1;2", "3;4"]))) as table:
        assert list(table) == [Row(2, ["1", "2"]), Row(3, ["3", "4"])]


def test_reading_twice_gives_the_same_rows(tmp_path: Path) -> None:
    with open_table(write(tmp_path, "a;b\n1;2\n3;4\n")) as table:
        first = iter(table)
        next(first)

        assert [row.number for row in table] == [2, 3]
        assert [row.number for row in first] == [3]


def test_closed_table_gives_no_rows(tmp_path: Path) -> None:
    with open_table(write(tmp_path, "a;b\n1;2\n3;4\n")) as table:
        begun = iter(table)
        next(begun)

    assert list(begun) == []
    with pytest.raises(ValueError, match="closed"):
        iter(table)


@pytest.mark.parametrize(("line", "found"), [("1;2", 2), ("1;2;3;4", 4), ("1;2;3;4;;;", 4)])
def test_row_of_another_width_is_a_problem_of_that_row(
    tmp_path: Path, line: str, found: int
) -> None:
    with open_table(write(tmp_path, f"a;b;c\n{line}\n5;6;7\n")) as table:
        bad, good = table

    assert str(bad.problem) == f"The row has {found} cells and the header 3."
    assert [cell for cell in bad.cells if cell is not None] == line.rstrip(";").split(";")
    assert good == Row(3, ["5", "6", "7"])


def test_empty_cells_behind_the_last_header_are_no_problem(tmp_path: Path) -> None:
    with open_table(write(tmp_path, "a;b;;\n1;2;;\n3;4; ;\n")) as table:
        assert table.headers == ("a", "b")
        assert list(table) == [Row(2, ["1", "2"]), Row(3, ["3", "4"])]


def test_quote_in_the_wrong_place_is_a_problem_of_its_row(tmp_path: Path) -> None:
    path = write(tmp_path, 'a;b\n1;"Tubo 1/2" PVC"\n2;Tubo 1/2" PVC\n')

    with open_table(path) as table:
        bad, good = table

    assert "quotes do not match between lines 2 and 2" in str(bad.problem)
    assert bad.cells == ["1", '"Tubo 1/2" PVC"']
    assert good == Row(3, ["2", 'Tubo 1/2" PVC'])


def test_lines_that_an_open_quote_swallows_are_all_told(tmp_path: Path) -> None:
    path = write(tmp_path, 'a;b\n1;"open\n2;x\n3;"y"\n4;z\n')

    with open_table(path) as table:
        rows = list(table)

    assert [(row.number, row.problem is None) for row in rows] == [
        (2, False),
        (3, False),
        (4, False),
        (5, True),
    ]
    assert rows[1].cells == ["2", "x"]


def test_quote_open_until_the_end_is_told(tmp_path: Path) -> None:
    with open_table(write(tmp_path, 'a;b\n1;2\n3;"open\n4;5')) as table:
        rows = list(table)

    assert [row.number for row in rows if row.problem is None] == [2]
    assert [row.cells for row in rows[1:]] == [["3", '"open'], ["4", "5"]]


def test_quote_open_in_a_long_file_loses_only_what_it_swallows(tmp_path: Path) -> None:
    # The parser gives up after 131,072 characters of one cell.
    path = write(tmp_path, 'a;b\n1;"open\n' + "2;x\n" * 100_000)

    with open_table(path) as table:
        numbers = [row.number for row in table]
        good = sum(row.problem is None for row in table)

    assert numbers == list(range(2, 100_003))
    assert 60_000 < good < 80_000


# -- files that are no table ---------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"\n\n \n", codecs.BOM_UTF8, b";;;\n;;\n"])
def test_empty_file_is_told(tmp_path: Path, content: bytes) -> None:
    assert "The file is empty." in str(refusal(write(tmp_path, content)))


@pytest.mark.parametrize("content", ["a;b", "a;b\n", "a;b\n;\n\n ; \n"])
def test_file_of_headers_only_is_told(tmp_path: Path, content: str) -> None:
    assert "no row below" in str(refusal(write(tmp_path, content)))


def test_column_without_header_is_told_by_its_letter(tmp_path: Path) -> None:
    assert "Column B has no header." in str(refusal(write(tmp_path, "a; ;c\n1;2;3\n")))


def test_equal_headers_are_told_by_their_letters(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "Tel;Nombre;TEL \n1;2;3\n"))

    assert "Columns A and C have the same header, 'TEL'." in str(error)


def test_header_with_broken_quotes_is_told(tmp_path: Path) -> None:
    assert "quotes do not match" in str(refusal(write(tmp_path, 'a;"b" c\n1;2\n')))


def test_zero_byte_is_told_with_its_line(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, b"a;b\n1;2\n3;\x004\n"))

    assert error.code == "not_text"
    assert "line 3 holds a zero byte" in str(error)


def test_utf16_without_a_mark_is_told_how_to_read(tmp_path: Path) -> None:
    error = refusal(write(tmp_path, "a;b\n1;2\n".encode("utf-16-le")))

    assert "--encoding utf-16-le" in str(error)


def test_old_workbook_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512, name="old.xls")

    assert "old Excel workbook (.xls)" in str(refusal(path))


def test_text_named_as_a_workbook_is_told(tmp_path: Path) -> None:
    path = write(tmp_path, "a;b\n1;2\n", name="clients.xlsx")

    assert "named .xlsx and is not a workbook" in str(refusal(path))


def test_line_without_end_is_refused_before_it_fills_the_memory(tmp_path: Path) -> None:
    path = write(tmp_path, b"a;b\n" + b"x;" * MAX_RECORD)

    tracemalloc.start()
    try:
        error = refusal(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()

    assert error.code == "row_too_long"
    assert "ends in line 2" in str(error)
    assert peak < 12 * MAX_RECORD


def test_record_of_endless_quoted_lines_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path, b'a;b\n"' + b'x\n";"' * MAX_RECORD)

    assert refusal(path).code == "row_too_long"


def test_missing_file_is_an_error_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.csv' cannot be opened: No such file"):
        open_table(tmp_path / "nowhere.csv")


def test_folder_is_an_error_of_the_operator(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be opened"):
        open_table(tmp_path)


@given(content=st.binary(max_size=400))
def test_any_bytes_are_a_table_or_a_told_error(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = write(tmp_path_factory.getbasetemp(), content, name="any.csv")

    try:
        with open_table(path) as table:
            widths = {len(row.cells) for row in table}
    except DomainError as error:
        told = str(error)
    else:
        told = "" if min(widths) < len(table.headers) else "a table"

    assert told


# -- formulas ------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["=1+1", "+57 300", "-5", "@sum", "\t=1", "\r=1", "＝1", "'=1"])
def test_texts_that_would_run_get_an_apostrophe(text: str) -> None:
    assert neutralise(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a=1", "1-2", "O'Hara", "'Til", " =1", "'", "''"])
def test_other_texts_stay(text: str) -> None:
    assert neutralise(text) == text
    assert restore(text) == text


@given(text=st.text(alphabet="'=+-@\t\rab", max_size=6) | st.text(max_size=20))
def test_neutralised_text_is_restored(text: str) -> None:
    assert restore(neutralise(text)) == text


def test_reading_restores_neutralised_cells_and_headers(tmp_path: Path) -> None:
    with open_table(write(tmp_path, "'+1;b\n'=A1;''@x\n'Til;'+57 300\n")) as table:
        assert table.headers == ("+1", "b")
        assert [row.cells for row in table] == [["=A1", "'@x"], ["'Til", "+57 300"]]


# -- memory --------------------------------------------------------------------------------------


@pytest.mark.slow
def test_memory_does_not_grow_with_the_rows_read(tmp_path: Path) -> None:
    note = "a" * 120

    def peak(rows: int) -> int:
        path = tmp_path / f"{rows}.csv"
        with path.open("w", encoding="cp1252", newline="") as file:
            file.write("código;nombre;ciudad;valor;nota\r\n")
            for number in range(rows):
                file.write(f'{number:06};Muñoz {number};Bogotá;{number},50;"{note}\nb"\r\n')
        gc.collect()
        tracemalloc.start()
        try:
            with open_table(path) as table:
                assert sum(1 for _row in table) == rows
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # Even the smaller file has more than one of the pieces by which the encoding is decided.
    few, many = peak(15_000), peak(45_000)

    assert many < few + (1 << 18)
    assert many < 10 << 20


def test_rows_come_while_the_file_is_read(tmp_path: Path) -> None:
    path = write(tmp_path, "a;b\n" + "1;2\n" * 100_000)

    source = examine(path, encoding=None, delimiter=None).rows()

    assert next(source) == RawRow(1, ["a", "b"])
    source.close()
