"""The door of a process that serves: few requests are worked on at once, each with its body there.

A thread that waits for a body costs next to nothing, so there are many of them. A turn is what is
scarce: only who has sent everything takes one, so those who send slowly hold up nobody.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

#: Where the application finds why a body could not be kept, as on a full disk.
FAILED = "trato.web.turns.failed"
_PIECE = 1 << 16
#: Bytes of a body that are kept in memory; a longer one lies on the disk.
_IN_MEMORY = 1 << 19


class Turns:
    """Give an application its requests, a few at once.

    :param at_once: requests that are worked on at the same time.
    :param largest: bytes of the longest body; the application refuses a longer one unread.
    """

    def __init__(self, app: WSGIApplication, *, at_once: int, largest: int) -> None:
        self._app = app
        self._largest = largest
        self._turn = threading.BoundedSemaphore(at_once)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Wait for the body, then for a turn."""
        length = int(environ.get("CONTENT_LENGTH") or 0)
        open_end = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()
        if not open_end and not 0 < length <= self._largest:
            with self._turn:
                return self._app(environ, start_response)
        sent = environ["wsgi.input"]
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as body:
            environ["wsgi.input"] = body
            try:
                # One more than allowed is enough for the application to refuse it.
                got = _copy(sent, body, self._largest + 1)
            except OSError as error:
                environ[FAILED] = error
                got = length
            if got < length:
                # Whoever sent it is gone. A form would be read as far as it came.
                start_response("400 Bad Request", [("Content-Length", "0")])
                return []
            with self._turn:
                return self._app(environ, start_response)


def _copy(source: Any, body: IO[bytes], most: int) -> int:
    got = 0
    while got < most and (piece := source.read(min(_PIECE, most - got))):
        got += body.write(piece)
    body.seek(0)
    return got
