"""Ask Lighthouse of the pages of the large demo: make audit. At least 95 in everything.

The demo, its server and the reports lie in ``build/audit``; a demo that stands there is used again.
Lighthouse comes from npm, as its lock says, and drives the Chromium of the tests.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from trato.testing.browser import find_chromium

HERE = Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "build" / "audit"
LIGHTHOUSE = HERE / "node_modules" / ".bin" / "lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices")
LEAST = 95
LIST = "/clients/clients"
_ROW = re.compile(r'href="(/clients/clients/[0-9a-f-]{36})[?"]')


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--size", choices=["small", "large"], default="large")
    parser.add_argument("--port", type=int, default=8123)
    asked = parser.parse_args(argv)
    FOLDER.mkdir(parents=True, exist_ok=True)
    address = f"http://127.0.0.1:{asked.port}"
    trato = [str(Path(sys.executable).with_name("trato")), "demo", "--size", asked.size]
    subprocess.run([*trato, "--no-serve"], cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
    with served([*trato, "--port", str(asked.port)], address):
        cookie, record = sign_in(address)
        pages = {
            "sign-in": ("/login", ""),
            "list": (LIST, cookie),
            "record": (record, cookie),
            "administration": ("/settings", cookie),
        }
        missed = 0
        print(f"{'page':<16}{'form':<9}" + "".join(f"{name:>16}" for name in CATEGORIES))
        for name, (path, sent) in pages.items():
            for form in ("desktop", "mobile"):
                scores = ask(address + path, cookie=sent, form=form, report=f"{name}-{form}")
                missed += sum(score < LEAST for score in scores.values())
                print(f"{name:<16}{form:<9}" + "".join(f"{scores[c]:>16}" for c in CATEGORIES),
                      flush=True)  # fmt: skip
    print(f"reports: {FOLDER}")
    return 1 if missed else 0


@contextmanager
def served(command: Sequence[str], address: str) -> Iterator[None]:
    """Serve the demo until the pages have been asked for."""
    with (FOLDER / "server.log").open("w") as log:
        server = subprocess.Popen(command, cwd=FOLDER, stdout=log, stderr=log)
    try:
        wait_for(f"{address}/health/ready", server)
        yield
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=20)


def wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _attempt in range(300):
        if server.poll() is not None:
            raise SystemExit(f"The demo is not served; see {FOLDER / 'server.log'}.")
        try:
            build_opener().open(url, timeout=5).close()
        except URLError:
            time.sleep(0.2)
        else:
            return
    raise SystemExit(f"{url} does not answer.")


def sign_in(address: str) -> tuple[str, str]:
    """Sign the demo's administrator in.

    :return: the header field of the session's cookie, and the path of a record.
    """
    jar = CookieJar()
    browser = build_opener(HTTPCookieProcessor(jar))
    page = browser.open(f"{address}/login").read().decode()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    state = json.loads((FOLDER / "trato-demo" / "demo.json").read_text("utf-8"))
    account = next(a for a in state["accounts"] if a["role"] == "admin")
    sent = {
        "email": account["email"], "password": account["password"],
        "csrf_token": token[1] if token else "",
    }  # fmt: skip
    browser.open(f"{address}/login", urlencode(sent).encode()).close()
    row = _ROW.search(browser.open(address + LIST).read().decode())
    if row is None:
        raise SystemExit(f"{account['email']} sees no record at {LIST}.")
    return "; ".join(f"{cookie.name}={cookie.value}" for cookie in jar), row[1]


def ask(url: str, *, cookie: str, form: str, report: str) -> dict[str, int]:
    """Run Lighthouse on a page; gives the categories' scores, 0 to 100."""
    headers = FOLDER / "headers.json"
    headers.write_text(json.dumps({"Cookie": cookie} if cookie else {}))
    out = FOLDER / report
    command = [
        str(LIGHTHOUSE), url, "--quiet", "--output=json", "--output=html", f"--output-path={out}",
        f"--extra-headers={headers}", f"--only-categories={','.join(CATEGORIES)}",
        "--chrome-flags=--headless=new --no-sandbox --disable-gpu --disable-quic "
        "--disable-background-networking --disable-component-update --disable-sync",
    ]  # fmt: skip
    if form == "desktop":
        command.append("--preset=desktop")
    subprocess.run(command, check=True, env={**os.environ, "CHROME_PATH": find_chromium()})
    headers.unlink()
    found: dict[str, Any] = json.loads(out.with_name(f"{report}.report.json").read_text("utf-8"))
    return {name: round(100 * (found["categories"][name]["score"] or 0)) for name in CATEGORIES}


if __name__ == "__main__":
    sys.exit(main())
