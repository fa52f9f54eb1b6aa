"""What hangs together in the demo portfolio: terms, groups, branches and contacts."""

from __future__ import annotations

import re
from collections import Counter
from datetime import date
from decimal import Decimal
from typing import cast

import pytest

from trato_clients.demo import DemoClient, branches_of, contacts_of, generate


@pytest.fixture(scope="module")
def portfolio() -> tuple[DemoClient, ...]:
    return tuple(generate(1_500))


class TestTerms:
    def test_cash_prospects_and_suppliers_have_no_credit(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        for client in portfolio:
            if client.status == "prospect":
                assert (client.payment_days, client.credit_limit) == (0, None)
            if client.is_client:
                assert (client.credit_limit is None) == (client.payment_days == 0)
            else:
                assert client.credit_limit is None

    def test_limits_are_round_amounts_of_pesos(self, portfolio: tuple[DemoClient, ...]) -> None:
        limits = [client.credit_limit for client in portfolio if client.credit_limit]

        assert len(limits) > 400
        assert {type(limit) for limit in limits} == {Decimal}
        assert all(limit % 500_000 == 0 for limit in limits)
        assert max(limits) > 20 * min(limits)

    def test_tags_do_not_contradict_the_record(self, portfolio: tuple[DemoClient, ...]) -> None:
        for client in portfolio:
            tags = set(client.tags)
            assert "Solo contado" not in tags or client.payment_days == 0
            assert "Exige cita" not in tags or client.custom["recibe_con_cita"] is True
            assert "Feria 2026" not in tags or client.source == "feria"
            assert not {"Ruta semanal", "Ruta quincenal"} <= tags
            assert ("Grupo empresarial" in tags) or client.parent is None

    def test_own_fields_have_values_that_their_kinds_allow(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        days = {"Lunes", "Martes", "Miércoles", "Jueves", "Viernes", "Sábado"}

        for custom in (client.custom for client in portfolio):
            assert list(custom) == ["canal", "visita_dia", "aniversario", "recibe_con_cita"]
            assert custom["canal"] in {"Tradicional", "Institucional", "Moderno", "Digital"}
            assert custom["visita_dia"] in days
            assert custom["aniversario"] is None or isinstance(custom["aniversario"], date)
            assert isinstance(custom["recibe_con_cita"], bool)

    def test_every_status_and_part_is_there_and_the_usual_one_leads(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        statuses = Counter(client.status for client in portfolio)

        assert statuses["active"] > statuses["prospect"] > statuses["inactive"] > 50
        assert any(client.is_client and client.is_supplier for client in portfolio)
        assert any(client.is_supplier and not client.is_client for client in portfolio)
        assert any(client.is_prescriber for client in portfolio)
        assert all(client.is_client or client.is_supplier for client in portfolio)

    def test_notes_are_written_out_and_vary(self, portfolio: tuple[DemoClient, ...]) -> None:
        notes = [client.notes for client in portfolio if client.notes is not None]

        assert 600 < len(notes) < 1_100
        assert len(set(notes)) > 200
        assert not [note for note in notes if "{" in note or "None" in note or "  " in note]


class TestGroups:
    def test_heads_come_before_their_companies_and_lead_no_head(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        by_key = {client.key: client for client in portfolio}
        members = [client for client in portfolio if client.parent is not None]

        assert len(members) > 30
        for member in members:
            head = by_key[cast(int, member.parent)]
            assert head.key < member.key
            assert head.kind == member.kind == "company"
            assert head.parent is None

    def test_group_shares_its_treasurer(self, portfolio: tuple[DemoClient, ...]) -> None:
        member = next(client for client in portfolio if client.parent is not None)
        head = portfolio[cast(int, member.parent) - 1]

        shared = {c for c, _ in contacts_of(member)} & {c for c, _ in contacts_of(head)}

        assert len(shared) == 1


class TestBranches:
    def test_main_branch_is_the_address_of_the_client(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        for client in portfolio:
            main, *others = branches_of(client)
            assert main.is_main
            assert main.address == client.address
            assert main.municipality_code == client.municipality_code
            assert not any(branch.is_main for branch in others)

    def test_most_have_one_branch_and_few_have_six(self, portfolio: tuple[DemoClient, ...]) -> None:
        sizes = Counter(len(branches_of(client)) for client in portfolio)

        assert set(sizes) == {1, 2, 3, 4, 5, 6}
        assert sizes[1] > sizes[2] > sizes[3] > sizes[4]
        assert sizes[6] > 0

    def test_keys_and_names_of_branches_tell_them_apart(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        branches = [branch for client in portfolio for branch in branches_of(client)]

        assert len({branch.key for branch in branches}) == len(branches)
        assert len({(branch.client, branch.name) for branch in branches}) == len(branches)

    def test_every_client_can_be_delivered_to_and_most_say_when(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        points = [
            [branch for branch in branches_of(client) if branch.is_delivery_point]
            for client in portfolio
        ]
        hours = [point.opening_hours for group in points for point in group]

        assert all(points)
        assert sum(text is not None for text in hours) > 0.8 * len(hours)
        assert all(re.match(r"(Lun|Mar) [ay] \w{3}, \d+:\d\d a \d+:\d\d", t) for t in hours if t)


class TestContacts:
    def test_same_key_is_the_same_person_everywhere(self) -> None:
        known: dict[str, object] = {}
        appearances: Counter[str] = Counter()

        for client in generate(5_000):
            for contact, _ in contacts_of(client):
                assert known.setdefault(contact.key, contact) == contact
                appearances[contact.key] += 1

        assert sum(number > 1 for number in appearances.values()) > 50

    def test_links_join_the_client_its_contacts_and_its_branches(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        for client in portfolio:
            pairs, places = contacts_of(client), {b.key for b in branches_of(client)}
            assert all(link.contact == contact.key for contact, link in pairs)
            assert all(link.client == client.key for _, link in pairs)
            assert all(link.branch is None or link.branch in places for _, link in pairs)
            assert sum(link.is_primary for _, link in pairs) <= 1
            assert len({contact.key for contact, _ in pairs}) == len(pairs)

    def test_companies_have_somebody_who_decides_and_somebody_who_buys(
        self, portfolio: tuple[DemoClient, ...]
    ) -> None:
        buyers = [c for c in portfolio if c.kind == "company" and c.is_client]

        for client in buyers:
            roles = {role for _, link in contacts_of(client) for role in link.roles}
            assert {"decides", "buys"} <= roles

    def test_every_part_is_played_by_somebody(self, portfolio: tuple[DemoClient, ...]) -> None:
        roles = Counter(
            role for client in portfolio for _, link in contacts_of(client) for role in link.roles
        )

        assert set(roles) == {"buys", "pays", "receives", "decides"}
        assert min(roles.values()) > 100

    def test_suppliers_people_neither_buy_nor_pay(self, portfolio: tuple[DemoClient, ...]) -> None:
        suppliers = [client for client in portfolio if not client.is_client]

        links = [link for client in suppliers for _, link in contacts_of(client)]

        assert links
        assert all(link.roles == () for link in links)

    def test_titles_agree_with_the_person(self, portfolio: tuple[DemoClient, ...]) -> None:
        women, men = {"Luz", "María", "Sandra", "Paola", "Gloria"}, {"José", "Juan", "Carlos"}
        feminine = re.compile(r"^(Jefa|Directora|Coordinadora|Tesorera|Contadora|Administradora)\b")
        masculine = re.compile(r"^(Jefe|Director|Coordinador|Tesorero|Contador|Administrador)\b")

        titles = [
            (contact.given_names.split()[0], link.job_title)
            for client in portfolio
            for contact, link in contacts_of(client)
        ]

        assert any(name in women and feminine.match(title) for name, title in titles)
        assert not [t for name, t in titles if name in women and masculine.match(t)]
        assert not [t for name, t in titles if name in men and feminine.match(t)]
