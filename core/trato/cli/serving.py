"""`trato serve`."""

from __future__ import annotations

import argparse
import contextlib
import copy
import errno
import functools
import gc
import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
from typing import TYPE_CHECKING, Any

from trato.cli import background
from trato.errors import ConfigError
from trato.logs import formatter
from trato.text import _

if TYPE_CHECKING:
    import logging
    from multiprocessing.synchronize import Semaphore

    from trato.cli.context import Context
    from trato.cli.parser import Commands
    from trato.settings import Settings
    from trato.web import metrics

#: SIGTERM ends everything within 10 s: workers get so long for what they are answering.
_GRACE = 6
#: Requests that a worker answers at once. They wait for the database more than they compute.
_AT_ONCE = 4
#: Threads of a worker: those that wait for a slow body are many, and cost little.
_THREADS = 64
#: Seconds between two looks whether a worker answers.
_POLL = 0.05


def add(commands: Commands) -> None:
    """Add the command."""
    serve = commands.command("serve", _("Serve the pages and the API"), _serve)
    serve.add_argument("--host", metavar="H", default="127.0.0.1",
                       help=_("address to listen at (127.0.0.1)"))  # fmt: skip
    serve.add_argument("--port", metavar="N", type=int, default=8000,
                       help=_("port to listen at (8000)"))  # fmt: skip
    serve.add_argument("--workers", metavar="N", type=int,
                       help=_("processes that answer; by default one on SQLite, on PostgreSQL "
                              "one a processor, at most four"))  # fmt: skip


def _serve(context: Context, args: argparse.Namespace) -> int:
    # Importing and answering make many objects and hardly a cycle: at Python's usual 700 the
    # collector took a tenth of the start. Workers inherit it.
    gc.set_threshold(10_000, 20, 50)
    check(context)
    on_sqlite = context.settings.sqlite_path is not None
    default = 1 if on_sqlite else min(4, os.cpu_count() or 1)
    workers = default if args.workers is None else args.workers
    return serve(context, host=args.host, port=args.port, workers=workers)


def check(context: Context) -> None:
    """Refuse to serve with a wrong role, a database that is behind, or without a secret.

    :raises ConfigError: with what to do about it.
    """
    from trato.settings import weak_secret

    host = context.walled_host
    weak = weak_secret(host.secret_keys[0])
    if weak is not None:
        context.warn(weak)
    if context.settings.license_private_key is not None:
        context.warn(
            _("The licence's private key is set where Trato serves; it belongs to the issuer "
              "alone.")
        )  # fmt: skip


def serve(context: Context, *, host: str, port: int, workers: int) -> int:
    """Serve until SIGTERM or SIGINT; prints the address once connections are taken.

    :raises ConfigError: when the address is taken or cannot be used.
    """
    from granian.constants import Interfaces
    from granian.log import LogLevels
    from granian.server import Server
    from granian.server.mp import WorkerProcess

    # Imported before workers are forked: they start faster, and share the memory.
    import trato.web
    import trato.web.metrics

    if workers < 1:
        raise ConfigError(_("At least one process must answer; --workers is {workers}."),
                          workers=workers)  # fmt: skip
    port = probe(host, port)
    # No worker may inherit an open connection, nor how other commands listen to being ended.
    context.close()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    counted = trato.web.metrics.Shared()
    WorkerProcess.is_alive = _is_alive  # type: ignore[method-assign]
    server = Server(
        trato.web.__name__, address=host, port=port, interface=Interfaces.WSGI, workers=workers,
        blocking_threads=_THREADS, respawn_failed_workers=True, workers_kill_timeout=_GRACE,
        log_level=LogLevels.warning, log_dictconfig=_log_config(context.settings),
    )  # fmt: skip
    shown = f"[{host}]" if ":" in host else host
    line = context.text(_("Trato answers at http://{host}:{port}"), host=shown, port=port)
    # Given to the first worker that takes it.
    first = multiprocessing.Semaphore(1)
    # One machine has everything on SQLite; elsewhere worker and scheduler are services.
    helpers: contextlib.AbstractContextManager[None] = contextlib.nullcontext()
    if context.settings.sqlite_path is not None:
        helpers = background.beside(context.settings)
    try:
        with helpers:
            server.serve(
                target_loader=functools.partial(
                    _load_app, context.settings, counted, first, line, host, port
                )
            )
    except SystemExit as ended:
        # Told with its group, a worker may have ended before it was told by the server.
        return 1 if ended.code and not server.interrupt_signal else 0
    finally:
        # What the process holds goes with it: to look through it first took most of the end.
        gc.freeze()
    return 0


