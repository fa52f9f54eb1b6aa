"""The demo portfolio is repeatable, belongs to nobody and does not contradict itself."""

from __future__ import annotations

import ast
import csv
import re
import sys
import time
import unicodedata
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice
from pathlib import Path

import pytest

from trato_clients import demo
from trato_clients.demo import DemoClient, branches_of, catalogue, contacts_of, generate

PACKAGE = Path(demo.__file__).parent
DIVIPOLA = Path(__file__).parents[2] / "colombia" / "trato_colombia" / "data" / "divipola.csv"

# Companies and shops that everybody in Colombia knows, and names from the product's own screens.
KNOWN_NAMES = """
    Postobón|Alpina|Colanta|Éxito|Olímpica|Argos|Nutresa|Bavaria|Haceb|Carvajal|Terpel|Totto
    |Tecnoquímicas|Colombina|Alkosto|Corbeta|Makro|Jumbo|Homecenter|Falabella|Servientrega
    |Coordinadora|Copidrogas|Cruz Verde|Colsubsidio|Cafam|Compensar|La Rebaja|Farmatodo|Pintuco
    |Pavco|Fanalca|Auteco|Ramo|Noel|Zenú|Bimbo|Manuelita|Incauca|Riopaila|Quala|Alquería|Parmalat
    |Surtimax|Surtimayorista|Super Inter|La 14|Mercamío|Comfandi|Cañaveral|Coltanques|Amarilo
    |Marval|Conconcreto|Cusezar|Águila Roja|Sello Rojo|Roa|Florhuila|Diana|Juan Valdez|Ecopetrol
    |Bancolombia|Davivienda|Avianca|Sanitas|Marly|Tequendama|Estelar|Construcciones El Cóndor
    |Ceiba Dorada|Yunque Azul|Piedra Serena|Potrero Alto|Luz Clara
"""


@pytest.fixture(scope="module")
def portfolio() -> tuple[DemoClient, ...]:
    return tuple(generate(1_500))


@pytest.fixture(scope="module")
def municipalities() -> dict[str, tuple[set[str], set[str]]]:
    if not DIVIPOLA.exists():
        pytest.fail(f"The codes of municipalities cannot be checked: {DIVIPOLA} is missing.")
    with DIVIPOLA.open(encoding="utf-8", newline="") as file:
        return {
            row["municipality_code"]: (_words(row["municipality"]), _words(row["department"]))
            for row in csv.DictReader(file)
        }


def _words(text: str) -> set[str]:
    plain = unicodedata.normalize("NFKD", text.lower()).encode("ascii", "ignore").decode()
    return set(re.findall(r"\w+", plain))


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


