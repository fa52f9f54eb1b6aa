"""The ORM session of a tenant: a required, read-only tenant and a guard on every statement."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn, cast

from sqlalchemy import Alias, Connection, FromClause, Table, Update, event
from sqlalchemy.orm import ORMExecuteState, Session, with_loader_criteria
from sqlalchemy.sql import ClauseElement, visitors

from trato.entities.base import Entity, Extension
from trato.errors import TenantError
from trato.text import _


class TenantSession(Session):
    """A session that reads and writes one tenant's rows only.

    Loader criteria add the tenant to every ORM statement; statements that are not ORM and touch
    a tenant table are refused, and so is a flush of another tenant's row. On PostgreSQL
    row-level security stands behind it.
    """

    def __init__(self, connection: Connection, *, tenant_id: int) -> None:
        super().__init__(connection, expire_on_commit=False, autoflush=False)
        self._tenant_id = tenant_id

    @property
    def tenant_id(self) -> int:
        return self._tenant_id

    def bulk_save_objects(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: no event tells which tenant's rows are written."""
        raise _past_the_session()

    def bulk_insert_mappings(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: no event tells which tenant's rows are written."""
        raise _past_the_session()

    def bulk_update_mappings(self, *args: Any, **kwargs: Any) -> NoReturn:
        """Refuse: no event tells which tenant's rows are written."""
        raise _past_the_session()


def _past_the_session() -> TenantError:
    return TenantError(
        _("Rows are inserted, or moved to a tenant, past the session."),
        hint=_("Write with unit.records, or add objects to the session."),
    )


@event.listens_for(TenantSession, "do_orm_execute")
def _guard(state: ORMExecuteState) -> None:
    session = state.session
    if not isinstance(session, TenantSession):
        raise TypeError(type(session))
    if state.execution_options.get("tenant_checked"):
        return
    statement = cast(ClauseElement, state.statement)
    is_text = statement.__visit_name__ == "textclause"
    if is_text or _names_tables(statement, beside_classes=state.is_orm_statement):
        raise TenantError(
            _("A statement that is not ORM touches a tenant's table."),
            hint=_("Read with unit.records, or select the entity class."),
        )
    if not state.is_orm_statement:
        return
    if state.is_insert or (state.is_update and _sets_tenant(state)):
        # Neither flush nor criteria would see which tenant is written.
        raise _past_the_session()
    tenant_id = session.tenant_id
    for base in (Entity, Extension):
        state.statement = state.statement.options(
            with_loader_criteria(base, lambda cls: cls.tenant_id == tenant_id, include_aliases=True)
        )


def _names_tables(statement: ClauseElement, *, beside_classes: bool) -> bool:
    """Tell whether a statement names a tenants' table otherwise than by its class.

    The criteria of a class reach its table however it is named beside the class, but no alias
    and no other table; so those are what is looked for in an ORM statement.
    """
    raw: list[FromClause] = []
    covered: set[FromClause] = set()
    for part in visitors.iterate(statement):
        source = part if isinstance(part, FromClause) else getattr(part, "table", None)
        if not isinstance(source, Table | Alias):
            continue
        entity = part._annotations.get("parententity")
        if entity is not None:
            covered |= {entity.mapper.local_table, entity.selectable}
        elif _has_tenant(source):
            raw.append(source)
    return any(not beside_classes or source not in covered for source in raw)


def _has_tenant(source: FromClause) -> bool:
    while isinstance(source, Alias):
        source = source.element
    return isinstance(source, Table) and "tenant_id" in source.c


def _sets_tenant(state: ORMExecuteState) -> bool:
    statement = cast(Update, state.statement)
    named = {getattr(column, "key", column) for column in statement._values or {}}
    given = state.parameters or {}
    rows = [given] if isinstance(given, Mapping) else given
    return "tenant_id" in named or any("tenant_id" in row for row in rows)


@event.listens_for(TenantSession, "before_flush")
def _guard_flush(session: Session, context: Any, instances: Any) -> None:
    if not isinstance(session, TenantSession):
        raise TypeError(type(session))
    for row in [*session.new, *session.dirty, *session.deleted]:
        tenant = getattr(row, "tenant_id", None)
        if tenant is None and row in session.new and hasattr(type(row), "tenant_id"):
            row.tenant_id = session.tenant_id
        elif tenant is not None and tenant != session.tenant_id:
            raise TenantError(
                _("A row of tenant {other} was given to a session of tenant {own}."),
                other=tenant,
                own=session.tenant_id,
            )
