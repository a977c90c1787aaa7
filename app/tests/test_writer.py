"""The tasks behind the stores: none of them dies unnoticed, leaves anybody waiting, or refuses to end."""

import asyncio
import logging
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable

import pytest
from helloworld.state import cancellation as cancellation_module
from helloworld.state import stores as stores_module
from helloworld.state.cancellation import cancellable, run_until_cancelled
from helloworld.state.health import Health, StoreError
from helloworld.state.keeper import Keeper
from helloworld.state.metrics import StoreMetrics
from helloworld.state.visits import Count, Visits
from prometheus_client import CollectorRegistry
from state_harness import PATIENCE_SECONDS, running_stores, until


class Ledger:
    """A store that does as it is told: `gate` holds its answers back, `failures` are raised instead of them."""

    def __init__(self) -> None:
        self.health = Health("database", StoreMetrics(CollectorRegistry()), lambda: None)
        self.health.succeeded()
        self.sum = 0
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked = 0
        self.failures: list[BaseException] = []

    async def add(self, _instance: uuid.UUID, _sequence: int, amount: int) -> int:
        await self._answer()
        self.sum += amount
        return self.sum

    async def total(self) -> int | None:
        await self._answer()
        return self.sum

    async def _answer(self) -> None:
        self.asked += 1
        await self.gate.wait()
        if self.failures:
            raise self.failures.pop()


def run_with(scenario: Callable[[Ledger, Visits], Awaitable[None]]) -> None:
    async def run() -> None:
        ledger = Ledger()
        visits = Visits(ledger, None, budget_seconds=10)
        running = asyncio.create_task(run_until_cancelled("the writer", visits.run))
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await scenario(ledger, visits)
        finally:
            running.cancel()
            await asyncio.wait({running})

    asyncio.run(run())


def test_who_looks_while_an_old_batch_is_sent_again_is_answered_too() -> None:
    async def scenario(ledger: Ledger, visits: Visits) -> None:
        ledger.failures = [StoreError("the answer got lost")]
        assert await visits.count() == Count(None, "memory")
        assert list(await asyncio.gather(visits.look(), visits.look())) == [Count(1, "database")] * 2

    run_with(scenario)


def test_who_comes_while_somebody_looks_gets_a_number_of_their_own() -> None:
    async def scenario(ledger: Ledger, visits: Visits) -> None:
        assert await visits.count() == Count(1, "database")
        ledger.gate.clear()
        asked = ledger.asked
        looking = asyncio.create_task(visits.look())
        await until(lambda: ledger.asked > asked)
        # Another process counts meanwhile.
        ledger.sum += 10
        coming = [asyncio.create_task(visits.count()) for _ in range(2)]
        await asyncio.sleep(0)
        ledger.gate.set()
        assert [await one for one in coming] == [Count(12, "database"), Count(13, "database")]
        assert (await looking).source == "database"

    run_with(scenario)


@pytest.mark.parametrize("failure", [ValueError("a mistake"), asyncio.CancelledError()], ids=["mistake", "leak"])
def test_a_writer_that_fails_is_told_of_and_begins_again(
    failure: BaseException, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancellation_module, "_PAUSE_SECONDS", 0.01)

    async def scenario(ledger: Ledger, visits: Visits) -> None:
        ledger.failures = [failure]
        # Nobody else has to come for it to be written.
        counts = await asyncio.gather(visits.count(), visits.count())
        assert list(counts) == [Count(1, "database"), Count(2, "database")]
        assert ledger.sum == 2

    run_with(scenario)
    (record,) = caplog.records
    assert record.levelno == logging.ERROR
    assert record.getMessage() == "the writer failed, and begins again"
    assert record.exc_info


def test_every_task_of_the_stores_begins_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cancellation_module, "_PAUSE_SECONDS", 0.01)
    begun: Counter[str] = Counter()

    async def fail(self: object) -> None:
        begun[type(self).__name__] += 1
        raise ValueError("a mistake")

    monkeypatch.setattr(Keeper, "run", fail)
    monkeypatch.setattr(Visits, "run", fail)

    async def scenario() -> None:
        async with running_stores(closing_seconds=0, database_url="postgresql://a@127.0.0.1:1/a"):
            await until(lambda: min(begun["Keeper"], begun["Visits"]) > 1)

    asyncio.run(scenario())


def test_what_swallows_a_cancellation_is_cancelled_all_the_same() -> None:
    async def swallow() -> str:
        try:
            await asyncio.sleep(10)
        except asyncio.CancelledError:
            return "done"
        return "not cancelled"

    async def scenario() -> None:
        task = asyncio.create_task(cancellable(swallow()))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        # A time limit is a cancellation of its own, and over with its block.
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await cancellable(swallow())
        assert await cancellable(asyncio.sleep(0, "result")) == "result"

    asyncio.run(scenario())


def test_a_task_that_does_not_end_keeps_nobody_from_closing_in_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stores_module, "_ENDING_SECONDS", 0.2)

    async def scenario() -> None:
        refusing = asyncio.Event()

        async def refuse() -> None:
            while not refusing.is_set():
                try:
                    await refusing.wait()
                except asyncio.CancelledError:
                    continue

        async with running_stores(database_url="postgresql://a@127.0.0.1:1/a") as stores:
            stuck = asyncio.create_task(refuse(), name="the stuck one")
            stores._tasks.append(stuck)
            await asyncio.sleep(0)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await stores.close(0)
            refusing.set()
            await stuck

    asyncio.run(scenario())
    assert "the stuck one does not end" in caplog.text
