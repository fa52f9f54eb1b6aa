"""Valid records of any entity, made from nothing but its declaration."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from trato.entities.fields import TEXT_KINDS, Field
from trato.entities.view import EntityView
from trato.records.query import Record
from trato.records.unit import Unit

_numbers = itertools.count(1)
_MOMENT = dt.datetime.fromisoformat("2026-01-15T15:30:00-05:00")


def marker() -> str:
    """Make a word to search for that no other record has."""
    return f"quetzal{next(_numbers)}"


def sample_value(field: Field, number: int, *, varied: bool = False) -> Any:
    """Make a valid value of a field as JSON holds it; None for what names another record.

    :param varied: give each number a day of its own, before those of other samples.
    """
    moment = _MOMENT - dt.timedelta(days=number % 10_000 if varied else 0)
    simple: dict[str, Any] = {
        "email": f"muestra{number}@example.com",
        "phone": f"601 555 {number % 10_000:04}",
        "url": f"https://example.com/{number}",
        "date": moment.date().isoformat(),
        "moment": moment.isoformat(),
        "boolean": True,
        "choice": field.choices[0][0] if field.choices else None,
        "choices": [field.choices[0][0]] if field.choices else None,
        "tags": [f"muestra {number}"],
    }
    if field.kind in simple:
        return simple[field.kind]
    if field.kind in ("integer", "decimal", "money"):
        least = 0 if field.minimum is None else int(field.minimum)
        most = 1_000_000 if field.maximum is None else int(field.maximum)
        value = least + number % (most - least + 1)
        return value if field.kind == "integer" else str(value)
    if field.kind in TEXT_KINDS:
        # Six digits without a zero in front pass for a document of any country.
        text = str(100_000 + number) if field.fold in ("code", "digits") else f"Muestra {number}"
        return text[-(field.max_length or len(text)) :]
    return None


def sample_values(
    unit: Unit, entity: EntityView, given: Mapping[str, Any] | None = None, *, full: bool = False
) -> dict[str, Any]:
    """Make the values of a valid new record; what it must refer to is made first.

    :param given: values that stand as they are.
    :param full: fill optional fields too, but references.
    """
    number = next(_numbers)
    values = dict(given or {})
    for path, field in entity.fields.items():
        if path in values or not field.writable:
            continue
        needed = (field.required and field.default is None) or path == entity.info.label
        in_key = any(path in group for group in entity.info.unique) and field.kind != "ref"
        if field.kind == "ref":
            if needed:
                values[path] = str(create_sample(unit, field.target or "").id)
        elif needed or in_key or full:
            value = sample_value(field, number, varied=in_key)
            if value is not None:
                values[path] = value
    return values


def create_sample(
    unit: Unit, entity: str, given: Mapping[str, Any] | None = None, *, full: bool = False,
    id: UUID | None = None,
) -> Record:  # fmt: skip
    """Make a valid record of an entity."""
    view = unit.view.entity(entity)
    return unit.records.create(entity, sample_values(unit, view, given, full=full), id=id)


def create_samples(
    unit: Unit, entity: str, count: int, given: Mapping[str, Any] | None = None
) -> Sequence[UUID]:
    """Make many valid records of an entity in one bulk.

    They share what they must refer to, but where nothing else tells them apart.
    """
    view, given = unit.view.entity(entity), given or {}
    first = sample_values(unit, view, given)
    alone = {
        path for group in view.info.unique
        if not any(_varies(view.fields[path]) and path not in given for path in group)
        for path in group
    }  # fmt: skip
    shared = {
        path: value for path, value in first.items()
        if view.fields[path].kind == "ref" and path not in alone
    }  # fmt: skip
    rows = [sample_values(unit, view, {**shared, **given}) for _ in range(count)]
    outcomes = unit.records.bulk(entity, rows)
    refused = [outcome.errors for outcome in outcomes if outcome.errors]
    if refused:
        raise ValueError(f"samples of {entity} were refused: {refused[0]}")
    return [outcome.id for outcome in outcomes if outcome.id is not None]


def _varies(field: Field) -> bool:
    """Tell whether samples have many values of a field."""
    if field.kind in ("integer", "decimal", "money"):
        return field.maximum is None or field.maximum - (field.minimum or 0) >= 1_000
    return field.kind in TEXT_KINDS or field.kind in ("email", "phone", "url", "date", "moment")


def marked_field(entity: EntityView) -> Field | None:
    """Give a text field by whose content a record is found, where the entity has one."""
    fitting = (
        field
        for field in entity.searchable
        if field.writable and field.kind in ("text", "longtext") and field.fold in (None, "text")
    )
    return next(fitting, None)


def edit_of(entity: EntityView) -> dict[str, Any]:
    """Make a change that any record of the entity takes."""
    label = entity.fields[entity.info.label]
    changed = label.choices[-1][0] if label.choices else f"Cambiado {next(_numbers)}"
    return {label.path: changed}
