"""The settings themselves."""

from __future__ import annotations

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from trato.errors import ConfigError
from trato.settings import declaration, kinds, reading, secret_key
from trato.settings.declaration import SettingDoc, setting
from trato.text import _

_SQLITE = "sqlite:///"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Hold what the operator decided. Making one has no side effect.

    Where the default of a setting depends on others, or making it writes a file, a method
    ``resolve_<setting>`` gives the value in force.
    """

    database_url: str = setting(
        "sqlite:///trato.sqlite",
        kinds.database_url(sqlite=True),
        doc=_("Database of the application; its PostgreSQL role must not own the tables."),
    )
    owner_database_url: str | None = setting(
        None,
        kinds.database_url(sqlite=False),
        doc=_("Same PostgreSQL database as the role that owns the tables; only `migrate` uses it."),
    )
    secret_key: tuple[str, ...] = setting(
        (),
        kinds.secrets(),
        doc=_(
            "Key for sessions and sealed secrets. Several are separated by commas: the first "
            "signs, all are accepted. Beside a SQLite database one is made where none is set."
        ),
    )
    license_public_keys: str = setting(
        "",
        kinds.license_keys(_("lines KID:BASE64URL, separated by commas"), secret=False),
        env="LICENSE_PUBLIC_KEY",
        doc=_("Public keys of the licence issuers."),
    )
    license_private_key: str | None = setting(
        None,
        kinds.license_keys(_("a line KID:BASE64URL"), secret=True),
        doc=_("Private key of the licence issuer, for `license issue`; never where Trato serves."),
    )
    storage_url: str | None = setting(
        None,
        kinds.url("file", accepts=_("file:///FOLDER")),
        doc=_(
            "Folder where files are kept, on several machines one that all of them mount; by "
            "default trato-files beside the database."
        ),
    )
    job_engine: str = setting(
        "table",
        kinds.choice("table", "procrastinate"),
        doc=_(
            "How workers get their tasks: `table` asks the database every second; `procrastinate`, "
            "on PostgreSQL, is told. Set it for `migrate` and `worker` alike."
        ),
    )
    smtp_url: str | None = setting(
        None,
        kinds.url(
            "smtp",
            "smtps",
            accepts=_("smtp://USER:PASSWORD@HOST:PORT or smtps://USER:PASSWORD@HOST:PORT"),
        ),
        doc=_("Server for outgoing mail; without it no mail leaves."),
    )
    mail_from: str | None = setting(
        None,
        kinds.pattern(r"[^@\s]+@[^@\s]+", _("an e-mail address")),
        doc=_("Sender of the mail that Trato writes by itself."),
    )
    public_url: str | None = setting(
        None,
        kinds.pattern(
            r"https?://[^\s/?#@]+(/[^\s?#]*)?", _("an address such as https://crm.example.com")
        ),
        doc=_("Address under which users reach Trato, for the links in mails."),
    )
    private_hosts: tuple[str, ...] = setting(
        (),
        kinds.hosts(),
        doc=_("Private hosts that connectors and webhooks may call, such as an ERP on premise."),
    )
    default_locale: str = setting(
        "es", kinds.locale(), doc=_("Language of tenants and users that chose none.")
    )
    default_timezone: str = setting(
        "America/Bogota", kinds.timezone(), doc=_("Time zone of tenants that chose none.")
    )
    default_currency: str = setting(
        "COP",
        kinds.pattern("[A-Z]{3}", _("a currency code of three capitals such as COP")),
        doc=_("Currency of tenants that chose none."),
    )
    license_grace_days: int = setting(
        30,
        kinds.whole(0, 3650),
        doc=_("Days after a licence expires until its tenant can only read."),
    )
    session_days: int = setting(
        14, kinds.whole(1, 365), doc=_("Days without use after which a session ends.")
    )
    login_attempts: int = setting(
        5, kinds.whole(1, 100), doc=_("Wrong passwords in a row that lock a sign-in.")
    )
    login_lock_minutes: int = setting(
        15, kinds.whole(1, 1440), doc=_("Minutes for which a sign-in stays locked.")
    )
    password_min_length: int = setting(
        10, kinds.whole(8, 128), doc=_("Fewest characters of a new password.")
    )
    password_time_cost: int = setting(
        2, kinds.whole(1, 20), doc=_("Passes of Argon2id over its memory, per password.")
    )
    password_memory_kib: int = setting(
        19_456, kinds.whole(1024, 4_194_304), doc=_("Memory of Argon2id in KiB, per password.")
    )
    password_parallelism: int = setting(
        1, kinds.whole(1, 64), doc=_("Lanes of Argon2id, per password.")
    )
    slow_ms: int = setting(
        500,
        kinds.whole(0, 600_000),
        doc=_("Milliseconds from which on the log tells of a statement; 0: of none."),
    )
    api_calls_per_minute: int = setting(
        1200, kinds.whole(1, 1_000_000), doc=_("Calls a minute that one API token may make.")
    )
    max_body_mb: int = setting(
        20, kinds.whole(1, 2048), doc=_("Largest request body, in megabytes.")
    )
    max_import_mb: int = setting(
        200, kinds.whole(1, 8192), doc=_("Largest file that a page imports, in megabytes.")
    )
    metrics_token: str | None = setting(
        None,
        kinds.secret(16),
        doc=_("Bearer token for /metrics; without it only this machine may read them."),
    )
    trusted_proxies: int = setting(
        0,
        kinds.whole(0, 10),
        doc=_("How many proxies stand in front; their X-Forwarded headers are believed."),
    )
    cookie_secure: bool | None = setting(
        None,
        kinds.flag(),
        doc=_("Send cookies over HTTPS only; by default always, but for plain HTTP on loopback."),
    )
    sso_seconds: int = setting(
        10,
        kinds.whole(1, 60),
        doc=_("How long a company's identity provider may take for an answer, in seconds."),
    )
    log_level: str = setting(
        "info",
        kinds.choice("debug", "info", "warning", "error"),
        doc=_("Least level of what is logged."),
    )
    log_format: str = setting(
        "text",
        kinds.choice("text", "json"),
        doc=_("How a line of the log is written: for people, or as JSON for programs."),
    )

    @classmethod
    def load(cls, environ: Mapping[str, str] | None = None, file: Path | None = None) -> Settings:
        """Read ``TRATO_*`` variables and a TOML file; the variables win.

        :param environ: the process's own variables by default.
        :param file: by default the one that ``TRATO_CONFIG`` names, if any. Its keys are the
            variables without ``TRATO_``, in lower case.
        :raises ConfigError: with every unknown name and wrong value at once.
        """
        values: dict[str, Any] = reading.read(
            cls, os.environ if environ is None else environ, file=file
        )
        return cls(**values)

    @classmethod
    def describe(cls) -> tuple[SettingDoc, ...]:
        """Describe every setting, in order."""
        return declaration.describe(cls)

    @property
    def sqlite_path(self) -> Path | None:
        """The file of a SQLite database, else None."""
        if not self.database_url.startswith(_SQLITE):
            return None
        return Path(self.database_url.removeprefix(_SQLITE))

    def resolve_secret_key(self) -> tuple[str, ...]:
        """Return the keys, the signing one first; beside a SQLite database one is made if needed.

        :raises ConfigError: on PostgreSQL without a key, as several machines must share it.
        """
        if self.secret_key:
            return self.secret_key
        path = self.sqlite_path
        if path is None:
            raise ConfigError(
                _("No secret key is set, and one is made only beside a SQLite database."),
                hint=_(
                    "Set TRATO_SECRET_KEY to the same random text on every machine, for "
                    "example the output of `openssl rand -base64 48`."
                ),
            )
        return (secret_key.read_or_make(path.parent),)

    @property
    def storage_folder(self) -> Path:
        """The folder of files: the setting, else ``trato-files`` beside the database."""
        if self.storage_url:
            return Path(unquote(urlsplit(self.storage_url).path))
        folder = self.sqlite_path.parent if self.sqlite_path else Path()
        return (folder / "trato-files").resolve()

    @property
    def has_chance_folder(self) -> bool:
        """Whether files are kept wherever a process happens to be run: PostgreSQL has no beside."""
        return self.storage_url is None and self.sqlite_path is None

    def resolve_cookie_secure(self, url: str) -> bool:
        """Tell whether cookies set on a page at this address are marked for HTTPS only."""
        if self.cookie_secure is not None:
            return self.cookie_secure
        parts = urlsplit(url)
        return parts.scheme != "http" or not _is_loopback(parts.hostname or "")


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
