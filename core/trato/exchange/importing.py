"""Import of a table: its rows become records, in batches, by the one write path.

Each batch is a transaction of its own. Who wants to go on after a crash keeps, inside the same
transaction, how far the import is (``keep``): then no row is lost and none comes twice.
A cell that is empty leaves its field alone.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from trato.access import rules
from trato.access.actor import Actor
from trato.entities.view import EntityView
from trato.errors import ConfigError, DomainError, Message
from trato.exchange.cells import Unreadable, cell_text, is_blank
from trato.exchange.columns import Columns, read_columns
from trato.exchange.drafts import Draft, as_id
from trato.exchange.mapfile import read_map
from trato.exchange.mapping import ERROR_COLUMNS
from trato.exchange.reading import Row, Table, open_table
from trato.exchange.references import References
from trato.exchange.repeats import Repeats
from trato.exchange.results import ImportProblem, ImportResult, Refusals
from trato.exchange.wording import ID, Wording
from trato.host import Host
from trato.i18n import Formats
from trato.records import statistics
from trato.records.bulk_duplicates import Policy
from trato.records.records import Outcome
from trato.records.schema import loader_for
from trato.records.unit import Unit
from trato.records.writing import check_writable
from trato.text import _

#: Rows of one transaction.
BATCH = 500

Progress = Callable[[int, int | None], None]
#: Keeps how far an import is, inside the transaction of the rows; plain data for ``resume``.
Keep = Callable[[Unit, dict[str, Any]], None]

_log = logging.getLogger(__name__)


def run_import(
    host: Host, actor: Actor, entity: str, path: str | Path, *, match: str | None = None,
    map_file: str | Path | None = None, encoding: str | None = None,
    errors_path: str | Path | None = None, dry_run: bool = False,
    duplicates: Policy = "create", progress: Progress | None = None,
    begin: Callable[[], None] | None = None, hold: Callable[[Unit], None] | None = None,
    keep: Keep | None = None, resume: Mapping[str, Any] | None = None,
    error_titles: Sequence[str] = ERROR_COLUMNS,
) -> ImportResult:  # fmt: skip
    """Import a CSV or XLSX file.

    :param entity: `clients.client`.
    :param match: field by which rows find the record that they change, by any of its names, or
        `id`; without it every row is a new record.
    :param map_file: which column fills which field, see ``mapfile``.
    :param errors_path: file for the refused rows, to be mended and imported again.
    :param dry_run: say what would happen and write nothing.
    :param duplicates: what to do with a row that would make a second record of the same: `create`
        it and count it, `skip` it, `update` the record that is there, or refuse it as an `error`.
    :param progress: called with the rows done and the rows there are.
    :param begin: called once the file is found to be sound, before anything is written anywhere.
    :param hold: called inside the transaction of each batch, before its refused rows are written.
    :param keep: called at the end of each batch, inside its transaction, with how far it is.
    :param resume: what ``keep`` was told last, to go on from there with the same file and choices.
        A dry run begins anew, as what it foretold of the rows before is not written anywhere.
    :param error_titles: of the three columns that the file for the refused rows adds.
    :raises TratoError: with nothing written, when the file cannot be imported at all.
    """
    view = actor.view.entity(entity)
    rules.require(actor, view, "import")
    if match is None:
        rules.require(actor, view, "create")
    with host.unit(actor, read=True) as unit:
        check_writable(unit)
    path = Path(path)
    errors = None if errors_path is None else check_errors(Path(errors_path), path)
    if dry_run:
        resume = None
    wording = Wording(host.catalogs, actor.locale)
    formats = Formats(actor.locale, actor.timezone, currency=actor.view.tenant.currency)
    with open_table(path, encoding=encoding) as table:
        columns = read_columns(
            table, actor, view, wording=wording, formats=formats, match=match,
            explicit=None if map_file is None else read_map(map_file),
        )  # fmt: skip
        result = ImportResult(
            total=columns.rows, dry_run=dry_run, encoding=table.encoding,
            delimiter=table.delimiter, sheet=table.sheet, match=columns.match,
            columns=tuple(zip(columns.map.headers, columns.map.paths, strict=True)),
            notices=columns.notices,
        )  # fmt: skip
        if resume is not None:
            result.load(resume)
        if begin is not None:
            begin()
        with Refusals(
            table, result, errors, wording, resume=resume, titles=error_titles
        ) as refusals:
            work = _Import(host, actor, view, columns, result, refusals, wording)
            work.duplicates, work.hold, work.keep = duplicates, hold, keep
            work.run(table, progress, start=0 if resume is None else int(resume["rows"]))
    _log.info(
        "%s of %s by %s: %d created, %d updated, %d unchanged, %d skipped, %d refused",
        "dry run" if dry_run else "import", view.name, actor.member_id or actor.label,
        result.created, result.updated, result.unchanged, result.skipped, result.refused,
    )  # fmt: skip
    return result


def check_errors(errors: Path, source: Path) -> Path:
    """Refuse a place for the refused rows that would cost the person something.

    :raises ConfigError: for the imported file itself, and a folder that is not there.
    """
    if errors.exists() and source.exists() and errors.samefile(source):
        raise ConfigError(
            _("The file of errors would replace the file that is imported, {path}."),
            hint=_("Give it another name."), path=str(errors), code="same_file",
        )  # fmt: skip
    if not errors.parent.is_dir():
        raise ConfigError(
            _("The folder {folder} for the file of errors is not there."),
            hint=_("Make it, or choose another."), folder=str(errors.parent), code="no_folder",
        )  # fmt: skip
    return errors


class _Import:
    """One run over a file."""

    def __init__(
        self, host: Host, actor: Actor, entity: EntityView, columns: Columns,
        result: ImportResult, refusals: Refusals, wording: Wording,
    ) -> None:  # fmt: skip
        self._host = host
        self._actor = actor
        self._entity = entity
        self._columns = columns
        self._result = result
        self._refusals = refusals
        self._wording = wording
        self._references = References(actor, entity.name, columns.references)
        self._repeats = Repeats(entity, columns)
        self._done = 0
        self.duplicates: Policy = "create"
        self.hold: Callable[[Unit], None] | None = None
        self.keep: Keep | None = None

    def run(self, table: Table, progress: Progress | None, *, start: int = 0) -> None:
        """Import all rows but the first ``start``, which an earlier run has written.

        Those are read all the same: a later row may repeat one of them.
        """
        created = self._result.created
        at = 0
        for drafts in self._batches(self._draft(row) for row in table):
            left = drafts[max(start - at, 0) :]
            at += len(drafts)
            if not left:
                continue
            self._done = at - len(left)
            self._import(left)
            if self._result.created > created and not self._result.dry_run:
                created = self._result.created
                with self._host.unit(self._actor) as unit:
                    statistics.refresh(unit, self._entity)
            if progress is not None:
                progress(at, self._columns.rows)

    def _batches(self, drafts: Iterable[Draft]) -> Iterator[list[Draft]]:
        """Cut the rows into batches; one that names a row of its own batch begins the next."""
        family = self._references.family
        batch: list[Draft] = []
        for draft in drafts:
            if len(batch) == BATCH or (family is not None and family.names_one(draft)):
                yield batch
                batch = []
                if family is not None:
                    family.next_batch()
            batch.append(draft)
            if family is not None:
                family.add(draft)
        if batch:
            yield batch

    def _draft(self, row: Row) -> Draft:
        """Read the cells of a row."""
        draft = Draft(row=row)
        if row.problem is not None:
            return draft
        cells = row.cells
        for column in self._columns.values:
            cell = cells[column.index]
            if cell is None:
                continue
            try:
                value = column.read(cell)
            except DomainError as error:
                draft.errors.setdefault(column.header, []).append(error.message)
            else:
                if value is not None:
                    draft.values[column.field.path] = value
        for reference in self._columns.references:
            cell = cells[reference.index]
            if isinstance(cell, Unreadable):
                draft.errors.setdefault(reference.header, []).append(cell.message)
            elif name := " ".join(cell_text(cell).split()):
                draft.names[reference.index] = name
        self._read_id(draft)
        self._repeats.check(draft)
        return draft

    def _read_id(self, draft: Draft) -> None:
        index = self._columns.id_index
        if index is None or is_blank([draft.row.cells[index]]):
            return
        text = cell_text(draft.row.cells[index]).strip()
        draft.id = as_id(text)
        if draft.id is None:
            header = self._columns.map.headers[index]
            draft.refuse(header, _("'{value}' is not an id."), value=text[:60])

    def _import(self, drafts: Sequence[Draft], *, again: bool = False) -> None:
        """Write rows in one transaction, count them, and keep how far it is.

        An error that stops all is narrowed down to its row, each part in its own transaction.

        :param again: they are part of what was stopped, and their references are looked up.
        """
        try:
            with self._host.unit(self._actor) as unit:
                self._write(unit, [d for d in drafts if d.row.problem is None], again=again)
                self._settle(unit, drafts)
            return
        except DomainError as error:
            sound = [n for n, d in enumerate(drafts) if d.row.problem is None and not d.errors]
            if not sound:
                raise
            middle = sound[len(sound) // 2]
            if len(sound) == 1:
                outcome = Outcome(status="refused", errors={"": [error.message]})
                drafts[middle].outcome = outcome
        if len(sound) > 1:
            self._import(drafts[:middle], again=True)
            self._import(drafts[middle:], again=True)
        else:
            with self._host.unit(self._actor) as unit:
                self._settle(unit, drafts)

    def _settle(self, unit: Unit, drafts: Sequence[Draft]) -> None:
        """Count what became of rows, and keep it with them."""
        if self.hold is not None:
            self.hold(unit)
        self._count(drafts)
        self._done += len(drafts)
        if self.keep is not None:
            kept = self._result.dump(
                self._done, drafts[-1].row.number, self._refusals.written(), self._wording.message
            )
            self.keep(unit, kept)

    def _count(self, drafts: Sequence[Draft]) -> None:
        result = self._result
        for draft in drafts:
            match draft.outcome:
                case Outcome(status="created"):
                    result.created += 1
                    result.duplicates += draft.outcome.is_duplicate
                case Outcome(status="updated"):
                    result.updated += 1
                case Outcome(status="unchanged"):
                    result.unchanged += 1
                case Outcome(status="skipped"):
                    result.skipped += 1
                case refused:
                    # Of a cell that could not be read nothing more is said.
                    found = self._check(draft.values) if refused is None else refused.errors
                    errors = dict(draft.errors)
                    for path, texts in found.items():
                        header, told = self._at_header(path, texts)
                        errors[header] = [*errors.get(header, ()), *told]
                    self._refusals.add(draft.row, errors)

    def _write(self, unit: Unit, drafts: Sequence[Draft], *, again: bool) -> None:
        self._references.resolve(unit, [d for d in drafts if not (again and d.errors)])
        found = [draft for draft in drafts if not draft.errors]
        outcomes = unit.records.bulk(
            self._entity.name, [draft.values for draft in found],
            match=self._columns.match, ids=[draft.id for draft in found],
            dry_run=self._result.dry_run, duplicates=self.duplicates,
        )  # fmt: skip
        for draft, outcome in zip(found, outcomes, strict=True):
            draft.outcome = outcome
        family = self._references.family
        if family is not None and self._result.dry_run:
            for draft in found:
                if draft.outcome is not None and draft.outcome.status != "refused":
                    family.foretell(draft)

    def _check(self, values: Mapping[str, Any]) -> Mapping[str, Sequence[Message]]:
        """Say what else is wrong with a row that is refused already."""
        return loader_for(self._actor, self._entity)(values, partial=True)[1]

    def _at_header(self, path: str, messages: Sequence[Message]) -> tuple[str, Sequence[Message]]:
        """Say at which column a refusal of the write path stands."""
        header = self._columns.header_of(path)
        if header is not None or not path:
            return header or "", messages
        field = self._entity.fields.get(path)
        label = ID if field is None else self._wording.label(field)
        return "", [
            Message("{field}: {message}", {"field": label, "message": message})
            for message in messages
        ]


__all__ = ["BATCH", "ImportProblem", "ImportResult", "Progress", "check_errors", "run_import"]
