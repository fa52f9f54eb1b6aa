"""The demo's own folder: database, keys, files and the state of its making."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from trato.errors import ConfigError
from trato.licensing import PrivateKey, generate_keypair
from trato.text import _

NAME = "trato-demo"
_STATE = "demo.json"
_SETTINGS = "trato.toml"
_KEY = "license-private.key"


@dataclass(frozen=True, kw_only=True)
class Account:
    """How somebody signs in to the demo."""

    email: str
    password: str
    name: str
    role: str
    tenant: str


@dataclass(frozen=True, kw_only=True)
class State:
    """A demo that was made to the end."""

    size: str
    #: Installed when it was made; later ones are added at the next start.
    plugins: list[str]
    accounts: list[Account] = field(default_factory=list)


class DemoFolder:
    """The folder `trato-demo` in the current one."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()

    @property
    def database(self) -> Path:
        return self.path / "trato.sqlite"

    def environ(self) -> Mapping[str, str]:
        """Give the only environment that the demo listens to."""
        return {"TRATO_CONFIG": str(self.path / _SETTINGS)}

    def open(self) -> State | None:
        """Make the folder or look into it.

        :return: the state of a demo that stands there; None when one is to be made.
        :raises ConfigError: when the folder holds something else.
        """
        if self.path.exists() and not (self.path / _SETTINGS).exists() and any(
            self.path.iterdir()
        ):  # fmt: skip
            raise ConfigError(
                _("The folder {folder} holds something that is no demo."),
                hint=_("Run the demo in another folder, or rename that one."),
                folder=str(self.path), code="not_a_demo",
            )  # fmt: skip
        self.path.mkdir(exist_ok=True)
        state = self._read_state()
        if state is None:
            # A demo whose making was interrupted begins anew.
            for name in ("", "-wal", "-shm"):
                self.database.with_name(self.database.name + name).unlink(missing_ok=True)
        self._write_settings()
        return state

    def _read_state(self) -> State | None:
        try:
            data: dict[str, Any] = json.loads((self.path / _STATE).read_text("utf-8"))
        except FileNotFoundError:
            return None
        accounts = [Account(**account) for account in data.pop("accounts")]
        return State(**data, accounts=accounts)

    def save(self, state: State) -> None:
        """Note that the demo is complete."""
        part = self.path / f".{_STATE}.part"
        part.write_text(json.dumps(asdict(state), ensure_ascii=False, indent=2), "utf-8")
        part.chmod(0o600)
        os.replace(part, self.path / _STATE)

    def key(self) -> PrivateKey:
        """Give the key that signs the demo's licences; it is made at the first call."""
        path = self.path / _KEY
        if not path.exists():
            path.touch(mode=0o600)
            path.write_text(generate_keypair().private.line() + "\n", "ascii")
        return PrivateKey.parse(path.read_text("ascii"))

    def _write_settings(self) -> None:
        """Write the settings; with the folder's place of today, as it may have been moved."""
        lines = {
            "database_url": f"sqlite:///{self.database}",
            "license_public_key": self.key().public().line(),
            "storage_url": (self.path / "files").as_uri(),
            # Else the requests would soon have pushed address and passwords out of sight.
            "log_level": "warning",
            "default_locale": "es",
        }
        text = "".join(f"{name} = {json.dumps(value)}\n" for name, value in lines.items())
        (self.path / _SETTINGS).write_text(text, "utf-8")
