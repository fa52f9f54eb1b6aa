"""Chromium for tests: found, never fetched; applications served to it; pages that are watched."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal
from urllib.parse import urljoin, urlsplit

from flask import Flask
from werkzeug.serving import WSGIRequestHandler, make_server

from trato.errors import ConfigError
from trato.testing.clients import token_in
from trato.testing.companies import PASSWORD
from trato.text import _

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Playwright, Request, Response

#: Programs that are looked for where `TRATO_CHROMIUM` names none.
_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")

Theme = Literal["light", "dark"]

#: Milliseconds for which a test waits for what it expects. Only what is wrong waits so long; a
#: machine that does other things as well may need much of it.
PATIENCE = 30_000


@dataclass(frozen=True, kw_only=True)
class Window:
    """How large a browser is, in CSS pixels, and whether it is touched."""

    width: int
    height: int
    is_phone: bool = False


DESK = Window(width=1440, height=900)
PHONE = Window(width=360, height=740, is_phone=True)


def find_chromium() -> str:
    """Find the browser to drive.

    :raises ConfigError: when there is none, so that no run passes for want of it.
    """
    named = os.environ.get("TRATO_CHROMIUM")
    for program in (named,) if named else _PROGRAMS:
        if path := shutil.which(program):
            return path
    raise ConfigError(
        _("There is no Chromium to run the browser tests with."),
        hint=_("Install it (on Debian: apt-get install chromium; in a checkout of Trato: "
               "tools/install-browser), name one in TRATO_CHROMIUM, or leave these tests out "
               "with: -m 'not browser'."),
    )  # fmt: skip


def launch(playwright: Playwright) -> Browser:
    """Start the browser; as root it runs without its sandbox, which needs another user."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return playwright.chromium.launch(
        executable_path=find_chromium(), args=["--no-sandbox"] if is_root else []
    )


class _Quiet(WSGIRequestHandler):
    """Tells of no request: Trato's own log does."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on the own machine while the block runs; gives its address."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


#: How messages of the console begin that tell of requests.
_JUDGED_OTHERWISE = (
    "Failed to load resource", "Clear-Site-Data header",
    "htmx:afterRequest", "htmx:sendError", "htmx:sendAbort",
)  # fmt: skip
#: What htmx marks while it asks, and until its answer stands in the page.
_ASKING = ".htmx-request, .htmx-swapping, .htmx-settling"
#: Seconds that a page's clock leaps: more than any machine takes to tell it so.
_LATER = 600


def settle(page: Page) -> Page:
    """Wait until the page is read to its end, its scripts run and what it asked for is in place.

    After a click that leads on, what a test expects is seen while the page behind it is still being
    read: its scripts hear no key yet, and what is measured or counted is a part. First expect
    something that only the new page has, then call this.
    """
    from playwright.sync_api import expect

    page.wait_for_load_state()
    expect(page.locator(_ASKING)).to_have_count(0)
    return page


@contextmanager
def paused(page: Page) -> Iterator[None]:
    """Do several things within one moment of the page, however long the machine takes for them.

    No timer runs out meanwhile; those that were set run on from there afterwards.
    """
    page.clock.pause_at(page.evaluate("Date.now()") / 1000 + _LATER)
    try:
        yield
    finally:
        page.clock.resume()


@dataclass(eq=False)
class Watched:
    """A page of the browser whose complaints are kept.

    :ivar complaints: what the console said, errors of scripts, and requests that failed.
    """

    page: Page
    url: str
    complaints: list[str] = field(default_factory=list)
    _refusals: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.complaints.append(f"script: {error}"))
        self.page.on("response", self._response)
        self.page.on("requestfailed", self._failed)

    def _console(self, message: ConsoleMessage) -> None:
        # Answers that refuse are judged by their status, requests without an answer by what became
        # of them; what a sign-out clears is meant to be.
        if not message.text.startswith(_JUDGED_OTHERWISE):
            self.complaints.append(f"{message.type}: {message.text}")

    def _response(self, response: Response) -> None:
        if response.status >= 400 and response.status not in self._refusals:
            self.complaints.append(f"{response.status} {response.request.method} {response.url}")

    def _failed(self, request: Request) -> None:
        # A page calls off what it has asked when somebody types on, or leaves it.
        if request.failure != "net::ERR_ABORTED":
            self.complaints.append(f"{request.failure} {request.method} {request.url}")

    @contextmanager
    def refused(self, *statuses: int) -> Iterator[None]:
        """Expect answers with these statuses, which are complaints otherwise."""
        self._refusals.update(statuses)
        try:
            yield
        finally:
            self._refusals.difference_update(statuses)

    def at(self, path: str) -> Page:
        """Go to a path of the application."""
        self.page.goto(self.url + path)
        return self.page

    @property
    def path(self) -> str:
        """Where the page is within the application."""
        parts = urlsplit(self.page.url)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path

    def sign_in(self, email: str, password: str = PASSWORD) -> None:
        """Sign in and go where that leads; the page of the form itself is not drawn for it.

        :raises ValueError: when the person is not let in.
        """
        address, request = f"{self.url}/login", self.page.request
        token = token_in(request.get(address).text(), address)
        form: dict[str, str | float | bool] = {
            "csrf_token": token, "email": email, "password": password,
        }  # fmt: skip
        answer = request.post(address, form=form, max_redirects=0)
        if answer.status != 302:
            raise ValueError(f"{email} cannot sign in: {answer.status}")
        self.page.goto(urljoin(address, answer.headers["location"]))


@contextmanager
def watched(
    browser: Browser, url: str, window: Window = DESK, *, theme: Theme = "light",
    script: bool = True,
) -> Iterator[Watched]:  # fmt: skip
    """Open a page with a session of its own.

    :param url: address of the application.
    :param script: False for a reader whose browser runs none.
    """
    context = browser.new_context(
        viewport={"width": window.width, "height": window.height}, is_mobile=window.is_phone,
        has_touch=window.is_phone, color_scheme=theme, locale="es-CO", reduced_motion="reduce",
        timezone_id="America/Bogota", java_script_enabled=script,
    )  # fmt: skip
    context.set_default_timeout(PATIENCE)
    try:
        yield Watched(context.new_page(), url)
    finally:
        context.close()
