"""Every address of the program, tried with the ids and names of another tenant, and by each role.

Nothing of the tenant is told, and not one of its rows changes. What is tried comes from the
program's own list of addresses, so that a new one is tried from its first day.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from trato.access import identities
from trato.access.actor import Actor
from trato.configuration import apply_data
from trato.db.engine import transaction
from trato.db.security import tenant_tables
from trato.entities.base import metadata
from trato.exchange import desk
from trato.records import views
from trato.records.tables import note, undo
from trato.testing.clients import Browser, browser, program
from trato.testing.companies import Company
from trato.testing.databases import Database
from trato.testing.probes import Probes
from trato.testing.samples import create_sample, marked_field, marker
from trato.testing.statements import count_connections

#: Methods that any address is tried with.
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
#: Host tables that serving itself writes: last use, counted sign-ins. None tells of a tenant.
SERVING = {"core_counter", "core_session"}
#: What would end the prober's own session or take its plugins away, and names nobody else.
LEAVING = {"signin.sign_out", "admin.disable", "account.end_sessions"}
#: Forgets the member's own draft, if there is one; the answer is the same for any id.
SAME_FOR_ALL = {"drafts.discard"}
#: A provider that cannot be asked, and the addresses that ask it.
PROVIDER = {"sso_on": True, "sso_name": "Portal", "sso_issuer": "https://10.255.255.1",
            "sso_client_id": "trato"}  # fmt: skip
ASKING = {"signin_company.start", "signin_company.start_link", "signin_company.leave"}
#: Variables of addresses that name one thing of a tenant.
THINGS = {
    "record_id", "id", "note_id", "undo_id", "member_id", "team_id", "key", "task_id", "token_id",
    "session_id", "slug", "view_id",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Victim:
    """A tenant with something of everything, and the words that only it knows."""

    company: Company
    admin: Actor
    #: Entity name to one of its records.
    records: dict[str, UUID]
    #: Name of an address's variable to the tenant's value of it.
    ids: dict[str, str]
    #: Words that no answer to a stranger may hold: of its records, of its people, its own name.
    words: tuple[str, ...]
    people: tuple[str, ...]

    def told_by(self, answer: TestResponse, *, people: bool = True) -> list[str]:
        """Give the words of the tenant that an answer tells beyond what it was asked."""
        asked = f"{answer.request.path}?{answer.request.query_string.decode()}"
        shown = answer.get_data(as_text=True)
        words = (*self.words, *self.people) if people else self.words
        return [word for word in words if word in shown and word not in asked]


@pytest.fixture
def victim(tenant: Company, app: Flask) -> Victim:
    word, person = marker(), marker()
    admin = tenant.member("admin", name=f"Jefa {person}")
    tenant.team(f"equipo{word}")
    tenant.role(f"rol{word}", {"entities": {}})
    for entity in tenant.view.entities:
        tenant.custom_field(entity, f"campo{word}", "text", label=f"Campo {word}")
    records: dict[str, UUID] = {}
    with tenant.unit(admin) as unit:
        for entity, view in unit.view.entities.items():
            field = marked_field(view)
            given = {f"custom.campo{word}": f"valor {word}"}
            if field is not None:
                given[field.path] = f"Casa {word}"
            records[entity] = create_sample(unit, entity, given).id
    page = browser(app, tenant.renew(admin))
    token = tenant.token(admin)
    client = records["clients.client"]
    written = page.post(f"/clients/clients/{client}/notes", data={"text": f"nota {word}"})
    bulk = {"do": "tag", "tag": f"marca{word}", "id": str(client)}
    changed = page.post("/clients/clients/bulk/run", data=bulk)
    assert {written.status_code, changed.status_code} == {302}
    with tenant.unit(tenant.renew(admin)) as unit:
        shared = views.create(
            unit,
            unit.view.entities["clients.client"],
            f"vista {word}",
            views.Content(),
            share="all",
        )
    with tenant.unit(read=True) as unit:
        made = {
            f"{table.name.removeprefix('core_')}_id": unit.connection.execute(
                select(table.c.id).where(table.c.tenant_id == tenant.id)
            ).scalar_one()
            for table in (note, undo)
        }
    thing = str(made["undo_id"])
    apply_data(tenant.host, tenant.slug, {"settings": {"core": PROVIDER}})
    with transaction(tenant.host.engine) as connection:
        door = identities.make_door(connection, tenant.id, tenant.slug)
    return Victim(
        company=tenant,
        admin=tenant.renew(admin),
        records=records,
        ids={
            **{name: str(value) for name, value in made.items()},
            "member_id": str(admin.member_id), "view_id": str(shared),
            "team_id": str(next(iter(tenant.view.teams))),
            "key": f"rol{word}",
            "task_id": thing, "token_id": thing, "session_id": thing, "refused_id": thing,
            "door": door,
        },
        words=(word, token),
        people=(person, tenant.slug),
    )  # fmt: skip


@pytest.fixture(autouse=True)
def one_connection(tenant: Company, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No address takes a second connection while it holds one, whoever asks."""
    # The second export of a member looks whether the first may go.
    monkeypatch.setattr(desk, "KEPT", 1)
    with count_connections(tenant.host.engine) as connections:
        yield
    assert connections.most == 1


