"""Visits that are written together."""

import asyncio
from typing import Literal, NamedTuple

Source = Literal["database", "cache", "memory"]


class Outcome(NamedTuple):
    """What a store said of a batch: the total, who said it, and whether the batch is in it."""

    total: int
    source: Source
    written: bool


class Batch:
    """Requests join it; one write serves them all. Those that wait are told the outcome, None if there was none."""

    def __init__(self, sequence: int) -> None:
        self.sequence = sequence
        self.amount = 0
        self._outcome: asyncio.Future[Outcome | None] | None = None

    @property
    def awaited(self) -> bool:
        """Whether somebody may be waiting for the outcome."""
        return self._outcome is not None

    def add(self) -> int:
        """Count one visit and return its place in the batch, from 1."""
        self.amount += 1
        return self.amount

    async def wait(self, seconds: float) -> Outcome | None:
        """Wait for the outcome, no longer than `seconds`."""
        if self._outcome is None:
            self._outcome = asyncio.get_running_loop().create_future()
        outcome = self._outcome
        # Not wait_for, which would cancel what others wait for as well.
        done, _ = await asyncio.wait({outcome}, timeout=seconds)
        return outcome.result() if done else None

    def tell(self, outcome: Outcome | None) -> None:
        """Let everybody go who waits; who comes later waits for the next outcome."""
        waiting, self._outcome = self._outcome, None
        if waiting is not None and not waiting.done():
            waiting.set_result(outcome)
