"""The archive of a backup: a zip of lines of JSON and of files, and a manifest that is sealed.

It says nothing of the engine that it was written on: a moment is text in UTC, an amount a decimal
text, bytes are base64. `manifest.json` names every part with its length and hash and is written
last; `manifest.seal` proves it with the installation's secret keys.
"""

from __future__ import annotations

import base64
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Date, DateTime, LargeBinary, Table, Uuid
from sqlalchemy.types import TypeEngine

from trato import __version__
from trato.db.types import Scaled, UtcDateTime

FORMAT = "trato-backup"
#: Raised with every change that an older reader would misread.
VERSION = 1
MANIFEST = "manifest.json"
SEAL = "manifest.seal"
ROWS = "rows/"
FILES = "files/"

#: Made anew by a restore, or no part of what is restored; operators are marked anew, so that no
#: archive brings one.
LEFT_OUT = frozenset({"core_search_row", "core_maintenance", "core_operator", "core_process"})

#: Tables of no tenant that hold something of one: itself, its turn in the queue, its people.
OF_TENANT = frozenset({"core_tenant", "core_turn", "core_user"})


@dataclass(frozen=True, kw_only=True)
class Part:
    """A member of the archive.

    :param name: `rows/core_user.jsonl`, `rows/12/clients_client.jsonl`, `files/PATH`.
    :param table: whose rows it holds; none for a file.
    :param tenant: the tenant's number, where rows belong to one.
    """

    name: str
    bytes: int
    sha256: str
    table: str | None = None
    plugin: str | None = None
    tenant: int | None = None
    rows: int = 0


@dataclass(frozen=True, kw_only=True)
class Versions:
    """A plugin, or core, as it was when the archive was written."""

    version: str
    revision: str | None


@dataclass(frozen=True, kw_only=True)
class Company:
    """A tenant that the archive holds."""

    id: int
    slug: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """What an archive says about itself.

    :param scope: `installation` or `tenant`.
    """

    scope: str
    written_at: str
    plugins: Mapping[str, Versions]
    tenants: Sequence[Company]
    parts: Sequence[Part]
    written_by: str = f"trato {__version__}"
    format: str = FORMAT
    version: int = VERSION

    def dump(self) -> bytes:
        """Write it as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False, indent=1).encode()

    @classmethod
    def parse(cls, data: Mapping[str, Any]) -> Manifest:
        """Read it from JSON of this version.

        :raises KeyError, TypeError, ValueError: when it is none.
        """
        known = {name: data[name] for name in cls.__dataclass_fields__}
        known["plugins"] = {name: Versions(**v) for name, v in data["plugins"].items()}
        known["tenants"] = [Company(**c) for c in data["tenants"]]
        known["parts"] = [Part(**p) for p in data["parts"]]
        return cls(**known)


def seals(manifest: bytes, keys: Sequence[str]) -> list[str]:
    """Seal a manifest with each of the installation's secret keys."""
    return [_seal(manifest, key) for key in keys]


def opens(manifest: bytes, seal: str, keys: Sequence[str]) -> bool:
    """Tell whether one of the keys made a seal."""
    return any(hmac.compare_digest(_seal(manifest, key).encode(), seal.encode()) for key in keys)


def _seal(manifest: bytes, key: str) -> str:
    derived = hashlib.sha256(b"trato backup\0" + key.encode()).digest()
    return hmac.new(derived, manifest, hashlib.sha256).hexdigest()


def head_line(table: Table) -> bytes:
    """Write the first line of a table's rows: the names of its columns."""
    return line([column.name for column in table.columns])


def line(values: Sequence[Any]) -> bytes:
    """Write a row as a line of JSON."""
    return json.dumps(values, ensure_ascii=False, default=_plain).encode() + b"\n"


def _plain(value: Any) -> str:
    if isinstance(value, UUID | Decimal):
        return str(value)
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode("ascii")
    raise TypeError(f"a column holds a {type(value).__name__}, which a backup cannot write")


def reader(column: Column[Any]) -> Any:
    """Give the function that turns a value of the archive into one that a column takes."""
    return _reader(column.type)


def _reader(kind: TypeEngine[Any]) -> Any:
    if isinstance(kind, Scaled):
        return lambda value: (
            Decimal(value).scaleb(-kind.scale) if isinstance(value, int) else Decimal(value)
        )
    if isinstance(kind, UtcDateTime | DateTime):
        return _moment
    if isinstance(kind, Uuid):
        return UUID
    if isinstance(kind, Date):
        return dt.date.fromisoformat
    if isinstance(kind, LargeBinary):
        return base64.b64decode
    return None


def _moment(value: str) -> dt.datetime:
    moment = dt.datetime.fromisoformat(value)
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
