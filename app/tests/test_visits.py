"""Visits are counted once, kept, and known, against a real PostgreSQL and a real cache."""

import asyncio
from typing import Any

from helloworld.state.visits import Count
from postgres_server import TestDatabase
from redis_server import RedisServer
from state_harness import running_stores, until


def test_without_stores_visits_are_counted_in_memory() -> None:
    async def scenario() -> None:
        async with running_stores() as stores:
            assert await stores.visits.look() == Count(0, "memory")
            assert [await stores.visits.count() for _ in range(3)] == [(1, "memory"), (2, "memory"), (3, "memory")]
            assert await stores.visits.look() == Count(3, "memory")
            assert stores.conditions() == {"database": "off", "cache": "off"}

    asyncio.run(scenario())


def test_the_count_survives_the_process(database: TestDatabase) -> None:
    async def scenario() -> None:
        for expected in (1, 2, 3):
            async with running_stores(database_url=database.url()) as stores:
                assert await stores.visits.count() == Count(expected, "database")
                assert stores.conditions() == {"database": "ok", "cache": "off"}
        assert await database.total() == 3

    asyncio.run(scenario())


def test_visits_that_come_together_are_written_together_and_numbered_apart(database: TestDatabase) -> None:
    async def scenario() -> None:
        async with running_stores(database_url=database.url(), state_budget_milliseconds=5000) as stores:
            await stores.visits.count()
            counts = await asyncio.gather(*(stores.visits.count() for _ in range(500)))
        assert sorted(count.visits or 0 for count in counts) == list(range(2, 502))
        assert await database.total() == 501
        assert int(await database.fetchval("SELECT max(sequence) FROM visit_writers")) < 10

    asyncio.run(scenario())


def test_the_cache_counts_where_there_is_no_database(redis: RedisServer) -> None:
    async def scenario() -> None:
        for expected in (1, 2):
            async with running_stores(cache_url=redis.url()) as stores:
                assert await stores.visits.count() == Count(expected, "cache")
                assert await stores.visits.look() == Count(expected, "cache")
        assert b"2" in redis.command("GET", "helloworld:default:visits:count")

    asyncio.run(scenario())


def test_the_cache_tells_a_new_process_the_total_while_the_database_is_away(
    database: TestDatabase, redis: RedisServer
) -> None:
    async def scenario() -> None:
        both: dict[str, Any] = {"database_url": database.url(), "cache_url": redis.url(), "environment": "test"}
        async with running_stores(**both) as stores:
            await until(lambda: set(stores.conditions().values()) == {"ok"})
            for _ in range(5):
                await stores.visits.count()
            await until(lambda: b"5" in redis.command("GET", "helloworld:test:visits:total"))
        both["database_url"] = "postgresql://nobody@127.0.0.1:1/nothing"
        async with running_stores(closing_seconds=0, **both) as stores:
            await until(lambda: stores.conditions() == {"database": "unavailable", "cache": "ok"})
            assert await stores.visits.look() == Count(5, "cache")
            assert await stores.visits.count() == Count(6, "cache")

    asyncio.run(scenario())
