"""Which columns of a file an import reads, and how."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from trato.access.actor import Actor
from trato.access.rules import visible_fields, writable_fields
from trato.entities.fields import REF_KINDS, Field
from trato.entities.view import EntityView
from trato.errors import ConfigError, Invalid, Message
from trato.exchange.drafts import ReferenceColumn
from trato.exchange.mapping import HeaderMap, match_headers, propose
from trato.exchange.reading import Table
from trato.exchange.references import keys_of
from trato.exchange.survey import survey_table
from trato.exchange.values import Parser, value_parser
from trato.exchange.wording import ID, Wording
from trato.i18n import Formats
from trato.records.bulk import matchable
from trato.text import _

_CHOSEN = ("choice", "choices")


@dataclass(frozen=True, kw_only=True)
class ValueColumn:
    """A column whose cells hold the values of a field."""

    index: int
    header: str
    field: Field
    read: Parser


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What an import takes from the columns of a file."""

    map: HeaderMap
    values: Sequence[ValueColumn]
    references: Sequence[ReferenceColumn]
    #: Where the records' own ids stand.
    id_index: int | None
    #: Field by which rows find their records, None where all are new.
    match: str | None
    #: What the person should know of the columns before anything is read.
    notices: Sequence[Message]
    #: Rows of the file.
    rows: int

    def header_of(self, path: str) -> str | None:
        """Give the header of the first column that fills a field."""
        return next(
            (h for _i, h, p in self.map.used() if p == path or p.startswith(f"{path}.")), None
        )


def read_columns(
    table: Table, actor: Actor, entity: EntityView, *, wording: Wording, formats: Formats,
    explicit: Mapping[str, str] | None, match: str | None,
) -> Columns:  # fmt: skip
    """Decide what each column of a file is for.

    :param explicit: the person's choices, see ``mapfile.read_map``.
    :param match: field by which rows find their records, as a path or by any of its names.
    :raises Invalid: for columns that are no field, naming the nearest.
    :raises ConfigError: for a match that cannot be, or an obligatory field without a column.
    """
    names = wording.names(actor, entity)
    found = match_headers(table.headers, names, explicit=explicit)
    fields = visible_fields(actor, entity)
    writable = writable_fields(actor, entity)
    plain: list[tuple[int, str, Field]] = []
    references: list[ReferenceColumn] = []
    ignored: list[str] = []
    wrong: dict[str, list[Message]] = {}
    id_index = None
    for index, header, path in found.used():
        field, key = _field(fields, path)
        if path == ID:
            id_index = index
        elif field is None:
            wrong[header] = [Message(_("No field is named '{name}'."), {"name": header})]
        elif field.path not in writable:
            ignored.append(header)
        elif field.kind in REF_KINDS:
            known = keys_of(actor, field)
            if key is not None and key not in known:
                wrong[header] = [
                    Message(
                        _("'{name}' is named by one of {keys}, not by '{key}'."),
                        {"name": wording.label(field), "keys": ", ".join(known), "key": key},
                    )
                ]
            references.append(ReferenceColumn(index=index, header=header, field=field, key=key))
        else:
            plain.append((index, header, field))
    if wrong:
        raise Invalid(
            wrong, _("Some columns cannot be matched with a field."),
            hint=_("Rename the columns, or say in a map which field each fills."),
            code="unmatched_columns",
        )  # fmt: skip
    chosen = _match(actor, entity, found, match, wording)
    if chosen is None:
        _check_obligatory(missing(writable, found.paths), found, wording)
    survey = survey_table(table, {index: field.kind for index, _header, field in plain})
    return Columns(
        map=found,
        values=[
            ValueColumn(
                index=index, header=header, field=field,
                read=value_parser(
                    field.kind, formats=formats, decimal=survey.decimal(index),
                    order=survey.order(index),
                    choices=wording.choices(field) if field.kind in _CHOSEN else None,
                ),
            )
            for index, header, field in plain
        ],
        references=references, id_index=id_index, match=chosen, rows=survey.rows,
        notices=_notices(ignored),
    )  # fmt: skip


def _field(fields: Mapping[str, Field], path: str) -> tuple[Field | None, str | None]:
    """Split a path into its field and, for a reference, the field that names the record."""
    field = fields.get(path)
    if field is not None:
        return field, None
    reference, _dot, key = path.rpartition(".")
    field = fields.get(reference)
    return (field, key) if field is not None and field.kind in REF_KINDS else (None, None)


def _match(
    actor: Actor, entity: EntityView, found: HeaderMap, match: str | None, wording: Wording
) -> str | None:
    """Find the match among the columns."""
    if match is None:
        return None
    (meant,) = propose([match], wording.names(actor, entity))
    if meant.problem is not None:
        raise ConfigError(
            meant.problem.text, hint=_("Match by one of: {known}."),
            known=", ".join([ID, *matchable(entity)]), code="unknown_match",
            **meant.problem.params,
        )  # fmt: skip
    path = meant.path or match
    if path != ID and path not in matchable(entity):
        raise ConfigError(
            _("Rows cannot find their records by '{field}'."), hint=_("Match by one of: {known}."),
            field=match, known=", ".join([ID, *matchable(entity)]), code="not_matchable",
        )  # fmt: skip
    if path not in found.paths:
        raise ConfigError(
            _("The file has no column for '{field}', by which its rows find their records."),
            hint=_("Its columns are: {headers}."), field=match,
            headers=", ".join(found.headers), code="no_match_column",
        )  # fmt: skip
    return path


def missing(writable: Mapping[str, Field], paths: Collection[str | None]) -> list[Field]:
    """List the obligatory fields that no column fills: such a file cannot make one record."""
    filled = {path.partition(".")[0] for path in paths if path} | {*paths}
    return [field for field in writable.values() if field.needed and field.path not in filled]


def _check_obligatory(fields: Sequence[Field], found: HeaderMap, wording: Wording) -> None:
    """Refuse a file that cannot make one record, instead of refusing each of its rows."""
    if fields:
        raise ConfigError(
            _("The file has no column for what is obligatory: {fields}."),
            hint=_("Its columns are: {headers}."),
            fields=", ".join(wording.label(field) for field in fields),
            headers=", ".join(found.headers), code="missing_columns",
        )  # fmt: skip


def _notices(ignored: Sequence[str]) -> list[Message]:
    if not ignored:
        return []
    return [
        Message(
            _("These columns are kept by the system, or you may not change them; they are left "
              "out: {columns}."),
            {"columns": ", ".join(ignored)},
        )
    ]  # fmt: skip
