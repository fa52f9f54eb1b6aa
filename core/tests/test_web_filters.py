"""Filters: from the form to an address, from the address to words, and back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest

from trato.access.actor import Actor
from trato.host import Host
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import Element, Page, page_of, sent_by

LIST = "/specimen/pieces"
PIECE = "specimen.piece"
MANY = [(f"v{n}", f"Valor {n}") for n in range(60)]


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def tenant(tenant: Company) -> Company:
    tenant.custom_field(PIECE, "ruta", "text", label="Ruta", indexed=True)
    tenant.custom_field(
        PIECE, "color", "choice", label="Color", choices=[("r", "Rojo"), ("a", "Azul")]
    )
    tenant.custom_field(PIECE, "valor", "choice", label="Valor", choices=MANY)
    tenant.custom_field(PIECE, "peso", "decimal", label="Peso", indexed=True)
    tenant.custom_field(PIECE, "visto", "date", label="Visto")
    tenant.team("norte")
    with tenant.unit() as unit:
        shelf = unit.records.create("specimen.shelf", {"name": "Estante alto"})
        unit.records.create(
            PIECE,
            {
                "name": "Cóndor", "code": "C-1", "place": "Bogotá", "email": "a@b.example",
                "count": 7, "weight": "2.5", "price": "1500000.50", "found": "2025-11-22",
                "seen": "2025-11-22T20:00:00Z", "is_rare": True, "grade": "good",
                "marks": ["good", "fair"], "tags": ["frágil"], "shelf_id": str(shelf.id),
                "annex.origin": "Andes", "annex.points": 3, "custom.ruta": "Norte 1",
                "custom.color": "r", "custom.valor": "v41", "custom.peso": "3.25",
                "custom.visto": "2025-10-01", "website": "https://condor.example",
            },
        )  # fmt: skip
        unit.records.create(PIECE, {"name": "Zorro", "grade": "poor", "owner_id": None})
    return tenant


def form_of(page: Page, path: str) -> Element:
    """Find the form of a field in the filter menu."""
    return next(
        form for form in page.all("form")
        if sent_by(form).get("_field") == [path]
    )  # fmt: skip


def apply(client: Browser, path: str, op: str, value: str = "", at: str = LIST) -> Page:
    """Fill the form of a field as a person does, and follow to the list."""
    menu = page_of(client.get(page_of(client.get(at)).one("div", "t-filter-menu").attrs["hx-get"]))
    form = form_of(menu, path)
    offered = [option.attrs["value"] for option in form.one("select", name="_op").all("option")]
    assert op in offered
    sent = {**sent_by(form), "_op": op, "_value": value}
    return page_of(client.get(form.attrs["action"], query_string=sent, follow_redirects=True))


def names(page: Page) -> list[str]:
    return [th.all("a")[0].text for th in page.all("th", "t-name")]


FOUND, OTHERS, BOTH = ["Cóndor"], ["Zorro"], ["Cóndor", "Zorro"]
WORDS = [
    ("name", "contains", "cond", "Nombre contiene cond", FOUND),
    ("name", "startswith", "zo", "Nombre comienza por zo", OTHERS),
    ("name", "eq", "Cóndor", "Nombre es Cóndor", FOUND),
    ("name", "ne", "Cóndor", "Nombre no es Cóndor", OTHERS),
    ("code", "eq", "c1", "Código es c1", FOUND),
    ("plain", "isnull", "", "Plain text está vacío", BOTH),
    ("plain", "filled", "", "Plain text tiene dato", []),
    ("email", "contains", "b.ex", "Correo contiene b.ex", FOUND),
    ("website", "contains", "condor", "Sitio web contiene condor", FOUND),
    ("count", "eq", "7", "Count es 7", FOUND),
    ("count", "gt", "6", "Count mayor que 6", FOUND),
    ("count", "lt", "7", "Count menor que 7", []),
    ("weight", "lte", "2,5", "Weight máximo 2,5", FOUND),
    ("price", "gte", "1.500.000,50", "Price mínimo $ 1.500.000,50", FOUND),
    ("price", "lt", "1500000,50", "Price menor que $ 1.500.000,50", []),
    ("found", "eq", "2025-11-22", "Found es 22 nov 2025", FOUND),
    ("found", "gt", "22/11/2025", "Found después de 22 nov 2025", []),
    ("found", "gte", "2025-11-22", "Found desde 22 nov 2025", FOUND),
    ("found", "lt", "2025-11-23", "Found antes de 23 nov 2025", FOUND),
    ("found", "lte", "2025-11-21", "Found hasta 21 nov 2025", []),
    ("seen", "gte", "2025-11-22T15:00", "Seen desde 22 nov 2025, 15:00", FOUND),
    ("seen", "gt", "2025-11-22T15:00", "Seen después de 22 nov 2025, 15:00", []),
    ("is_rare", "eq", "true", "Rare es Sí", FOUND),
    ("is_rare", "isnull", "", "Rare está vacío", OTHERS),
    ("grade", "eq", "good", "Grade es Good", FOUND),
    ("grade", "ne", "good", "Grade no es Good", OTHERS),
    ("marks", "contains", "fair", "Marks contiene Fair", FOUND),
    ("marks", "ne", "fair", "Marks no es Fair", OTHERS),
    ("tags", "contains", "frágil", "Etiquetas contiene frágil", FOUND),
    ("tags", "isnull", "", "Etiquetas está vacío", OTHERS),
    ("shelf_id", "eq", "estante alto", "Shelf es Estante alto", FOUND),
    ("shelf_id", "ne", "Estante", "Shelf no es Estante alto", OTHERS),
    ("shelf_id", "filled", "", "Shelf tiene dato", FOUND),
    ("annex.origin", "startswith", "an", "Origin comienza por an", FOUND),
    ("annex.points", "gte", "3", "Points mínimo 3", FOUND),
    ("custom.ruta", "contains", "norte", "Ruta contiene norte", FOUND),
    ("custom.color", "eq", "r", "Color es Rojo", FOUND),
    ("custom.valor", "eq", "valor 41", "Valor es Valor 41", FOUND),
    ("custom.peso", "gt", "3,2", "Peso mayor que 3,2", FOUND),
    ("custom.visto", "lt", "2025-10-02", "Visto antes de 2 oct 2025", FOUND),
]  # fmt: skip


def test_condition_of_the_form_is_applied_and_said_in_words(client: Browser) -> None:
    said = []
    for path, op, value, _chip, _found in WORDS:
        page = apply(client, path, op, value)
        chips = [" ".join(text.split()) for text in page.chips()]
        said.append((path, op, value, *chips, names(page)))

    assert said == WORDS


def test_every_condition_that_forms_offer_is_understood(client: Browser) -> None:
    menu = page_of(client.get(f"{LIST}/filters"))
    samples = {"count": "1", "weight": "1", "price": "1", "found": "2026-01-01", "version": "1",
               "seen": "2026-01-01T00:00", "created_at": "2026-01-01T00:00",
               "updated_at": "2026-01-01T00:00", "shelf_id": "Estante alto", "annex.points": "1",
               "annex.worth": "1", "annex.checked": "2026-01-01", "custom.peso": "1",
               "custom.valor": "v1", "custom.visto": "2026-01-01"}  # fmt: skip
    tried = 0
    for form in menu.all("form"):
        if form.attrs.get("action") != LIST or "_field" not in (sent := sent_by(form)):
            continue
        path = sent["_field"][0]
        value = sent["_value"][0] or samples.get(path, "a")
        for option in form.one("select", name="_op").all("option"):
            op = option.attrs["value"]
            answer = client.get(
                LIST, query_string={**sent, "_op": op, "_value": value}, follow_redirects=True
            )
            assert answer.status_code == 200, (path, op)
            assert len(page_of(answer).chips()) == 1, (path, op)
            tried += 1

    assert tried > 120


def test_own_records_are_found_by_me(client: Browser, tenant: Company, actor: Actor) -> None:
    with tenant.unit() as unit:
        unit.records.create(PIECE, {"name": "Mía", "owner_id": str(actor.member_id)})

    page = apply(client, "owner_id", "eq", "me")

    assert names(page) == ["Mía"]
    assert page.chips() == [f"Responsable es {actor.member.name}"]


def test_list_of_values_of_an_address_is_said_in_words(client: Browser) -> None:
    page = page_of(client.get(f"{LIST}?grade__in=good,poor&count__in=7,8"))

    assert page.chips() == ["Grade es alguno de Good, Poor", "Count es alguno de 7, 8"]
    assert names(page) == FOUND


def test_conditions_add_up_and_are_dropped_one_by_one(client: Browser) -> None:
    first = apply(client, "grade", "eq", "good")
    address = first.one("li", "t-chip").one("a").attrs["href"]
    both = apply(client, "count", "gt", "100", at=f"{LIST}?grade=good&q=condor&sort=-name")

    removals = [chip.one("a").attrs["href"] for chip in both.all("li", "t-chip")]
    without_count = page_of(client.get(removals[1]))

    assert address == LIST
    assert both.chips() == ["Grade es Good", "Count mayor que 100"]
    assert names(both) == []
    assert without_count.chips() == ["Grade es Good"]
    assert without_count.one("input", id="t-search").attrs["value"] == "condor"
    assert names(without_count) == FOUND


def test_same_condition_is_replaced_not_doubled(client: Browser) -> None:
    page = apply(client, "count", "gt", "6", at=f"{LIST}?count__gt=100")

    assert page.chips() == ["Count mayor que 6"]


@pytest.mark.parametrize(
    ("path", "op", "value", "said"),
    [
        ("count", "gt", "muchos", "«muchos»"),
        ("price", "gte", "1.5.0", "1.5.0"),
        ("found", "eq", "31/02/2026", "31/02/2026"),
        ("shelf_id", "eq", "Ninguno así", "No existe «Ninguno así»"),
        ("custom.valor", "eq", "inventado", "«inventado»"),
    ],
)
def test_value_that_does_not_fit_is_told_and_the_list_stays(
    client: Browser, path: str, op: str, value: str, said: str
) -> None:
    page = apply(client, path, op, value, at=f"{LIST}?grade=good")

    assert said in page.one("div", id="t-toasts").text
    assert page.chips() == ["Grade es Good"]
    assert names(page) == FOUND


def test_name_of_several_records_is_not_guessed(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.records.create("specimen.shelf", {"name": "Estante bajo"})

    page = apply(client, "shelf_id", "eq", "estante")

    assert "Varios corresponden a «estante»" in page.one("div", id="t-toasts").text


def test_form_without_a_value_changes_nothing(client: Browser) -> None:
    page = apply(client, "count", "gt", " ", at=f"{LIST}?grade=good")

    assert page.chips() == ["Grade es Good"]


def test_menu_of_filters_comes_alone_or_as_a_page(client: Browser) -> None:
    url = page_of(client.get(f"{LIST}?grade=good")).one("div", "t-filter-menu").attrs["hx-get"]

    inside = client.get(url, headers={"HX-Request": "true"})
    whole = client.get(url)

    assert "<html" not in inside.text
    assert page_of(whole).title == "Filtro"
    for page in (page_of(inside), page_of(whole)):
        assert sent_by(form_of(page, "count"))["grade"] == ["good"]


def test_long_choices_are_typed_with_offers(client: Browser) -> None:
    form = form_of(page_of(client.get(f"{LIST}/filters")), "custom.valor")

    address = form.one("input", name="_value").attrs["hx-get"]
    offers = page_of(client.get(address, query_string={"q": "valor 5"}))

    assert form.all("select", name="_value") == []
    assert [li.attrs["data-label"] for li in offers.all("li", "t-option")][:2] == [
        "Valor 5", "Valor 50"
    ]  # fmt: skip


def test_small_catalogue_is_chosen_from_a_list_and_a_large_one_is_typed(
    client: Browser, tenant: Company
) -> None:
    with tenant.unit() as unit:
        unit.records.create("clients.zone", {"name": "Norte"})
        unit.records.bulk("clients.source", [{"name": f"Fuente {n:03}"} for n in range(201)])
    menu = page_of(client.get("/clients/clients/filters"))

    zone, source = form_of(menu, "zone_id"), form_of(menu, "source_id")

    assert [o.text for o in zone.one("select", name="_value").all("option")] == ["Norte"]
    assert "options/source_id" in source.one("input", name="_value").attrs["hx-get"]


def test_condition_on_a_tree_takes_in_what_is_below(client: Browser, tenant: Company) -> None:
    with tenant.unit() as unit:
        north = unit.records.create("clients.zone", {"name": "Norte"})
        town = unit.records.create(
            "clients.zone", {"name": "Norte chico", "parent_id": str(north.id)}
        )
        unit.records.create("clients.client", {"name": "Acme", "zone_id": str(town.id)})

    page = apply(client, "zone_id", "under", str(north.id), at="/clients/clients")

    assert page.chips() == ["Zona está dentro de Norte"]
    assert names(page) == ["Acme"]


def test_amounts_and_moments_of_an_address_are_exact(client: Browser, tenant: Company) -> None:
    page = page_of(client.get(f"{LIST}?price=1500000.50&seen=2025-11-22T20:00:00Z"))
    with tenant.unit(read=True) as unit:
        row = unit.records.query(PIECE, columns=("price", "seen"), sort=("name",)).rows[0]

    assert row[2:] == (Decimal("1500000.5"), dt.datetime(2025, 11, 22, 20, tzinfo=dt.UTC))
    assert names(page) == FOUND
