"""Compose the program from a checkout; nothing imports this file.

``python host.py COMMAND`` is the ``trato`` command, and ``granian --interface wsgi host:app``
serves the pages.
"""

from __future__ import annotations

import sys
from typing import Any

from trato.cli import main


def __getattr__(name: str) -> Any:  # Any: what a module's names are is not one type
    # The application reads settings and opens the database, which no command pays for unasked.
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from trato.web import create_app

    return globals().setdefault("app", create_app())


if __name__ == "__main__":
    sys.exit(main())
