"""The kinds of work: what is asked of Trato, of the bare page, and of the database alone."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from flask import Flask

from benchmarks import bare
from benchmarks.measure import Work, timed
from benchmarks.servers import Server
from benchmarks.world import (
    COMMON,
    FIELDS,
    RARE,
    ROWS,
    World,
    client,
    middle,
    numbers_from,
    some_ids,
)
from trato.testing.statements import count_statements

API = "/api/v1/clients/clients"
PAGE = "/clients/clients"
_LIST = f"{API}?fields={','.join(FIELDS)}&sort=name&limit={ROWS}"

#: Method, path and body of one request.
Asked = tuple[str, str, bytes | None]


@dataclass(frozen=True, kw_only=True)
class Case:
    """One kind of work at one size."""

    name: str
    #: Times the bare page's latency that Trato may need; None where only growth is judged.
    aim: float | None
    trato: Callable[[], Asked]
    bare: Callable[[], Asked]
    sql: Callable[[], object]
    #: Whether a browser asks, with a session, and not a program, with a token.
    is_page: bool = False

    def works(self, trato: Server, other: Server, world: World) -> dict[str, Work]:
        """Make what is timed."""
        return {"sql": timed(self.sql), "bare": _asking(other, {}, self.bare),
                "trato": _asking(trato, self.headers(world), self.trato)}  # fmt: skip

    def headers(self, world: World) -> dict[str, str]:
        """Give the header fields by which Trato knows who asks."""
        if self.is_page:
            return {"Cookie": f"trato_session={world.session}"}
        return {"Authorization": f"Bearer {world.token}"}

    def statements(self, app: Flask, world: World) -> int:
        """Count the statements of one request, after one that fills the caches."""
        client = app.test_client(use_cookies=False)
        counted = 0
        for _turn in range(2):
            method, path, body = self.trato()
            with count_statements(world.host.engine) as found:
                answer = client.open(
                    path, method=method, data=body, headers=self.headers(world),
                    content_type=None if body is None else "application/json", buffered=True,
                )  # fmt: skip
            if answer.status_code not in (200, 201):
                raise ValueError(f"{self.name}: {answer.status} {answer.text[:300]}")
            counted = len(found)
        return counted


def _asking(server: Server, headers: dict[str, str], asked: Callable[[], Asked]) -> Work:
    browser = server.browser(headers)
    return lambda: browser.ask(*asked())[0]


def make_cases(world: World, size: int) -> list[Case]:
    """Make the kinds of work for a company of so many clients."""
    backend = world.database.backend
    tenant = world.tenant_id
    run, sql = bare.open_driver(world.database.owner_url), bare.statements(backend)
    place = middle(world)
    ids = itertools.cycle(some_ids(world, 200))
    numbers = numbers_from(size)
    deep = {"tenant": tenant, "name_key": place.name_key, "id": _stored(place.id, backend)}

    def get(path: str) -> Callable[[], Asked]:
        return lambda: ("GET", path, None)

    def search(name: str, word: str) -> Case:
        values = {"tenant": tenant, "like": f"%{word}%", "word": f'"{word}"'}
        return Case(name=name, aim=2, trato=get(f"{_LIST}&q={word}"),
                    bare=get(f"/search?q={word}"),
                    sql=lambda: run(sql["search"], values))  # fmt: skip

    def create(path: str) -> Callable[[], Asked]:
        return lambda: ("POST", path, _json(_new(numbers)))

    def update(path: str) -> Callable[[], Asked]:
        cities = itertools.count()
        return lambda: ("PATCH", f"{path}/{next(ids)}", _json({"city": f"Cali {next(cities)}"}))

    return [
        Case(name="REST list, first page", aim=2, trato=get(_LIST), bare=get("/list"),
             sql=lambda: run(sql["list"], {"tenant": tenant})),
        Case(name="REST list, deep page", aim=2, trato=get(f"{_LIST}&cursor={place.cursor}"),
             bare=get("/deep?" + urlencode({"name_key": place.name_key, "id": place.id})),
             sql=lambda: run(sql["deep"], deep)),
        Case(name="HTML list page", aim=4, trato=get(PAGE), bare=get("/page"), is_page=True,
             sql=lambda: run(sql["list"], {"tenant": tenant})),
        search("search, common term", COMMON),
        search("search, rare term", RARE),
        Case(name="record page", aim=None, is_page=True,
             trato=lambda: ("GET", f"{PAGE}/{next(ids)}", None),
             bare=lambda: ("GET", f"/record/{next(ids)}", None),
             sql=lambda: run(sql["record"], {"tenant": tenant, "id": _stored(next(ids), backend)})),
        Case(name="create with audit", aim=4, trato=create(API), bare=create("/create"),
             sql=lambda: bare.write_new(
                 run, sql, bare.new_row(tenant, _new(numbers), backend), backend)),
        Case(name="update with audit", aim=4, trato=update(API), bare=update("/update"),
             sql=lambda: bare.write_change(run, sql, bare.changed_row(
                 tenant, str(next(ids)), {"city": "Pasto"}, backend))),
    ]  # fmt: skip


def _new(numbers: Iterator[int]) -> dict[str, Any]:
    values = client(next(numbers))
    chosen = ("name", "identification", "city", "status", "email", "phone")
    return {name: values[name] for name in chosen} | {"custom": {"rating": 3}}


def _json(data: dict[str, Any]) -> bytes:
    return json.dumps(data).encode()


def _stored(id: UUID, backend: str) -> Any:
    return id.hex if backend == "sqlite" else id