class TestRepeatability:
    def test_equal_seeds_make_equal_portfolios(self, portfolio: tuple[DemoClient, ...]) -> None:
        assert tuple(generate(1_500, seed=2026)) == portfolio

    def test_other_seeds_make_other_portfolios(self, portfolio: tuple[DemoClient, ...]) -> None:
        names = {client.name for client in portfolio}

        other = {client.name for client in generate(1_500, seed=7)}

        assert len(names & other) < 100

    def test_small_portfolio_is_the_beginning_of_a_large_one(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        assert tuple(islice(generate(100_000), 1_500)) == portfolio

    def test_branches_and_contacts_follow_from_the_client_alone(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        copy = replace(portfolio[41])

        assert branches_of(copy) == branches_of(portfolio[41])
        assert contacts_of(copy) == contacts_of(portfolio[41])

    def test_package_needs_the_standard_library_only(self) -> None:
        sources = [path.read_text(encoding="utf-8") for path in PACKAGE.glob("*.py")]

        imported = {name.partition(".")[0] for source in sources for name in _imports(source)}

        assert sources
        assert imported <= sys.stdlib_module_names


class TestScale:
    def test_first_client_of_a_million_does_not_wait_for_the_others(self) -> None:
        started = time.process_time()

        first = next(generate(1_000_000))

        assert first.key == 1
        assert time.process_time() - started < 1

    def test_ten_thousand_clients_take_a_few_seconds_at_most(self) -> None:
        started = time.process_time()

        number = sum(1 for _ in generate(10_000))

        assert number == 10_000
        assert time.process_time() - started < 10

    def test_hundredth_of_a_large_portfolio_shares_a_name_at_most(self) -> None:
        names = Counter(client.name for client in generate(30_000))

        assert 30_000 - len(names) <= 300

    @pytest.mark.parametrize(("count", "sellers"), [(-1, 6), (1_000_001, 6)])
    def test_impossible_number_of_clients_is_refused(self, count: int, sellers: int) -> None:
        with pytest.raises(ValueError, match=f"cannot have {count} clients.*Ask for 0 to 1000000"):
            generate(count, sellers=sellers)

    def test_portfolio_without_sellers_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r"divided among 0 sellers.*Ask for 1 or more"):
            generate(10, sellers=0)


class TestIdentity:
    @pytest.mark.parametrize("seed", [1, 2, 2026])
    def test_names_and_mailboxes_are_unique(self, seed: int) -> None:
        clients = list(generate(1_500, seed=seed))

        emails = [client.email for client in clients if client.email]

        assert len({client.name for client in clients}) == 1_500
        assert len(set(emails)) >= len(emails) - 2

    def test_identification_is_unique_and_out_of_the_issued_ranges(self) -> None:
        clients = list(generate(20_000))

        assert len({client.identification for client in clients}) == 20_000
        for client in clients:
            shape = "90[789][0-9]{6}" if client.kind == "company" else "1000[0-9]{6}"
            assert re.fullmatch(shape, client.identification)

    def test_persons_have_given_names_and_surnames_and_companies_none(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        for client in portfolio:
            if client.kind == "person":
                assert client.name == f"{client.given_names} {client.surnames}"
                assert len((client.surnames or "").split()) == 2
            else:
                assert client.given_names is client.surnames is None

    def test_no_address_of_the_internet_belongs_to_anybody(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        emails = [client.email for client in portfolio]
        emails += [contact.email for client in portfolio for contact, _ in contacts_of(client)]
        sites = [client.website for client in portfolio if client.website]

        assert sum(email is not None for email in emails) > 1_000
        for email in filter(None, emails):
            assert re.fullmatch(r"[a-z0-9.]+@[a-z0-9]+\.example", email)
        assert sites
        for site in sites:
            assert re.fullmatch(r"https://www\.[a-z0-9]+\.example", site)

    def test_telephones_are_colombian_in_form_and_fictional(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        own = [client.phone for client in portfolio if client.phone]
        others = [contact.mobile for client in portfolio for contact, _ in contacts_of(client)]
        others += [place.phone for client in portfolio for place in branches_of(client)]

        assert len(set(own)) == len(own) > 1_300
        for phone in own + [number for number in others if number]:
            assert re.fullmatch(r"\+57(3[0-5][0-9]|60[1-8])555[0-9]{4}", phone)

    def test_everybody_can_be_reached(self, portfolio: tuple[DemoClient, ...]) -> None:
        assert all(client.email or client.phone for client in portfolio)

    def test_no_known_company_is_named(self) -> None:
        known = re.compile(r"\b(" + re.sub(r"\s*\n\s*", "", KNOWN_NAMES) + r")\b")

        found = {
            text
            for client in generate(20_000)
            for text in (client.name, client.trade_name or "")
            if client.kind == "company" and known.search(text)
        }

        assert found == set()

    def test_adjectives_agree_with_their_articles(self) -> None:
        names = [f"{c.name} {c.trade_name or ''}" for c in generate(5_000) if c.kind == "company"]
        masculine = "Dorado|Blanco|Viejo|Nuevo|Rojo|Sereno|Claro|Alto|Florecido|Andino|Viajero"
        feminine = re.sub(r"o\b", "a", masculine)

        matched = [name for name in names if re.search(rf"\bLa \w+ ({feminine})\b", name)]
        wrong = [
            name
            for name in names
            if re.search(rf"\bLa \w+ ({masculine})\b|\bEl \w+ ({feminine})\b", name)
        ]

        assert len(matched) > 100
        assert wrong == []


class TestPlaces:
    def test_municipality_codes_are_the_official_ones_of_their_cities(
        self, municipalities: dict[str, tuple[set[str], set[str]]]
    ) -> None:
        places = {(c.municipality_code, c.city, c.region) for c in generate(10_000)}

        assert len(places) >= 60
        for code, city, region in places:
            assert code in municipalities, f"{city}: {code} is not a code of DIVIPOLA"
            official_city, official_region = municipalities[code]
            assert _words(city) <= official_city
            assert _words(region) <= official_region

    def test_branches_lie_in_official_municipalities_too(
        self,
        portfolio: tuple[DemoClient, ...],
        municipalities: dict[str, tuple[set[str], set[str]]],
    ) -> None:
        for place in (place for client in portfolio for place in branches_of(client)):
            assert _words(place.city) <= municipalities[place.municipality_code][0]

    @pytest.mark.parametrize(
        ("region", "area"),
        [("Bogotá D. C.", "601"), ("Valle del Cauca", "602"), ("Antioquia", "604"),
         ("Atlántico", "605"), ("Risaralda", "606"), ("Santander", "607"), ("Tolima", "608")],
    )  # fmt: skip
    def test_landlines_have_the_area_code_of_their_region(
        self, portfolio: tuple[DemoClient, ...], region: str, area: str
    ) -> None:
        phones = [client.phone or "" for client in portfolio if client.region == region]

        assert {phone[3:6] for phone in phones if phone.startswith("+576")} == {area}

    def test_portfolios_are_whole_zones_of_alike_size(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        owners = {(client.zone, client.seller) for client in portfolio}
        sizes = Counter(client.seller for client in portfolio)

        assert len(owners) == len({zone for zone, _ in owners})
        assert set(sizes) == set(range(6))
        assert max(sizes.values()) < 2 * min(sizes.values())

    def test_one_seller_owns_everything(self) -> None:
        assert {client.seller for client in generate(200, sellers=1)} == {0}


class TestCatalogue:
    def test_clients_refer_to_what_the_catalogue_has(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        masters = catalogue()

        assert {c.category for c in portfolio} <= {node.key for node in masters.categories}
        assert {c.zone for c in portfolio} <= {node.key for node in masters.zones}
        assert {c.industry for c in portfolio} <= {node.code for node in masters.industries}
        assert {c.source for c in portfolio} <= {node.key for node in masters.sources}
        assert {tag for c in portfolio for tag in c.tags} <= set(masters.tags)

    def test_every_master_is_used(self) -> None:
        masters, clients = catalogue(), list(generate(5_000))
        parents = {node.parent for node in masters.categories + masters.zones}
        leaves = {node.key for node in masters.categories + masters.zones} - parents

        assert leaves == {c.category for c in clients} | {c.zone for c in clients}
        assert {n.code for n in masters.industries if n.parent} == {c.industry for c in clients}
        assert {node.key for node in masters.sources} == {c.source for c in clients}
        assert set(masters.tags) == {tag for c in clients for tag in c.tags}

    def test_parents_stand_before_their_children_and_keys_are_paths(self) -> None:
        masters = catalogue()

        for nodes in (masters.categories, masters.zones):
            seen: set[str | None] = {None}
            for node in nodes:
                assert node.parent in seen
                assert node.key == (f"{node.parent} > {node.name}" if node.parent else node.name)
                seen.add(node.key)
        sections: set[str | None] = {None}
        for industry in masters.industries:
            assert industry.parent in sections
            assert re.fullmatch("[A-U]|[0-9]{4}", industry.code)
            sections.add(industry.code)
