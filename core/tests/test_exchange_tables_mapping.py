"""Headers and map files: which column fills which field."""

from __future__ import annotations

from pathlib import Path

import pytest

from trato.errors import ConfigError, DomainError, Invalid
from trato.exchange.mapfile import read_map
from trato.exchange.mapping import FieldNames, match_headers, propose

FIELDS = [
    FieldNames("name", ("Name", "Razón social"), ("nombre", "cliente")),
    FieldNames("identification", ("Identification", "Identificación"), ("nit", "cédula")),
    FieldNames("phone", ("Phone", "Teléfono"), ("tel", "celular")),
    FieldNames("owner", ("Owner", "Responsable"), ("vendedor",)),
    FieldNames("colombia.municipality", ("Municipality", "Municipio"), ("ciudad",)),
    FieldNames("custom.zone", ("Zona",)),
    FieldNames("parent", ("Parent company", "Empresa matriz")),
]


def problems(headers: list[str], explicit: dict[str, str] | None = None) -> dict[str, str]:
    with pytest.raises(Invalid) as caught:
        match_headers(headers, FIELDS, explicit=explicit)
    assert caught.value.code in {"unmatched_columns", "bad_map"}
    return {header: str(messages[0]) for header, messages in caught.value.errors.items()}


# -- recognising ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("name", "name"),
        ("Razón social", "name"),
        ("RAZON_SOCIAL", "name"),
        ("razon-social.", "name"),
        (".name", "name"),
        ("Nombre", "name"),
        ("N.I.T.", "identification"),
        ("Cedula", "identification"),
        ("colombia.municipality", "colombia.municipality"),
        ("Ciudad", "colombia.municipality"),
        ("Custom: zone", "custom.zone"),
        ("zona", "custom.zone"),
        ("Parent Company", "parent"),
    ],
)
def test_header_is_key_label_or_synonym_in_any_spelling(header: str, path: str) -> None:
    assert match_headers([header], FIELDS).paths == (path,)


@pytest.mark.parametrize(
    ("header", "path"),
    [
        ("parent.identification", "parent.identification"),
        ("Empresa matriz.identification", "parent.identification"),
        ("colombia.municipality.code", "colombia.municipality.code"),
    ],
)
def test_reference_by_a_field_is_passed_on(header: str, path: str) -> None:
    assert match_headers([header], FIELDS).paths == (path,)


def test_columns_keep_their_order() -> None:
    result = match_headers(["Tel", "row", "Nombre"], FIELDS)

    assert list(result.used()) == [(0, "Tel", "phone"), (2, "Nombre", "name")]
    assert result.header_of("name") == "Nombre"
    assert result.header_of("owner") is None


def test_key_beats_label_and_label_beats_synonym() -> None:
    fields = [
        FieldNames("status", ("State",), ("kind",)),
        FieldNames("kind", ("Status",), ("state",)),
    ]

    assert match_headers(["kind", "State"], fields).paths == ("kind", "status")


def test_columns_of_an_error_file_are_ignored() -> None:
    headers = ["name", "row", "column", "error", "trato_row"]

    assert match_headers(headers, FIELDS).paths == ("name", None, None, None, None)


def test_field_named_like_a_column_of_errors_is_filled() -> None:
    assert match_headers(["error"], [FieldNames("error")]).paths == ("error",)


# -- what cannot be decided ----------------------------------------------------------------------


def test_unknown_header_is_told_with_the_nearest_name() -> None:
    assert problems(["Telefno", "xyzzy"]) == {
        "Telefno": "No field is named 'Telefno'; the nearest is 'Teléfono'.",
        "xyzzy": "No field is named 'xyzzy'.",
    }


def test_ambiguous_header_is_told_with_its_fields() -> None:
    fields = [FieldNames("buyer", ("Contacto",)), FieldNames("payer", ("Contacto",))]

    with pytest.raises(Invalid) as caught:
        match_headers(["contacto"], fields)

    assert "'contacto' may be any of these fields: buyer, payer." in str(caught.value)


def test_two_columns_for_one_field_are_told() -> None:
    assert problems(["NIT", "Tel", "Cédula"]) == {
        "Cédula": "'Cédula' and 'NIT' both fill the field 'identification'."
    }


@pytest.mark.parametrize(
    "header",
    ["#", "...", "a.b.c", "x" * 100_000, ".a" * 9999],
    ids=["sign", "points", "path", "long", "deep"],
)
def test_odd_header_is_unknown(header: str) -> None:
    assert "No field is named" in problems([header])[header]


