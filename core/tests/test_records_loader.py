"""The fast loader is the schema made quick, and never says anything else than marshmallow."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from trato.entities.view import EntityView
from trato.errors import Message
from trato.host import Host
from trato.records.schema import Loader, loader_for, schema_for
from trato.testing.companies import Company


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture
def piece(tenant: Company) -> EntityView:
    tenant.custom_field("specimen.piece", "ring", "integer", required=True)
    tenant.custom_field("specimen.piece", "note", "text")
    tenant.custom_field("specimen.piece", "level", "choice", choices=[("a", "A"), ("b", "B")])
    return tenant.view.entity("specimen.piece")


class OnlyMarshmallow(Loader):
    """A loader without the fast way."""

    def _accepted(self, values: Any, *, partial: bool) -> None:
        return None


PATHS = (
    "name", "code", "plain", "place", "essay", "email", "phone", "website", "count", "weight",
    "price", "found", "seen", "is_rare", "grade", "marks", "tags", "shelf_id", "owner_id",
    "team_id", "custom.ring", "custom.note", "custom.level", "annex.origin", "annex.points",
    "annex.worth", "annex.checked", "created_at", "updated_by", "nothing", "custom.nothing",
)  # fmt: skip
RIGHT: dict[str, Any] = {
    "name": "Vasija", "code": "A-1", "email": "ana@example.com", "phone": "+57 604 555 0101",
    "website": "https://example.com/a", "count": 3, "weight": "1.5", "price": Decimal("10.25"),
    "found": "2026-11-22", "seen": "2026-11-22T15:30:00-05:00", "is_rare": True, "grade": "good",
    "marks": ["good", "poor"], "tags": ["VIP", "vip"], "custom.ring": 7, "custom.note": " a  b ",
    "custom.level": "a", "annex.origin": "Cali", "annex.points": 1, "annex.worth": "3",
    "annex.checked": "2026-01-01", "shelf_id": "01a20143-2c77-7029-bacc-7307daa8eef6",
}  # fmt: skip

_simple = st.one_of(
    st.none(), st.booleans(), st.integers(), st.integers(min_value=2**62, max_value=2**66),
    st.floats(), st.decimals(min_value=-(10**20), max_value=10**20, places=6),
    st.text(max_size=300), st.dates(), st.datetimes(),
    st.datetimes(timezones=st.just(dt.UTC)), st.uuids(),
    st.sampled_from(["", " ", "poor", "a", "12", "-1.50", "1.1234567", "x@y.co", "\x00", "\ud800"]),
)  # fmt: skip
_value = st.one_of(
    _simple,
    st.lists(_simple, max_size=4),
    st.dictionaries(st.text(max_size=3), _simple, max_size=2),
)
_random_rows = st.dictionaries(st.sampled_from(PATHS), _value, max_size=8)
#: Rows with at most one fault, which random ones hardly ever are.
_mostly_right = st.builds(
    lambda paths, changed: {p: RIGHT[p] for p in paths} | changed,
    st.sets(st.sampled_from(sorted(RIGHT))).map(lambda some: some | {"name", "custom.ring"}),
    st.dictionaries(st.sampled_from(PATHS), _value, max_size=1),
)


@pytest.mark.database("sqlite")
@settings(
    max_examples=600, deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)  # fmt: skip
@given(row=st.one_of(_random_rows, _mostly_right), partial=st.booleans())
def test_fast_way_and_marshmallow_agree_on_every_row(
    tenant: Company, piece: EntityView, row: dict[str, Any], partial: bool
) -> None:
    actor = tenant.system()
    schema = schema_for(actor, piece)

    fast = Loader(schema)(row, partial=partial)
    slow = OnlyMarshmallow(schema)(row, partial=partial)

    assert fast == slow
    assert {path: type(value) for path, value in fast[0].items()} == {
        path: type(value) for path, value in slow[0].items()
    }


@pytest.mark.database("sqlite")
def test_right_row_does_not_reach_marshmallow(
    tenant: Company, piece: EntityView, monkeypatch: pytest.MonkeyPatch
) -> None:
    loader = loader_for(tenant.system(), piece)
    monkeypatch.delattr(Loader, "_judged")

    loaded, errors = loader(RIGHT, partial=False)

    assert errors == {}
    assert loaded["price"] == Decimal("10.2500")
    assert loaded["tags"] == ["VIP"]
    assert loaded["custom.note"] == "a b"
    assert loaded["shelf_id"] == UUID("01a20143-2c77-7029-bacc-7307daa8eef6")


@pytest.mark.database("sqlite")
@pytest.mark.parametrize(
    ("row", "errors"),
    [
        ({"name": " "}, {"name": "This is obligatory.", "custom.ring": "This is obligatory."}),
        ({"name": "a", "custom.ring": "7"}, {"custom.ring": "'7' is not a whole number."}),
        (
            {"name": "a", "custom.ring": 7, "created_at": None, "nothing": 1},
            dict.fromkeys(
                ("created_at", "nothing"), "There is no such field, or it cannot be written."
            ),
        ),
    ],
)
def test_refused_row_says_why_by_path(
    tenant: Company, piece: EntityView, row: dict[str, Any], errors: dict[str, str]
) -> None:
    loaded, found = loader_for(tenant.system(), piece)(row, partial=False)

    assert loaded == {}
    assert {path: " ".join(map(str, texts)) for path, texts in found.items()} == errors


@pytest.mark.database("sqlite")
def test_row_that_is_no_mapping_is_refused(tenant: Company, piece: EntityView) -> None:
    loaded, errors = loader_for(tenant.system(), piece)(["name"], partial=True)  # type: ignore[arg-type]

    assert loaded == {}
    assert errors == {"_schema": [Message("Invalid input type.")]}
