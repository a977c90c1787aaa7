"""A store that is slow, gone or half gone: the service answers in time, counts each visit once, and recovers."""

import asyncio
import json
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from broken_network import Network
from helloworld.logs import JsonFormatter
from helloworld.state import cache as cache_module
from helloworld.state import database as database_module
from helloworld.state import keeper as keeper_module
from helloworld.state.visits import Count
from postgres_server import PostgresServer, TestDatabase
from redis_server import RedisServer
from state_harness import PATIENCE_SECONDS, ready, running_stores, until

BUDGET_MILLISECONDS = 100
# On top of the budget; less than it takes to give a store up.
SLACK_SECONDS = 0.6
GIVE_UP_SECONDS = 1.0
BEAT_SECONDS = 0.01


@pytest.fixture(autouse=True)
def _short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is back is looked for soon, so that the tests take no longer than they must."""
    monkeypatch.setattr(keeper_module, "_FIRST_PAUSE_SECONDS", 0.02)


async def timed(work: Callable[[], Awaitable[Count]]) -> tuple[Count, float]:
    """The answer, and how long it took, less what other processes had the machine meanwhile."""
    answered = asyncio.Event()

    async def lateness() -> float:
        late = 0.0
        while not answered.is_set():
            slept = time.perf_counter()
            await asyncio.sleep(BEAT_SECONDS)
            late += time.perf_counter() - slept - BEAT_SECONDS
        return late

    watching = asyncio.create_task(lateness())
    began = time.perf_counter()
    answer = await work()
    seconds = time.perf_counter() - began
    answered.set()
    return answer, seconds - await watching


def test_no_request_waits_beyond_the_budget_for_a_database_that_never_answers(database: TestDatabase) -> None:
    async def scenario() -> None:
        network = Network(database.server.port)
        network.silent = True
        settings: dict[str, Any] = {
            "database_url": database.url(network.port),
            "state_budget_milliseconds": BUDGET_MILLISECONDS,
        }
        async with network.running(), running_stores(closing_seconds=0, **settings) as stores:
            answers = await asyncio.gather(*(timed(stores.visits.count) for _ in range(50)))
            assert stores.conditions()["database"] == "connecting"
            assert {count for count, _ in answers} == {Count(None, "memory")}
            assert max(seconds for _, seconds in answers) < BUDGET_MILLISECONDS / 1000 + SLACK_SECONDS

    asyncio.run(scenario())


def test_a_database_that_falls_silent_is_given_up_and_found_again(
    database: TestDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "COMMAND_SECONDS", GIVE_UP_SECONDS)
    monkeypatch.setattr(database_module, "CONNECT_SECONDS", GIVE_UP_SECONDS)

    async def scenario() -> None:
        network = Network(database.server.port)
        settings: dict[str, Any] = {
            "database_url": database.url(network.port),
            "state_budget_milliseconds": BUDGET_MILLISECONDS,
        }
        async with network.running(), running_stores(**settings) as stores:
            # Whatever the budget, which is short here: this one is written before the network falls silent.
            await stores.visits.count()
            await until(lambda: stores.visits.pending == 0)
            network.silent = True
            count, seconds = await timed(stores.visits.count)
            assert count == Count(2, "memory")
            assert seconds < BUDGET_MILLISECONDS / 1000 + SLACK_SECONDS
            await ready(stores, database="unavailable")
            # It is known to be away: nobody waits any more, not even for another task to run.
            for expected in range(3, 23):
                with pytest.raises(StopIteration) as answered:
                    stores.visits.count().send(None)
                assert answered.value.value == Count(expected, "memory")
            assert stores.visits.pending == 21
            network.silent = False
            await ready(stores, database="ok")
            await until(lambda: stores.visits.pending == 0)
            assert (await stores.visits.count()).visits == 23
        assert await database.total() == 23

    asyncio.run(scenario())


def test_a_visit_whose_acknowledgement_is_lost_counts_once(database: TestDatabase) -> None:
    async def scenario() -> None:
        network = Network(database.server.port)
        async with network.running(), running_stores(database_url=database.url(network.port)) as stores:
            assert await stores.visits.count() == Count(1, "database")
            network.cut_answers = True
            await asyncio.gather(*(stores.visits.count() for _ in range(5)))
            await ready(stores, database="unavailable")
            assert network.cuts > 0
            assert stores.visits.pending == 5
            # It was written, and only the answer got lost.
            assert await database.total() == 6
            network.cut_answers = False
            await until(lambda: stores.visits.pending == 0)
            assert await stores.visits.look() == Count(6, "database")
        assert await database.total() == 6

    asyncio.run(scenario())


def test_a_database_that_is_killed_and_started_again_is_found_again(postgres: PostgresServer) -> None:
    database = postgres.make_database()

    async def scenario() -> None:
        async with running_stores(database_url=database.url()) as stores:
            assert await stores.visits.count() == Count(1, "database")
            postgres.stop()
            assert (await stores.visits.count()).visits == 2
            await ready(stores, database="unavailable")
            await asyncio.to_thread(postgres.start)
            await until(lambda: stores.visits.pending == 0)
            assert await stores.visits.count() == Count(3, "database")

    asyncio.run(scenario())


def test_a_database_that_is_not_there_at_the_start_is_found_when_it_comes(database: TestDatabase) -> None:
    async def scenario() -> None:
        network = Network(database.server.port)
        network.refuse()
        async with network.running(), running_stores(database_url=database.url(network.port)) as stores:
            assert await stores.visits.count() == Count(None, "memory")
            await ready(stores, database="unavailable")
            network.refusing = False
            await until(lambda: stores.visits.pending == 0)
        assert await database.total() == 1

    asyncio.run(scenario())


def test_the_log_says_why_a_database_is_gone(postgres: PostgresServer, caplog: pytest.LogCaptureFixture) -> None:
    database = postgres.make_database()

    async def scenario() -> None:
        async with running_stores(database_url=database.url()) as stores:
            await stores.visits.count()
            blocker = await database.server.admin(database.name)
            await blocker.execute("BEGIN; LOCK TABLE visits")
            counting = asyncio.create_task(stores.visits.count())
            async with asyncio.timeout(PATIENCE_SECONDS):
                while not await database.fetchval(
                    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                ):
                    await asyncio.sleep(0.01)
            await postgres.execute(
                f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{database.name}'"
            )
            await counting
            blocker.terminate()
            await until(lambda: stores.visits.pending == 0)

    asyncio.run(scenario())
    (why,) = [json.loads(JsonFormatter().format(record)) for record in caplog.records]
    assert "terminating connection" in why["reason"]


def test_a_table_without_its_row_is_an_outage_and_loses_no_visit(
    database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario() -> None:
        async with running_stores(database_url=database.url()) as stores:
            assert await stores.visits.count() == Count(1, "database")
            await database.execute("DELETE FROM visits")
            assert await stores.visits.count() == Count(2, "memory")
            assert (await stores.visits.look()).visits == 2
            await database.execute("INSERT INTO visits (total) VALUES (1)")
            await until(lambda: stores.visits.pending == 0)
            assert await stores.visits.look() == Count(2, "database")

    asyncio.run(scenario())
    assert "INSERT INTO visits" in json.loads(JsonFormatter().format(caplog.records[0]))["reason"]


@pytest.mark.parametrize("alone", [True, False], ids=["alone", "beside a database"])
def test_a_cache_that_restarts_is_found_again(database: TestDatabase, redis: RedisServer, alone: bool) -> None:
    async def scenario() -> None:
        settings: dict[str, Any] = {"cache_url": redis.url()} | ({} if alone else {"database_url": database.url()})
        async with running_stores(**settings) as stores:
            await ready(stores, cache="ok", **({} if alone else {"database": "ok"}))
            assert (await stores.visits.count()).visits == 1
            redis.stop()
            await stores.visits.count()
            await stores.visits.look()
            await ready(stores, cache="unavailable")
            await asyncio.to_thread(redis.start)
            await ready(stores, cache="ok")
            await until(lambda: stores.visits.pending == 0)
            # The cache forgot; a database does not.
            assert (await stores.visits.count()).visits == (2 if alone else 3)

    asyncio.run(scenario())


def test_a_silent_cache_costs_no_request_more_than_the_budget_and_no_visit(
    database: TestDatabase, redis: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module, "COMMAND_SECONDS", GIVE_UP_SECONDS)

    async def scenario() -> None:
        network = Network(redis.port)
        settings: dict[str, Any] = {"database_url": database.url(), "cache_url": redis.url(network.port)}
        budget: dict[str, Any] = {"state_budget_milliseconds": BUDGET_MILLISECONDS}
        async with network.running(), running_stores(**settings, **budget) as stores:
            await ready(stores, cache="ok", database="ok")
            network.silent = True
            answers = [await timed(stores.visits.count) for _ in range(20)]
            assert max(seconds for _, seconds in answers) < BUDGET_MILLISECONDS / 1000 + SLACK_SECONDS
            await ready(stores, cache="unavailable", database="ok")
        assert await database.total() == 20

    asyncio.run(scenario())


def test_no_more_connections_than_the_pool_has_whatever_the_load(database: TestDatabase, redis: RedisServer) -> None:
    async def scenario() -> None:
        networks = Network(database.server.port), Network(redis.port)
        urls: dict[str, Any] = {
            "database_url": database.url(networks[0].port),
            "cache_url": redis.url(networks[1].port),
        }
        async with networks[0].running(), networks[1].running(), running_stores(**urls) as stores:
            await ready(stores, cache="ok", database="ok")
            for _ in range(20):
                asked = [stores.visits.count() for _ in range(100)] + [stores.visits.look() for _ in range(20)]
                await asyncio.gather(*asked)
            assert all(1 <= network.most_connections <= 2 for network in networks)
        assert await database.total() == 2000

    asyncio.run(scenario())


def test_a_change_is_logged_once_and_not_every_attempt(
    database: TestDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "helloworld.state")

    async def scenario() -> None:
        network = Network(database.server.port)
        async with network.running(), running_stores(database_url=database.url(network.port)) as stores:
            await ready(stores, database="ok")
            network.refuse()
            await stores.visits.count()
            await ready(stores, database="unavailable")
            await until(lambda: network.refused > 3)
            network.refusing = False
            await until(lambda: stores.visits.pending == 0)

    asyncio.run(scenario())
    assert [record.message for record in caplog.records] == [
        "database is ok",
        "database is unavailable",
        "database is ok",
    ]
    line = json.loads(JsonFormatter().format(caplog.records[1]))
    assert line["store"] == "database"
    assert line["reason"]
