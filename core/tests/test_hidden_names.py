"""A field that names records and is hidden from a role is hidden wherever they are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from flask import Flask

from trato.access.actor import Actor
from trato.access.roles import Scope
from trato.exchange.exporting import run_export
from trato.records.query import Record
from trato.testing.clients import Browser, browser
from trato.testing.companies import Company

CLIENT, CONTACT = "clients.client", "clients.contact"
ALL: dict[str, Scope] = {"view": "all", "create": "all", "edit": "all", "export": "all"}

pytestmark = pytest.mark.database("sqlite")


@pytest.fixture
def client_record(tenant: Company) -> Record:
    with tenant.unit() as unit:
        made = unit.records.create(CLIENT, {"name": "Secreta S.A.S.", "city": "Cali"})
        unit.records.create(CONTACT, {"name": "Eva", "client_id": str(made.id)})
        return made


@pytest.fixture
def blind(tenant: Company) -> Actor:
    """Give a member who may do everything but see what clients are called."""
    return tenant.member_with({CLIENT: ALL, CONTACT: ALL}, fields={CLIENT: {"name": "hidden"}})


@pytest.fixture
def opened(app: Flask, blind: Actor) -> Browser:
    return browser(app, blind)


def test_references_do_not_tell_it(
    tenant: Company, client_record: Record, blind: Actor, tmp_path: Path
) -> None:
    with tenant.unit(blind, read=True) as unit:
        labels = unit.records.labels(CLIENT, [client_record.id])
    run_export(tenant.host, blind, CONTACT, tmp_path / "contacts.csv")

    assert labels == {client_record.id: ""}
    text = (tmp_path / "contacts.csv").read_text("utf-8-sig")
    assert "Secreta" not in text
    assert str(client_record.id) in text


@pytest.mark.parametrize(
    "path",
    [
        "/clients/contacts",
        "/clients/contacts?client_id={id}",
        "/clients/clients/{id}",
        "/clients/clients/{id}/cell/city",
        "/clients/clients/{id}/why",
        "/clients/clients/{id}/edit",
        "/clients/contacts/options/client_id?q=Secreta",
        "/clients/contacts/new?client_id={id}",
        "/search?q=Secreta",
        "/search",
    ],
)
def test_pages_stand_without_it(opened: Browser, client_record: Record, path: str) -> None:
    opened.get(f"/clients/clients/{client_record.id}")

    answer = opened.get(path.format(id=client_record.id), headers={"HX-Request": "true"})

    assert answer.status_code == 200
    assert "Secreta S" not in answer.text


def test_it_finds_nothing_either_when_it_is_typed(opened: Browser, client_record: Record) -> None:
    answer = opened.post(
        "/clients/contacts/new", data={"name": "Iván", "client_id": "Secreta S.A.S."}
    )

    assert answer.status_code == 422
    assert "No existe «Secreta S.A.S.»" in answer.text
