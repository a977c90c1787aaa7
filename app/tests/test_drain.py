"""The end of the process: what is pending is written, each connection closed, and nobody waits longer than they may."""

import asyncio
import json
import time
from typing import Any

import pytest
from broken_network import Network
from helloworld.logs import JsonFormatter
from postgres_server import TestDatabase
from redis_server import RedisServer
from state_harness import PATIENCE_SECONDS, ready, running_stores, until


def test_what_is_pending_is_written_when_the_service_drains_and_every_connection_is_closed(
    database: TestDatabase, redis: RedisServer
) -> None:
    async def scenario() -> None:
        networks = Network(database.server.port), Network(redis.port)
        urls: dict[str, Any] = {
            "database_url": database.url(networks[0].port),
            "cache_url": redis.url(networks[1].port),
        }
        async with networks[0].running(), networks[1].running():
            async with running_stores(**urls) as stores:
                await ready(stores, cache="ok", database="ok")
                networks[0].refuse()
                await stores.visits.count()
                await ready(stores, database="unavailable")
                networks[0].refusing = False
                for _ in range(3):
                    await stores.visits.count()
                assert all(network.most_connections for network in networks)
            assert await database.total() == 4
            await until(lambda: [network.open_connections for network in networks] == [0, 0])

    asyncio.run(scenario())


def test_a_drain_does_not_wait_longer_than_it_may(database: TestDatabase, caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        network = Network(database.server.port)
        network.refuse()
        async with network.running(), running_stores(0.3, database_url=database.url(network.port)) as stores:
            await ready(stores, database="unavailable")
            await stores.visits.count()
            began = time.perf_counter()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await stores.close(0.3)
            assert time.perf_counter() - began >= 0.3

    asyncio.run(scenario())
    lost = [json.loads(JsonFormatter().format(record)) for record in caplog.records if "lost" in record.message]
    assert [line["visits"] for line in lost][:1] == [1]


def test_a_drain_with_nothing_to_write_does_not_wait_for_a_database_that_is_away() -> None:
    async def scenario() -> None:
        for _ in range(3):
            async with running_stores(database_url="postgresql://a@127.0.0.1:1/a") as stores:
                await ready(stores, database="unavailable")
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await stores.close(2 * PATIENCE_SECONDS)

    asyncio.run(scenario())
