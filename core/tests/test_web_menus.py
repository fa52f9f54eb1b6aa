"""The navigation marks the entry that one has opened, be it a list or one of its views."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest

from trato.host import Host
from trato.plugin import Menu, Plugin
from trato.testing import specimen
from trato.testing.clients import Browser
from trato.testing.companies import Company
from trato.testing.pages import page_of

LIST = "/specimen/pieces"


@pytest.fixture
def host(
    temporarily: Callable[..., AbstractContextManager[Host]], make_plugin: Callable[..., Plugin]
) -> Iterator[Host]:
    menus = [
        Menu(title="Good ones", group="Specimen", path=f"{LIST}?view=good", position=1,
             entity="specimen.piece"),
        Menu(title="Fair ones", group="Specimen", path=f"{LIST}?grade=fair", position=200,
             entity="specimen.piece"),
    ]  # fmt: skip
    shown = make_plugin("shown", depends=["specimen"], menus=menus)
    with temporarily(specimen.plugin, shown) as host:
        yield host


@pytest.mark.database("sqlite")
def test_of_entries_to_one_list_the_one_that_was_opened_is_marked(
    tenant: Company, sign_in: Callable[..., Browser]
) -> None:
    with tenant.unit() as unit:
        record = unit.records.create("specimen.piece", {"name": "Cobre"}).id
    client = sign_in(tenant.member("admin"))

    def marked(address: str) -> list[str]:
        links = page_of(client.get(address)).all("a", "t-nav-item")
        return [link.text.strip() for link in links if "aria-current" in link.attrs]

    assert marked(f"{LIST}?view=good") == ["Good ones"]
    assert marked(f"{LIST}?grade=fair&sort=-name") == ["Fair ones"]
    for address in (LIST, f"{LIST}?q=cobre", f"{LIST}/{record}", f"{LIST}/new"):
        assert marked(address) == ["Pieces"], address
    assert marked("/specimen/shelves") == ["Shelves"]
