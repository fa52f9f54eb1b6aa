"""Views of a list: kept under a name, shared where a role allows it, never wider than its reader's
rights.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from werkzeug.test import TestResponse

from trato.access.actor import Actor
from trato.host import Host
from trato.testing.clients import Browser
from trato.testing.clock import SettableClock
from trato.testing.companies import Company
from trato.testing.pages import Element, page_of
from trato.testing.statements import Statements

LIST = "/specimen/pieces"
VIEWS = f"{LIST}/views"
PIECE = "specimen.piece"
SEES = {"*": {"view": "all"}}
SHARE = "core.share_views"
SignIn = Callable[..., Browser]
Count = Callable[[], AbstractContextManager[Statements]]


@pytest.fixture
def host(specimen_host: Host) -> Host:
    return specimen_host


@pytest.fixture(autouse=True)
def pieces(tenant: Company) -> None:
    with tenant.unit() as unit:
        for name, grade, code in (
            ("Cobre", "good", "1"),
            ("Plomo", "poor", "2"),
            ("Zinc", "good", "3"),
        ):
            unit.records.create(PIECE, {"name": name, "grade": grade, "code": code})


def keep(client: Browser, name: str, query: str = "", **form: str) -> str:
    """Save the list as an address has it; gives the address of the view."""
    answer = client.post(f"{VIEWS}{query}", data={"name": name, **form})
    assert answer.status_code == 302, answer.text
    return str(answer.location)


def names(client: Browser, address: str) -> list[str]:
    """Name the records that a list shows."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return [row.all("a")[0].text for row in page_of(answer).all("tr", "t-row")]


def tabs(answer: TestResponse) -> list[Element]:
    """Give the links of the chooser."""
    return page_of(answer).one("nav", "t-views-tabs").all("a")


def titles(client: Browser, address: str = f"{LIST}?view=all") -> list[str]:
    return [tab.all("span", "t-clip")[0].text for tab in tabs(client.get(address))]


def active(answer: TestResponse) -> str:
    return next(
        tab.all("span", "t-clip")[0].text for tab in tabs(answer) if "aria-current" in tab.attrs
    )


def said(client: Browser, answer: TestResponse) -> str:
    """Read the word on the page that an answer leads to."""
    return page_of(client.get(answer.location)).one(id="t-toasts").text


def test_view_keeps_filters_search_order_columns_and_height(client: Browser) -> None:
    client.post(f"{LIST}/columns", data={"column": ["grade"], "height": "compact"})
    url = keep(client, "Buenos", "?grade=good&sort=-name&q=c")
    client.post(f"{LIST}/columns", data={"column": ["code"], "height": "comfortable"})

    page = page_of(client.get(url))

    assert names(client, url) == ["Cobre"]
    assert page.all("th", scope="col")[0].attrs["aria-sort"] == "descending"
    assert [th.text for th in page.all("th", scope="col")][1:] == ["Grade"]
    assert "is-compact" in page.one(id="t-list").attrs["class"]
    assert page.one(id="t-search").attrs["value"] == "c"
    assert active(client.get(url)) == "Buenos"


def test_what_changes_beside_a_view_stays_in_the_address_until_it_is_kept(client: Browser) -> None:
    url = keep(client, "Buenos", "?grade=good")
    chip = page_of(client.get(url)).one("li", "t-chip").one("a")

    wider = chip.attrs["href"]
    changed = page_of(client.get(wider))
    form = changed.one("div", "t-views-keep").one("form")
    kept = client.post(
        form.attrs["action"], data={"version": form.one("input", name="version").attrs["value"]}
    )

    assert names(client, url) == ["Cobre", "Plomo", "Zinc"], "the view is what was kept"
    assert len(names(client, wider)) == 3
    assert changed.all("span", "t-dot")
    assert kept.location == url
    assert not page_of(client.get(url)).all("span", "t-dot")


