"""The recycle bin keeps a record whole, frees what only one may have, and gives it back."""

from __future__ import annotations

from uuid import UUID

import pytest
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from trato.db.types import new_id
from trato.errors import Conflict, Invalid, NotFound
from trato.host import Host
from trato.records.query import Filter
from trato.records.unit import Unit
from trato.testing.companies import Company
from trato.testing.samples import create_sample
from trato.testing.specimen import Piece

PIECE, LABEL = "specimen.piece", "specimen.label"


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


def ids(unit: Unit, archived: bool = False) -> set[UUID]:
    return {row[0] for row in unit.records.query(PIECE, columns=("id",), archived=archived).rows}


def test_an_archived_record_is_in_the_bin_and_nowhere_else(tenant: Company) -> None:
    with tenant.unit() as unit:
        piece = unit.records.create(PIECE, {"name": "x", "tags": ["a"]}).id
        unit.records.archive(PIECE, piece)

        assert (ids(unit), ids(unit, archived=True)) == (set(), {piece})
        with pytest.raises(NotFound, match=f"There is no Piece {piece}."):
            unit.records.get(PIECE, piece)
        assert unit.records.get(PIECE, piece, archived=True).is_archived
        tagged = Filter(path="tags", op="contains", value="a")
        assert unit.records.query(PIECE, filters=(tagged,)).rows == []


def test_a_record_of_the_bin_is_not_changed(tenant: Company) -> None:
    with tenant.unit() as unit:
        piece = unit.records.create(PIECE, {"name": "x"}).id
        unit.records.archive(PIECE, piece)

        with pytest.raises(NotFound):
            unit.records.update(PIECE, piece, {"name": "y"})
        with pytest.raises(NotFound):
            unit.records.archive(PIECE, piece)
        assert unit.records.update_where(PIECE, values={"name": "y"}) == 0
        [outcome] = unit.records.bulk(PIECE, [{"name": "y"}], match="id", ids=[piece])
        assert outcome.status == "refused"
        assert unit.records.get(PIECE, piece, archived=True)["name"] == "x"


def test_a_living_record_is_not_restored(tenant: Company) -> None:
    with tenant.unit() as unit:
        piece = unit.records.create(PIECE, {"name": "x"}).id
        with pytest.raises(NotFound):
            unit.records.restore(PIECE, piece)


def test_a_restored_record_is_as_it_was(tenant: Company) -> None:
    with tenant.unit() as unit:
        shelf = str(create_sample(unit, "specimen.shelf").id)
        before = unit.records.create(
            PIECE, {"name": "x", "code": "K-1", "tags": ["a", "b"], "marks": ["good"],
                    "price": "12.5", "annex.points": 3, "shelf_id": shelf},
        )  # fmt: skip
        unit.records.archive(PIECE, before.id)

        after = unit.records.restore(PIECE, before.id)

    changed = {path for path in before.values if before[path] != after[path]}
    assert changed <= {"updated_at", "updated_by"}
    assert after.version == 3


@pytest.mark.parametrize("path", ["code", "custom.badge"])
def test_the_bin_frees_a_unique_value(tenant: Company, path: str) -> None:
    tenant.custom_field(PIECE, "badge", "text", unique=True)
    with tenant.unit() as unit:
        first = unit.records.create(PIECE, {"name": "x", path: "A-1"}).id
        with pytest.raises(Invalid, match="'a 1' is taken by another record" if path == "code"
                           else "'A-1' is taken by another record"):  # fmt: skip
            unit.records.create(PIECE, {"name": "y", path: "a 1" if path == "code" else "A-1"})
        unit.records.archive(PIECE, first)

        second = unit.records.create(PIECE, {"name": "y", path: "A-1"})

    assert second[path] == "A-1"


@pytest.mark.parametrize("path", ["code", "custom.badge"])
def test_a_restore_that_meets_a_taken_value_says_which(tenant: Company, path: str) -> None:
    tenant.custom_field(PIECE, "badge", "text", unique=True)
    with tenant.unit() as unit:
        first = unit.records.create(PIECE, {"name": "x", path: "A-1"}).id
        unit.records.archive(PIECE, first)
        second = unit.records.create(PIECE, {"name": "y", path: "A-1"}).id

        with pytest.raises(Invalid) as refused:
            unit.records.restore(PIECE, first)

        assert {p: list(map(str, texts)) for p, texts in refused.value.errors.items()} == {
            path: ["'A-1' is taken by another record."]
        }
        assert (ids(unit), ids(unit, archived=True)) == ({second}, {first})
        unit.records.update(PIECE, second, {path: None})
        assert unit.records.restore(PIECE, first)[path] == "A-1"