@contextmanager
def untouched(database: Database, tenant: Company) -> Iterator[None]:
    """See to it that no row of a tenant changes meanwhile, in whatever table."""
    before = state(database, tenant)
    yield
    after = state(database, tenant)
    assert [table for table in before if before[table] != after[table]] == []


def state(database: Database, tenant: Company) -> dict[str, str]:
    """Hash a tenant's rows table by table, as the owner sees them."""
    engine = database.open_owner()
    found = {}
    with engine.connect() as connection:
        for table in tenant_tables(metadata):
            if table.name in SERVING or not connection.dialect.has_table(connection, table.name):
                continue
            where = text(f"SELECT * FROM {table.name} WHERE tenant_id = :tenant")
            rows = sorted(map(repr, connection.execute(where, {"tenant": tenant.id})))
            found[table.name] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
        own = text("SELECT slug, name, locale, timezone, currency FROM core_tenant WHERE id = :id")
        found["core_tenant"] = repr(connection.execute(own, {"id": tenant.id}).all())
    engine.dispose()
    return found


def addresses(app: Flask, victim: Victim) -> Iterator[tuple[Rule, str, bool]]:
    """Give every address filled in with what is the victim's, and whether it names a thing of it.

    An address of records is given once for each entity.
    """
    entities = victim.company.view.entities
    for rule in sorted(app.url_map.iter_rules(), key=str):
        if rule.endpoint == "static":
            continue
        of_records = {"plugin", "collection"} <= rule.arguments or "entity_name" in rule.arguments
        for entity in entities if of_records else ("clients.client",):
            info = entities[entity].info
            record = str(victim.records[entity])
            values: dict[str, Any] = {
                "plugin": info.plugin, "collection": info.collection, "record_id": record,
                "id": record, "number": 0, "kind": "favourite", "extension": "csv",
                "field_path": next((f.path for f in entities[entity].references), "owner_id"),
                "entity_name": entity, "name": "colombia", "action": "retire",
                "slug": victim.company.slug,
                "field": "identification", "value": record,
                "anything": f"{info.plugin}/{info.collection}/{record}/more/and/more",
                **victim.ids,
            }  # fmt: skip
            if "entity_name" in rule.arguments:
                values["key"] = next(p.partition(".")[2] for p in entities[entity].custom)
            address = "".join(
                str(values[part]) if is_variable else part for is_variable, part in _parts(rule)
            )
            names = not THINGS.isdisjoint(rule.arguments)
            yield rule, address, names and rule.endpoint not in SAME_FOR_ALL


def _parts(rule: Rule) -> Iterator[tuple[bool, str]]:
    """Split a rule into texts and names of variables."""
    rest = rule.rule
    while "<" in rest:
        before, _less, rest = rest.partition("<")
        variable, _greater, rest = rest.partition(">")
        yield False, before
        yield True, variable.rpartition(":")[2]
    yield False, rest