def test_columns_chosen_in_a_view_leave_the_whole_list_alone(client: Browser) -> None:
    url = keep(client, "Buenos", "?grade=good")
    before = len(page_of(client.get(f"{LIST}?view=all")).all("th", scope="col"))

    answer = client.post(f"{LIST}/columns?{url.partition('?')[2]}", data={"column": ["code"]})

    assert "_columns=name%2Ccode" in answer.location
    assert len(page_of(client.get(answer.location)).all("th", scope="col")) == 2
    assert len(page_of(client.get(LIST)).all("th", scope="col")) == before


def test_two_at_once_the_second_is_told_and_overwrites_nothing(
    client: Browser, sign_in: SignIn, tenant: Company
) -> None:
    other = sign_in(tenant.member("admin"))
    url = keep(client, "Buenos", "?grade=good", share="all")
    view_id = url.partition("=")[2]
    content = f"{VIEWS}/{view_id}/content?view={view_id}&_edited=1"

    client.post(f"{content}&grade=poor", data={"version": "1"})
    late = other.post(f"{content}&grade=fair", data={"version": "1"})

    assert names(client, url) == ["Plomo"]
    assert "entretanto" in said(other, late)


def test_view_is_its_makers_alone_unless_it_is_shared(
    client: Browser, sign_in: SignIn, tenant: Company
) -> None:
    mine, shared = keep(client, "Mía"), keep(client, "De todos", share="all")
    other = sign_in(tenant.member("viewer"))

    assert "Mía" in titles(client)
    assert "Mía" not in titles(other)
    assert other.get(mine).status_code == 404
    assert "Mía" not in other.get(mine).text
    assert other.get(shared).status_code == 200
    assert "De todos" in titles(other)


def test_team_sees_what_is_shared_with_it_and_nobody_else_does(
    sign_in: SignIn, tenant: Company
) -> None:
    tenant.team("norte")
    maker = tenant.member_with(SEES, permissions=[SHARE], teams=["norte"])
    team_id = next(team.id for team in tenant.view.teams.values() if team.key == "norte")
    keep(sign_in(maker), "Del norte", share=f"team:{team_id}")

    assert "Del norte" in titles(sign_in(tenant.member_with(SEES, teams=["norte"])))
    assert "Del norte" not in titles(sign_in(tenant.member("viewer")))


@pytest.mark.parametrize("share", ["all", "team"])
def test_sharing_needs_a_right_that_no_role_has_by_itself(
    sign_in: SignIn, tenant: Company, share: str
) -> None:
    tenant.team("sur")
    team_id = next(iter(tenant.view.teams))
    other = sign_in(tenant.member("manager", teams=["sur"]))

    form = page_of(other.get(f"{VIEWS}/new")).all("input", name="share")
    answer = other.post(
        VIEWS, data={"name": "X", "share": share if share == "all" else f"team:{team_id}"}
    )

    assert form == []
    assert "no permite" in said(other, answer)
    assert "X" not in titles(other)


def test_with_the_right_one_shares_with_ones_own_teams_only(
    sign_in: SignIn, tenant: Company
) -> None:
    tenant.team("norte")
    tenant.team("sur")
    teams = {team.key: team.id for team in tenant.view.teams.values()}
    other = sign_in(tenant.member_with(SEES, permissions=[SHARE], teams=["norte"]))

    offered = [
        box.attrs["value"] for box in page_of(other.get(f"{VIEWS}/new")).all("input", name="share")
    ]
    refused = other.post(VIEWS, data={"name": "X", "share": f"team:{teams['sur']}"})

    assert offered == ["me", f"team:{teams['norte']}", "all"]
    assert "no permite" in said(other, refused)


def test_shared_view_is_changed_by_its_maker_and_by_administrators(
    client: Browser, sign_in: SignIn, tenant: Company
) -> None:
    maker = sign_in(tenant.member_with(SEES, permissions=[SHARE]))
    peer = sign_in(tenant.member_with(SEES, permissions=[SHARE]))
    url = keep(maker, "De todos", share="all")
    view = f"{VIEWS}/{url.partition('=')[2]}"

    assert not page_of(peer.get(view)).all("input", name="name")
    assert peer.post(f"{view}/delete").status_code == 403
    assert "puede cambiarla" in said(peer, peer.post(f"{view}/content", data={"version": "1"}))
    renamed = client.post(view, data={"name": "Otro nombre", "share": "all", "version": "1"})
    assert renamed.status_code == 302
    assert "Otro nombre" in titles(maker)


