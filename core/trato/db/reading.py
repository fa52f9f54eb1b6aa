"""One read-only transaction that the parts of a request share.

Who asks and what is shown were read in transactions of their own, and each costs three round
trips more than its statements.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from sqlalchemy import Connection, Engine

from trato.db.engine import keep, set_tenant, transaction
from trato.errors import DatabaseUnavailable


class Reading:
    """A read-only transaction, begun when it is first needed; for one request in one thread.

    It may begin for no tenant, as a session is looked up before its tenant is known. Once a tenant
    is set it stays: there is no switch. Between its uses it gives way: when the thread begins
    another transaction it ends, and the next use begins anew.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._stack: ExitStack | None = None
        self._connection: Connection | None = None
        self._tenant_id: int | None = None
        #: How many parts are using it, one inside the other.
        self._uses = 0

    @contextmanager
    def connection(self, tenant_id: int | None = None) -> Iterator[Connection]:
        """Give the connection.

        What is raised out of the outermost use ends the transaction; the next use begins anew.

        :param tenant_id: whose rows are read; None for host tables only.
        :raises ValueError: when another tenant is set already.
        :raises DatabaseUnavailable: as ``transaction`` does.
        """
        if tenant_id is not None and self._tenant_id not in (None, tenant_id):
            raise ValueError(f"tenant {self._tenant_id} is being read, not {tenant_id}")
        if self._stack is None or self._connection is None:
            self._stack = ExitStack()
            self._connection = self._stack.enter_context(transaction(self._engine, read=True))
        keep(None)
        self._uses += 1
        try:
            if tenant_id is not None and self._tenant_id is None:
                set_tenant(self._connection, tenant_id)
                self._tenant_id = tenant_id
            yield self._connection
        except BaseException:
            if self._uses == 1:
                stack = self._take()
                if stack is not None:
                    # It may raise in other words, as ``transaction`` does.
                    stack.__exit__(*sys.exc_info())
            raise
        finally:
            self._uses -= 1
            if self._uses == 0 and self._stack is not None:
                keep(self.close)

    def close(self) -> None:
        """End the transaction; a second call does nothing."""
        stack = self._take()
        if stack is not None:
            # What was read was read: that the database went away since changes no answer.
            with suppress(DatabaseUnavailable):
                stack.close()

    def _take(self) -> ExitStack | None:
        stack, self._stack, self._connection, self._tenant_id = self._stack, None, None, None
        return stack