def _is_alive(worker: Any) -> bool:
    """Tell whether a worker runs, also where another thread was told that it ended.

    Two threads of the server's library wait for each. Whoever comes second hears from Python that
    it runs, until the first goes on: on a busy machine a worker that had ended in order was called
    one that refused to, and killed.
    """
    from multiprocessing.connection import wait

    return not wait([worker.inner.sentinel], timeout=0)


def _log_config(settings: Settings) -> dict[str, Any]:
    """Let the server write its own lines as ours are written, beside them."""
    from granian.log import LOGGING_CONFIG

    config: dict[str, Any] = copy.deepcopy(LOGGING_CONFIG)
    config["formatters"]["generic"] = {"()": formatter, "kind": settings.log_format}
    config["handlers"]["console"]["stream"] = "ext://sys.stderr"
    config["filters"] = {"meant": {"()": lambda: _is_news}}
    config["loggers"]["_granian"]["filters"] = ["meant"]
    return config


def _is_news(record: logging.LogRecord) -> bool:
    """Leave out the server's doubt about our number of threads, which is meant."""
    return "Python threads" not in str(record.msg)


def _load_app(
    settings: Settings, counted: metrics.Shared, first: Semaphore, line: str, host: str,
    port: int, target: str,
) -> Any:  # fmt: skip
    """Make the application inside a worker; one of the workers says when it can be reached."""
    del target
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    threading.Thread(
        target=_end_once, args=(signal.getsignal(signal.SIGTERM),), name="end", daemon=True
    ).start()
    from trato.web import create_app
    from trato.web.turns import Turns

    threading.Thread(target=_follow_parent, name="follow parent", daemon=True).start()
    app = create_app(settings=settings, counted=counted)
    turns = Turns(app, at_once=_AT_ONCE, largest=app.config["MAX_CONTENT_LENGTH"])
    # What is loaded stays loaded: the collector need not walk through it during requests.
    gc.freeze()
    if first.acquire(block=False):
        # Never in the parent: a worker forked meanwhile would inherit the thread's locks.
        threading.Thread(
            target=_announce, args=(line, host, port), name="announce", daemon=True
        ).start()
    return turns


def _end_once(before: Any) -> None:
    """Let this worker be told to end once, by SIGTERM alone.

    Ctrl+C and a service manager reach the whole group, and the server tells its workers besides;
    its library keeps one word to end in a queue, and stands still with Python's lock at the next.

    :param before: the handler while the application is being made, and nobody is answered.
    """
    signal.sigwait({signal.SIGTERM})
    handler = signal.getsignal(signal.SIGTERM)
    if not callable(handler) or handler == before:
        os._exit(0)
    handler(signal.SIGTERM, None)


def _follow_parent() -> None:
    """End this worker when the server is gone without having said so, as after SIGKILL.

    Else it would keep the port, and serve on without anybody who could end it.
    """
    parent = multiprocessing.parent_process()
    while parent is not None and os.getppid() == parent.pid:
        time.sleep(1)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(_GRACE)
    os._exit(1)


def _announce(line: str, host: str, port: int) -> None:
    """Print the address as soon as a worker takes connections; each opens its socket itself."""
    reached = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - not listened at
    while True:
        try:
            socket.create_connection((reached, port), timeout=1).close()
        except OSError:
            time.sleep(_POLL)
        else:
            print(line, file=sys.stderr, flush=True)
            return


def probe(host: str, port: int) -> int:
    """Find out whether an address can be listened at; port 0 takes any that is free.

    :return: the port.
    :raises ConfigError: when it cannot.
    """
    if not 0 <= port < 2**16:
        raise ConfigError(
            _("There is no port {port}: ports have numbers up to 65535."),
            hint=_("Choose another port with --port."), port=port, code="bad_address",
        )  # fmt: skip
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as trial:
            trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            trial.bind((host, port))
            return int(trial.getsockname()[1])
    except OSError as error:
        reason = error.strerror or str(error)
        if error.errno == errno.EADDRINUSE:
            raise ConfigError(
                _("Port {port} of {host} is in use by another program."),
                hint=_("End it, or choose another port with --port."), port=port, host=host,
                code="port_taken",
            ) from error  # fmt: skip
        raise ConfigError(
            _("{host}:{port} cannot be listened at: {reason}."),
            hint=_("Choose another address with --host and --port."), host=host, port=port,
            reason=reason, code="bad_address",
        ) from error  # fmt: skip
