"""Import of a table: its rows become records, in batches, by the one write path.

Each batch is a transaction of its own: after a crash whole batches are there, and running again
with a match goes on without doubles. A cell that is empty leaves its field alone.
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
from trato.exchange.reading import Row, Table, open_table
from trato.exchange.references import References
from trato.exchange.repeats import Repeats
from trato.exchange.results import ImportProblem, ImportResult, Refusals
from trato.exchange.wording import ID, Wording
from trato.host import Host
from trato.i18n import Formats
from trato.records import statistics
from trato.records.records import Outcome
from trato.records.schema import loader_for
from trato.records.writing import check_writable
from trato.text import _

#: Rows of one transaction.
BATCH = 500

Progress = Callable[[int, int | None], None]

_log = logging.getLogger(__name__)


def run_import(
    host: Host, actor: Actor, entity: str, path: str | Path, *, match: str | None = None,
    map_file: str | Path | None = None, encoding: str | None = None,
    errors_path: str | Path | None = None, dry_run: bool = False,
    progress: Progress | None = None,
) -> ImportResult:  # fmt: skip
    """Import a CSV or XLSX file.

    :param entity: `clients.client`.
    :param match: field by which rows find the record that they change, by any of its names, or
        `id`; without it every row is a new record.
    :param map_file: which column fills which field, see ``mapfile``.
    :param errors_path: file for the refused rows, to be mended and imported again.
    :param dry_run: say what would happen and write nothing.
    :param progress: called with the rows done and the rows there are.
    :raises TratoError: with nothing written, when the file cannot be imported at all.
    """
    view = actor.view.entity(entity)
    rules.require(actor, view, "import")
    if match is None:
        rules.require(actor, view, "create")
    with host.unit(actor, read=True) as unit:
        check_writable(unit)
    path = Path(path)
    errors = None if errors_path is None else _error_file(Path(errors_path), path)
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
        with Refusals(table, result, errors, wording) as refusals:
            work = _Import(host, actor, view, columns, result, refusals, wording)
            work.run(table, progress)
    _log.info(
        "%s of %s by %s: %d created, %d updated, %d unchanged, %d refused",
        "dry run" if dry_run else "import", view.name, actor.member_id or actor.label,
        result.created, result.updated, result.unchanged, result.refused,
    )  # fmt: skip
    return result


def _error_file(errors: Path, source: Path) -> Path:
    """Refuse a place for the refused rows that would cost the person something."""
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

    def run(self, table: Table, progress: Progress | None) -> None:
        """Import all rows."""
        done = created = 0
        for drafts in self._batches(self._draft(row) for row in table):
            self._import(drafts)
            done += len(drafts)
            if self._result.created > created and not self._result.dry_run:
                created = self._result.created
                with self._host.unit(self._actor) as unit:
                    statistics.refresh(unit, self._entity)
            if progress is not None:
                progress(done, self._columns.rows)

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

    def _import(self, drafts: Sequence[Draft]) -> None:
        """Write a batch, and count it once it is written for good."""
        self._save([draft for draft in drafts if draft.row.problem is None])
        result = self._result
        for draft in drafts:
            match draft.outcome:
                case Outcome(status="created"):
                    result.created += 1
                case Outcome(status="updated"):
                    result.updated += 1
                case Outcome(status="unchanged"):
                    result.unchanged += 1
                case refused:
                    # Of a cell that could not be read nothing more is said.
                    found = self._check(draft.values) if refused is None else refused.errors
                    errors = dict(draft.errors)
                    for path, texts in found.items():
                        header, told = self._at_header(path, texts)
                        errors[header] = [*errors.get(header, ()), *told]
                    self._refusals.add(draft.row, errors)

    def _save(self, drafts: Sequence[Draft]) -> None:
        """Write rows in one transaction; an error that stops all is narrowed down to its row."""
        try:
            self._write(drafts)
        except DomainError as error:
            sound = [draft for draft in drafts if not draft.errors]
            if not sound:
                raise
            if len(sound) == 1:
                sound[0].outcome = Outcome(status="refused", errors={"": [error.message]})
            else:
                middle = len(sound) // 2
                self._save(sound[:middle])
                self._save(sound[middle:])

    def _write(self, drafts: Sequence[Draft]) -> None:
        with self._host.unit(self._actor) as unit:
            self._references.resolve(unit, drafts)
            found = [draft for draft in drafts if not draft.errors]
            outcomes = unit.records.bulk(
                self._entity.name, [draft.values for draft in found],
                match=self._columns.match, ids=[draft.id for draft in found],
                dry_run=self._result.dry_run,
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


__all__ = ["BATCH", "ImportProblem", "ImportResult", "Progress", "run_import"]
