"""The commands of docs/develop/connector.md in one process, beside the double that is written.

A process of its own, as the tables of a plugin stay with the process that has imported it. Command
lines come in as a JSON list of lists of words; what each of them printed goes out as a list.
"""

from __future__ import annotations

import importlib.util
import io
import json
import os
import subprocess
import sys
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from trato.cli import main

PLUGIN = "acme_orders"


def trato(*words: str, typed: str = "") -> str:
    """Run a command to its good end and give what it printed."""
    sys.stdin, shown = io.StringIO(typed), io.StringIO()
    with redirect_stdout(shown):
        code = main(words)
    if code:
        sys.exit(f"trato {' '.join(words)}: {shown.getvalue()}")
    return shown.getvalue()


def install(folder: Path) -> None:
    """Do what ``pip install --editable`` does, as far as Python looks at it."""
    subprocess.run(
        [sys.executable, "-c", "import setuptools; setuptools.setup()", "-q", "egg_info"],
        cwd=folder, check=True, capture_output=True,
    )  # fmt: skip
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


def load_tests(folder: Path) -> Any:
    """Import the written tests of the connector, where the double is."""
    spec = importlib.util.spec_from_file_location("written", folder / "tests/test_connector.py")
    if spec is None or spec.loader is None:
        sys.exit(f"{folder} has no tests of a connector")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def set_up(settings: str, url: str) -> None:
    """Make a company that has the plugin enabled, and write the file with its settings."""
    keys = json.loads(trato("license", "keygen", "--json"))
    os.environ["TRATO_LICENSE_PUBLIC_KEY"] = keys["public_key"]
    os.environ["TRATO_LICENSE_PRIVATE_KEY"] = keys["private_key"]
    trato("license", "issue", "--tenant", "acme", "--plugins", PLUGIN, "--seats", "5",
          "--expires", "2099-12-31", "--out", "acme.license")  # fmt: skip
    trato("tenant", "create", "acme", "--name", "Acme", "--admin-email", "ana@acme.example",
          "--license", "acme.license")  # fmt: skip
    trato("plugin", "enable", "acme", PLUGIN)
    Path("acme.yaml").write_text(settings.replace("https://erp.example.com/api", url), "utf-8")
    Path("orders.csv").write_text("name\nCántaro\n", "utf-8")
    trato("import", "acme", f"{PLUGIN}.order", "orders.csv")


def run(lines: list[list[str]], settings: str) -> list[str]:
    """Run the page's lines in their order."""
    (new, _install, _pytest), rest = lines[:3], lines[3:]
    trato(*new[1:])
    install(Path(PLUGIN))
    tests = load_tests(Path(PLUGIN))
    with tests.Double() as double:
        set_up(settings, double.url)
        double.stock(3)
        return [trato(*words[1:], typed=tests.TOKEN + "\n") for words in rest]


if __name__ == "__main__":
    given = json.load(sys.stdin)
    print(json.dumps(run(given["lines"], given["settings"])))
