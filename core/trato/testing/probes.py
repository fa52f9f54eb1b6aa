"""Counting of probes: how many times the tests tried to reach what they may not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from trato.errors import TratoError


class Probes:
    """What was tried, by kind; each is refused as it must be, or the test fails."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()

    @contextmanager
    def refused(self, kind: str, *errors: type[TratoError]) -> Iterator[None]:
        """Expect one of the errors; the transaction of the block is the caller's."""
        self.counts[kind] += 1
        with pytest.raises(errors):
            yield

    def note(self, kind: str, tried: int = 1) -> None:
        """Count what the caller checks by itself."""
        self.counts[kind] += tried
