"""Own the deterministic draws of the demo data: streams of chance and weighted choices."""

from __future__ import annotations

import random
from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import accumulate
from typing import Generic, TypeVar

T = TypeVar("T")


def stream(*parts: object) -> random.Random:
    """Open the stream of chance named by ``parts``; equal parts give equal draws everywhere.

    A stream per record lets each record be made again alone, whatever came before it.
    """
    return random.Random(":".join(map(str, parts)))  # noqa: S311 - invented data, not secrets


class Weighted(Generic[T]):
    """Hold items with weights and draw one; the weights need not add up to anything."""

    __slots__ = ("_bounds", "_items", "_total")

    def __init__(self, pairs: Iterable[tuple[T, float]]) -> None:
        items, weights = zip(*pairs, strict=True)
        self._items: Sequence[T] = items
        self._bounds = list(accumulate(weights))
        self._total = self._bounds[-1]

    def draw(self, rng: random.Random) -> T:
        """Draw one item."""
        # The last bound is excluded: a rounded product may reach the total.
        position = bisect(self._bounds, rng.random() * self._total, 0, len(self._items) - 1)
        return self._items[position]
