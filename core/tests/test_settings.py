from __future__ import annotations

import dataclasses
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from trato.errors import ConfigError
from trato.settings import Settings, weak_secret

STRONG = "q7Vf3nC8-Zt0aLx5RkYw2mJd9HsUe4Bp"


def refusal(environ: dict[str, str], file: Path | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        Settings.load(environ, file)
    return str(caught.value.message)


def sqlite_in(folder: Path) -> str:
    return f"sqlite:///{folder / 'trato.sqlite'}"


def test_without_anything_the_embedded_defaults_hold() -> None:
    settings = Settings.load({})

    assert settings == Settings()
    assert settings.database_url == "sqlite:///trato.sqlite"
    assert (settings.default_locale, settings.default_timezone) == ("es", "America/Bogota")
    assert (settings.password_time_cost, settings.password_memory_kib) == (2, 19_456)
    assert (settings.license_grace_days, settings.api_calls_per_minute) == (30, 1200)


def test_variables_become_values_of_their_type() -> None:
    settings = Settings.load(
        {
            "TRATO_DATABASE_URL": "postgresql://trato:pw@db/trato",
            "TRATO_SECRET_KEY": "new-key , old-key",
            "TRATO_LICENSE_PUBLIC_KEY": "a1:AAAA,b2:BBBB",
            "TRATO_PRIVATE_HOSTS": "ERP.acme.local:8443, 10.0.0.0/8,::1,[fd00::1]:80",
            "TRATO_DEFAULT_LOCALE": "es-co",
            "TRATO_COOKIE_SECURE": "No",
            "TRATO_MAX_BODY_MB": " 50 ",
            "TRATO_LOG_LEVEL": "DEBUG",
            "PATH": "/bin",
        }
    )

    assert settings.database_url == "postgresql+psycopg://trato:pw@db/trato"
    assert settings.secret_key == ("new-key", "old-key")
    assert settings.license_public_keys == "a1:AAAA,b2:BBBB"
    assert settings.private_hosts == ("erp.acme.local:8443", "10.0.0.0/8", "::1", "[fd00::1]:80")
    assert settings.default_locale == "es_CO"
    assert settings.cookie_secure is False
    assert settings.max_body_mb == 50
    assert settings.log_level == "debug"


def test_an_empty_variable_counts_as_not_set() -> None:
    assert Settings.load({"TRATO_SMTP_URL": "", "TRATO_MAX_BODY_MB": "  "}) == Settings()


def test_a_file_holds_settings_and_variables_win_over_it(tmp_path: Path) -> None:
    file = tmp_path / "trato.toml"
    file.write_text(
        "max_body_mb = 30\nsession_days = 7\ncookie_secure = true\n"
        'private_hosts = ["erp.local", "10.1.2.3"]\nlicense_public_key = "a1:AAAA"\n'
    )

    settings = Settings.load({"TRATO_CONFIG": str(file), "TRATO_SESSION_DAYS": "3"})

    assert (settings.max_body_mb, settings.session_days) == (30, 3)
    assert settings.cookie_secure is True
    assert settings.private_hosts == ("erp.local", "10.1.2.3")
    assert settings.license_public_keys == "a1:AAAA"


def test_a_file_given_by_the_caller_wins_over_the_variable(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("max_body_mb = 5")

    assert Settings.load({"TRATO_CONFIG": "/nowhere"}, file).max_body_mb == 5


def test_all_problems_are_said_at_once_naming_variable_value_and_what_is_accepted(
    tmp_path: Path,
) -> None:
    file = tmp_path / "trato.toml"
    file.write_text("login_attempts = 0\nmax_body = 3\nsession_days = 1.5\n")
    environ = {
        "TRATO_DATABSE_URL": "sqlite:///x",
        "TRATO_LOG_LEVEL": "loud",
        "TRATO_DEFAULT_TIMEZONE": "America/Bogotá",
        "TRATO_XYZ": "1",
    }

    assert refusal(environ, file).splitlines() == [
        "login_attempts (trato.toml) is '0', and must be a whole number from 1 to 100.",
        "max_body (trato.toml) is no setting; perhaps max_body_mb is meant.",
        "session_days (trato.toml) is '…', and must be a whole number from 1 to 365.",
        "TRATO_DATABSE_URL is no setting; perhaps TRATO_DATABASE_URL is meant.",
        "TRATO_DEFAULT_TIMEZONE is 'America/Bogotá', "
        "and must be a time zone such as America/Bogota.",
        "TRATO_LOG_LEVEL is 'loud', and must be one of: debug, info, warning, error.",
        "TRATO_XYZ is no setting.",
    ]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRATO_DATABASE_URL", "mysql://trato:hunter2@db/trato"),
        ("TRATO_DATABASE_URL", "trato:hunter2@db/trato"),
        ("TRATO_OWNER_DATABASE_URL", "sqlite:///hunter2"),
        ("TRATO_SECRET_KEY", "hunter2 hunter2"),
        ("TRATO_METRICS_TOKEN", "hunter2"),
        ("TRATO_SMTP_URL", "imap://mail:hunter2@host"),
        ("TRATO_SMTP_URL", "smtp:hunter2"),
        ("TRATO_STORAGE_URL", "ftp://user:hunter2@host"),
        ("TRATO_LICENSE_PRIVATE_KEY", "hunter2"),
        ("TRATO_LICENSE_PUBLIC_KEY", "hunter2"),
    ],
)
def test_a_wrong_secret_is_named_and_never_shown(name: str, value: str) -> None:
    text = refusal({name: value})

    assert text.startswith(f"{name} is '")
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TRATO_DATABASE_URL", "sqlite://"),
        ("TRATO_DATABASE_URL", "sqlite:///:memory:"),
        ("TRATO_DATABASE_URL", "postgresql://"),
        ("TRATO_STORAGE_URL", "file://host/folder"),
        ("TRATO_STORAGE_URL", "file:///"),
        ("TRATO_STORAGE_URL", "s3://bucket"),
        ("TRATO_SMTP_URL", "smtp://host:port"),
        ("TRATO_PUBLIC_URL", "crm.example.com"),
        ("TRATO_PUBLIC_URL", "https://user:pw@crm.example.com"),
        ("TRATO_PRIVATE_HOSTS", "erp.local,,10.0.0.1"),
        ("TRATO_PRIVATE_HOSTS", "http://erp.local"),
        ("TRATO_PRIVATE_HOSTS", "*"),
        ("TRATO_DEFAULT_TIMEZONE", "America"),
        ("TRATO_DEFAULT_TIMEZONE", "../etc/passwd"),
        ("TRATO_DEFAULT_LOCALE", "spanish"),
        ("TRATO_DEFAULT_CURRENCY", "cop"),
        ("TRATO_COOKIE_SECURE", "maybe"),
        ("TRATO_API_CALLS_PER_MINUTE", "12.5"),
        ("TRATO_PASSWORD_MEMORY_KIB", "64"),
    ],
)
def test_a_value_outside_what_is_accepted_is_refused(name: str, value: str) -> None:
    assert refusal({name: value}).startswith(f"{name} is ")