def test_hidden_columns_drop_out_with_a_word(
    client: Browser, sign_in: SignIn, tenant: Company
) -> None:
    client.post(f"{LIST}/columns", data={"column": ["code", "grade"]})
    url = keep(client, "Con código", "?sort=-code", share="all")
    other = sign_in(tenant.member_with(SEES, fields={PIECE: {"code": "hidden"}}))

    page = page_of(other.get(url))

    assert [th.text for th in page.all("th", scope="col")][1:] == ["Grade"]
    assert "no puede ver" in page.one("div", "t-views-notes").text
    assert not page.all("span", "t-dot"), "what was left out is no change of the reader's"


def test_view_that_filters_by_a_hidden_field_refuses_instead_of_showing_more(
    client: Browser, sign_in: SignIn, tenant: Company
) -> None:
    url = keep(client, "Uno", "?code=1", share="all")
    other = sign_in(tenant.member_with({"*": {"view": "all", "export": "all"}},
                                       fields={PIECE: {"code": "hidden"}}))  # fmt: skip
    query = url.partition("?")[2]

    answer = other.get(url)

    assert answer.status_code == 400
    assert "Cobre" not in answer.text
    assert "Plomo" not in answer.text
    assert "no puede ver" in page_of(answer).one("div", "t-empty").text
    assert "Uno" in [tab.all("span", "t-clip")[0].text for tab in tabs(answer)]
    for path in (f"{LIST}/export.csv", f"{LIST}/totals"):
        assert other.get(f"{path}?{query}").status_code == 400
    assert (
        other.post(f"{LIST}/bulk/run?{query}", data={"do": "archive", "all": "1"}).status_code
        >= 400
    )


def test_view_whose_field_was_removed_says_so_and_offers_the_rest_to_its_maker(
    client: Browser, tenant: Company
) -> None:
    path = tenant.custom_field(PIECE, "vena", "text", label="Vena", indexed=True)
    client.post(f"{LIST}/columns", data={"column": [path, "grade"]})
    column = keep(client, "Con vena")
    filtered = keep(client, "Por vena", f"?{path}=alta&grade=poor")
    tenant.custom_field(PIECE, "vena", "text", label="Vena", indexed=True, active=False)

    refused = client.get(filtered)
    rest = page_of(refused).one("div", "t-empty").all("a")[-1].attrs["href"]

    assert "vena" in page_of(client.get(column)).one("div", "t-views-notes").text
    assert refused.status_code == 400
    assert "vena" in page_of(refused).one("div", "t-empty").text
    assert names(client, rest) == ["Plomo"]


def test_list_opens_with_the_view_that_one_prefers(
    client: Browser, sign_in: SignIn, seller: Actor
) -> None:
    url = keep(client, "Buenos", "?grade=good", default="1", share="all")

    assert client.get(LIST).location == url
    assert len(names(client, f"{LIST}?view=all")) == 3
    assert sign_in(seller).get(LIST).status_code == 200
    chip = page_of(client.get(f"{LIST}?grade=poor")).one("li", "t-chip").one("a")
    assert len(names(client, chip.attrs["href"])) == 3, "dropping a filter leads to the whole list"

    client.post(f"{VIEWS}/{url.partition('=')[2]}", data={"name": "Buenos", "version": "1"})
    assert client.get(LIST).status_code == 200


def test_columns_set_back_leave_the_preferred_view(client: Browser) -> None:
    url = keep(client, "Buenos", "?grade=good", default="1")

    client.post(f"{LIST}/columns?view=all", data={"reset": "1"})

    assert client.get(LIST).location == url


def test_favourite_stands_first_and_among_the_favourites(client: Browser) -> None:
    keep(client, "Alfa")
    url = keep(client, "Zeta", favorite="1")

    assert titles(client)[1] == "Zeta"
    found = page_of(client.get("/core/marks"))
    assert url in [link.attrs.get("href") for link in found.all("a")]


