"""What a person decides about a received thing: which record it is, or that it is a new one."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import Connection

from trato.db.engine import transaction
from trato.errors import Conflict, DomainError, Invalid, NotFound
from trato.host import Host
from trato.sync import links, review
from trato.sync.applying import apply
from trato.sync.connector import Item, Stream
from trato.sync.running import Run, open_run
from trato.text import _


def decide_link(host: Host, tenant_id: int, id: UUID, record_id: UUID) -> None:
    """Say which record a thing is; the other system then rules the fields that it owns.

    :raises NotFound: when the record does not exist.
    :raises Conflict: when it is linked to another thing of the same system.
    """
    run, stream, found = _open(host, tenant_id, id)
    with run.unit() as unit:
        unit.records.get(found.entity, record_id)
        there = links.by_record(unit.connection, tenant_id, run.name, found.entity, [record_id])
        if record_id in there and there[record_id].remote_key != found.key:
            raise Conflict(
                _("The record is linked to '{key}' of the other system already."),
                key=there[record_id].remote_key, code="linked",
            )  # fmt: skip
        links.add(unit.connection, tenant_id, run.name, found.entity, {found.key: record_id},
                  now=unit.now)  # fmt: skip
        apply(run, unit, stream, [Item(key=found.key, values=found.values)], pass_id=None)
        _refused(unit.connection, tenant_id, id)
        review.remove(unit.connection, run, found.stream, [found.key])


def decide_create(host: Host, tenant_id: int, id: UUID) -> UUID:
    """Make a new record of a thing.

    :return: the record's id.
    :raises Invalid: when its values are refused.
    """
    run, stream, found = _open(host, tenant_id, id)
    with run.unit() as unit:
        made = unit.records.create(found.entity, found.values)
        links.add(unit.connection, tenant_id, run.name, found.entity, {found.key: made.id},
                  now=unit.now)  # fmt: skip
        apply(run, unit, stream, [Item(key=found.key, values=found.values)], pass_id=None)
        review.remove(unit.connection, run, found.stream, [found.key])
        return made.id


def _open(host: Host, tenant_id: int, id: UUID) -> tuple[Run, Stream, review.Waiting]:
    with transaction(host.engine, tenant_id=tenant_id, read=True) as db:
        found = review.find(db, tenant_id, id)
    run = open_run(host, tenant_id, found.connector)
    stream = next((s for s in run.connector.streams() if s.name == found.stream), None)
    if stream is None:
        raise NotFound(_("Connector '{name}' has no stream '{stream}' any more."), name=run.name,
                       stream=found.stream)  # fmt: skip
    if not found.values:
        raise DomainError(
            _("What it refers to has to be linked first."),
            hint=_("Link that, and receive the stream again."), code="not_ready",
        )  # fmt: skip
    return run, stream, found


def _refused(db: Connection, tenant_id: int, id: UUID) -> None:
    """Raise the reasons for which the values of a thing that is linked now were refused."""
    try:
        found = review.find(db, tenant_id, id)
    except NotFound:
        return
    raise Invalid({"": list(found.reasons)})
