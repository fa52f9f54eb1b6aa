from __future__ import annotations

import subprocess
import sys

import pytest

from trato_colombia.municipalities import Department, Divipola, Municipality, fold

ANTIOQUIA = Department("05", "Antioquia")
QUINDIO = Department("63", "Quindío")


@pytest.fixture(scope="module")
def divipola() -> Divipola:
    return Divipola()


def names(found: list[Municipality]) -> list[str]:
    return [municipality.label for municipality in found]


def test_the_shipped_list_has_every_department_and_the_capitals(divipola: Divipola) -> None:
    capitals = {
        "05001": "Medellín",
        "08001": "Barranquilla",
        "11001": "Bogotá, D. C.",
        "13001": "Cartagena de Indias",
        "15001": "Tunja",
        "17001": "Manizales",
        "18001": "Florencia",
        "19001": "Popayán",
        "20001": "Valledupar",
        "23001": "Montería",
        "27001": "Quibdó",
        "41001": "Neiva",
        "44001": "Riohacha",
        "47001": "Santa Marta",
        "50001": "Villavicencio",
        "52001": "Pasto",
        "54001": "San José de Cúcuta",
        "63001": "Armenia",
        "66001": "Pereira",
        "68001": "Bucaramanga",
        "70001": "Sincelejo",
        "73001": "Ibagué",
        "76001": "Cali",
        "81001": "Arauca",
        "85001": "Yopal",
        "86001": "Mocoa",
        "88001": "San Andrés",
        "91001": "Leticia",
        "94001": "Inírida",
        "95001": "San José del Guaviare",
        "97001": "Mitú",
        "99001": "Puerto Carreño",
    }
    # Cundinamarca's capital is Bogotá.
    expected = {code[:2] for code in capitals} | {"25"}

    assert {department.code for department in divipola.departments} == expected
    found = {code: divipola.get(code) for code in capitals}
    assert {code: place.name for code, place in found.items() if place} == capitals


def test_every_shipped_municipality_belongs_to_its_department(divipola: Divipola) -> None:
    codes = [municipality.code for municipality in divipola.municipalities]

    assert codes == sorted(set(codes))
    for municipality in divipola.municipalities:
        assert municipality.code[:2] == municipality.department.code
        assert municipality.name == municipality.name.strip() != ""


def test_departments_are_listed_in_spanish_order(divipola: Divipola) -> None:
    listed = [department.name for department in divipola.departments]

    assert listed[:3] == ["Amazonas", "Antioquia", "Arauca"]
    assert listed.index("Archipiélago de San Andrés, Providencia y Santa Catalina") == 3
    # Ó is an o: Chocó, Córdoba, Cundinamarca.
    at = listed.index("Chocó")
    assert listed[at : at + 3] == ["Chocó", "Córdoba", "Cundinamarca"]


def test_a_code_without_its_zero_in_front_is_found(divipola: Divipola) -> None:
    found = divipola.get(" 5001 ")

    assert found is not None
    assert found.code == "05001"


@pytest.mark.parametrize("code", ["", "99999", "Medellín", "005001"])
def test_an_unknown_code_is_not_found(divipola: Divipola, code: str) -> None:
    assert divipola.get(code) is None


def test_an_old_code_finds_the_municipality_of_today() -> None:
    today = Municipality("05001", "Medellín", ANTIOQUIA, old_codes=("05999",))
    divipola = Divipola([today])

    assert divipola.get("05999") is divipola.get("05001") is today


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("cuerq", "San Andrés de Cuerquía, Antioquia"),
        ("BOGOTA", "Bogotá, D. C."),
        ("bogotá d.c", "Bogotá, D. C."),
        ("bogota dc", "Bogotá, D. C."),
        ("bogotá, d. c.", "Bogotá, D. C."),
        ("carmen viboral", "El Carmen de Viboral, Antioquia"),
        ("armenia quin", "Armenia, Quindío"),
        ("cucuta", "San José de Cúcuta, Norte de Santander"),
        ("penol nari", "El Peñol, Nariño"),
        ("cali", "Cali, Valle del Cauca"),
        ("76001", "Cali, Valle del Cauca"),
        ("guican", "Güicán de la Sierra, Boyacá"),
    ],
)
def test_typing_finds_a_municipality(divipola: Divipola, typed: str, first: str) -> None:
    assert names(divipola.search(typed))[0] == first