@pytest.mark.parametrize("content", ["max_body_mb =", "a = 1\na = 2", b"\xff\xfe"])
def test_a_broken_file_is_named_with_the_reason(tmp_path: Path, content: str | bytes) -> None:
    file = tmp_path / "trato.toml"
    file.write_bytes(content.encode() if isinstance(content, str) else content)

    assert refusal({"TRATO_CONFIG": str(file)}).startswith(
        f"The settings file {file} cannot be read: "
    )


def test_a_missing_file_is_an_error_and_not_the_defaults(tmp_path: Path) -> None:
    assert "No such file" in refusal({"TRATO_CONFIG": str(tmp_path / "none.toml")})


def test_variables_of_the_test_fixtures_are_no_settings() -> None:
    assert Settings.load({"TRATO_TEST_POSTGRES_URL": "x"}) == Settings()


def test_printing_the_settings_shows_no_secret() -> None:
    settings = Settings.load(
        {
            "TRATO_DATABASE_URL": "postgresql://trato:hunter2@db/trato",
            "TRATO_OWNER_DATABASE_URL": "postgresql://owner:hunter2@db/trato",
            "TRATO_SECRET_KEY": "hunter2",
            "TRATO_SMTP_URL": "smtp://mail:hunter2@host:587",
            "TRATO_METRICS_TOKEN": "hunter2hunter2hunter2",
            "TRATO_LICENSE_PRIVATE_KEY": "hunter2:hunter2",
        }
    )

    assert "hunter2" not in repr(settings)


def test_keys_that_are_set_are_used_in_their_order(tmp_path: Path) -> None:
    settings = Settings(database_url=sqlite_in(tmp_path), secret_key=("new", "old"))

    assert settings.resolve_secret_key() == ("new", "old")
    assert list(tmp_path.iterdir()) == []