def test_a_group_of_fields_is_unique_together_among_the_living(tenant: Company) -> None:
    with tenant.unit() as unit:
        piece = str(create_sample(unit, PIECE).id)
        other = str(create_sample(unit, PIECE).id)
        first = unit.records.create(LABEL, {"piece_id": piece, "number": 1, "wording": "a"}).id
        unit.records.create(LABEL, {"piece_id": piece, "number": 2, "wording": "b"})
        unit.records.create(LABEL, {"piece_id": other, "number": 1, "wording": "c"})
        same = {"piece_id": piece, "number": 1, "wording": "d"}

        with pytest.raises(Invalid) as refused:
            unit.records.create(LABEL, same)
        unit.records.archive(LABEL, first)
        again = unit.records.create(LABEL, same)

        assert list(refused.value.errors) == ["number"]
        with pytest.raises(Invalid):
            unit.records.restore(LABEL, first)
        unit.records.archive(LABEL, again.id)
        assert unit.records.restore(LABEL, first)["wording"] == "a"


def test_rows_of_one_bulk_do_not_share_a_unique_value(tenant: Company) -> None:
    with tenant.unit() as unit:
        outcomes = unit.records.bulk(
            PIECE, [{"name": "a", "code": "X1"}, {"name": "b", "code": "x-1"}, {"name": "c"}]
        )

    assert [outcome.status for outcome in outcomes] == ["created", "refused", "created"]
    assert str(outcomes[1].errors["code"][0]) == "'x-1' is taken by another record."


def test_a_reference_to_a_record_of_the_bin_is_refused_and_an_old_one_stays(
    tenant: Company,
) -> None:
    with tenant.unit() as unit:
        shelf = create_sample(unit, "specimen.shelf").id
        piece = unit.records.create(PIECE, {"name": "x", "shelf_id": str(shelf)}).id
        unit.records.archive("specimen.shelf", shelf)

        with pytest.raises(Invalid, match=f"There is no Shelf {shelf}."):
            unit.records.create(PIECE, {"name": "y", "shelf_id": str(shelf)})
        changed = unit.records.update(PIECE, piece, {"name": "z"})

    assert changed["shelf_id"] == shelf


def test_an_id_of_the_bin_is_taken(tenant: Company) -> None:
    with tenant.unit() as unit:
        piece = unit.records.create(PIECE, {"name": "x"}).id
        unit.records.archive(PIECE, piece)

        with pytest.raises(Conflict, match=f"A record with id {piece} exists already."):
            unit.records.create(PIECE, {"name": "y"}, id=piece)


def test_an_id_that_was_purged_is_never_used_again(tenant: Company) -> None:
    """Its chain in the audit is closed, and two records would share it."""
    with tenant.unit() as unit:
        piece = unit.records.create(PIECE, {"name": "x"}).id
        unit.records.archive(PIECE, piece)
        unit.records.purge(PIECE, [piece])

    with pytest.raises(Conflict, match="exists already"), tenant.unit() as unit:
        unit.records.create(PIECE, {"name": "y"}, id=piece)


def test_the_database_itself_holds_what_is_unique_among_the_living(tenant: Company) -> None:
    with tenant.unit() as unit:
        unit.records.create(PIECE, {"name": "x", "code": "A1"})

    now = tenant.host.clock()
    row = {"tenant_id": tenant.id, "name": "y", "code": "a-1", "code_key": "a1", "version": 1,
           "grade": "good", "created_at": now, "updated_at": now}  # fmt: skip
    refusal = r"uq_specimen_piece_code|UNIQUE constraint failed"
    with pytest.raises(IntegrityError, match=refusal), tenant.unit() as unit:
        unit.connection.execute(insert(Piece.__table__).values(id=new_id(), **row))


def test_a_record_is_asked_for_by_its_id_in_words_too(tenant: Company) -> None:
    with tenant.unit() as work:
        piece = work.records.create(Piece, {"name": "Vasija"}).id
        found = work.records.get(Piece, str(piece))  # type: ignore[arg-type]
        with pytest.raises(NotFound, match=r"There is no Piece abc\."):
            work.records.get(Piece, "abc")  # type: ignore[arg-type]

    assert found.id == piece