def test_search_puts_the_best_first() -> None:
    places = [
        Municipality("05001", "Armenia", ANTIOQUIA),
        Municipality("05002", "Armenia la Vieja", ANTIOQUIA),
        Municipality("05003", "Nueva Armenia", ANTIOQUIA),
        Municipality("63001", "Filandia", Department("63", "Armenia y Quindío")),
        Municipality("63002", "Calarcá", QUINDIO),
    ]

    found = Divipola(reversed(places)).search("ármenia")

    assert found == places[:4]


def test_search_lists_equals_by_name_and_then_by_code() -> None:
    places = [
        Municipality("63003", "San Ángel", QUINDIO),
        Municipality("05009", "San Bruno", ANTIOQUIA),
        Municipality("63001", "San Bruno", QUINDIO),
        Municipality("05001", "San Carlos", ANTIOQUIA),
    ]

    assert Divipola(reversed(places)).search("san") == places


def test_search_stays_in_a_department(divipola: Divipola) -> None:
    assert names(divipola.search("armenia", department="63")) == ["Armenia, Quindío"]
    assert divipola.search("armenia", department="11") == []


def test_search_by_digits_finds_codes(divipola: Divipola) -> None:
    found = divipola.search("0500", limit=1000)

    assert {municipality.code for municipality in found} == {"05001", "05002", "05004"}


def test_search_gives_no_more_than_asked(divipola: Divipola) -> None:
    assert len(divipola.search("san", limit=7)) == 7


@pytest.mark.parametrize("typed", ["", "  ", "...", "zzz", "edellin"])
def test_search_for_nothing_or_the_middle_of_a_word_finds_nothing(
    divipola: Divipola, typed: str
) -> None:
    assert divipola.search(typed) == []


def test_homonyms_are_told_apart_by_department(divipola: Divipola) -> None:
    both = divipola.named("ARMENIA")

    assert [place.code for place in both] == ["05059", "63001"]
    assert [place.code for place in divipola.named("Armenia", department="quindio")] == ["63001"]
    assert [place.code for place in divipola.named("Armenia", department="05")] == ["05059"]
    assert divipola.named("Armen") == ()


def test_bogota_is_named_once(divipola: Divipola) -> None:
    bogota = divipola.get("11001")

    assert bogota is not None
    assert bogota.label == "Bogotá, D. C."


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("El Peñol", "el penol"),
        ("  MAGÜÍ ", "magui"),
        ("Piendamó - Tunía", "piendamo tunia"),
        ("Bogotá, D. C.", "bogota dc"),
        ("BOGOTÁ, D.C.", "bogota dc"),
    ],
)
def test_folding_keeps_letters_and_digits_only(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_the_list_is_read_once_and_not_before_it_is_asked_for() -> None:
    program = """if True:
        import sys
        opened = []
        sys.addaudithook(lambda event, args: event == "open" and opened.append(str(args[0])))
        from trato_colombia.municipalities import Divipola
        divipola = Divipola()
        print(sum(path.endswith(".csv") for path in opened))
        divipola.get("05001")
        divipola.get("05002")
        print(sum(path.endswith(".csv") for path in opened))
    """

    result = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    assert result.stdout.split() == ["0", "1"]


def test_a_written_place_means_the_municipality_of_that_name(divipola: Divipola) -> None:
    wrong = [
        one.label
        for one in divipola.municipalities
        if divipola.resolve(one.name, one.department.name) not in (one, None)
    ]
    found = [one for one in divipola.municipalities
             if divipola.resolve(one.name, one.department.name) == one]  # fmt: skip

    assert wrong == []
    # Homonyms inside a department are in doubt.
    assert len(divipola.municipalities) - len(found) < 5


@pytest.mark.parametrize(
    ("city", "department", "code"),
    [
        ("Cúcuta", "N. de Santander", None),
        ("cucuta", "NORTE SANTANDER", "54001"),
        ("Buga", "Valle", "76111"),
        ("Tumaco", "Nariño", "52835"),
        ("San Andrés", "San Andrés y Providencia", "88001"),
        ("Bogota", "", "11001"),
        ("Bogotá, D. C.", "Cundinamarca", "11001"),
        ("Cesar", "Cesar", None),  # not Manaure Balcón del Cesar
        ("San Pedro", "Antioquia", None),  # of the Milagros or of Urabá
        ("Medellín", "", None),
        ("", "Antioquia", None),
    ],
)
def test_an_address_means_a_municipality_or_none(
    divipola: Divipola, city: str, department: str, code: str | None
) -> None:
    found = divipola.resolve(city, department)

    assert (None if found is None else found.code) == code