def test_beside_a_sqlite_database_a_key_is_made_once_for_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(database_url=sqlite_in(tmp_path))

    first = settings.resolve_secret_key()
    second = settings.resolve_secret_key()

    (file,) = tmp_path.iterdir()
    assert first == second
    assert weak_secret(first[0]) is None
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_loading_settings_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    Settings.load({})

    assert list(tmp_path.iterdir()) == []


def test_workers_that_start_together_agree_on_one_key(tmp_path: Path) -> None:
    start = Barrier(8)

    def resolve(_worker: int) -> tuple[str, ...]:
        start.wait(10)
        return Settings(database_url=sqlite_in(tmp_path)).resolve_secret_key()

    with ThreadPoolExecutor(8) as pool:
        keys = list(pool.map(resolve, range(8)))

    assert len(set(keys)) == 1
    assert os.listdir(tmp_path) == [".trato-secret-key"]


@pytest.mark.parametrize("content", [b"", b"short\n", b"\xff" * 64])
def test_a_damaged_key_file_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / ".trato-secret-key"
    file.write_bytes(content)

    with pytest.raises(ConfigError, match="The secret key file"):
        Settings(database_url=sqlite_in(tmp_path)).resolve_secret_key()

    assert file.read_bytes() == content


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    settings = Settings(database_url=sqlite_in(tmp_path / "none"))

    with pytest.raises(ConfigError, match="cannot be read or made") as caught:
        settings.resolve_secret_key()

    assert str(tmp_path / "none" / ".trato-secret-key") in str(caught.value)


def test_on_postgresql_no_key_is_made() -> None:
    settings = Settings(database_url="postgresql+psycopg://trato@db/trato")

    with pytest.raises(ConfigError, match="Set TRATO_SECRET_KEY to the same random text"):
        settings.resolve_secret_key()


@pytest.mark.parametrize(
    ("key", "reason"),
    [
        ("", "has 0 characters; it needs 32 or more"),
        (STRONG[:31], "has 31 characters"),
        ("a" * 64, "repeats itself"),
        ("abcdefgh" * 8, "repeats itself"),
        (STRONG[:16] * 3, "repeats itself"),
        ("CHANGE-ME-" + STRONG, "looks like a placeholder"),
        ("this-is-my-Secret-key-for-the-crm-of-acme", "looks like a placeholder"),
    ],
)
def test_a_weak_key_is_told_why(key: str, reason: str) -> None:
    assert reason in str(weak_secret(key))


def test_a_random_key_is_not_weak() -> None:
    assert weak_secret(STRONG) is None
    assert weak_secret("5f0c9b1e7a3d4268b0d1c2e3f4a59687") is None


def test_files_are_kept_beside_the_database_unless_told_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "data").mkdir()

    assert Settings().storage_folder == tmp_path / "trato-files"
    assert (
        Settings(database_url="sqlite:///data/trato.sqlite").storage_folder
        == tmp_path / "data" / "trato-files"
    )
    assert Settings(storage_url="file:///srv/a%20b").storage_folder == Path("/srv/a b")


@pytest.mark.parametrize(
    ("url", "secure"),
    [
        ("http://127.0.0.1:8000/", False),
        ("http://localhost:8000/login", False),
        ("http://acme.localhost/", False),
        ("http://[::1]:8000/", False),
        ("https://localhost/", True),
        ("https://crm.example.com/", True),
        ("http://crm.example.com/", True),
        ("http://127.0.0.1.example.com/", True),
    ],
)
def test_cookies_are_for_https_only_except_on_loopback(url: str, secure: bool) -> None:
    assert Settings().resolve_cookie_secure(url) is secure
    assert Settings(cookie_secure=True).resolve_cookie_secure(url) is True
    assert Settings(cookie_secure=False).resolve_cookie_secure(url) is False


def test_every_setting_is_described_for_the_manual() -> None:
    docs = {doc.name: doc for doc in Settings.describe()}

    assert set(docs) == {field.name for field in dataclasses.fields(Settings)}
    assert all(str(doc.doc).endswith(".") and str(doc.accepts) for doc in docs.values())
    assert docs["license_public_keys"].env == "TRATO_LICENSE_PUBLIC_KEY"
    assert docs["max_body_mb"].default == "20"
    assert docs["secret_key"].secret
    assert not docs["log_level"].secret


def test_every_default_is_a_value_that_loading_accepts() -> None:
    environ = {doc.env: doc.default for doc in Settings.describe()}

    assert Settings.load(environ) == Settings()
