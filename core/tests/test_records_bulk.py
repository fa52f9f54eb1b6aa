"""A bulk finds the records that its rows mean, and one refused row stops no other."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

import pytest

from trato.access.actor import Actor
from trato.db.types import new_id
from trato.errors import BadQuery
from trato.host import Host
from trato.records.records import Outcome
from trato.testing.companies import Company
from trato.testing.statements import Statements

PIECE = "specimen.piece"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


def save(
    tenant: Company, rows: Sequence[Mapping[str, Any]], actor: Actor | None = None, **options: Any
) -> list[Outcome]:
    with tenant.unit(actor) as unit:
        return unit.records.bulk(PIECE, rows, **options)


def read(tenant: Company, id: UUID | None) -> Mapping[str, Any]:
    assert id is not None
    with tenant.unit(read=True) as unit:
        return unit.records.get(PIECE, id).values


def said(outcome: Outcome) -> dict[str, str]:
    return {path: " ".join(map(str, texts)) for path, texts in outcome.errors.items()}


def test_match_updates_what_exists_and_creates_the_rest(tenant: Company) -> None:
    (first,) = save(tenant, [{"name": "Vasija", "code": "A-1"}])

    outcomes = save(
        tenant,
        [{"code": "a 1", "place": "Cali"}, {"name": "Olla", "code": "A-2"}],
        match="code",
    )
    again = save(tenant, [{"code": "A1", "place": "Cali"}], match="code")

    assert [outcome.status for outcome in outcomes] == ["updated", "created"]
    assert outcomes[0].id == first.id
    assert read(tenant, first.id)["place"] == "Cali"
    assert again[0].status == "updated"  # the code is written in another way
    assert save(tenant, [{"code": "A1"}], match="code")[0].status == "unchanged"


def test_fields_of_extensions_and_own_fields_are_written(tenant: Company) -> None:
    tenant.custom_field(PIECE, "ring", "integer", unique=True)

    outcomes = save(tenant, [{"name": "Vasija", "custom.ring": 7, "annex.origin": "Ráquira"}])
    updated = save(tenant, [{"custom.ring": 7, "annex.origin": "Sopó"}], match="custom.ring")

    assert updated[0].id == outcomes[0].id
    assert read(tenant, outcomes[0].id)["annex.origin"] == "Sopó"
    assert read(tenant, outcomes[0].id)["custom.ring"] == 7


def test_match_by_id_updates_creates_and_leaves_the_bin_alone(tenant: Company) -> None:
    kept, binned = save(tenant, [{"name": "Vasija"}, {"name": "Olla"}])
    assert binned.id is not None
    with tenant.unit() as unit:
        unit.records.archive(PIECE, binned.id)
    fresh = new_id()

    outcomes = save(
        tenant,
        [{"name": "Vaso"}, {"name": "Ollita"}, {"name": "Plato"}, {"name": "Taza"}],
        match="id", ids=[kept.id, binned.id, fresh, None],
    )  # fmt: skip

    assert [outcome.status for outcome in outcomes] == [
        "updated", "refused", "created", "created",
    ]  # fmt: skip
    assert read(tenant, kept.id)["name"] == "Vaso"
    assert said(outcomes[1]) == {"": "The record is in the recycle bin."}
    assert outcomes[2].id == fresh


def test_id_of_another_tenant_is_free_here_and_untouched_there(
    tenant: Company, other_tenant: Company
) -> None:
    (theirs,) = save(other_tenant, [{"name": "Vasija"}])

    outcomes = save(tenant, [{"name": "Olla"}], match="id", ids=[theirs.id])

    assert outcomes[0].status == "created"
    assert read(tenant, theirs.id)["name"] == "Olla"
    assert read(other_tenant, theirs.id)["name"] == "Vasija"


def test_given_id_that_exists_is_refused(tenant: Company) -> None:
    (first,) = save(tenant, [{"name": "Vasija"}])

    (outcome,) = save(tenant, [{"name": "Olla"}], ids=[first.id])

    assert said(outcome) == {"id": f"A record with id {first.id} exists already."}


def test_rows_with_one_key_are_refused_from_the_second_on(tenant: Company) -> None:
    outcomes = save(
        tenant, [{"name": "Vasija", "code": "A-1"}, {"name": "Olla", "code": "a1"}], match="code"
    )

    assert [outcome.status for outcome in outcomes] == ["created", "refused"]
    assert said(outcomes[1]) == {"code": "'a1' stands in row 1 already."}


def test_key_of_several_records_is_refused(tenant: Company) -> None:
    save(tenant, [{"name": "Vasija"}, {"name": "VASIJA"}])

    (outcome,) = save(tenant, [{"name": "vasija", "place": "Cali"}], match="name")

    assert said(outcome) == {"name": "2 records have 'vasija'; it is unclear which is meant."}


def test_key_of_the_wrong_type_is_refused_like_any_value(tenant: Company) -> None:
    (outcome,) = save(tenant, [{"name": "Vasija", "code": 12}], match="code")

    assert said(outcome) == {"code": "This is text; 12 is not."}


@pytest.mark.parametrize("match", ["plain", "tags", "shelf_id", "created_at", "nothing"])
def test_field_that_cannot_find_records_is_refused(tenant: Company, match: str) -> None:
    with pytest.raises(BadQuery, match=f"Records cannot be found by '{match}'") as caught:
        save(tenant, [{"name": "Vasija"}], match=match)

    assert str(caught.value.hint).startswith("Choose one of: id, name, code, place,")


def test_record_that_the_actor_may_not_see_is_neither_doubled_nor_described(
    tenant: Company,
) -> None:
    save(tenant, [{"name": "Vasija", "code": "A-1"}])
    seller = tenant.member_with(
        {"*": {"view": "own", "create": "all", "edit": "own", "import": "all"}}
    )

    (outcome,) = save(tenant, [{"name": "Olla", "code": "A1"}], seller, match="code")

    assert outcome.status == "refused"
    assert said(outcome) == {"code": "'A1' belongs to a record that you may not see."}


def test_record_that_the_actor_may_not_edit_is_left_alone(tenant: Company) -> None:
    (first,) = save(tenant, [{"name": "Vasija", "code": "A-1"}])
    seller = tenant.member_with(
        {"*": {"view": "all", "create": "all", "edit": "own", "import": "all"}}
    )

    (outcome,) = save(tenant, [{"name": "Olla", "code": "A1"}], seller, match="code")

    assert said(outcome) == {
        "": "Your role reaches your own records, and this record belongs to nobody."
    }
    assert read(tenant, first.id)["name"] == "Vasija"


def test_dry_run_says_the_same_and_writes_nothing(tenant: Company) -> None:
    save(tenant, [{"name": "Vasija", "code": "A-1"}])
    rows = [{"code": "A-1", "place": "Cali"}, {"name": "Olla", "code": "A-2"}, {"name": ""}]

    foretold = save(tenant, rows, match="code", dry_run=True)
    done = save(tenant, rows, match="code")

    assert [o.status for o in foretold] == ["updated", "created", "refused"]
    assert [o.status for o in done] == [o.status for o in foretold]
    assert said(done[2]) == said(foretold[2])


def test_statements_do_not_grow_with_the_rows(
    tenant: Company, count_statements: Callable[[], AbstractContextManager[Statements]]
) -> None:
    def rows(start: int, count: int) -> list[dict[str, Any]]:
        return [
            {"name": f"Vasija {n}", "code": f"A-{n}", "tags": ["a"], "annex.origin": "Cali"}
            for n in range(start, start + count)
        ]

    counts = []
    for start, count in ((0, 3), (100, 90)):
        with count_statements() as counted:
            save(tenant, rows(start, count), match="code")
        with count_statements() as again:
            save(tenant, rows(start, count), match="code")
        counts.append((len(counted), len(again)))

    assert counts[0] == counts[1]
