"""The ORM session of a tenant: a required, read-only tenant and a guard on every statement."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Connection, Table, event
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


def _is_tenant_table(element: Any) -> bool:
    return isinstance(element, Table) and "tenant_id" in element.c


@event.listens_for(TenantSession, "do_orm_execute")
def _guard(state: ORMExecuteState) -> None:
    session = state.session
    if not isinstance(session, TenantSession):
        raise TypeError(type(session))
    if state.execution_options.get("tenant_checked"):
        return
    if not state.is_orm_statement:
        parts = visitors.iterate(cast(ClauseElement, state.statement))
        is_text = state.statement.__visit_name__ == "textclause"
        if is_text or any(_is_tenant_table(part) for part in parts):
            raise TenantError(
                _("A statement that is not ORM touches a tenant's table."),
                hint=_("Read with unit.records, or select the entity class."),
            )
        return
    tenant_id = session.tenant_id
    for base in (Entity, Extension):
        state.statement = state.statement.options(
            with_loader_criteria(base, lambda cls: cls.tenant_id == tenant_id, include_aliases=True)
        )


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
