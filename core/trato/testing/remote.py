"""Another system for tests: a real HTTP server on loopback that fails when it is told to."""

from __future__ import annotations

import json
import socket
import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

Fault = Literal["busy", "denied", "error", "error after", "lost", "cut"]
#: Faults of which the other system has not done what it was asked.
BEFORE: dict[str, int] = {"busy": 429, "denied": 401, "error": 500}
READING = ("GET", "HEAD")
WRITING = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, kw_only=True)
class Request:
    """What the double was asked."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body, which is JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Reply:
    """What it answers."""

    json: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class RemoteDouble(ABC):
    """Stands for another system. Subclass it with what that system does.

    >>> with ShopDouble() as double:
    ...     double.fail("lost")          # takes the next document and answers nothing
    ...     run(company, "acme_shop.shop")
    """

    def __init__(self) -> None:
        self.requests: list[Request] = []
        self._faults: deque[tuple[Fault, tuple[str, ...]]] = deque()
        self._lock = threading.RLock()
        self._server: ThreadingHTTPServer | None = None
        self._port = 0

    # --- what its author writes ------------------------------------------------------------------

    @abstractmethod
    def answer(self, request: Request) -> Reply:
        """Do what a request asks, and answer it; never called twice at once."""

    @abstractmethod
    def settings(self) -> Mapping[str, Any]:
        """Give the plugin's settings with which its connector reaches this double."""

    def held(self) -> Sequence[str]:
        """Give our references of the documents that it holds, one twice if it holds it twice."""
        return ()

    def stock(self, count: int) -> None:
        """Put things into every stream, so that several pages are needed for them."""
        del count  # where nothing is received there is nothing to put

    # --- what tests do with it -------------------------------------------------------------------

    @property
    def url(self) -> str:
        """Where it is called."""
        return f"http://127.0.0.1:{self._port}"

    def fail(self, fault: Fault, *, times: int = 1, on: Sequence[str] = WRITING) -> None:
        """Let the next requests of some methods fail.

        `busy`, `denied`, `error`: answered 429, 401, 500 and not done. `error after`: done, then
        answered 500. `lost`: done, and the connection is closed without an answer. `cut`: done,
        and the answer breaks off in the middle.
        """
        with self._lock:
            self._faults.extend([(fault, tuple(on))] * times)

    def mend(self) -> None:
        """Let nothing fail any more."""
        with self._lock:
            self._faults.clear()

    def switch_off(self) -> None:
        """Take no connection any more; ``switch_on`` does again, at the same address."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def switch_on(self) -> None:
        """Take connections."""
        double = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            # Nothing that a test forgets may hold a run up.
            timeout = 20

            def _serve(self) -> None:
                double._serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - as it is called

            def log_message(self, format: str, *args: Any) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), Handler)
        self._server.daemon_threads = True
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def __enter__(self) -> RemoteDouble:
        self.switch_on()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self.switch_off()

    def _serve(self, handler: BaseHTTPRequestHandler) -> None:
        parts = urlsplit(handler.path)
        length = int(handler.headers.get("Content-Length") or 0)
        request = Request(
            method=handler.command, path=parts.path,
            query={name: values[-1] for name, values in parse_qs(parts.query).items()},
            headers={name.lower(): value for name, value in handler.headers.items()},
            body=handler.rfile.read(length),
        )  # fmt: skip
        with self._lock:
            self.requests.append(request)
            fault = self._take_fault(request.method)
            if fault in BEFORE:
                reply = Reply({"error": fault}, BEFORE[fault])
            else:
                reply = self.answer(request)
                if fault == "error after":
                    reply = Reply({"error": "it broke afterwards"}, 500)
        handler.close_connection = True
        if fault == "lost":
            handler.connection.shutdown(socket.SHUT_RDWR)
            return
        content = json.dumps(reply.json).encode()
        handler.send_response(reply.status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(content)))
        for name, value in reply.headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content[: len(content) // 2] if fault == "cut" else content)

    def _take_fault(self, method: str) -> Fault | None:
        for place, (fault, methods) in enumerate(self._faults):
            if method in methods:
                del self._faults[place]
                return fault
        return None
