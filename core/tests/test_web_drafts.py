"""Drafts: what was typed and not saved is there again, for that person alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from trato.access.actor import Actor
from trato.errors import DomainError
from trato.host import Host
from trato.records import drafts
from trato.records.query import Record
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of

SignIn = Callable[..., Browser]
PIECE = "specimen.piece"
NEW = "/specimen/pieces/new"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def record(tenant: Company, actor: Actor) -> Record:
    with tenant.unit(actor) as unit:
        return unit.records.create(PIECE, {"name": "Cóndor", "place": "Cali"})


@pytest.fixture
def url(record: Record) -> str:
    return f"/specimen/pieces/{record.id}"


@pytest.fixture
def person(sign_in: SignIn, actor: Actor) -> Browser:
    return sign_in(actor)


def kept(tenant: Company, who: Actor, record_id: UUID | None = None) -> Any:
    with tenant.unit(who, read=True) as unit:
        draft = drafts.find(unit, unit.view.entity(PIECE), record_id)
    return draft and draft.content


def test_what_was_typed_is_offered_and_comes_back(person: Browser) -> None:
    form = page_of(person.get(NEW)).form(NEW)

    answer = person.post(f"{NEW}/draft", data={**form, "name": "Quetzal", "tags": "uno, dos"})
    offered = page_of(person.get(NEW))
    resumed = page_of(person.get(f"{NEW}?draft=1")).form(NEW)

    assert answer.status_code == 204
    assert "Recuperamos lo que escribió el" in offered.one("div", "t-note").text
    assert offered.form(NEW)["name"] == [""]
    assert resumed["name"] == ["Quetzal"]
    assert resumed["tags"] == ["uno, dos"]


def test_saved_form_leaves_no_draft(
    tenant: Company, actor: Actor, person: Browser, url: str, record: Record
) -> None:
    person.post(f"{NEW}/draft", data={"name": "Quetzal"})
    person.post(f"{url}/draft", data={"name": "Otro", "version": "1"})

    assert person.post(NEW, data={"name": "Quetzal", "grade": "fair"}).status_code == 302
    assert kept(tenant, actor) is None
    assert kept(tenant, actor, record.id) == {"name": ["Otro"]}
    person.post(f"{url}/edit", data={"name": "Otro", "version": "1"})
    assert kept(tenant, actor, record.id) is None


def test_refused_form_keeps_its_draft(tenant: Company, actor: Actor, person: Browser) -> None:
    person.post(f"{NEW}/draft", data={"name": "", "place": "Cali"})

    assert person.post(NEW, data={"name": "", "place": "Cali"}).status_code == 422
    assert kept(tenant, actor) == {"name": [""], "place": ["Cali"]}


def test_discarded_draft_is_gone(tenant: Company, actor: Actor, person: Browser) -> None:
    person.post(f"{NEW}/draft", data={"name": "Quetzal"})

    answer = person.post(f"{NEW}/draft/discard")

    assert answer.headers["Location"] == NEW
    assert kept(tenant, actor) is None


def test_draft_begun_before_a_change_meets_it_when_saved(
    tenant: Company, actor: Actor, person: Browser, url: str, record: Record
) -> None:
    form = page_of(person.get(f"{url}/edit")).form(f"{url}/edit")
    person.post(f"{url}/draft", data={**form, "name": "Mío"})
    with tenant.unit(actor) as unit:
        unit.records.update(PIECE, record.id, {"name": "Suyo"})

    resumed = page_of(person.get(f"{url}/edit?draft=1")).form(f"{url}/edit")
    answer = person.post(f"{url}/edit", data=resumed)

    assert resumed["name"] == ["Mío"]
    assert answer.status_code == 409


def test_draft_is_its_writers_alone(
    tenant: Company, person: Browser, sign_in: SignIn, url: str, record: Record
) -> None:
    person.post(f"{NEW}/draft", data={"name": "Secreto"})
    other = tenant.member("manager")

    assert kept(tenant, other) is None
    assert "Secreto" not in sign_in(other).get(f"{NEW}?draft=1").text


def test_draft_takes_only_fields_that_one_may_write(
    tenant: Company, sign_in: SignIn, record: Record
) -> None:
    everything = dict.fromkeys(("view", "edit", "create"), "all")
    bound = tenant.member_with({"*": everything}, fields={PIECE: {"price": "read"}})

    sign_in(bound).post(
        f"{NEW}/draft", data={"name": "x", "price": "1", "csrf_token": "y", "nada": "z"}
    )

    assert kept(tenant, bound) == {"name": ["x"]}


def test_nobody_keeps_a_draft_where_nothing_may_be_written(
    tenant: Company, other_tenant: Company, sign_in: SignIn, url: str
) -> None:
    reader = sign_in(tenant.member_with({"*": {"view": "all"}}))

    assert reader.post(f"{NEW}/draft", data={"name": "x"}).status_code == 403
    assert reader.post(f"{url}/draft", data={"name": "x"}).status_code == 403
    stranger = sign_in(other_tenant.member("admin"))
    assert stranger.post(f"{url}/draft", data={"name": "x"}).status_code == 404


def test_endless_draft_is_refused(tenant: Company, actor: Actor) -> None:
    with tenant.unit(actor) as unit, pytest.raises(DomainError):
        drafts.keep(unit, unit.view.entity(PIECE), None, {"essay": ["x" * (drafts.LONGEST + 1)]})
