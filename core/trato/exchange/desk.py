"""Files that people bring and take away: each import or export has a folder of its own.

Beside the file lies what its owner has chosen, so that any process may go on with it.
"""

from __future__ import annotations

import datetime as dt
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256
from pathlib import Path
from typing import Any, Self
from uuid import UUID

from sqlalchemy import Connection, select

from trato.db.engine import transaction
from trato.db.types import new_id
from trato.errors import NotFound
from trato.host import Host
from trato.jobs.queue import OVER
from trato.tenancy.tables import task
from trato.text import _

_CHOICES = "choices.json"
_NOT_NAME = re.compile(r"[^\w.-]+")
#: Imports and exports that are kept of each member; one more removes the oldest that is over, and
#: first of all a file that its owner has only looked at, some time ago.
KEPT = 10
LOOKED_AT = dt.timedelta(hours=1)
#: For so long, at most, since something was last done with it: the files hold what people wrote.
KEPT_FOR = dt.timedelta(days=30)
_FOLDERS = "*-*-*-*-*"


@dataclass(kw_only=True, eq=False)
class Desk:
    """One import or export: its files, and what was chosen about it."""

    folder: Path
    entity: str
    member_id: str | None
    #: Name of the file as its owner calls it.
    file: str
    #: Header to path of a field, or `ignore`; as a map file says it.
    map: dict[str, str] = field(default_factory=dict)
    match: str | None = None
    duplicates: str = "create"
    encoding: str | None = None
    #: What the file was found to be when it came: its sheet or encoding, the titles of its
    #: columns, and the first values of each. A workbook is not opened again for every page.
    kind: str = ""
    headers: list[str] = field(default_factory=list)
    samples: list[list[str]] = field(default_factory=list)
    #: Of a workbook: its sheets, of which the first is read.
    sheets: list[str] = field(default_factory=list)
    #: Whether its columns were chosen as those of an earlier file.
    is_as_before: bool = False
    #: Of an export: what of the list is wanted, see ``saved_query``.
    query: dict[str, Any] = field(default_factory=dict)
    #: Ids of its tasks, the newest last; those of an import that only try.
    tasks: list[str] = field(default_factory=list)
    trials: list[str] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        """What its addresses call it."""
        return UUID(self.folder.name)

    @property
    def begun_at(self) -> dt.datetime:
        """When it was begun."""
        # The first 48 bits of an id are its milliseconds.
        return dt.datetime.fromtimestamp((self.id.int >> 80) / 1000, dt.UTC)

    @property
    def source(self) -> Path:
        """The file that is imported, or that was exported."""
        return self.folder / f"file{Path(self.file).suffix.lower()[:6]}"

    @property
    def map_file(self) -> Path:
        """The choices of columns, as an import reads them."""
        return self.folder / "map.yaml"

    @property
    def errors(self) -> Path:
        """The refused rows."""
        return self.folder / "errors.csv"

    def save(self) -> None:
        """Write what was chosen; whoever reads meanwhile finds the old or the new."""
        chosen = {name: value for name, value in asdict(self).items() if name != "folder"}
        draft = self.folder / f"{_CHOICES}.draft"
        draft.write_text(json.dumps(chosen), "utf-8")
        draft.replace(self.folder / _CHOICES)
        # JSON is YAML.
        self.map_file.write_text(json.dumps(self.map), "utf-8")

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read what was chosen.

        :raises NotFound: where there is nothing, or nothing that can be read.
        """
        try:
            chosen = json.loads((folder / _CHOICES).read_text("utf-8"))
            known = {one.name for one in fields(cls)}
            desk = cls(folder=folder, **{k: v for k, v in chosen.items() if k in known})
            desk.tasks = [str(UUID(task)) for task in desk.tasks]
        except (FileNotFoundError, NotADirectoryError, ValueError, TypeError, AttributeError):
            # A crash or a restored copy may have left something else there.
            raise NotFound(_("There is no such import or export any more.")) from None
        return desk


def root(host: Host, tenant_id: int, kind: str) -> Path:
    """Say where a tenant's `imports` or `exports` are."""
    return host.settings.storage_folder / "desks" / str(tenant_id) / kind


