"""The connector of docs/develop/connector.md is what `trato plugin new` writes."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from trato.scaffold.naming import names_for, parts_of
from trato.scaffold.writing import _write_files
from trato.sync.connector import Batch, Connector, Document, Item, Stream

GIVEN = (Stream, Batch, Item, Document)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "develop" / "connector.md"


def test_the_page_shows_the_connector_as_it_is_written(tmp_path: Path) -> None:
    _write_files(names_for("acme_orders"), parts_of("screen,connector"), tmp_path)
    shown = re.findall(r'^```python title="([^"]+)"\n(.*?)^```$', PAGE.read_text("utf-8"),
                       re.M | re.S)  # fmt: skip

    assert [name for name, _text in shown] == ["trato_acme_orders/connector.py"]
    assert shown[0][1] == (tmp_path / shown[0][0]).read_text("utf-8")
    (checks,) = re.findall(r"^```python\n(.*?)^```$", PAGE.read_text("utf-8"), re.M | re.S)
    assert (tmp_path / "tests" / "test_connector.py").read_text("utf-8").endswith(checks)


@pytest.mark.parametrize(
    "name",
    sorted(
        {n for n in vars(Connector) if not n.startswith("_")}
        | {
            n
            for kind in (Stream, Batch, Item, Document)
            for n in inspect.signature(kind).parameters
        }
        - {"items", "label", "record_id", "action", "linked", "more"}
    ),
)
def test_the_page_tells_every_part_of_a_connector(name: str) -> None:
    assert re.search(rf"\b{name}\b", PAGE.read_text("utf-8"))
