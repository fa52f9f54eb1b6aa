"""Imports by the command that were cut: the same command goes on after the last whole batch.

How far a file is stands in the database, written in the transaction of each batch, until the
import is over; the file of refused rows lies where the person wants it, and its length is kept. It
is written by one command: each takes the file over before it touches that, and holds it as it does.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
from collections.abc import Mapping
from hashlib import file_digest, sha256
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, delete, select, update

from trato.access.actor import Actor
from trato.db.upsert import upsert
from trato.errors import ConfigError
from trato.exchange.importing import check_errors
from trato.host import Host
from trato.records.tables import import_course as table
from trato.records.unit import Unit
from trato.text import _

#: For so long an import that was cut can be gone on with; its refusals hold what people wrote.
KEPT = dt.timedelta(days=30)


class Course:
    """How far the import of one file is.

    :param choices: what else makes an import another one: how rows find records, whose it is.
    :param start_over: import all rows, although an import of the file was cut.
    :raises ConfigError: for an import that was cut and with these choices cannot be gone on with.
    :raises OSError: for a file that cannot be read.
    """

    def __init__(
        self, host: Host, actor: Actor, entity: str, path: Path, *,
        choices: Mapping[str, str | None], errors: Path | None = None, start_over: bool = False,
    ) -> None:  # fmt: skip
        self._host = host
        self._actor = actor
        self._choices = dict(choices)
        if errors is not None:
            check_errors(errors, path)
        self._errors = None if errors is None else str(errors.resolve())
        with path.open("rb") as file:
            content = file_digest(file, "sha256").hexdigest()
        self._digest = sha256(f"{entity} {content}".encode()).hexdigest()
        with host.unit(actor, read=True) as unit:
            found = unit.connection.execute(
                select(table.c.choices, table.c.reached, table.c.version, table.c.reached_at)
                .where(*self._this())
            ).first()  # fmt: skip
        self._version = 0 if found is None else int(found.version)
        #: What ``run_import`` is told to go on with; None for an import from the first row.
        self.resume: Mapping[str, Any] | None = None
        #: The row, as the spreadsheet numbers it, after which an import with other choices was
        #: cut. This one begins with the first row, as its rows find their records.
        self.left_at: int | None = None
        #: When it was cut, if it was.
        self.cut_at: dt.datetime | None = None
        #: Where the refused rows of before are.
        self._source: Path | None = None
        # Nothing is reached where it was cut before its first batch was written.
        if found is not None and found.reached and not start_over:
            self.cut_at = found.reached_at
            self._take_up(found.choices, found.reached, errors)

    @property
    def after(self) -> int | None:
        """The row, as the spreadsheet numbers it, after which the import goes on."""
        return None if self.resume is None else int(self.resume["row"])

    def _take_up(
        self, choices: Mapping[str, Any], reached: Mapping[str, Any], errors: Path | None
    ) -> None:
        if choices == self._choices:
            self._find_refused(reached, errors)
            self.resume = reached
        elif self._choices.get("match") is not None:
            self.left_at = int(reached["row"])
        else:
            raise ConfigError(
                _("An import of this file with other choices was cut after row {row}."),
                hint=_("Repeat that command as it was, to go on there; or add --start-over to "
                       "import all rows, those before it too."),
                row=reached["row"], code="cut_import",
            )  # fmt: skip

    def _find_refused(self, reached: Mapping[str, Any], errors: Path | None) -> None:
        """See that the rows that were refused before are where they were written."""
        if errors is None or not reached["refused"]:
            return
        source = Path(reached["errors"] or "")
        length = int(reached["errors_bytes"])
        if not (length and source.is_file() and source.stat().st_size >= length):
            raise ConfigError(
                _("The import of this file was cut after row {row}, and the rows that it has "
                  "refused are not in {path}."),
                hint=_("Bring that file back, or go on without --errors; or add --start-over to "
                       "import all rows, those before it too."),
                row=reached["row"], path=str(source) if length else "--errors",
                code="lost_errors",
            )  # fmt: skip
        self._source = source

    def begin(self) -> None:
        """Take the file over: a command that is still at it writes no row more, here or there.

        :raises ConfigError: where another command took it over after this one had looked.
        """
        with self._host.unit(self._actor) as unit:
            self._put(unit)
        if self._source is None or self._errors is None:
            return
        # A file of its own, also under the same name: the other may have the old one open.
        errors = Path(self._errors)
        new = errors.with_name(f".{errors.name}.part")
        try:
            shutil.copy(self._source, new)
            os.replace(new, errors)
        finally:
            new.unlink(missing_ok=True)

    def hold(self, unit: Unit) -> None:
        """Let nobody take the file over until a batch is written.

        :raises ConfigError: where another command has done so.
        """
        mine = select(table.c.version).where(*self._this(), table.c.version == self._version)
        if unit.connection.execute(mine.with_for_update()).first() is None:
            raise _elsewhere()

    def keep(self, unit: Unit, reached: dict[str, Any]) -> None:
        """Keep how far it is with the rows of a batch.

        :raises ConfigError: where another command has gone on with the file; nothing is written.
        """
        self._put(unit, choices=self._choices, reached=reached | {"errors": self._errors})

    def _put(self, unit: Unit, **values: Any) -> None:
        values |= {"version": self._version + 1, "reached_at": unit.now}
        if self._version:
            statement: Any = update(table).where(*self._this(), table.c.version == self._version)
            statement = statement.values(**values)
        else:
            values |= {"tenant_id": unit.tenant_id, "digest": self._digest,
                       "choices": self._choices, "reached": {}}  # fmt: skip
            statement = upsert(unit.connection, table).values(**values).on_conflict_do_nothing()
        if unit.connection.execute(statement.returning(table.c.version)).first() is None:
            raise _elsewhere()
        self._version += 1

    def end(self) -> None:
        """Forget it: the import is over, and the file may be imported anew."""
        with self._host.unit(self._actor) as unit:
            unit.connection.execute(delete(table).where(*self._this()))

    def _this(self) -> tuple[Any, ...]:
        return (table.c.tenant_id == self._actor.tenant_id, table.c.digest == self._digest)


def _elsewhere() -> ConfigError:
    return ConfigError(
        _("Another command imports this file now."),
        hint=_("Wait until it is over."), code="imported_elsewhere",
    )  # fmt: skip


def remove_old(connection: Connection, tenant_id: int, *, before: dt.datetime) -> None:
    """Forget the imports that were cut before a moment and that nobody went on with."""
    connection.execute(
        delete(table).where(table.c.tenant_id == tenant_id, table.c.reached_at < before)
    )


__all__ = ["KEPT", "Course", "remove_old"]
