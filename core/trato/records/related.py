"""Fields of the records that others refer to, read together under their own rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from trato.access import rules
from trato.entities.view import EntityView
from trato.records import reading
from trato.records.unit import Unit


def read_related(
    unit: Unit, entity: EntityView, ids: Iterable[UUID], paths: Sequence[str]
) -> dict[UUID, Mapping[str, Any]]:
    """Read fields of records by id with one statement.

    :param paths: fields that the actor may see; see ``rules.visible_fields``.
    :return: by id, the records that the actor may see and that are not in the bin.
    """
    wanted = sorted(set(ids))
    if not wanted or not rules.decide(unit.actor, entity, "view").allowed:
        return {}
    visible = rules.visible_fields(unit.actor, entity)
    columns, joined = reading.select_columns(entity, visible, paths)
    limits = [entity.table.c.archived_at.is_(None)]
    rule = rules.predicate(unit.actor, entity, "view")
    found = reading.rows_by_id(
        unit.connection, entity, columns, joined, wanted, tenant_id=unit.tenant_id,
        limits=limits if rule is None else [*limits, rule],
    )  # fmt: skip
    names = ("id", "version", *paths)
    rows = reading.finish(entity, names, list(found.values()))
    return {row[0]: dict(zip(names, row, strict=True)) for row in rows}