def test_proposal_tells_a_page_what_to_suggest() -> None:
    known, unknown, ignored = propose(["NIT", "Vendedr", "row"], FIELDS)

    assert (known.path, known.problem) == ("identification", None)
    assert (unknown.path, unknown.suggestion, unknown.ignored) == (None, "owner", False)
    assert (ignored.path, ignored.problem, ignored.ignored) == (None, None, True)


# -- choices of a person -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "explicit",
    [
        {"COD": "identification", "OBS": "ignore"},
        {"cod": "Identificación", "obs": "IGNORE"},
        {"identification": "COD", "OBS": "ignore"},
    ],
)
def test_map_says_header_to_field_or_field_to_header(explicit: dict[str, str]) -> None:
    result = match_headers(["COD", "Nombre", "OBS"], FIELDS, explicit=explicit)

    assert result.paths == ("identification", "name", None)


def test_map_wins_over_recognition() -> None:
    result = match_headers(["Nombre", "Tel"], FIELDS, explicit={"Nombre": "ignore", "Tel": "name"})

    assert result.paths == (None, "name")


def test_map_may_name_a_reference_by_a_field() -> None:
    result = match_headers(["NIT matriz"], FIELDS, explicit={"NIT matriz": "parent.identification"})

    assert result.paths == ("parent.identification",)


def test_map_to_an_unknown_field_is_told() -> None:
    assert problems(["COD"], {"COD": "identificacin"}) == {
        "COD": "No field is named 'identificacin'; the nearest is 'Identificación'."
    }


def test_map_of_an_absent_column_is_told() -> None:
    assert problems(["Nombre"], {"CODE": "identification"}) == {
        "CODE": "The map says 'CODE: identification', and the file has no such column."
    }


# -- map files -----------------------------------------------------------------------------------


def map_file(folder: Path, content: str | bytes, name: str) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def test_yaml_map_is_read_as_it_is_written(tmp_path: Path) -> None:
    # Read as values, No would be false and 007 would be 7.
    content = "No: identification\n007: name\nRazón social: ~\nignore: [CUPO, Sí]\nOBS: ignore\n"

    assert read_map(map_file(tmp_path, content, "map.yaml")) == {
        "No": "identification",
        "007": "name",
        "Razón social": "~",
        "CUPO": "ignore",
        "Sí": "ignore",
        "OBS": "ignore",
    }


@pytest.mark.parametrize(
    "content",
    [
        "COD;identification\nOBS;ignore\n",
        "Columna;Campo\n\nCOD;identification\nOBS;ignore;\n",
        "\ufeffheader,path\r\nCOD,identification\r\nOBS,ignore\r\n",
    ],
)
def test_csv_map_is_read_with_or_without_titles(tmp_path: Path, content: str) -> None:
    assert read_map(map_file(tmp_path, content, "map.csv")) == {
        "COD": "identification",
        "OBS": "ignore",
    }


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("map.yaml", "a: b\na: c\n", "both 'a: b' and 'a: c'"),
        ("map.yaml", "a: b\nc:\n", "Line 2 of the map has one side only"),
        ("map.yml", "a: [b, c]\n", "Line 1 of the map is more than a header and a field"),
        ("map.yaml", "? [a]\n: b\n", "Line 1 of the map is more"),
        ("map.yaml", "- a\n- b\n", "not a list of header: field"),
        ("map.yaml", "", "not a list of header: field"),
        ("map.yaml", "a: 'b\n", "not valid YAML"),
        ("map.yaml", b"a: \xff\n", "not valid YAML"),
        ("map.yaml", "[" * 5000, "not valid YAML"),
        ("map.yaml", "a: &x !!python/object:os.system b\n" + "#" * (1 << 20), "larger than 1 MB"),
        ("map.csv", "a;b\nc;d;e\n", "Line 2 of the map is more"),
        ("map.csv", "a;b\n;d\n", "Line 2 of the map has one side only"),
        ("map.csv", 'a;b\nc;"d" e\n', "Line 2 of the map is more"),
    ],
)
def test_damaged_map_is_told(tmp_path: Path, name: str, content: str | bytes, told: str) -> None:
    with pytest.raises(DomainError, match=told) as caught:
        read_map(map_file(tmp_path, content, name))

    assert caught.value.code == "bad_map"


@pytest.mark.parametrize("name", ["none.yaml", "none.csv"])
def test_missing_map_is_an_error_of_the_operator(tmp_path: Path, name: str) -> None:
    with pytest.raises(ConfigError, match=rf"{name}' cannot be opened"):
        read_map(tmp_path / name)
