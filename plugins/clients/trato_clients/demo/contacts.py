"""Own the contacts of a client: who buys, pays, receives and decides, and under what title."""

from __future__ import annotations

import random

from .branches import branches_of
from .channels import contact_mobile, host_of, personal_email, slug, work_email
from .draws import stream
from .people import person
from .places import CITIES
from .records import DemoClient, DemoContact, DemoContactLink, Role
from .staff import ACCOUNTANT, GROUP_TREASURER, RUNS_SHOP, Title, staff_of

#: A contact and what it does for one client.
Employment = tuple[DemoContact, DemoContactLink]


def contacts_of(client: DemoClient) -> tuple[Employment, ...]:
    """Return the contacts of ``client`` with what each does there; the same at every call.

    External accountants and the treasurers of groups come back, under the same key, with every
    client that they work for: write a contact once and a link per client.
    """
    rng = stream("contacts", client.key, client.name)
    if client.kind == "person":
        local = _shop_help(rng, client) if rng.random() < 0.42 else []
    else:
        local = _employees(rng, client)
    parent = client.category.split(" > ", 1)[0]
    if parent == "Canal tradicional" and client.status == "active" and rng.random() < 0.16:
        local = [pair for pair in local if pair[1].roles != ("pays",)]
        local.append(_external_accountant(rng, client))
    if "Grupo empresarial" in client.tags and client.kind == "company":
        local = [pair for pair in local if pair[1].roles != ("pays",)]
        local.append(_group_treasurer(client))
    return tuple(local)


def _employees(rng: random.Random, client: DemoClient) -> list[Employment]:
    staff = staff_of(client.category)
    number = rng.choice((1, 1, 2) if client.status == "prospect" else (1, 2, 3, 3, 4))
    posts: list[tuple[tuple[Title, ...], tuple[Role, ...]]]
    match min(number, staff.most):
        case 1:
            posts = [(staff.decides, ("decides", "buys"))]
        case 2 if rng.random() < 0.5:
            posts = [(staff.decides, ("decides", "buys")), (staff.pays, ("pays",))]
        case 2:
            posts = [(staff.buys, ("buys", "receives")), (staff.decides, ("decides", "pays"))]
        case 3:
            posts = [
                (staff.buys, ("buys",)),
                (staff.decides, ("decides",)),
                (staff.pays, ("pays",)),
            ]
        case _:
            posts = [
                (staff.buys, ("buys",)), (staff.decides, ("decides",)), (staff.pays, ("pays",)),
                (staff.receives, ("receives",)),
            ]  # fmt: skip
    return [
        # A supplier's people neither buy from us nor pay us.
        _employ(rng, client, slot, rng.choice(titles), roles if client.is_client else ())
        for slot, (titles, roles) in enumerate(posts)
    ]


def _shop_help(rng: random.Random, client: DemoClient) -> list[Employment]:
    if client.trade_name is None:
        return []
    return [_employ(rng, client, 0, rng.choice(RUNS_SHOP), ("buys", "receives"))]


def _employ(
    rng: random.Random, client: DemoClient, slot: int, title: Title, roles: tuple[Role, ...]
) -> Employment:
    who = person(rng, client.region, elder=0.28)
    host = host_of(client.email) or (client.website or "").removeprefix("https://www.")
    email = None
    if host and client.kind == "company":
        email = work_email(who.given_names, who.surnames, host) if rng.random() < 0.85 else None
    elif rng.random() < 0.35:
        email = personal_email(rng, who.given_names, who.surnames)
    branch = None
    if "receives" in roles:
        points = [place for place in branches_of(client) if place.is_delivery_point]
        branch = rng.choice(points).key if points else None
    contact = DemoContact(
        key=f"{client.key}-{slot + 1}",
        given_names=who.given_names,
        surnames=who.surnames,
        email=email,
        mobile=contact_mobile(client.key * 12 + slot) if rng.random() < 0.9 else None,
    )
    return contact, DemoContactLink(
        contact=contact.key,
        client=client.key,
        job_title=title[who.is_woman],
        roles=roles,
        is_primary=slot == 0,
        branch=branch,
    )


def _external_accountant(rng: random.Random, client: DemoClient) -> Employment:
    # Shops of one zone that came in one period share the accountants of that zone.
    key = f"contador-{slug(client.zone)}-{client.key // 400}-{rng.randint(1, 2)}"
    own = stream(key)
    # Of the zone's first city, not of the client's: a zone may span departments.
    home = next(city for city in CITIES if city.zone == client.zone)
    who = person(own, home.region, elder=0.5)
    contact = DemoContact(
        key=key,
        given_names=who.given_names,
        surnames=who.surnames,
        email=personal_email(own, who.given_names, who.surnames),
        mobile=contact_mobile(own.randrange(100_000)),
    )
    return contact, DemoContactLink(
        contact=key, client=client.key, job_title=ACCOUNTANT[who.is_woman], roles=("pays",),
        is_primary=False, branch=None,
    )  # fmt: skip


def _group_treasurer(client: DemoClient) -> Employment:
    head = client.parent or client.key
    key = f"grupo-{head}"
    # Not from the head's name: its companies must arrive at the same person without it.
    host = host_of(client.email) or ""
    own = stream(key, host)
    who = person(own, "", elder=0.4)
    contact = DemoContact(
        key=key,
        given_names=who.given_names,
        surnames=who.surnames,
        email=work_email(who.given_names, who.surnames, host) if host else None,
        mobile=contact_mobile(head * 12 + 5),
    )
    return contact, DemoContactLink(
        contact=key, client=client.key, job_title=GROUP_TREASURER[who.is_woman], roles=("pays",),
        is_primary=False, branch=None,
    )  # fmt: skip