def forms(victim: Victim) -> dict[str, Any]:
    """Give the fields of any form, filled in with what is the victim's."""
    client = str(victim.records["clients.client"])
    return {
        "id": client, "ids": client, "all": "0", "do": "archive", "tag": "robada", "version": "1",
        "name": "Robada", "text": "robada", "value": client, "field": "name", "on": "1",
        "tenant": str(victim.company.id), "tenant_id": str(victim.company.id),
        "slug": victim.company.slug, "member": victim.ids["member_id"],
        "members": victim.ids["member_id"], "heir": victim.ids["member_id"],
        "client_id": client, "parent_id": client, "contact_id": client, "roles": "admin",
        "teams": victim.ids["key"], "owner_id": victim.ids["member_id"], "move": "up:name",
        "format": "csv",
    }  # fmt: skip


def probe(
    client: FlaskClient, victim: Victim, app: Flask, *, only: Callable[[Rule], bool]
) -> Iterator[tuple[str, bool, TestResponse]]:
    """Try every address with every method; gives (what was tried, names a thing, answer)."""
    form = forms(victim)
    body = {key: form[key] for key in ("id", "name", "client_id", "contact_id", "parent_id")}
    for rule, address, names in addresses(app, victim):
        if rule.endpoint in LEAVING or not only(rule):
            continue
        for method in METHODS:
            if rule.methods is not None and method not in rule.methods:
                continue
            sent: dict[str, Any] = {"data": form}
            if method == "GET":
                sent = {}
            elif in_api(rule):
                sent = {"json": [body] if address.endswith("/bulk") else body}
            queries = ("", f"?q={victim.words[0][:5]}&sort=name") if method == "GET" else ("",)
            for query in queries:
                answer = client.open(address + query, method=method, **sent)
                asking = answer.status_code == 503 and rule.endpoint in ASKING
                assert answer.status_code < 500 or asking, (method, address + query)
                yield f"{method} {address}{query}", names, answer


def in_api(rule: Rule) -> bool:
    return rule.rule.startswith("/api/")


def in_pages(rule: Rule) -> bool:
    return not in_api(rule)


def test_the_tenant_itself_reads_all_of_it(app: Flask, victim: Victim) -> None:
    """The twin: the same addresses work for who may use them, so the probes mean something."""
    page = browser(app, victim.admin)
    api = program(app, victim.company, victim.admin)
    opened, told = set(), 0
    for rule, address, names in addresses(app, victim):
        client = api if in_api(rule) else page
        if "GET" not in (rule.methods or METHODS) or rule.endpoint in LEAVING:
            continue
        answer = client.get(address)
        asking = answer.status_code == 503 and rule.endpoint in ASKING
        assert answer.status_code < 500 or asking, address
        if answer.status_code == 200:
            opened.add(rule.endpoint)
            told += bool(names and victim.told_by(answer))

    assert {"pages.show", "pages.show_list", "pages.edit", "pages.export", "notes.show_timeline",
            "rest.collection", "rest.record", "admin.show_user", "admin.show_team",
            "admin.show_role", "admin.edit_field"} <= opened  # fmt: skip
    assert told > 20


@pytest.mark.parametrize("door", ["pages", "api"])
def test_an_administrator_of_another_tenant_reaches_nothing(
    app: Flask, database: Database, victim: Victim, other_tenant: Company, door: str,
    probes: Probes,
) -> None:  # fmt: skip
    intruder = other_tenant.member("admin")
    client: FlaskClient = (
        browser(app, intruder) if door == "pages" else program(app, other_tenant, intruder)
    )

    with untouched(database, victim.company):
        for tried, names, answer in probe(
            client, victim, app, only=in_pages if door == "pages" else in_api
        ):
            assert victim.told_by(answer) == [], tried
            if names:
                assert answer.status_code == 404, (tried, answer.status_code)
            probes.note(f"route: {door}, another tenant's administrator")


#: What each member has alone; and notes, which all may write who see a record.
OWN = {"core_mark", "core_draft", "core_list_state", "core_notice", "core_notice_choice",
       "core_token", "core_member", "core_idempotency", "core_task", "core_note",
       "core_list_view"}  # fmt: skip
MAKING = {"pages.create", "rest.collection", "rest.bulk", "rest.by"}


#: What an auditor may open of the administration.
AUDIT = "/settings/audit"