def test_more_than_five_views_are_in_a_menu_and_the_chosen_one_is_always_seen(
    client: Browser,
) -> None:
    urls = [keep(client, f"Vista {n}") for n in range(7)]

    shown = titles(client, urls[6])

    assert len(shown) == 6
    assert shown[-1] == "Vista 6"
    assert len(page_of(client.get(urls[6])).one("ul", "t-views-more").all("a")) == 3


def test_deleted_view_can_be_brought_back(client: Browser) -> None:
    url = keep(client, "Buenos", "?grade=good", default="1")
    view = f"{VIEWS}/{url.partition('=')[2]}"

    deleted = client.post(f"{view}/delete")
    undo = page_of(client.get(deleted.location)).one(id="t-toasts").one("form").attrs["action"]
    gone = client.get(url).status_code
    whole = client.get(LIST).status_code
    client.post(undo)

    assert (gone, whole) == (404, 200)
    assert names(client, url) == ["Cobre", "Zinc"]


def test_what_was_deleted_a_day_ago_is_gone(client: Browser, clock: SettableClock) -> None:
    url = keep(client, "Buenos")
    view = f"{VIEWS}/{url.partition('=')[2]}"
    client.post(f"{view}/delete")

    clock.advance(hours=25)

    assert client.post(f"{view}/restore").status_code == 404


def test_view_of_another_company_does_not_exist(
    client: Browser, sign_in: SignIn, other_actor: Actor
) -> None:
    url = keep(client, "Secreta", share="all")
    view = f"{VIEWS}/{url.partition('=')[2]}"
    stranger = sign_in(other_actor)

    assert stranger.get(url).status_code == 404
    assert stranger.get(view).status_code == 404
    for tail in ("", "/content", "/delete", "/restore"):
        answer = stranger.post(
            f"{view}{tail}", data={"name": "Robada", "version": "1", "share": "all"}
        )
        assert answer.status_code == 404
    assert names(client, url) == ["Cobre", "Plomo", "Zinc"]


def test_declared_view_is_offered_to_who_sees_its_fields(sign_in: SignIn, tenant: Company) -> None:
    sees = sign_in(tenant.member_with(SEES))
    blind = sign_in(tenant.member_with(SEES, fields={PIECE: {"grade": "hidden"}}))

    assert names(sees, f"{LIST}?view=good") == ["Cobre", "Zinc"]
    assert titles(sees) == ["Todos", "Good ones"]
    assert blind.get(f"{LIST}?view=good").status_code == 404
    assert "Good ones" not in blind.get(LIST).text


def test_days_counted_from_today_do_not_grow_old(client: Browser, clock: SettableClock) -> None:
    fresh = keep(client, "Frescas", "?updated_at__gte=-2d")

    today = names(client, fresh)
    clock.advance(days=5)

    assert len(today) == 3
    assert names(client, fresh) == []


def test_shared_view_is_in_the_audit_and_ones_own_is_not(client: Browser) -> None:
    keep(client, "Privada")
    keep(client, "De todos", share="all")

    told = client.get("/settings/audit").text

    assert "De todos" in told
    assert "Privada" not in told


def test_who_looks_as_somebody_keeps_nothing(
    client: Browser, tenant: Company, seller: Actor
) -> None:
    client.post("/admin/view-as", data={"member": str(seller.member_id)})

    page = page_of(client.get(f"{LIST}?grade=good"))

    assert not page.all("div", "t-views-keep")
    assert client.post(VIEWS, data={"name": "X"}).status_code == 403


def test_views_cost_no_statement_of_their_own(client: Browser, count_statements: Count) -> None:
    client.get(LIST)
    with count_statements() as none:
        client.get(LIST)
    urls = [keep(client, f"Vista {n}", "?grade=good", favorite="1") for n in range(6)]
    client.get(urls[0])

    with count_statements() as many:
        client.get(urls[0])

    assert len(many) == len(none)
    assert len(many.naming("core_list_view")) == 1
