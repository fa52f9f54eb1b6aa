"""A refusal is Spanish to its last word: the words inside it are translated with it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from trato import administration
from trato.access.actor import Actor
from trato.api import DomainError, Host, Invalid, Message, TratoError, new_id
from trato.testing.companies import Company
from trato_clients.models import Branch, Category, Client, Contact

pytestmark = [pytest.mark.database("sqlite"), pytest.mark.plugins("clients")]

#: An id that no record has.
NOBODY = new_id()


@pytest.fixture
def say(host: Host) -> Callable[[Message], str]:
    return lambda message: host.catalogs.message(message, "es")


@pytest.fixture
def refusal(tenant: Company) -> Callable[..., Message]:
    """Do something as an actor and give the message it is refused with."""

    def refuse(actor: Actor, act: Callable[[Any], object], path: str | None = None) -> Message:
        with pytest.raises(DomainError) as caught, tenant.unit(actor) as unit:
            act(unit.records)
        error = caught.value
        if path is not None:
            assert isinstance(error, Invalid)
            return error.errors[path][0]
        return error.message

    return refuse


def test_role_and_action_of_a_refusal(
    refusal: Callable[..., Message], say: Callable[[Message], str], viewer: Actor
) -> None:
    message = refusal(viewer, lambda records: records.create(Client, {"name": "Lirio"}))

    assert say(message) == "Clientes: su rol (Consulta) no permite crear."


def test_owner_of_a_record_that_a_role_does_not_reach(
    refusal: Callable[..., Message], say: Callable[[Message], str], tenant: Company
) -> None:
    rules = {"view": "all", "create": "all", "edit": "own"}
    seller = tenant.member_with({"clients.client": rules})
    laura = tenant.member("admin", name="Laura Quintero")
    with tenant.unit() as unit:
        hers = unit.records.create(Client, {"name": "Lirio", "owner_id": str(laura.member_id)})
        free = unit.records.create(Client, {"name": "Cayena"})

    of_hers = refusal(seller, lambda records: records.update(Client, hers.id, {"city": "Cali"}))
    of_free = refusal(seller, lambda records: records.update(Client, free.id, {"city": "Cali"}))

    assert say(of_hers) == (
        "Su rol llega hasta los registros propios y el responsable de este es Laura Quintero."
    )
    assert say(of_free) == ("Su rol llega hasta los registros propios y este no tiene responsable.")


def test_parent_that_a_role_does_not_reach(
    refusal: Callable[..., Message], say: Callable[[Message], str], tenant: Company
) -> None:
    seller = tenant.member_with(
        {"*": {"view": "all", "create": "all", "edit": "own"}},
    )
    with tenant.unit() as unit:
        client = unit.records.create(Client, {"name": "Lirio"})

    message = refusal(
        seller,
        lambda records: records.create(Branch, {"name": "Norte", "client_id": str(client.id)}),
        "client_id",
    )

    assert say(message) == "Cliente: usted no puede cambiar lo que pertenece a este registro."


@pytest.mark.parametrize(
    ("act", "path", "spanish"),
    [
        (
            lambda records: records.get(Client, NOBODY), None,
            f"Cliente: no existe el registro {NOBODY}.",
        ),
        (
            lambda records: records.archive(Contact, NOBODY), None,
            f"Contacto: no existe el registro {NOBODY}.",
        ),
        (
            lambda records: records.create(Client, {"name": "A", "zone_id": str(NOBODY)}),
            "zone_id", f"Zona: no existe el registro {NOBODY}.",
        ),
        (
            lambda records: records.create(Client, {"name": "A", "owner_id": str(NOBODY)}),
            "owner_id", f"No existe el usuario {NOBODY}.",
        ),
        (
            lambda records: records.create(Client, {"name": "A", "team_id": str(NOBODY)}),
            "team_id", f"No existe el equipo {NOBODY}.",
        ),
        (lambda records: records.create(Client, {}), "name", "Este dato es obligatorio."),
        (
            lambda records: records.create(Client, {"name": "A", "payment_days": -1}),
            "payment_days", "Mínimo 0.",
        ),
    ],
    ids=["get", "archive", "reference", "owner", "team", "obligatory", "minimum"],
)  # fmt: skip
def test_record_that_does_not_exist_or_will_not_do(
    refusal: Callable[..., Message], say: Callable[[Message], str], actor: Actor,
    act: Callable[[Any], object], path: str | None, spanish: str,
) -> None:  # fmt: skip
    assert say(refusal(actor, act, path)) == spanish


def test_record_that_others_need(
    tenant: Company, actor: Actor, say: Callable[[Message], str]
) -> None:
    with tenant.unit(actor) as unit:
        above = unit.records.create(Category, {"name": "Mayorista"})
        unit.records.create(Category, {"name": "Ferretero", "parent_id": str(above.id)})
        unit.records.archive(Category, above.id)

    with tenant.unit(actor) as unit:
        needed, missing = unit.records.purge(Category, [above.id, NOBODY])

    assert [say(m) for messages in needed.errors.values() for m in messages] == [
        "No se puede eliminar definitivamente: lo necesitan registros de Categorías (1)."
    ]
    assert (
        say(missing.errors["id"][0]) == f"Categoría: el registro {NOBODY} no está en la papelera."
    )


def test_reason_of_a_module_that_cannot_be_used(
    make_tenant: Callable[..., Company], host: Host, say: Callable[[Message], str]
) -> None:
    company = make_tenant([])
    company.install_license(["colombia"])

    state = company.view.plugins["clients"]
    with pytest.raises(TratoError) as caught:
        administration.enable(host, company.slug, "colombia")

    assert state.reason is not None
    assert say(state.reason) == "No está en la licencia."
    assert say(caught.value.message).startswith("El módulo «colombia» ")
    assert say(caught.value.hint) == "Active primero «clients»."


def test_a_module_that_waits_for_another_names_it_by_its_title(
    make_tenant: Callable[..., Company], say: Callable[[Message], str]
) -> None:
    company = make_tenant(["clients", "colombia"])
    company.install_license(["colombia"], expires=dt.date(2099, 1, 1))

    reason = company.view.plugins["colombia"].reason

    assert reason is not None
    assert say(reason) == "Necesita Clientes."