def begin(
    host: Host, tenant_id: int, kind: str, *, entity: str, member_id: UUID | None, file: str
) -> Desk:
    """Make the folder of an import or export, and remove the member's oldest ones."""
    place = root(host, tenant_id, kind)
    folder = place / str(new_id())
    folder.mkdir(parents=True, mode=0o700)
    name = _NOT_NAME.sub("_", Path(file.replace("\\", "/")).name)[-100:] or "file"
    desk = Desk(folder=folder, entity=entity, file=name,
                member_id=None if member_id is None else str(member_id))  # fmt: skip
    try:
        desk.save()
    except OSError:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    mine = [one for one in all_of(host, tenant_id, kind) if one.member_id == desk.member_id]
    if old := _oldest(mine, len(mine) - KEPT):
        with transaction(host.engine, tenant_id=tenant_id, read=True) as connection:
            needed = _with_work(connection, tenant_id, old)
        for one in old:
            if one.folder not in needed:
                shutil.rmtree(one.folder, ignore_errors=True)
    return desk


def _oldest(mine: Sequence[Desk], count: int) -> list[Desk]:
    """Give as many as are too many: files that were only looked at come before what was done."""
    now = mine[-1].begun_at  # by the ids all are, which rise with time
    in_use = [bool(one.tasks) or now - one.begun_at < LOOKED_AT for one in mine]
    order = sorted(range(len(mine)), key=lambda at: (in_use[at], at))
    return [mine[at] for at in order[: max(count, 0)]]


def remove_old(host: Host, connection: Connection, tenant_id: int, *, before: dt.datetime) -> None:
    """Remove a tenant's imports and exports with which nothing was done since a moment."""
    for kind in ("imports", "exports"):
        needed = _with_work(connection, tenant_id, all_of(host, tenant_id, kind))
        for folder in root(host, tenant_id, kind).glob(_FOLDERS):
            with suppress(FileNotFoundError):  # a new one has just removed it
                if folder not in needed and folder.stat().st_mtime < before.timestamp():
                    shutil.rmtree(folder, ignore_errors=True)


def _with_work(connection: Connection, tenant_id: int, some: Sequence[Desk]) -> set[Path]:
    """Give the folders of those that have a task that waits or runs, and so needs its files."""
    tasks = {UUID(text): one.folder for one in some for text in one.tasks}
    found = connection.execute(
        select(task.c.id).where(
            task.c.tenant_id == tenant_id, task.c.id.in_(tasks), task.c.state.not_in(OVER)
        )
    )
    return {tasks[id] for id in found.scalars()}


def find(host: Host, tenant_id: int, kind: str, id: UUID, *, member_id: UUID | None) -> Desk:
    """Find an import or export of a member.

    :raises NotFound: where the member has none with the id.
    """
    desk = Desk.read(root(host, tenant_id, kind) / str(id))
    if desk.member_id != (None if member_id is None else str(member_id)):
        raise NotFound(_("There is no such import or export any more."))
    return desk


def all_of(host: Host, tenant_id: int, kind: str) -> list[Desk]:
    """Read a tenant's imports or exports, the oldest first."""
    found = []
    for folder in sorted(root(host, tenant_id, kind).glob(_FOLDERS)):
        try:
            found.append(Desk.read(folder))
        except NotFound:
            continue  # it is being removed, or a crash left it half made
    return found


def remembered(
    host: Host, tenant_id: int, entity: str, headers: Sequence[str], *, member_id: UUID | None
) -> Mapping[str, Any] | None:
    """Give what was chosen the last time that a file with the same headers was imported.

    What each column fills (``map``) is whoever's choice was the last; what becomes of records that
    are there (``match``, ``duplicates``) only the member's own, where he has made one.
    """
    known = _recall(_memory(host, tenant_id, entity, headers))
    if known is None:
        return None
    own = known["own"].get(str(member_id))
    return {"map": known["map"], **(own if isinstance(own, dict) else {})}


def remember(host: Host, tenant_id: int, desk: Desk, headers: Sequence[str]) -> None:
    """Keep what was chosen for the next file with the same headers."""
    place = _memory(host, tenant_id, desk.entity, headers)
    place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    own = (_recall(place) or {"own": {}})["own"]
    own[str(desk.member_id)] = {"match": desk.match, "duplicates": desk.duplicates}
    draft = place.with_suffix(f".{new_id()}.draft")  # two people may come at one moment
    draft.write_text(json.dumps({"map": desk.map, "own": own}), "utf-8")
    draft.replace(place)


def _recall(place: Path) -> dict[str, Any] | None:
    """Read a memory; one of earlier versions does not say whose the choices were."""
    try:
        known = json.loads(place.read_text("utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    if not isinstance(known, dict) or not isinstance(known.get("map"), dict):
        return None
    own = known.get("own")
    return {"map": known["map"], "own": own if isinstance(own, dict) else {}}


def _memory(host: Host, tenant_id: int, entity: str, headers: Sequence[str]) -> Path:
    subject = json.dumps([entity, *headers])
    name = sha256(subject.encode()).hexdigest()[:32]
    return root(host, tenant_id, "maps") / f"{name}.json"