# Rights are Trato's own and asked before any database is: what it refuses, it refuses on both.
@pytest.mark.database("sqlite")
@pytest.mark.parametrize("role", ["nobody", "viewer", "auditor", "seller", "manager"])
def test_a_member_without_the_right_changes_nothing(
    app: Flask, database: Database, victim: Victim, role: str, probes: Probes
) -> None:
    """A seller makes records, and records without an owner are everybody's who may edit any.

    A manager may do everything to records, and nothing to people, roles and what is set.
    """
    company = victim.company
    member = {
        "nobody": lambda: company.member_with({}),
        # The role itself is given until a day only.
        "auditor": lambda: company.member_with(
            {"*": {"view": "all", "export": "all"}}, permissions=["core.audit"]
        ),
    }.get(role, lambda: company.member(role))()
    left_out = set(OWN)
    if role == "seller":
        left_out |= {view.table.name for view in company.view.entities.values()
                     if not view.info.owned and view.info.parent is None}  # fmt: skip
    if role == "manager":
        left_out |= {table.name for table in tenant_tables(metadata)
                     if not table.name.startswith("core_")}  # fmt: skip
    if role in ("seller", "manager"):
        left_out |= {"core_audit", "core_value", "core_search_row", "core_undo"}
    before = state(database, company)

    def only(rule: Rule) -> bool:
        return role != "seller" or rule.endpoint not in MAKING

    for client in (browser(app, member), program(app, company, member)):
        door = in_pages if isinstance(client, Browser) else in_api
        for tried, _names, answer in probe(
            client, victim, app, only=lambda rule, door=door: door(rule) and only(rule)
        ):
            path = answer.request.path
            # The description of the API tells what exists for the company, not what is in it.
            if role == "nobody" and not path.startswith(("/api/v1/openapi", "/api/v1/docs")):
                assert victim.told_by(answer, people=False) == [], tried
            if path.startswith("/host"):  # the installation's operators are no role of a company
                assert answer.status_code == 404, (tried, answer.status_code)
            if path.startswith("/settings") and not (role == "auditor" and path.startswith(AUDIT)):
                assert answer.status_code in (403, 404), (tried, answer.status_code)
            probes.note(f"route: {role}")

    after = state(database, company)
    assert [n for n in before if n not in left_out and before[n] != after[n]] == []


def test_a_stranger_is_sent_to_the_door(
    app: Flask, database: Database, victim: Victim, probes: Probes
) -> None:
    stranger = browser(app)
    # Metrics are open to this machine, on which the tests run, and tell of no tenant.
    open_to_all = ("/login", "/health", "/metrics", "/static", "/manifest")

    with untouched(database, victim.company):
        for tried, _names, answer in probe(stranger, victim, app, only=lambda rule: True):
            assert victim.told_by(answer) == [], tried
            path = answer.request.path
            if path.startswith("/api/"):
                assert answer.status_code == 401, (tried, answer.status_code)
            elif not path.startswith(open_to_all):
                assert answer.status_code == 302, (tried, answer.status_code)
                assert answer.headers["Location"].startswith("/login"), tried
            probes.note("route: stranger")


def test_a_session_enters_no_tenant_that_its_user_does_not_belong_to(
    app: Flask, victim: Victim, other_tenant: Company, probes: Probes
) -> None:
    page = browser(app, other_tenant.member("admin"))

    for name in ("tenant", "tenant_id", "id", "slug"):
        for value in (victim.company.id, victim.company.slug):
            page.post("/tenant", data={name: value})
            answer = page.get("/clients/clients")
            assert victim.told_by(answer) == []
            assert answer.status_code == 200
            probes.note("route: switch of tenant")


def test_a_token_is_of_its_tenant_whatever_number_it_names(
    app: Flask, victim: Victim, other_tenant: Company, probes: Probes
) -> None:
    """The number in front tells where to look the token up; it opens nothing."""
    mine = other_tenant.token(other_tenant.member("admin"))
    theirs = victim.company.token(victim.admin)
    prefix, my_number, my_secret = mine.split("_", 2)
    _prefix, their_number, their_secret = theirs.split("_", 2)
    forged = (f"{prefix}_{their_number}_{my_secret}", f"{prefix}_{my_number}_{their_secret}")

    statuses = []
    for token in (mine, theirs, *forged):
        bearer = {"Authorization": f"Bearer {token}"}
        statuses.append(app.test_client().get("/api/v1/clients/clients", headers=bearer))
        probes.note("route: forged token")

    assert [answer.status_code for answer in statuses] == [200, 200, 401, 401]
