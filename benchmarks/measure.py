"""Timing: the targets of one kind of work take turns, so that noise hits all of them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

#: Does the work once and gives the seconds that it took.
Work = Callable[[], float]


@dataclass(frozen=True, kw_only=True)
class Timing:
    """What one target needed, in milliseconds."""

    median: float
    p95: float
    rounds: int


@dataclass(frozen=True, kw_only=True)
class Budget:
    """How long one kind of work may be measured."""

    seconds: float = 5.0
    fewest: int = 15
    most: int = 120
    warm_up: int = 8


def take_turns(targets: Mapping[str, Work], budget: Budget) -> dict[str, Timing]:
    """Run all targets in turn, each round from another one on, until the budget is spent."""
    names = list(targets)
    for _round in range(budget.warm_up):
        for name in names:
            targets[name]()
    found: dict[str, list[float]] = {name: [] for name in names}
    until = time.monotonic() + budget.seconds
    for turn in range(budget.most):
        if turn >= budget.fewest and time.monotonic() > until:
            break
        shift = turn % len(names)
        for name in names[shift:] + names[:shift]:
            found[name].append(targets[name]() * 1000)
    return {name: _timing(times) for name, times in found.items()}


def timed(work: Callable[[], object]) -> Work:
    """Make work that times itself."""

    def run() -> float:
        started = time.perf_counter()
        work()
        return time.perf_counter() - started

    return run


def _timing(times: list[float]) -> Timing:
    ordered = sorted(times)
    return Timing(
        median=statistics.median(ordered),
        p95=ordered[min(len(ordered) - 1, round(len(ordered) * 0.95))], rounds=len(ordered),
    )  # fmt: skip
