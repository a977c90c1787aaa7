"""Whatever a store does, each visit counts once: the writer against a store that fails at random."""

import asyncio
import uuid
from collections.abc import Iterator

from helloworld.state.health import Health, StoreError
from helloworld.state.keeper import pause_seconds
from helloworld.state.metrics import StoreMetrics
from helloworld.state.visits import Visits
from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from state_harness import PATIENCE_SECONDS


class Ledger:
    """A store as the database's statement makes it: a batch that has come before is not added again."""

    def __init__(self, outcomes: Iterator[str]) -> None:
        self.health = Health("database", StoreMetrics(CollectorRegistry()), lambda: None)
        self.health.succeeded()
        self.sum = 0
        self._seen: dict[uuid.UUID, int] = {}
        self._outcomes = outcomes

    async def add(self, instance: uuid.UUID, sequence: int, amount: int) -> int:
        outcome = next(self._outcomes, "ok")
        await asyncio.sleep(0)
        if outcome != "refused" and self._seen.get(instance, 0) < sequence:
            self._seen[instance] = sequence
            self.sum += amount
        if outcome != "ok":
            raise StoreError(outcome)
        return self.sum

    async def total(self) -> int | None:
        return self.sum


outcomes = st.lists(st.sampled_from(["ok", "refused", "answer lost"]), max_size=20)


@settings(max_examples=25, deadline=None)
@given(outcomes=outcomes, groups=st.lists(st.integers(1, 5), min_size=1, max_size=6))
def test_every_visit_counts_exactly_once_whatever_is_lost(outcomes: list[str], groups: list[int]) -> None:
    async def scenario() -> None:
        ledger = Ledger(iter(outcomes))
        visits = Visits(ledger, None, budget_seconds=0.001)
        running = asyncio.create_task(visits.run())
        seen = []
        for group in groups:
            seen += await asyncio.gather(*(visits.count() for _ in range(group)))
        await asyncio.wait_for(visits.flush(), PATIENCE_SECONDS)
        running.cancel()
        assert ledger.sum == sum(groups)
        assert (await visits.look()).visits == sum(groups)
        assert all(count.visits is None or 1 <= count.visits <= sum(groups) for count in seen)

    asyncio.run(scenario())


@given(st.integers(0, 10_000))
def test_the_pauses_between_attempts_grow_to_half_a_minute_and_are_spread(attempts: int) -> None:
    assert 0 <= pause_seconds(attempts) <= min(30, 0.25 * 2 ** min(attempts, 10))
    assert len({pause_seconds(attempts) for _ in range(5)}) > 1
