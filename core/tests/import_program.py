"""An import as a process of its own that is killed in the middle: a worker's, or the command's.

It says a line at the end of each batch, before the batch is committed, and goes on when a line
comes in: so a test knows the moment at which it kills.
"""

from __future__ import annotations

import datetime as dt
import sys
from typing import Any

from trato.cli import main as command
from trato.exchange import importing
from trato.host import Host
from trato.jobs.worker import Worker
from trato.settings import Settings


def main() -> None:
    """Run the command of the words, or one task of a worker, stopping at each batch."""
    importing.BATCH = 10
    settle = importing._Import._settle

    def slowly(self: Any, unit: Any, drafts: Any) -> None:
        settle(self, unit, drafts)
        print(f"batch {self._done}", flush=True)
        sys.stdin.readline()

    importing._Import._settle = slowly  # type: ignore[method-assign]
    if len(sys.argv) > 1:
        sys.exit(command(sys.argv[1:]))
    host = Host(Settings.load())
    print("ready", flush=True)
    Worker(host=host, name="killed", lease=dt.timedelta(seconds=1)).run_one()
    print("over", flush=True)


if __name__ == "__main__":
    main()
