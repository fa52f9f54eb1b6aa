from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trato.api import Invalid
from trato_colombia.divipola_file import title_case
from trato_colombia.municipalities import Department, Municipality, read_divipola

HEADER = "department_code,department,municipality_code,municipality\n"
MEDELLIN = "05,ANTIOQUIA,05001,MEDELLÍN\n"
BELLO = "05,ANTIOQUIA,05088,BELLO\n"


def read(text: str, encoding: str = "utf-8") -> tuple[Municipality, ...]:
    return read_divipola(io.BytesIO(text.encode(encoding)))


def errors_of(text: str) -> dict[str, list[str]]:
    with pytest.raises(Invalid) as refused:
        read(text)
    assert str(refused.value.hint)
    return {
        place: [str(message) for message in messages]
        for place, messages in refused.value.errors.items()
    }


def test_a_replacement_is_read() -> None:
    antioquia = Department("05", "Antioquia")

    assert read(HEADER + MEDELLIN + BELLO) == (
        Municipality("05001", "Medellín", antioquia),
        Municipality("05088", "Bello", antioquia),
    )


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_what_spreadsheets_write_is_read(encoding: str, separator: str, line_end: str) -> None:
    text = (HEADER + MEDELLIN).replace(",", separator).replace("\n", line_end)

    (medellin,) = read(text, encoding)

    assert (medellin.code, medellin.name) == ("05001", "Medellín")


def test_columns_may_stand_in_any_order_beside_others() -> None:
    text = "Municipality, municipality_code ,kind,DEPARTMENT,department_code,old_codes\n"
    text += 'YARUMAL,05887,municipio,ANTIOQUIA,05,"05998 05999"\n'

    (yarumal,) = read(text)

    assert yarumal == Municipality(
        "05887", "Yarumal", Department("05", "Antioquia"), ("05998", "05999")
    )


def test_missing_columns_are_all_named() -> None:
    assert errors_of("department_code,municipality_code\n05,05001\n") == {
        "1:department": ["Line 1 has no column 'department'. Add it."],
        "1:municipality": ["Line 1 has no column 'municipality'. Add it."],
    }


def test_an_empty_file_is_refused() -> None:
    assert len(errors_of("")) == 4
    assert errors_of(HEADER) == {
        "2:department_code": ["Line 2 is missing: there is no municipality."]
    }


@pytest.mark.parametrize("code", ["5001", "O5001", "050010", "", "٠٥٠٠١"])
def test_a_code_that_is_not_five_digits_is_refused(code: str) -> None:
    errors = errors_of(HEADER + BELLO + f"05,ANTIOQUIA,{code},MEDELLÍN\n")

    assert errors == {
        "3:municipality_code": [
            f"Line 3, 'municipality_code': '{code}' is not a code of 5 digits. Write all of "
            "them; spreadsheets drop the zero in front."
        ]
    }


def test_all_errors_of_a_file_are_named_at_once() -> None:
    text = HEADER + MEDELLIN + "5,ANTIOQUIA,05088,BELLO\n" + "08,ATLÁNTICO,08001,\n"

    assert list(errors_of(text)) == ["3:department_code", "4:municipality"]


def test_a_code_outside_its_department_is_refused() -> None:
    errors = errors_of(HEADER + "08,ATLÁNTICO,05001,MEDELLÍN\n")

    assert errors == {
        "2:municipality_code": [
            "Line 2, 'municipality_code': '05001' does not begin with the code of its "
            "department, '08'. Correct one of them."
        ]
    }


def test_a_repeated_code_names_both_lines() -> None:
    errors = errors_of(HEADER + MEDELLIN + BELLO + MEDELLIN)

    assert errors == {
        "4:municipality_code": [
            "Line 4, 'municipality_code': the code '05001' is in line 2 already. "
            "Remove one of them."
        ]
    }


def test_an_old_code_that_is_in_use_is_refused() -> None:
    header = HEADER.strip() + ",old_codes\n"

    errors = errors_of(header + "05,ANTIOQUIA,05001,MEDELLÍN,\n05,ANTIOQUIA,05088,BELLO,05001\n")

    assert list(errors) == ["3:old_codes"]


def test_a_department_with_two_names_is_refused() -> None:
    errors = errors_of(HEADER + MEDELLIN + "05,ANTIOQUÍA,05088,BELLO\n")

    assert errors == {
        "3:department": [
            "Line 3, 'department': the name is 'Antioquía' here and 'Antioquia' further up, "
            "with the same code. Write it alike."
        ]
    }


def test_a_file_of_another_kind_gives_a_few_errors_not_thousands() -> None:
    assert len(errors_of(HEADER + "a,b,c,d\n" * 5000)) < 60


@pytest.mark.parametrize(
    ("capitals", "shown"),
    [
        ("MEDELLÍN", "Medellín"),
        ("SAN ANDRÉS DE CUERQUIA", "San Andrés de Cuerquia"),
        ("EL CARMEN DE VIBORAL", "El Carmen de Viboral"),
        ("BOGOTÁ, D.C.", "Bogotá, D. C."),
        ("SAN JUAN DEL CESAR", "San Juan del Cesar"),
        ("BELÉN DE LOS ANDAQUÍES", "Belén de los Andaquíes"),
        ("MARÍA LA BAJA", "María la Baja"),
        ("LA UNIÓN", "La Unión"),
        ("LOS PALMITOS", "Los Palmitos"),
        ("PIENDAMÓ - TUNÍA", "Piendamó - Tunía"),
        ("MAGÜÍ", "Magüí"),
        ("  PUERTO   RICO ", "Puerto Rico"),
        (
            "ARCHIPIÉLAGO DE SAN ANDRÉS, PROVIDENCIA Y SANTA CATALINA",
            "Archipiélago de San Andrés, Providencia y Santa Catalina",
        ),
        ("", ""),
    ],
)
def test_names_are_written_the_spanish_way(capitals: str, shown: str) -> None:
    assert title_case(capitals) == shown


@given(st.text("ABCDEÑÁÚ ,.-", max_size=30))
def test_writing_a_name_twice_changes_nothing(name: str) -> None:
    assert title_case(title_case(name)) == title_case(name)
