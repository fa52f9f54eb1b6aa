"""The bare page: Flask and the driver, the statements that the work needs, and nothing else.

No sign-in, no rules, no tenant's configuration; on PostgreSQL it connects as the tables' owner,
whom row-level security does not bind. Reading is one statement. Writing is one transaction with
what Trato stores of it: the row, its indexed own field, the searched text and the audit row, for
which a change reads what stood there. It is what Trato is measured against.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import re
import sqlite3
import threading
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask, Response, jsonify, render_template_string, request
from sqlalchemy.engine import make_url

_COLUMNS = "id, version, name, identification, city, status, email, phone, credit_limit, custom"
NAMES = ("id", "version", "name", "identification", "city", "status", "email", "phone",
         "credit_limit", "custom")  # fmt: skip
_LIVING = "WHERE tenant_id = :tenant AND archived_at IS NULL"
_IN_ORDER = "ORDER BY name_key, id LIMIT 81"
_BY_WORD = {
    "postgresql": "AND search_text LIKE :like",
    "sqlite": "AND id IN (SELECT r.record_id FROM core_search_text t JOIN core_search_row r "
              "ON r.rowid = t.rowid WHERE t.core_search_text MATCH :word)",
}  # fmt: skip
_STORED = ("tenant_id", "id", "kind", "name", "name_key", "identification", "identification_key",
           "city", "city_key", "email", "email_key", "phone", "phone_key", "status", "is_client",
           "is_supplier", "is_prescriber", "version", "created_at", "updated_at", "custom",
           "search_text")  # fmt: skip

_PAGE = """<!doctype html><html lang="es"><title>Clientes</title><table>
{% for row in rows %}<tr>{% for value in row[2:9] %}<td>{{ value }}</td>{% endfor %}</tr>
{% endfor %}</table></html>"""
_RECORD = """<!doctype html><html lang="es"><title>{{ record.name }}</title><dl>
{% for name, value in record.items() %}<dt>{{ name }}</dt><dd>{{ value }}</dd>
{% endfor %}</dl></html>"""

Run = Callable[[str, dict[str, Any]], Sequence[tuple[Any, ...]]]


def statements(backend: str) -> dict[str, str]:
    """Give the statement of each kind of work."""
    return {
        "list": f"SELECT {_COLUMNS} FROM clients_client {_LIVING} {_IN_ORDER}",
        "deep": f"SELECT {_COLUMNS} FROM clients_client {_LIVING} "
                f"AND (name_key, id) > (:name_key, :id) {_IN_ORDER}",
        "search": f"SELECT {_COLUMNS} FROM clients_client {_LIVING} {_BY_WORD[backend]} "
                  f"{_IN_ORDER}",
        "record": "SELECT * FROM clients_client WHERE tenant_id = :tenant AND id = :id",
        "create": f"INSERT INTO clients_client ({', '.join(_STORED)}) "
                  f"VALUES ({', '.join(':' + name for name in _STORED)})",
        "own field": "INSERT INTO core_value (tenant_id, entity, field, record_id, position, "
                     "number, is_active) VALUES (:tenant_id, 'clients.client', 'custom.rating', "
                     ":id, 0, :rating, TRUE)",
        "search row": "INSERT INTO core_search_row (tenant_id, entity, record_id) "
                      "VALUES (:tenant_id, 'clients.client', :id)",
        "search text": "INSERT INTO core_search_text (rowid, searched) "
                       "VALUES (last_insert_rowid(), :search_text)",
        "before": "SELECT city, version FROM clients_client WHERE tenant_id = :tenant "
                  "AND id = :id" + (" FOR UPDATE" if backend == "postgresql" else ""),
        "update": "UPDATE clients_client SET city = :city, city_key = :city_key, "
                  "updated_at = :updated_at, version = :sequence WHERE tenant_id = :tenant "
                  "AND id = :id",
        "audit": "INSERT INTO core_audit (tenant_id, record_id, sequence, entity, action, at, "
                 "actor, content, digest, hash) VALUES (:tenant, :id, :sequence, "
                 "'clients.client', :action, :updated_at, 'bare', :content, :digest, :digest)",
        "begin": "BEGIN" if backend == "postgresql" else "BEGIN IMMEDIATE",
        "commit": "COMMIT",
        "rollback": "ROLLBACK",
    }  # fmt: skip


def write_new(run: Run, sql: Mapping[str, str], row: dict[str, Any], backend: str) -> None:
    """Write a new client in one transaction."""

    def write() -> None:
        run(sql["create"], row)
        run(sql["own field"], {**row, "rating": 3})
        if backend == "sqlite":  # PostgreSQL's index of the searched text keeps itself
            run(sql["search row"], row)
            run(sql["search text"], row)
        run(sql["audit"], _audit_row("create", 1, row | {"tenant": row["tenant_id"]},
                                     {"after": row, "before": {}}))  # fmt: skip

    _in_one(run, sql, write)


def write_change(run: Run, sql: Mapping[str, str], values: dict[str, Any]) -> None:
    """Write a change of a client in one transaction."""

    def write() -> None:
        city, version = run(sql["before"], values)[0]
        run(sql["update"], {**values, "sequence": version + 1})
        content = {"after": {"city": values["city"]}, "before": {"city": city}}
        run(sql["audit"], _audit_row("update", version + 1, values, content))

    _in_one(run, sql, write)


def _in_one(run: Run, sql: Mapping[str, str], write: Callable[[], None]) -> None:
    run(sql["begin"], {})
    try:
        write()
    except BaseException:
        run(sql["rollback"], {})
        raise
    run(sql["commit"], {})


def _audit_row(
    action: str, sequence: int, values: Mapping[str, Any], content: object
) -> dict[str, Any]:
    text = json.dumps(content, default=str)
    return {
        "tenant": values["tenant"], "id": values["id"], "sequence": sequence, "action": action,
        "updated_at": values["updated_at"], "content": text,
        "digest": hashlib.sha256(text.encode()).digest(),
    }  # fmt: skip


def open_driver(url: str) -> Run:
    """Open a database with its driver; each thread has a connection of its own."""
    parsed = make_url(url)
    own = threading.local()
    if parsed.get_backend_name() == "sqlite":

        def run_sqlite(sql: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
            if not hasattr(own, "connection"):
                own.connection = sqlite3.connect(
                    str(parsed.database), timeout=30, isolation_level=None
                )
                own.connection.execute("PRAGMA synchronous=FULL")
                own.connection.execute("PRAGMA cache_size=-20000")
            found: Sequence[tuple[Any, ...]] = own.connection.execute(sql, values).fetchall()
            return found

        return run_sqlite

    import psycopg

    driver_url = parsed.set(drivername="postgresql").render_as_string(hide_password=False)
    written: dict[str, str] = {}

    def run_postgresql(sql: str, values: dict[str, Any]) -> Sequence[tuple[Any, ...]]:
        if not hasattr(own, "connection"):
            own.connection = psycopg.connect(driver_url, autocommit=True)
        if sql not in written:
            written[sql] = re.sub(r":(\w+)", r"%(\1)s", sql)
        cursor = own.connection.execute(written[sql], values)
        return cursor.fetchall() if cursor.description else ()

    return run_postgresql


def new_row(tenant_id: int, body: dict[str, Any], backend: str) -> dict[str, Any]:
    """Make the stored row of a new client."""
    now: Any = dt.datetime.now(dt.UTC)
    record: Any = uuid.uuid4()
    if backend == "sqlite":
        now, record = now.strftime("%Y-%m-%d %H:%M:%S.%f"), record.hex
    return {
        "tenant_id": tenant_id, "id": record, "kind": "company", "name": body["name"],
        "name_key": body["name"].lower(), "identification": body["identification"],
        "identification_key": body["identification"], "city": body["city"],
        "city_key": body["city"].lower(), "email": body["email"], "email_key": body["email"],
        "phone": body["phone"], "phone_key": body["phone"], "status": body["status"],
        "is_client": True, "is_supplier": False, "is_prescriber": False, "version": 1,
        "created_at": now, "updated_at": now, "custom": '{"rating": 3}',
        "search_text": "  ".join(["", *map(str, body.values())]).lower(),
    }  # fmt: skip


def changed_row(tenant_id: int, id: str, body: dict[str, Any], backend: str) -> dict[str, Any]:
    """Make the values of a change of a client's city."""
    now: Any = dt.datetime.now(dt.UTC)
    if backend == "sqlite":
        now = now.strftime("%Y-%m-%d %H:%M:%S.%f")
    return {"tenant": tenant_id, "id": _key(id, backend), "city": body["city"],
            "city_key": body["city"].lower(), "updated_at": now}  # fmt: skip


