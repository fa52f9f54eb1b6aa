"""The closed door during maintenance: the same answer to everybody, and a hint when to come back.

It stands before sign-in, so that nothing asks tables that are perhaps being rebuilt.
"""

from __future__ import annotations

import datetime as dt
from contextlib import closing, suppress
from dataclasses import dataclass, field

from flask import Response, current_app, g
from sqlalchemy.exc import DBAPIError

from trato.errors import TratoError
from trato.host import Host
from trato.rest.problems import problem_response
from trato.text import _
from trato.web.auth import current_host

#: How long a process may not notice that it has begun or ended.
_LOOK_EVERY = dt.timedelta(seconds=2)
#: When to come back, in seconds.
RETRY_AFTER = 120
_EXTENSION = "trato.web.maintenance"


class UnderMaintenance(TratoError):
    """The operator has closed the installation for a while."""

    code = "maintenance"
    status = 503

    def __init__(self, message: str | None) -> None:
        super().__init__(
            message or _("Trato is being maintained and will be back soon."),
            hint=_("What you had saved is safe. Try again in a few minutes."),
        )
        self.headers = {"Retry-After": str(RETRY_AFTER)}
        #: The operator has words of their own for it.
        self.is_worded = message is not None


@dataclass(kw_only=True)
class Door:
    """What this process knows about maintenance; looked up again every two seconds."""

    host: Host
    _looked: dt.datetime | None = field(default=None, init=False)
    _closed: tuple[str | None] | None = field(default=None, init=False)

    def closed(self) -> tuple[str | None] | None:
        """Give the operator's message, if any, while the installation is closed; else None."""
        now = self.host.clock()
        # A clock that was set back must not stop the looking.
        if self._looked is None or abs(now - self._looked) >= _LOOK_EVERY:
            self._looked = now
            # A database that fails is found out, and told in the usual words, by the request.
            with suppress(DBAPIError, self.host.engine.dialect.loaded_dbapi.Error):
                self._closed = self._look()
        return self._closed

    def _look(self) -> tuple[str | None] | None:
        # With a driver's cursor: this is no statement of the page that happens to come now.
        with closing(self.host.engine.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT message FROM core_maintenance")
            row = cursor.fetchone()
            cursor.close()
        return None if row is None else (row[0],)


def door() -> Door:
    """Give the door of the application that answers."""
    known: Door | None = current_app.extensions.get(_EXTENSION)
    if known is None:
        known = current_app.extensions.setdefault(_EXTENSION, Door(host=current_host()))
    return known


def check() -> None:
    """Refuse the request while the installation is closed.

    :raises UnderMaintenance: with the operator's words.
    """
    closed = door().closed()
    if closed is not None:
        g.user = g.actor = None
        raise UnderMaintenance(closed[0])


def answer(error: UnderMaintenance, *, api: bool, locale: str) -> Response:
    """Answer with a page, or with a problem where the API asked."""
    from trato.web.errors import page

    catalogs = current_host().catalogs
    if api:
        return problem_response(error, locale=locale, catalogs=catalogs)
    # The usual words say no more than the title.
    text = [error.message, error.hint] if error.is_worded else [error.hint]
    response = page(
        503,
        title=catalogs.translate(_("Trato is being maintained"), locale),
        text=catalogs.message(text[0], locale),
        hint=catalogs.message(text[1], locale) if text[1:] else "",
    )
    response.headers.update(error.headers)
    return response
