"""What a command works with: language, output, settings and the host, each made when asked for."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from trato.errors import DatabaseUnavailable, Message, TratoError
from trato.text import _

if TYPE_CHECKING:
    from trato.host import Host
    from trato.i18n.catalogs import Catalogs
    from trato.settings import Settings


class Context:
    """One run of the program.

    Results go to standard output, everything that is about them to standard error, so that a
    script reads the first and a person sees both.
    """

    def __init__(self, locale: str, environ: Mapping[str, str] | None = None) -> None:
        self.locale = locale
        self.environ = os.environ if environ is None else environ
        self._host: Host | None = None

    # --- words -----------------------------------------------------------------------------------

    @cached_property
    def _core_catalogs(self) -> Catalogs:
        from trato.i18n.catalogs import Catalogs

        return Catalogs({"core": Path(__file__).parent.parent / "translations"})

    @property
    def catalogs(self) -> Catalogs:
        """Translations of core, and of the plugins once they are loaded."""
        return self._core_catalogs if self._host is None else self._host.catalogs

    def text(self, text: str | Message, /, **params: Any) -> str:
        """Translate a text and fill its places."""
        if isinstance(text, Message):
            return self.catalogs.message(text, self.locale)
        return self.catalogs.translate(text, self.locale, **params)

    def plural(self, singular: str, plural: str, count: int, /, **params: Any) -> str:
        """Translate a text that counts."""
        return self.catalogs.translate_plural(
            singular, plural, count=count, locale=self.locale, **params
        )

    # --- output ----------------------------------------------------------------------------------

    def print(self, text: str) -> None:
        """Print a finished line of the result."""
        print(text, file=sys.stdout)

    def say(self, text: str, /, **params: Any) -> None:
        """Print a line of the result in the user's language."""
        self.print(self.text(text, **params))

    def note(self, text: str) -> None:
        """Print a finished line beside the result."""
        print(text, file=sys.stderr, flush=True)

    def warn(self, text: str | Message, /, **params: Any) -> None:
        """Warn in the user's language."""
        self.note(self.text(_("Warning: {text}"), text=self.text(text, **params)))

    def error(self, message: str, *hints: str) -> None:
        """Print an error: fact and cause, then what to do."""
        self.note(self.text(_("Error: {text}"), text=message))
        for hint in hints:
            if hint:
                self.note(f"  {hint}")

    def complain(self, error: TratoError) -> None:
        """Print an error that was raised."""
        lines = []
        for path, messages in getattr(error, "errors", {}).items():
            for message in messages:
                lines.append(f"{path}: {self.text(message)}" if path else self.text(message))
        if isinstance(error, DatabaseUnavailable) and error.__cause__ is not None:
            reason = getattr(error.__cause__, "orig", None) or error.__cause__
            lines.append(str(reason).strip().splitlines()[0])
            lines += self._addresses(error)
        self.error(self.text(error.message), *lines, self.text(error.hint))

    def _addresses(self, error: DatabaseUnavailable) -> list[str]:
        """Say which setting leads where, without passwords, when PostgreSQL does not answer."""
        from contextlib import suppress

        from sqlalchemy.engine import make_url
        from sqlalchemy.exc import ArgumentError

        from trato.db.engine import place

        if error.code != DatabaseUnavailable.code or self.settings.sqlite_path is not None:
            return []
        urls = {"TRATO_DATABASE_URL": self.settings.database_url,
                "TRATO_OWNER_DATABASE_URL": self.settings.owner_database_url}  # fmt: skip
        told = []
        for setting, url in urls.items():
            # One that cannot be read is not what did not answer.
            with suppress(ValueError, ArgumentError):
                where = place(make_url(url or ""))
                told.append(self.text(
                    _("{setting} leads to {place}: check that, and whether the server runs."),
                    setting=setting, place=where,
                ))  # fmt: skip
        return told

    def show_json(self, data: Any) -> None:
        """Print data as JSON."""
        import json

        self.print(json.dumps(data, ensure_ascii=False, indent=2, default=str))

    def show_table(self, headers: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
        """Print rows in columns; headers are message ids."""
        lines = [[self.text(header) for header in headers]]
        lines += [["" if cell is None else str(cell) for cell in row] for row in rows]
        widths = [max(len(line[place]) for line in lines) for place in range(len(headers))]
        for line in lines:
            cells = (cell.ljust(width) for cell, width in zip(line, widths, strict=True))
            self.print("  ".join(cells).rstrip())

    def yes_or_no(self, value: bool) -> str:
        """Write a truth value."""
        return self.text(_("yes") if value else _("no"))

    def confirm(self, question: str, wanted: str, /, **params: Any) -> bool:
        """Ask for a name to be typed; False when another one, or none, was."""
        print(self.text(question, **params), end=" ", file=sys.stderr, flush=True)
        return sys.stdin.readline().strip() == wanted

    # --- parts -----------------------------------------------------------------------------------

    @cached_property
    def settings(self) -> Settings:
        """The deployment's settings."""
        from trato.settings import Settings

        return Settings.load(self.environ)

    @property
    def bare_host(self) -> Host:
        """The host, whatever the state of its database."""
        if self._host is None:
            from trato.host import Host

            self._host = Host(self.settings)
        return self._host

    @cached_property
    def host(self) -> Host:
        """The host with a database that it can work with.

        :raises ConfigError: when a PostgreSQL database is behind.
        """
        from trato.cli import readiness

        host = self.bare_host
        for problem in host.problems:
            self.warn(
                _("Plugin '{plugin}' is left out: {reason}"), plugin=problem.plugin,
                reason=" ".join(self.text(message) for message in problem.messages),
            )  # fmt: skip
        readiness.make_ready(self)
        return host

    @property
    def walled_host(self) -> Host:
        """The host with a database whose row-level security holds it: for the services.

        :raises ConfigError: as a superuser, or as the tables' owner.
        """
        from trato.cli import readiness

        readiness.check_walls(self.bare_host)
        return self.host

    @property
    def existing_host(self) -> Host:
        """The host with a database that is there already.

        :raises ConfigError: where a SQLite file would have to be made, as happens to a command
            that is run in another folder, or without the settings of the services.
        """
        from trato.cli import readiness

        readiness.check_there(self.bare_host)
        return self.host

    def close(self) -> None:
        """Give back what was opened."""
        if self._host is not None:
            self._host.close()
