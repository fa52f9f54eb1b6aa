"""What becomes of a typed identification when a client is saved."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from trato.api import Invalid, Records

CLIENT = "clients.client"


@pytest.fixture
def records(unit: Any) -> Iterator[Records]:
    with unit() as work:
        yield work.records


def kept(record: Any) -> tuple[Any, ...]:
    return tuple(
        record[path]
        for path in ("identification", "colombia.check_digit", "colombia.identification_type",
                     "identification_type")
    )  # fmt: skip


def test_a_name_is_all_that_a_client_needs(records: Records) -> None:
    record = records.create(CLIENT, {"name": "Ferretería El Yunque"})

    assert kept(record) == (None, None, None, None)


@pytest.mark.parametrize("typed", ["909.214.530-9", "909214530-9", "9092145309", "NIT 909 214 530"])
def test_a_nit_is_kept_without_its_check_digit(records: Records, typed: str) -> None:
    record = records.create(
        CLIENT,
        {"name": "El Yunque", "identification": typed, "colombia.identification_type": "nit"},
    )

    assert kept(record) == ("909214530", "9", "nit", "NIT")


@pytest.mark.parametrize("given", [{"colombia.identification_type": "nit"},
                                   {"identification_type": "N.I.T."}])  # fmt: skip
def test_a_wrong_check_digit_is_refused_with_the_right_one(
    records: Records, given: dict[str, str]
) -> None:
    with pytest.raises(Invalid) as refused:
        records.create(CLIENT, {"name": "El Yunque", "identification": "909.214.530-7", **given})

    assert list(refused.value.errors) == ["identification"]
    [message] = refused.value.errors["identification"]
    assert str(message) == "The check digit of NIT 909.214.530 is 9, not 7. Check the number."


@pytest.mark.parametrize(
    ("kind", "typed", "number", "digit", "type_"),
    [
        ("company", "909214530", "909214530", "9", "nit"),
        ("company", "909.214.530-9", "909214530", "9", "nit"),
        ("company", "NIT: 79.123.456", "79123456", "0", "nit"),
        ("person", "1.020.304.050", "1020304050", None, "cc"),
        ("person", "79123456", "79123456", None, "cc"),
        ("person", "79.123.456-0", "79123456", "0", "nit"),
        ("person", "C.C. 79.123.456", "79123456", None, "cc"),
    ],
)
def test_a_type_is_guessed_where_there_is_no_doubt(
    records: Records, kind: str, typed: str, number: str, digit: str | None, type_: str
) -> None:
    record = records.create(CLIENT, {"name": "Cliente", "kind": kind, "identification": typed})

    assert kept(record) == (number, digit, type_, type_.upper())


@pytest.mark.parametrize(
    ("kind", "typed"),
    [
        ("company", "909.214.530-7"),  # a wrong check digit
        ("company", "1020304050"),  # may be a person's card
        ("company", "79123456"),
        ("company", "ABC-123 x"),
        ("person", "909214530"),  # nine digits: no card ever had them
        ("person", "9092145309"),
        ("person", "AB 123.456"),
        ("person", "123"),
    ],
)
def test_what_may_be_anything_stays_as_typed(records: Records, kind: str, typed: str) -> None:
    record = records.create(CLIENT, {"name": "Cliente", "kind": kind, "identification": typed})

    assert kept(record) == (typed, None, None, None)


@pytest.mark.parametrize(
    ("free", "type_"),
    [("NIT", "nit"), ("n.i.t.", "nit"), ("31", "nit"), ("Cédula de Ciudadanía", "cc"),
     ("C. C.", "cc"), ("pasaporte", "passport"), ("CE", "ce")],
)  # fmt: skip
def test_the_free_type_tells_ours_and_stays_as_written(
    records: Records, free: str, type_: str
) -> None:
    record = records.create(CLIENT, {"name": "Cliente", "identification_type": free})

    assert record["colombia.identification_type"] == type_
    assert record["identification_type"] == free


def test_an_unknown_free_type_forbids_guessing(records: Records) -> None:
    record = records.create(
        CLIENT,
        {"name": "Cliente", "identification": "909.214.530-9", "identification_type": "Cámara"},
    )

    assert kept(record) == ("909.214.530-9", None, None, "Cámara")


@pytest.mark.parametrize("type_", ["passport", "ce", "pep", "te", "foreign_document",
                                   "foreign_nit"])  # fmt: skip
def test_foreign_documents_are_never_refused(records: Records, type_: str) -> None:
    record = records.create(
        CLIENT,
        {"name": "Cliente", "kind": "person", "identification": "x-12 ñ/3",
         "colombia.identification_type": type_},
    )  # fmt: skip

    assert record["colombia.identification_type"] == type_
    assert record["colombia.check_digit"] is None
    assert "12" in record["identification"]


def test_letters_in_a_citizenship_card_are_refused(records: Records) -> None:
    with pytest.raises(Invalid) as refused:
        records.create(
            CLIENT,
            {"name": "Ana", "kind": "person", "identification": "AB12345",
             "colombia.identification_type": "cc"},
        )  # fmt: skip

    assert list(refused.value.errors) == ["identification"]


def test_another_type_makes_another_check_digit(records: Records) -> None:
    ana = records.create(
        CLIENT, {"name": "Ana Gómez", "kind": "person", "identification": "1020304050"}
    )

    as_nit = records.update(CLIENT, ana.id, {"colombia.identification_type": "nit"})
    again = records.update(CLIENT, ana.id, {"identification_type": "Cédula"})

    assert kept(as_nit) == ("1020304050", "8", "nit", "NIT")
    assert kept(again) == ("1020304050", None, "cc", "Cédula")


def test_another_kind_tells_what_the_number_is(records: Records) -> None:
    ana = records.create(CLIENT, {"name": "Ana Gómez", "identification": "1020304050"})

    as_person = records.update(CLIENT, ana.id, {"kind": "person"})

    assert kept(ana) == ("1020304050", None, None, None)
    assert kept(as_person) == ("1020304050", None, "cc", "CC")


def test_a_cleared_type_takes_the_check_digit_along(records: Records) -> None:
    yunque = records.create(CLIENT, {"name": "El Yunque", "identification": "909214530"})

    cleared = records.update(CLIENT, yunque.id, {"colombia.identification_type": None})

    assert kept(cleared) == ("909214530", None, None, "NIT")


def test_a_cleared_number_takes_the_check_digit_along(records: Records) -> None:
    yunque = records.create(CLIENT, {"name": "El Yunque", "identification": "909214530"})

    cleared = records.update(CLIENT, yunque.id, {"identification": ""})

    assert kept(cleared) == (None, None, "nit", "NIT")


def test_the_check_digit_cannot_be_written(records: Records) -> None:
    with pytest.raises(Invalid) as refused:
        records.create(CLIENT, {"name": "El Yunque", "colombia.check_digit": "9"})

    assert list(refused.value.errors) == ["colombia.check_digit"]


def test_saving_something_else_leaves_an_old_mistake_alone(unit: Any, tenant: Any) -> None:
    tenant.disable("colombia")
    with unit() as work:
        yunque = work.records.create(
            CLIENT,
            {"name": "El Yunque", "identification": "909.214.530-7", "identification_type": "NIT"},
        )
    tenant.enable("colombia")

    with unit() as work:
        saved = work.records.update(CLIENT, yunque.id, {"city": "Cali", "kind": "person"})

    assert saved["identification"] == "909.214.530-7"


def test_a_refused_row_does_not_stop_the_others(records: Records) -> None:
    rows = [
        {"name": "Bien", "identification": "909.214.530-9", "colombia.identification_type": "nit"},
        {"name": "Mal", "identification": "909.214.530-1", "colombia.identification_type": "nit"},
    ]

    first, second = records.bulk(CLIENT, rows)

    assert (first.status, second.status) == ("created", "refused")
    assert list(second.errors) == ["identification"]
