"""Forms: what a person types is read as meant, refused at its field, and never lost."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest

from trato.host import Host
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Page, page_of

LIST = "/specimen/pieces"
NEW = f"{LIST}/new"
PIECE = "specimen.piece"
OWN = {
    "ruta": "text", "nota": "longtext", "cupos": "integer", "peso": "decimal", "cupo": "money",
    "desde": "date", "cita": "moment", "socio": "boolean", "canal": "choice",
    "gustos": "choices", "marcas": "tags", "buzon": "email", "fijo": "phone", "sitio": "url",
}  # fmt: skip
COLOURS = [("r", "Rojo"), ("a", "Azul"), ("v", "Verde")]


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def shelf(tenant: Company) -> Record:
    with tenant.unit() as unit:
        return unit.records.create("specimen.shelf", {"name": "Estante alto"})


def fill(client: Browser, at: str = NEW, **typed: Any) -> dict[str, Any]:
    """Give what the form would send when somebody has typed this into it."""
    form: dict[str, Any] = page_of(client.get(at)).form(at)
    unknown = typed.keys() - form.keys()
    if unknown:
        raise KeyError(f"the form has no {sorted(unknown)}")
    return {**form, **typed}


def created(client: Browser, tenant: Company, **typed: Any) -> dict[str, Any]:
    answer = client.post(NEW, data=fill(client, name="Cóndor", **typed))
    assert answer.status_code == 302, page_of(answer).text
    return stored(tenant, answer.headers["Location"])


def stored(tenant: Company, url: str) -> dict[str, Any]:
    with tenant.unit(read=True) as unit:
        return dict(unit.records.get(PIECE, UUID(url.rpartition("/")[2])).values)


def refused(client: Browser, data: dict[str, Any], at: str = NEW) -> Page:
    answer = client.post(at, data=data)
    assert answer.status_code == 422
    return page_of(answer)


# --- reading what was typed ----------------------------------------------------------------------


TYPED: list[tuple[str, Any, str]] = [
    ("price", "1.500.000,50", "1500000.5"),
    ("price", "$ 1.500.000", "1500000"),
    ("price", "1500000,5", "1500000.5"),
    ("weight", "0,000001", "0.000001"),
    ("weight", "-2,5", "-2.5"),
    ("count", "1.200", "1200"),
    ("found", "2026-11-22", "2026-11-22"),
    ("found", "22/11/2026", "2026-11-22"),
    ("seen", "2026-11-22T15:30", "2026-11-22 20:30:00+00:00"),
    ("is_rare", ["false", "true"], "True"),
    ("is_rare", ["false"], "None"),
    ("grade", "good", "good"),
    ("marks", ["", "good", "poor"], "['good', 'poor']"),
    ("marks", [""], "None"),
    ("tags", "frágil, de paso ,, Frágil", "['frágil', 'de paso']"),
    ("email", " Luz@Condor.example ", "Luz@Condor.example"),
    ("website", "https://condor.example/a?b=c&d", "https://condor.example/a?b=c&d"),
    ("essay", "Primera línea\r\nsegunda", "Primera línea\nsegunda"),
    ("plain", "  con   blancos ", "con blancos"),
    ("plain", "", "None"),
    ("annex.origin", "Andes", "Andes"),
    ("annex.worth", "2.000", "2000"),
    ("annex.checked", "1/2/2026", "2026-02-01"),
]


def test_value_is_read_as_a_person_of_the_country_writes_it(
    client: Browser, tenant: Company
) -> None:
    read = []
    for path, typed, _expected in TYPED:
        value = created(client, tenant, **{path: typed})[path]
        text = f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)
        read.append((path, typed, text))

    assert read == TYPED


def test_own_fields_of_every_kind_are_kept_and_come_back(client: Browser, tenant: Company) -> None:
    for position, (key, kind) in enumerate(OWN.items()):
        tenant.custom_field(
            PIECE, key, kind, label=key.title(), position=position, section="Propios",
            choices=COLOURS if kind in ("choice", "choices") else None,
        )  # fmt: skip
    typed: dict[str, Any] = {
        "ruta": "Norte 1", "nota": "Dos\r\nlíneas", "cupos": "12", "peso": "1,25",
        "cupo": "2.500.000,75", "desde": "2026-01-31", "cita": "2026-01-31T08:15",
        "socio": ["false", "true"], "canal": "a", "gustos": ["", "r", "v"],
        "marcas": "uno, dos", "buzon": "a@b.example", "fijo": "601 555 0100",
        "sitio": "https://b.example",
    }  # fmt: skip

    answer = client.post(
        NEW, data=fill(client, name="Cóndor", **{f"custom.{k}": v for k, v in typed.items()})
    )
    url = answer.headers["Location"]
    form = page_of(client.get(f"{url}/edit")).form(f"{url}/edit")
    shown = page_of(client.get(url)).text

    back = {key: form[f"custom.{key}"] for key in typed}
    assert back == {
        **{key: value if isinstance(value, list) else [value] for key, value in typed.items()},
        "nota": ["Dos\nlíneas"],
    }
    for text in ("Propios", "Norte 1", "1,25", "$ 2.500.000,75", "31 ene", "8:15", "Azul",
                 "Rojo, Verde", "601 555 0100"):  # fmt: skip
        assert text in shown


def test_own_field_that_is_obligatory_or_retired(client: Browser, tenant: Company) -> None:
    tenant.custom_field(PIECE, "ruta", "text", label="Ruta", required=True)
    tenant.custom_field(PIECE, "vieja", "text", label="Vieja", active=False)
    form = fill(client, name="Cóndor")

    page = refused(client, form)

    assert page.error_of("custom.ruta") != ""
    assert "custom.vieja" not in form


# --- refusing ------------------------------------------------------------------------------------


def test_obligatory_field_is_asked_for_and_all_that_was_typed_stays(
    client: Browser, shelf: Record
) -> None:
    typed = {
        "name": " ", "price": "1.500.000,50", "found": "2026-11-22", "seen": "2026-11-22T15:30",
        "tags": "a, b", "marks": ["", "good"], "is_rare": ["false", "true"], "essay": "Largo",
        "shelf_id": "Estante alto", "grade": "poor", "annex.origin": "Andes",
    }  # fmt: skip

    page = refused(client, fill(client, **typed))

    assert page.error_of("name") == "Este dato es obligatorio."
    again = page.form(NEW)
    for path, value in typed.items():
        assert again[path] == (value if isinstance(value, list) else [value]), path
    assert page.one("input", id="f-name").attrs["aria-invalid"] == "true"
    assert page.one(id="f-name-error").text in page.text


REFUSED: list[tuple[str, str, str]] = [
    ("price", "mucho", "mucho"),
    ("price", "1.5", "1.5"),
    ("price", "1,23456", "decimales"),
    ("price", "99999999999999999999", "demasiado grande"),
    ("count", "1,5", "1,5"),
    ("found", "31/02/2026", "31/02/2026"),
    ("seen", "ayer tarde", "ayer tarde"),
    ("grade", "excellent", "excellent"),
    ("email", "sin arroba", "sin arroba"),
    ("phone", "llámeme", "llámeme"),
    ("website", "javascript:alert(1)", "javascript:alert(1)"),
    ("website", "condor.example", "https://"),
    ("code", "x" * 600, "letras"),
    ("name", "a\x00b", "control"),
    ("shelf_id", "Ningún estante", "Ningún estante"),
    ("shelf_id", str(uuid4()), ""),
    ("owner_id", str(uuid4()), ""),
    ("annex.points", "tres", "tres"),
]


def test_value_that_cannot_be_is_refused_at_its_field(client: Browser, tenant: Company) -> None:
    form = fill(client, name="Cóndor")
    for path, typed, said in REFUSED:
        page = refused(client, {**form, path: typed})

        assert page.error_of(path) != "", path
        assert said in page.error_of(path), path
        # A list offers only what can be chosen; whatever else was typed stays.
        assert page.form(NEW)[path] == [typed] or page.all("select", id=f"f-{path}"), path
    with tenant.unit(read=True) as unit:
        assert unit.records.query(PIECE).rows == []


def test_value_that_is_taken_is_refused_with_who_has_it(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.records.create(PIECE, {"name": "Primero", "code": "C-1"})

    page = refused(client, fill(client, name="Segundo", code="c1"))

    assert page.error_of("code") != ""
    assert page.form(NEW)["name"] == ["Segundo"]


def test_all_refusals_are_told_at_once(client: Browser) -> None:
    page = refused(client, fill(client, name="", price="mucho", email="x", found="31/02"))

    wrong = [path for path in ("name", "price", "email", "found") if page.error_of(path)]
    assert wrong == ["name", "price", "email", "found"]
    assert [a.attrs["href"] for a in page.one("div", "t-note-bad").all("a")] == [
        "#f-name", "#f-email", "#f-price", "#f-found"
    ]  # fmt: skip


def test_value_of_a_field_that_does_not_exist_is_not_read(client: Browser, tenant: Company) -> None:
    client.post(
        NEW, data={**fill(client, name="Cóndor"), "id": str(uuid4()), "tenant_id": "1",
                   "version": "9", "created_by": str(uuid4()), "nada": "x"},
    )  # fmt: skip

    with tenant.unit(read=True) as unit:
        (row,) = unit.records.query(PIECE, columns=("name",)).rows
    assert row[1:] == (1, "Cóndor")


# --- references ----------------------------------------------------------------------------------


def test_reference_is_taken_by_id_or_by_what_names_it(
    client: Browser, tenant: Company, shelf: Record
) -> None:
    with tenant.unit() as unit:
        unit.records.bulk("specimen.shelf", [{"name": f"Estante {n}"} for n in range(20)])

    for typed in (str(shelf.id), "Estante alto", "  estante ALTO ", "alto"):
        values = created(client, tenant, shelf_id=typed)
        assert values["shelf_id"] == shelf.id


def test_name_of_several_records_is_not_guessed(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.records.bulk("specimen.shelf", [{"name": "Estante"}, {"name": "Estante"}])

    page = refused(client, fill(client, name="Cóndor", shelf_id="Estante"))

    assert "Varios corresponden a «Estante»" in page.error_of("shelf_id")
    assert page.one("input", id="f-shelf_id").attrs["value"] == "Estante"


def test_offers_are_those_that_fit_and_that_one_may_see(
    sign_in: Callable[..., Browser], tenant: Company
) -> None:
    member = tenant.member_with({"*": {"view": "own", "create": "all", "edit": "all"}})
    with tenant.unit() as unit:
        for name, owner in (("Alto", member.member_id), ("Alto ajeno", None), ("Bajo", None)):
            unit.records.create(
                "specimen.shelf", {"name": name, "owner_id": str(owner) if owner else None}
            )
    opened = sign_in(member)

    offers = page_of(opened.get(f"{LIST}/options/shelf_id?q=alt"))

    assert [o.attrs["data-label"] for o in offers.all("li", "t-option")] == ["Alto"]
    assert "Sin resultados" in page_of(opened.get(f"{LIST}/options/shelf_id?q=zz")).text


def test_reference_to_what_one_may_not_see_is_refused(
    sign_in: Callable[..., Browser], tenant: Company, shelf: Record
) -> None:
    opened = sign_in(tenant.member_with({"*": {"view": "own", "create": "all", "edit": "all"}}))

    page = refused(opened, fill(opened, name="Cóndor", shelf_id=str(shelf.id)))

    assert page.error_of("shelf_id") != ""


@pytest.mark.parametrize("path", ["nothing", "name", "price", "custom.nothing"])
def test_offers_of_what_is_no_reference_are_not_found(client: Browser, path: str) -> None:
    assert client.get(f"{LIST}/options/{path}?q=a").status_code == 404


# --- opening -------------------------------------------------------------------------------------


def test_address_may_fill_a_new_form(client: Browser, shelf: Record) -> None:
    page = page_of(client.get(f"{NEW}?shelf_id={shelf.id}&name=Cóndor&grade=good&nada=1"))
    form = page.form(NEW)

    assert (form["name"], form["grade"], form["shelf_id"]) == (
        ["Cóndor"], ["good"], ["Estante alto"]
    )  # fmt: skip
    assert page.one("input", id="f-shelf_id").attrs["data-id"] == str(shelf.id)


def test_saving_a_form_as_it_is_changes_nothing(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        record = unit.records.create(
            PIECE, {"name": "Cóndor", "price": "1500000.5", "seen": "2026-11-22T20:30:15Z",
                    "weight": "0.000001", "essay": "a\r\nb", "tags": ["x"], "marks": ["good"]},
        )  # fmt: skip
    url = f"{LIST}/{record.id}"

    client.post(f"{url}/edit", data=fill(client, f"{url}/edit"))

    with tenant.unit(read=True) as unit:
        entries = unit.records.history(PIECE, record.id)
    assert [entry.action for entry in entries] == ["create"]


def test_choice_that_was_retired_stays_until_somebody_changes_it(
    client: Browser, tenant: Company
) -> None:
    def offer(*keys: str) -> None:
        for key, kind in (("canal", "choice"), ("gustos", "choices")):
            tenant.custom_field(PIECE, key, kind, choices=[c for c in COLOURS if c[0] in keys])

    offer("r", "a")
    values = {"name": "Cóndor", "custom.canal": "r", "custom.gustos": ["r", "a"]}
    with tenant.unit() as unit:
        record = unit.records.create(PIECE, values)
    offer("a", "v")
    url = f"{LIST}/{record.id}"

    saved = client.post(f"{url}/edit", data=fill(client, f"{url}/edit", name="Otro nombre"))

    assert saved.status_code == 302
    found = stored(tenant, url)
    assert (found["custom.canal"], found["custom.gustos"]) == ("r", ["r", "a"])


@pytest.mark.parametrize("version", ["", "x", "-1", "9" * 30, "1.5", "¹"])
def test_form_without_its_version_is_refused(
    client: Browser, tenant: Company, version: str
) -> None:
    with tenant.unit() as unit:
        record = unit.records.create(PIECE, {"name": "Cóndor"})

    answer = client.post(f"{LIST}/{record.id}/edit", data={"name": "Otro", "version": version})

    assert answer.status_code == 422
    assert stored(tenant, str(record.id))["name"] == "Cóndor"
