"""Counts visits, and knows how many there were."""

import asyncio
import uuid

from helloworld.state.batch import Batch, Outcome, Source
from helloworld.state.counting import Copy, Count, Counter
from helloworld.state.health import StoreError

__all__ = ["Count", "Visits"]

# Between two batches: under load more requests share one, and a process writes at most two hundred a second. The first
# request after a pause does not wait for it.
_REST_SECONDS = 0.005

_FLUSH_STEP_SECONDS = 0.02


class Visits:
    """The number of visits, counted by the database; without one by the cache; without either in memory.

    One task writes. Requests join the batch that is written next and wait for it, no longer than the budget, and not at
    all while no store answers. What could not be written is pending, as a number, until it can be.

    Args:
        database: the durable store, if there is one.
        cache: the fast store, if there is one.
        budget_seconds: how long a request may wait.
    """

    def __init__(self, database: Counter | None, cache: Copy | None, budget_seconds: float) -> None:
        self._counter: Counter | None = database or cache
        self._copy = cache if database else None
        self._source: Source = "database" if database else "cache"
        self._budget_seconds = budget_seconds
        self._instance = uuid.uuid4()
        # What the stores have, as far as is known here. Without a store there is nothing more to know.
        self._total: int | None = None if self._counter else 0
        self._next = Batch(1)
        # Sent, and not known to have arrived: it is sent again as it was, so that it counts once.
        self._sent: Batch | None = None
        self._wake = asyncio.Event()

    @property
    def pending(self) -> int:
        """Visits that no store has acknowledged."""
        return self._next.amount + (self._sent.amount if self._sent else 0)

    def wake(self) -> None:
        """Look again whether there is something to do: a store has changed."""
        self._wake.set()

    async def count(self) -> Count:
        """Count one visit and return its number."""
        if self._counter is None:
            self._total = (self._total or 0) + 1
            return Count(self._total, "memory")
        batch = self._next
        place = batch.add()
        outcome = await self._ask(batch)
        if outcome is None or not outcome.written:
            return self._best_known(outcome)
        return Count(outcome.total - batch.amount + place, outcome.source)

    async def look(self) -> Count:
        """Return the number of visits without counting one."""
        if self._counter is None:
            return Count(self._total, "memory")
        outcome = await self._ask(self._next)
        return Count(outcome.total, outcome.source) if outcome and outcome.written else self._best_known(outcome)

    async def run(self) -> None:
        """Write what comes, until cancelled. The only writer."""
        # What was left by one that failed is not new to anybody.
        self._wake.set()
        while True:
            await self._wake.wait()
            self._wake.clear()
            await self._round()
            await asyncio.sleep(_REST_SECONDS)

    async def flush(self) -> None:
        """Return when nothing is pending. `run` has to be running."""
        while self._counter is not None and self.pending:
            self._wake.set()
            await asyncio.sleep(_FLUSH_STEP_SECONDS)

    async def _ask(self, batch: Batch) -> Outcome | None:
        if not any(store.health.worth_waiting for store in self._stores()):
            return None
        self._wake.set()
        return await batch.wait(self._budget_seconds)

    def _best_known(self, outcome: Outcome | None) -> Count:
        if self._total is None:
            return Count(None, "memory")
        return Count(self._total + self.pending, outcome.source if outcome else "memory")

    def _stores(self) -> list[Counter]:
        return [store for store in (self._copy, self._counter) if store is not None]

    async def _round(self) -> None:
        counter = self._due()
        if counter is None:
            await self._read()
        else:
            await self._write(counter)

    def _due(self) -> Counter | None:
        # The store that counts, if it answers and there is something for it.
        return self._counter if self._counter is not None and self._counter.health.ok and self.pending else None

    async def _write(self, counter: Counter) -> None:
        if self._sent is None:
            self._sent, self._next = self._next, Batch(self._next.sequence + 1)
        batch = self._sent
        try:
            total = await counter.add(self._instance, batch.sequence, batch.amount)
        except StoreError:
            batch.tell(None)
            self._next.tell(None)
            return
        self._sent = None
        self._total = total
        batch.tell(Outcome(total, self._source, True))
        # Who only looks waits as well.
        if self.pending or self._next.awaited:
            self._wake.set()
        if self._copy is not None and self._copy.health.ok:
            try:
                await self._copy.keep(total)
            except StoreError:
                return

    async def _read(self) -> None:
        for store in self._stores():
            if not store.health.ok:
                continue
            try:
                total = await store.total()
            except StoreError:
                continue
            if total is not None or store is self._counter:
                self._learn(total or 0, "cache" if store is self._copy else self._source)
                return
        if not any(store.health.condition == "connecting" for store in self._stores()):
            self._next.tell(None)

    def _learn(self, total: int, source: Source) -> None:
        # A copy may be older than what is known here.
        self._total = total if source == self._source else max(total, self._total or 0)
        # Who joined meanwhile is about to be written, and gets a number of its own, then.
        if self._due() is None:
            self._next.tell(Outcome(self._total, source, False))
