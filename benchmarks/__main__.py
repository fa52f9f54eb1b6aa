"""`python -m benchmarks`, which `make bench` runs; see docs/develop/speed.md."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import platform
import signal
import sys
from pathlib import Path

from benchmarks.measure import Budget
from benchmarks.report import summary, table, write_json
from benchmarks.run import Plan, run


def main() -> None:
    """Measure, print the table, and write build/bench/*.json."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=main.__doc__)
    parser.add_argument("--sizes", default="10000,100000", help="numbers of clients")
    parser.add_argument("--databases", default="postgresql,sqlite")
    parser.add_argument("--seconds", type=float, default=3.0, help="for each kind of work")
    parser.add_argument("--folder", type=Path, default=Path("build/bench"))
    parser.add_argument(
        "--trial", action="store_true", help="two rounds of each: does the bench itself work?"
    )
    args = parser.parse_args()
    # A polite kill ends the servers and removes the databases too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    sizes = sorted({int(size) for size in args.sizes.replace(" ", ",").split(",") if size})
    databases = [name for name in args.databases.replace(" ", ",").split(",") if name]
    budget = Budget(seconds=args.seconds)
    if args.trial:
        budget = Budget(seconds=0, fewest=2, most=2, warm_up=1)
    plan = Plan(
        # SQLite is for one machine and a company or two: it is not measured at a million.
        sizes={name: [s for s in sizes if name != "sqlite" or s <= 100_000] for name in databases},
        budget=budget,
        imported=50 if args.trial else 10_000,
        starts=1 if args.trial else 3,
    )
    began = dt.datetime.now(dt.UTC)
    rows = run(plan)
    took = dt.datetime.now(dt.UTC) - began
    about = {
        "at": began.isoformat(timespec="seconds"), "seconds": round(took.total_seconds()),
        "python": platform.python_version(), "processors": os.cpu_count(),
        "load": os.getloadavg(),
    }  # fmt: skip
    file = args.folder / f"{began:%Y%m%d-%H%M%S}.json"
    write_json(rows, file, about)
    print(table(rows))
    print(f"\n{summary(rows)}")
    print(
        f"\nTimes in ms (median, p95). {took.total_seconds():.0f} s, load {os.getloadavg()[0]:.1f}."
        f" Figures: {file}"
    )


if __name__ == "__main__":
    main()
