"""Two records that are probably one: who is told, of what, and when it is forbidden."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, event, text

from trato import configuration
from trato.access.actor import Actor
from trato.db.engine import transaction
from trato.entities.duplicates import is_alike, name_patterns, name_words
from trato.errors import Invalid
from trato.records.duplicates import Duplicate, Sought, find
from trato.tenancy import store
from trato.testing.companies import Company
from trato.testing.statements import Statements

CLIENT = "clients.client"
CONTACT = "clients.contact"
FORMS = ("sas", "s a s", "ltda", "y cia")


def decide(company: Company, what: str | None, *, entity: str = "client") -> None:
    with transaction(company.host.engine, tenant_id=company.id) as connection:
        store.save_setting(connection, company.id, "clients", f"duplicates_{entity}", what)


def create(company: Company, actor: Actor | None = None, **values: Any) -> Any:
    entity = values.pop("entity", CLIENT)
    with company.unit(actor) as unit:
        return unit.records.create(entity, values)


def told(
    company: Company, values: Mapping[str, Any], actor: Actor | None = None, *,
    entity: str = CLIENT, id: Any = None,
) -> list[Duplicate]:  # fmt: skip
    with company.unit(actor, read=True) as unit:
        return unit.records.duplicates(entity, values, id=id)


# --- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Panadería La Espiga S.A.S.", "LA ESPIGA, panaderia"),
        ("Panadería La Espiga SAS", "Panaderia La Espigga"),
        ("Distribuidora Andes", "Distribuidra Andse S A S"),
        ("Éxito", "Exito Ltda."),
        ("Pérez Gómez, Luis", "Luis Perez Gomes"),
        ("Droguería 24 Horas", "Drogueria 24 horas y Cía."),
    ],
)
def test_names_are_alike_whatever_their_order_accents_legal_form_and_a_typo(
    one: str, other: str
) -> None:
    first, second = name_words(one, FORMS), name_words(other, FORMS)

    assert is_alike(first, second)
    assert is_alike(second, first)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cliente 1", "Cliente 2"),
        ("Panadería La Espiga", "Panadería La Espiga del Norte"),
        ("Luis Pérez", "Luz Pérez"),
        ("Ana", "Eva"),
        ("Tienda San Luis", "Tienda San José"),
        ("S.A.S.", "Ltda."),
    ],
)
def test_names_of_others_are_not_alike(one: str, other: str) -> None:
    assert not is_alike(name_words(one, FORMS), name_words(other, FORMS))


def test_a_typo_anywhere_leaves_one_set_of_pieces_whole() -> None:
    stored = "  distribuciones  guaviare"
    for word in ("distribuciones", "guaviare"):
        for at in range(len(word)):
            typed = stored.replace(word, f"{word[:at]}x{word[at + 1 :]}")
            sets = name_patterns(name_words(typed))
            assert any(all(piece in stored for piece in pieces) for pieces in sets), typed


# --- what is told --------------------------------------------------------------------------------


#: What is typed, and the field by which the record is found.
TYPED: list[tuple[dict[str, Any], str]] = [
    ({"identification": "909214530"}, "identification"),
    ({"identification": "909.214.530-9"}, "identification"),
    ({"identification": "NIT 909214530-9"}, "identification"),
    ({"email": "  Compras@LaEspiga.CO "}, "email"),
    ({"phone": "+57 (310) 123-4567"}, "phone"),
    ({"mobile": "310 123 4567"}, "mobile"),
    ({"phone": "573101234567"}, "phone"),
    ({"name": "La Espiga Panaderia"}, "name"),
    ({"name": "Panadería La Ezpiga Ltda."}, "name"),
    ({"name": "El buen trigo"}, "name"),
    ({"trade_name": "panadería la espiga"}, "trade_name"),
]
#: What finds nothing: it is another's, or says nothing.
EMPTY: list[dict[str, Any]] = [
    {"name": "Panadería El Trigal"},
    {"identification": "909214531"},
    {"identification": "0"},
    {"phone": "1"},
    {"phone": "000 000 0000"},
    {"email": "laespiga.co"},
    {"phone": "no tiene"},
    {"name": ""},
    {},
]


def test_a_record_is_found_however_its_values_are_written(tenant: Company) -> None:
    made = create(
        tenant, name="Panadería La Espiga S.A.S.", trade_name="El Buen Trigo",
        identification="909.214.530-9", email="compras@laespiga.co", mobile="310 123 45 67",
    )  # fmt: skip

    for typed, path in TYPED:
        found = told(tenant, typed)

        assert [(f.id, f.label, f.fields) for f in found] == [(made.id, made["name"], (path,))], (
            typed
        )
        assert found[0].same == (path not in ("name", "trade_name")), typed


def test_what_says_nothing_finds_nothing(tenant: Company) -> None:
    create(tenant, name="Panadería La Espiga", identification="000", phone="000 000 0000")
    create(tenant, name="Otro", identification="909214530")

    for typed in EMPTY:
        assert told(tenant, typed) == [], typed


def test_a_record_is_no_duplicate_of_itself_nor_of_one_in_the_bin(tenant: Company) -> None:
    made = create(tenant, name="Panadería La Espiga", identification="909214530")
    gone = create(tenant, name="Panadería La Espiga", identification="909214530")
    with tenant.unit() as unit:
        unit.records.archive(CLIENT, gone.id)

    assert told(tenant, {"identification": "909214530", "name": "La Espiga"}, id=made.id) == []


def test_exact_duplicates_stand_before_names_that_are_alike(tenant: Company) -> None:
    same = create(tenant, name="Trigo y Sal", identification="909214530")
    alike = create(tenant, name="Panadería La Espiga")

    found = told(tenant, {"name": "Panaderia la espiga", "identification": "909214530"})

    assert [f.id for f in found] == [same.id, alike.id]


def test_people_are_told_by_mail_and_mobile_with_no_word_of_code(tenant: Company) -> None:
    made = create(tenant, entity=CONTACT, name="Ana María Ruiz", mobile="+57 310 765 4321")

    found = told(tenant, {"mobile": "3107654321", "name": "Ruiz Ana Maria"}, entity=CONTACT)

    assert [(f.id, f.fields) for f in found] == [(made.id, ("mobile",))]


def test_own_fields_that_are_addresses_with_an_index_count(tenant: Company) -> None:
    path = tenant.custom_field(CLIENT, "billing_mail", "email", indexed=True)
    tenant.custom_field(CLIENT, "note", "text", indexed=True)
    made = create(tenant, name="Uno", **{path: "pagos@uno.co", "custom.note": "igual"})

    assert [f.id for f in told(tenant, {path: "PAGOS@uno.co"})] == [made.id]
    assert told(tenant, {"custom.note": "igual"}) == []


def test_two_statements_suffice(
    tenant: Company, count_statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    for number in range(3):
        create(tenant, name="Panadería La Espiga", email=f"uno{number}@x.co", phone="3101234567")
    typed = {
        "name": "Panadería La Espiga", "phone": "3101234567", "email": "uno1@x.co",
        "identification": "909214530",
    }  # fmt: skip
    with tenant.unit(read=True) as unit, count_statements() as counted:
        assert len(unit.records.duplicates(CLIENT, typed)) == 3

    assert len(counted) == 2


# --- rights --------------------------------------------------------------------------------------


def test_of_what_one_may_not_see_only_the_owner_is_named(tenant: Company) -> None:
    owner = tenant.member("seller", name="Olga Owner")
    asking = tenant.member_with({CLIENT: {"view": "own", "create": "all"}})
    create(tenant, owner, name="Panadería Secreta", identification="909214530", phone="3101234567")

    found = told(tenant, {"identification": "909214530", "name": "Panaderia secreta"}, asking)

    assert [(f.id, f.label, f.ask) for f in found] == [(None, None, ("Olga Owner",))]


def test_of_what_belongs_to_nobody_the_administrators_are_named(tenant: Company) -> None:
    boss = tenant.member("admin", name="Berta Boss")
    asking = tenant.member_with({CLIENT: {"view": "own", "create": "all"}})
    create(tenant, boss, name="Sin dueño", identification="909214530", owner_id=None)

    (found,) = told(tenant, {"identification": "909214530"}, asking)

    assert found.id is None
    assert "Berta Boss" in found.ask


def test_who_may_see_none_of_the_kind_is_told_of_none_by_name(tenant: Company) -> None:
    asking = tenant.member_with({CLIENT: {"view": "none", "create": "all"}})
    create(tenant, name="Panadería Secreta", identification="909214530")

    assert [f.label for f in told(tenant, {"identification": "909214530"}, asking)] == [None]


def test_records_of_another_company_are_never_reported(
    tenant: Company, other_tenant: Company
) -> None:
    create(other_tenant, name="Panadería La Espiga", identification="909214530")

    assert told(tenant, {"name": "Panadería La Espiga", "identification": "909214530"}) == []


def test_a_hidden_field_tells_nothing(tenant: Company) -> None:
    asking = tenant.member_with(
        {CLIENT: {"view": "all", "create": "all"}},
        fields={CLIENT: {"email": "hidden", "trade_name": "hidden", "name": "hidden"}},
    )
    create(tenant, name="Panadería", email="a@espiga.co", identification="909214530")

    assert told(tenant, {"email": "a@espiga.co", "name": "Panadería"}, asking) == []
    (found,) = told(tenant, {"identification": "909214530"}, asking)
    assert found.label is None


# --- what the tenant wants -----------------------------------------------------------------------


def test_who_wants_to_hear_nothing_hears_nothing(tenant: Company) -> None:
    create(tenant, name="Uno", identification="909214530")
    decide(tenant, "off")

    assert told(tenant, {"identification": "909214530"}) == []
    create(tenant, name="Uno", identification="909214530")


def test_the_file_of_a_configuration_says_it_too(tenant: Company) -> None:
    wanted = "version: 1\nsettings:\n  clients: {duplicates_client: block}\n"

    configuration.apply_configuration(tenant.host, tenant.slug, wanted)

    create(tenant, name="Uno", identification="909214530")
    with pytest.raises(Invalid):
        create(tenant, name="Dos", identification="909214530")
    assert "duplicates_client: block" in configuration.export_configuration(
        tenant.host, tenant.slug
    )
    with pytest.raises(Invalid, match="off, warn, block"):
        configuration.apply_configuration(
            tenant.host, tenant.slug, wanted.replace("block", "never")
        )


def test_it_warns_unless_said(tenant: Company) -> None:
    create(tenant, name="Uno", identification="909214530")

    create(tenant, name="Uno", identification="909214530")

    assert len(told(tenant, {"identification": "909214530"})) == 2


def test_a_forbidden_duplicate_is_refused_at_its_field(tenant: Company) -> None:
    create(tenant, name="Uno", identification="909214530", mobile="3101234567")
    decide(tenant, "block")

    with pytest.raises(Invalid) as same:
        create(tenant, name="Dos", identification="909.214.530-9", phone="+57 310 123 4567")

    assert same.value.code == "duplicate"
    assert set(same.value.errors) == {"identification", "phone"}
    assert "Uno" in str(same.value)
    assert create(tenant, name="Uno", identification="909214531-6")["name"] == "Uno"


def test_a_forbidden_duplicate_of_a_hidden_record_names_whom_to_ask_only(tenant: Company) -> None:
    owner = tenant.member("seller", name="Olga Owner")
    create(tenant, owner, name="Panadería Secreta", identification="909214530")
    decide(tenant, "block")
    asking = tenant.member_with({CLIENT: {"view": "own", "create": "all"}})

    with pytest.raises(Invalid, match="Olga Owner") as refused:
        create(tenant, asking, name="Otra", identification="909214530")

    assert "Secreta" not in str(refused.value)


def test_a_change_may_not_bring_a_duplicate_and_others_may_stay(tenant: Company) -> None:
    create(tenant, name="Uno", identification="909214530", email="uno@x.co")
    old = create(tenant, name="Dos", identification="909214530")
    decide(tenant, "block")

    with tenant.unit() as unit:
        unit.records.update(CLIENT, old.id, {"name": "Dos y medio"})
    with pytest.raises(Invalid), tenant.unit() as unit:
        unit.records.update(CLIENT, old.id, {"email": "UNO@x.co"})


def test_what_comes_back_from_the_bin_may_be_no_duplicate(tenant: Company) -> None:
    gone = create(tenant, name="Uno", identification="909214530")
    with tenant.unit() as unit:
        unit.records.archive(CLIENT, gone.id)
    create(tenant, name="Dos", identification="909214530")
    decide(tenant, "block")

    with pytest.raises(Invalid), tenant.unit() as unit:
        unit.records.restore(CLIENT, gone.id)


def test_of_two_rows_of_one_save_the_second_is_refused(tenant: Company) -> None:
    decide(tenant, "block")
    rows = [
        {"name": "Uno", "phone": "3101234567"}, {"name": "Dos", "mobile": "310 123 4567"},
        {"name": "Tres", "phone": "3107654321"},
    ]  # fmt: skip
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(CLIENT, rows)

    assert [o.status for o in outcomes] == ["created", "refused", "created"]
    assert set(outcomes[1].errors) == {"mobile"}


@pytest.mark.parametrize("many", [1, 80])
def test_of_two_who_save_the_same_at_once_one_is_refused(tenant: Company, many: int) -> None:
    decide(tenant, "block")
    ready, results = threading.Barrier(2), []

    def save(number: int) -> None:
        rows = [
            {"name": f"Tienda {number} {n}", "identification": f"70{n:05}1"} for n in range(many)
        ]
        ready.wait()
        with tenant.unit() as unit:
            results.append([o.status for o in unit.records.bulk(CLIENT, rows)])

    threads = [threading.Thread(target=save, args=(n,)) for n in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == [["created"] * many, ["refused"] * many]


# --- indexes -------------------------------------------------------------------------------------


@pytest.mark.database("postgresql")
def test_candidates_come_from_indexes(tenant: Company, database: Any) -> None:
    with tenant.unit() as unit:
        unit.records.bulk(
            CLIENT,
            [
                {"name": f"Comercial {n}", "identification": f"80{n:06}1",
                 "email": f"c{n}@x.co", "phone": f"310{n:07}"}
                for n in range(3_000)
            ],
        )  # fmt: skip
    owner = database.open_owner()
    with owner.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(text("VACUUM ANALYZE clients_client"))
    owner.dispose()
    made: list[tuple[str, Any]] = []

    def note(
        connection: Connection, cursor: Any, statement: str, parameters: Any, *rest: Any
    ) -> None:
        made.append((statement, parameters))

    with tenant.unit(read=True) as unit:
        event.listen(unit.connection, "before_cursor_execute", note)
        found = unit.records.duplicates(
            CLIENT,
            {"name": "Comercial 12", "identification": "80000007-1", "email": "c9@x.co",
             "phone": "3100000012"},
        )  # fmt: skip
        event.remove(unit.connection, "before_cursor_execute", note)
        plans = [
            "\n".join(
                row[0]
                for row in unit.connection.exec_driver_sql(f"EXPLAIN {statement}", parameters)
            )
            for statement, parameters in made
        ]

    assert {f.label for f in found} >= {"Comercial 12", "Comercial 9"}
    for index in ("identification_key", "email_key", "phone_key", "mobile_key"):
        assert index in plans[0], plans[0]
    assert not any("Seq Scan on clients_client" in plan for plan in plans), plans


# --- many rows -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("policy", "statuses"),
    [
        ("ignore", ["created", "created", "created", "created"]),
        ("create", ["created", "created", "created", "created"]),
        ("skip", ["skipped", "created", "skipped", "skipped"]),
        ("update", ["updated", "created", "updated", "updated"]),
        ("error", ["refused", "created", "refused", "refused"]),
    ],
)
def test_many_rows_do_what_was_chosen_about_what_is_there(
    tenant: Company, policy: Any, statuses: list[str]
) -> None:
    there = create(tenant, name="Uno", identification="909214530")
    rows = [
        {"name": "Uno bis", "identification": "909.214.530-9", "city": "Cali"},
        {"name": "Dos", "phone": "3101234567"},
        {"name": "Dos bis", "mobile": "+57 310 123 4567"},
        {"name": "Uno ter", "identification": "909214530"},
    ]
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(CLIENT, rows, duplicates=policy)

    assert [o.status for o in outcomes] == statuses
    assert [o.is_duplicate for o in outcomes] == [policy == "create" and n != 1 for n in range(4)]
    with tenant.unit(read=True) as unit:
        now = unit.records.get(CLIENT, there.id)
    assert now["name"] == ("Uno ter" if policy == "update" else "Uno")
    assert now["city"] == ("Cali" if policy == "update" else None)


@pytest.mark.database("sqlite")
def test_of_a_value_that_many_hold_each_row_looks_at_the_newest(tenant: Company) -> None:
    """Else a file whose rows have one phone looks at all of them for each."""
    with tenant.unit() as unit:
        made = unit.records.bulk(CLIENT, [{"name": f"Sede {n}", "phone": "6045551234"}
                                          for n in range(6)])  # fmt: skip
    ids = sorted(outcome.id for outcome in made if outcome.id is not None)
    sought = [Sought(values={"phone": "604 555 1234"}) for _row in range(2)]

    with tenant.unit(read=True) as unit:
        find(unit, unit.view.entity(CLIENT), sought, names=False, most=2)

    assert [[one.id for one in row.found] for row in sought] == [[ids[5], ids[4]]] * 2


def test_rows_that_share_a_value_make_one_record_with_as_many_statements_as_two(
    tenant: Company, count_statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    def save(start: int, count: int) -> tuple[list[Any], int]:
        rows = [
            {"name": f"Sede {n}", "phone": f"60{start}5551234", "identification": f"{start}0000{n}"}
            for n in range(count)
        ]
        with count_statements() as counted, tenant.unit() as unit:
            return unit.records.bulk(CLIENT, rows, duplicates="update"), len(counted)

    save(4, 2)  # what is asked once
    _two, few = save(5, 2)
    outcomes, many = save(6, 40)

    assert [o.status for o in outcomes] == ["created", *["updated"] * 39]
    assert len({o.id for o in outcomes}) == 1
    assert many == few
    with tenant.unit(read=True) as unit:
        now = unit.records.get(CLIENT, outcomes[0].id)
        assert (now["name"], now.version) == ("Sede 39", 1)
        assert len(unit.records.history(CLIENT, now.id)) == 1


def test_rows_find_the_record_as_the_rows_before_them_have_left_it(tenant: Company) -> None:
    there = create(tenant, name="Uno", identification="909214530", email="viejo@uno.co")
    rows = [
        {"name": "Uno", "identification": "909214530", "email": "nuevo@uno.co"},
        {"name": "Otro", "email": "viejo@uno.co"},
        {"name": "Uno S.A.S.", "email": "nuevo@uno.co"},
        {"name": "Uno S.A.S.", "email": "nuevo@uno.co"},
        {"name": "Otro", "email": "viejo@uno.co", "city": "Cali"},
    ]
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(CLIENT, rows, duplicates="update")

    assert [o.status for o in outcomes] == [
        "updated", "created", "updated", "unchanged", "updated",
    ]  # fmt: skip
    assert [o.id == there.id for o in outcomes] == [True, False, True, True, False]
    with tenant.unit(read=True) as unit:
        now, other = (unit.records.get(CLIENT, outcomes[n].id) for n in (0, 1))
    assert (now["name"], now["email"], now.version) == ("Uno S.A.S.", "nuevo@uno.co", 2)
    assert (other["name"], other["city"], other.version) == ("Otro", "Cali", 1)


def test_a_row_that_is_refused_takes_no_other_row_of_its_record_along(tenant: Company) -> None:
    rows: list[dict[str, Any]] = [
        {"name": "Uno", "phone": "3101234567"},
        {"name": "Uno", "phone": "3101234567", "category_id": uuid4()},
        {"name": "Uno", "phone": "3101234567", "city": "Cali"},
        {"name": "Uno", "phone": "3101234567", "email": "sin arroba"},
    ]
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(CLIENT, rows, duplicates="update")

    assert [o.status for o in outcomes] == ["created", "refused", "updated", "refused"]
    with tenant.unit(read=True) as unit:
        now = unit.records.get(CLIENT, outcomes[0].id)
    assert (now["city"], now["category_id"]) == ("Cali", None)


def test_a_row_that_is_like_two_is_refused(tenant: Company) -> None:
    create(tenant, name="Uno", identification="909214530")
    create(tenant, name="Dos", email="x@dos.co")
    rows = [{"name": "Quién", "identification": "909214530", "email": "x@dos.co"}]

    with tenant.unit() as unit:
        (outcome,) = unit.records.bulk(CLIENT, rows, duplicates="update")

    assert outcome.status == "refused"


def test_rows_by_match_and_rows_by_duplicate_of_one_record_join(tenant: Company) -> None:
    there = create(tenant, name="Uno", identification="909214530", phone="3101234567")
    rows = [
        {"name": "Uno", "phone": "3101234567", "city": "Cali"},
        {"name": "Uno", "identification": "909214530", "address": "Calle 1"},
    ]
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(CLIENT, rows, match="identification", duplicates="update")

    assert [(o.status, o.id) for o in outcomes] == [("updated", there.id)] * 2
    with tenant.unit(read=True) as unit:
        now = unit.records.get(CLIENT, there.id)
    assert (now["city"], now["address"], now.version) == ("Cali", "Calle 1", 2)


def test_rows_do_not_change_what_their_author_may_not_see_or_edit(tenant: Company) -> None:
    create(tenant, name="Ajeno", identification="909214530")
    blind = tenant.member_with({CLIENT: {"view": "own", "create": "all", "edit": "all"}})
    weak = tenant.member_with({CLIENT: {"view": "all", "create": "all", "edit": "own"}})

    for actor in (blind, weak):
        with tenant.unit(actor) as unit:
            (outcome,) = unit.records.bulk(
                CLIENT, [{"name": "Mío", "identification": "909214530"}], duplicates="update"
            )
        assert outcome.status == "refused"


def test_a_trial_writes_nothing(tenant: Company) -> None:
    rows = [{"name": "Uno", "phone": "3101234567"}] * 2
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(CLIENT, rows, duplicates="update", dry_run=True)
        assert [o.status for o in outcomes] == ["created", "unchanged"]
        assert unit.records.count_where(CLIENT) == 0
