"""A value that may be written in several ways is compared by the one that is kept."""

from __future__ import annotations

import pytest

from trato.api import Extension
from trato.entities.fields import Field
from trato.errors import PluginError
from trato.records.convert import spelled
from trato.records.uniqueness import comparable
from trato.testing.specimen import Piece


def _spellings(text: str) -> tuple[str, ...]:
    """Leave a country's prefix out."""
    return (text.removeprefix("CO-"), f"CO-{text.removeprefix('CO-')}")


CODE = Field(path="code", label="Code", kind="text", fold="code", spellings=_spellings)


def test_each_spelling_is_folded_the_kept_one_first() -> None:
    assert spelled(CODE, "CO-9.1") == ["91", "co91"]
    assert spelled(CODE, "9.1") == ["91", "co91"]


def test_spellings_of_one_value_compare_alike() -> None:
    assert comparable(CODE, "CO-9.1") == comparable(CODE, "91") == "91"
    assert comparable(CODE, None) is None


def test_without_spellings_a_value_is_only_folded() -> None:
    assert spelled(CODE.under(spellings=None), "CO-9.1") == ["co91"]


def test_what_folds_to_nothing_is_no_value() -> None:
    assert spelled(CODE.under(spellings=None), "…") == []


@pytest.mark.parametrize("path", ["price", "nothing"])
def test_only_folded_text_has_spellings(path: str) -> None:
    with pytest.raises(PluginError, match=f"'{path}'"):
        type("Wrong", (Extension,), {"__annotations__": {}}, of=Piece, plugin="wrong",
             spellings={path: _spellings})  # fmt: skip