def _key(id: str, backend: str) -> str:
    return id.replace("-", "") if backend == "sqlite" else id


def create_app(url: str, tenant_id: int) -> Flask:
    """Make the application."""
    app = Flask("bare")
    backend = make_url(url).get_backend_name()
    run, sql = open_driver(url), statements(backend)

    def listed(kind: str, **values: Any) -> Response:
        rows = run(sql[kind], {"tenant": tenant_id, **values})[:80]
        return jsonify({"data": [dict(zip(NAMES, row, strict=True)) for row in rows]})

    @app.get("/list")
    def first() -> Response:
        return listed("list")

    @app.get("/deep")
    def deep() -> Response:
        return listed("deep", name_key=request.args["name_key"],
                      id=_key(request.args["id"], backend))  # fmt: skip

    @app.get("/search")
    def search() -> Response:
        word = request.args["q"]
        return listed("search", like=f"%{word}%", word=f'"{word}"')

    @app.get("/page")
    def page() -> str:
        return render_template_string(_PAGE, rows=run(sql["list"], {"tenant": tenant_id})[:80])

    @app.get("/record/<id>")
    def record(id: str) -> str:
        row = run(sql["record"], {"tenant": tenant_id, "id": _key(id, backend)})[0]
        shown = {"name" if place == 3 else f"field {place}": v for place, v in enumerate(row)}
        return render_template_string(_RECORD, record=shown)

    @app.post("/create")
    def create() -> tuple[Response, int]:
        row = new_row(tenant_id, request.get_json(), backend)
        write_new(run, sql, row, backend)
        return jsonify({"id": row["id"], "version": 1}), 201

    @app.patch("/update/<id>")
    def update(id: str) -> Response:
        write_change(run, sql, changed_row(tenant_id, id, request.get_json(), backend))
        return jsonify({"id": id})

    return app


def main() -> None:
    """Serve as `trato serve` does: the same server, one process, as many threads."""
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server

    parser = argparse.ArgumentParser()
    parser.add_argument("--url", required=True)
    parser.add_argument("--tenant", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    args = parser.parse_args()
    Server(
        "bare", address="127.0.0.1", port=args.port, interface=Interfaces.WSGI, workers=1,
        blocking_threads=4, log_level=LogLevels.warning,
    ).serve(target_loader=lambda target: create_app(args.url, args.tenant))  # fmt: skip


if __name__ == "__main__":
    main()
