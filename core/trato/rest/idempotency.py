"""POST calls that may be repeated: the same key gives the same answer for a day.

The key is written in the transaction of the call itself. So a call that fails leaves no key, and
of two that come at once, in whatever process, the second waits for the first and gets its answer.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from dataclasses import dataclass
from uuid import UUID

from flask import Request, Response
from sqlalchemy import ColumnElement, delete, select, tuple_, update

from trato.db.upsert import upsert
from trato.records.tables import idempotency as t
from trato.records.unit import Unit
from trato.rest.errors import IdempotencyMismatch, RequestError
from trato.text import _

LIFETIME = dt.timedelta(hours=24)
HEADER = "Idempotency-Key"
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
#: Header fields of an answer that are given again with it.
_KEPT = ("Content-Type", "Location", "ETag")
#: Keys that are over are removed by the next call, no more than this at once.
_SWEEP = 100


@dataclass(frozen=True, kw_only=True)
class Key:
    """An Idempotency-Key and the request that it stands for."""

    caller: UUID
    text: str
    request_hash: bytes


def read_key(request: Request, body: bytes, *, caller: UUID | None) -> Key | None:
    """Read the header of a call; None where there is none.

    :raises RequestError: when it is no key.
    """
    text = request.headers.get(HEADER)
    if text is None or caller is None:
        return None
    if not _KEY.fullmatch(text):
        raise RequestError(
            _("The Idempotency-Key is empty, too long, or has other than visible ASCII letters."),
            hint=_("A UUID will do."), code="bad_idempotency_key",
        )  # fmt: skip
    content = b"\0".join((request.method.encode(), request.full_path.encode(), body))
    return Key(caller=caller, text=text, request_hash=hashlib.sha256(content).digest())


def begin(unit: Unit, key: Key) -> Response | None:
    """Claim a key inside the call's transaction.

    :return: the answer that was given to the key before, or None: go on, and ``finish``.
    :raises IdempotencyMismatch: when the key came with another request.
    """
    _sweep(unit)
    connection = unit.connection
    # On PostgreSQL this waits for another transaction that has just written the same key.
    claimed = connection.execute(
        upsert(connection, t)
        .values(
            tenant_id=unit.tenant_id, token_id=key.caller, key=key.text,
            request_hash=key.request_hash, status=0, headers="{}", body=b"",
            created_at=unit.now,
        )
        .on_conflict_do_nothing()
        .returning(t.c.key)
    ).first()  # fmt: skip
    if claimed is not None:
        return None
    row = connection.execute(select(t).where(*_where(unit, key)).with_for_update()).one()
    if row.created_at <= unit.now - LIFETIME:
        _write(unit, key, request_hash=key.request_hash, status=0, created_at=unit.now)
        return None
    if row.request_hash != key.request_hash:
        raise IdempotencyMismatch(
            _("The Idempotency-Key came with another request before."),
            hint=_("Use a new key for a new request."),
        )
    response = Response(row.body, row.status)
    response.headers.update(json.loads(row.headers))
    response.headers["Idempotency-Replayed"] = "true"
    return response


def finish(unit: Unit, key: Key, response: Response) -> None:
    """Keep the answer under the claimed key."""
    headers = {name: response.headers[name] for name in _KEPT if name in response.headers}
    _write(
        unit, key, status=response.status_code, headers=json.dumps(headers),
        body=response.get_data(),
    )  # fmt: skip


def _write(unit: Unit, key: Key, **values: object) -> None:
    unit.connection.execute(update(t).where(*_where(unit, key)).values(**values))


def _where(unit: Unit, key: Key) -> tuple[ColumnElement[bool], ...]:
    return (t.c.tenant_id == unit.tenant_id, t.c.token_id == key.caller, t.c.key == key.text)


def _sweep(unit: Unit) -> None:
    """Remove keys that are over, without waiting for another call that removes them too."""
    over = (
        select(t.c.token_id, t.c.key)
        .where(t.c.tenant_id == unit.tenant_id, t.c.created_at <= unit.now - LIFETIME)
        .limit(_SWEEP)
        .with_for_update(skip_locked=True)
    )
    rows = [tuple(row) for row in unit.connection.execute(over)]
    if rows:
        unit.connection.execute(
            delete(t).where(
                t.c.tenant_id == unit.tenant_id, tuple_(t.c.token_id, t.c.key).in_(rows)
            )
        )
