"""The cache with the least rights, in cluster mode and without, and over connections that do not grow old."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from helloworld.state import cache as cache_module
from helloworld.state.address import cache_address
from helloworld.state.cache import Cache
from helloworld.state.health import Health, StoreError
from helloworld.state.metrics import StoreMetrics
from prometheus_client import CollectorRegistry
from redis.exceptions import RedisClusterException, RedisError
from redis_server import LEAST_ACCESS, RedisServer


class Opened:
    """A cache as the service makes it, and what it was asked for a password."""

    def __init__(self, server: RedisServer, cluster: bool, alone: bool = False, url: str | None = None) -> None:
        self.passwords = 0
        self.seconds_for_a_password = 0.0
        address = cache_address(url or server.url())
        health = Health("cache", StoreMetrics(CollectorRegistry()), lambda: None)
        self.cache = Cache(address, self._password, cluster, alone, "helloworld:test", health)

    async def _password(self) -> str:
        self.passwords += 1
        await asyncio.sleep(self.seconds_for_a_password)
        return "secret"

    async def __aenter__(self) -> "Opened":
        try:
            await self.cache.connect()
        except BaseException:
            await self.cache.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.cache.close()


@pytest.fixture(params=["single", "cluster"])
def server(request: pytest.FixtureRequest) -> RedisServer:
    found: RedisServer = request.getfixturevalue("redis" if request.param == "single" else "redis_cluster")
    found.command("FLUSHALL")
    return found


@pytest.fixture
def cluster(request: pytest.FixtureRequest) -> bool:
    return "cluster" in request.node.callspec.id


async def use(server: RedisServer, cluster: bool) -> list[Any]:
    answers: list[Any] = []
    async with Opened(server, cluster) as copy, Opened(server, cluster, alone=True) as counter:
        answers.append(await copy.cache.total())
        await copy.cache.keep(41)
        answers.append(await copy.cache.total())
        answers += [await counter.cache.add(uuid4(), 1, amount) for amount in (2, 3)]
        answers.append(await counter.cache.total())
    return answers


def test_the_least_access_is_enough(server: RedisServer, cluster: bool) -> None:
    assert asyncio.run(use(server, cluster)) == [None, 41, 2, 5, 5]


@pytest.mark.parametrize("word", ["+get", "+set", "+incrby", "+cluster|slots", "+command", "~helloworld:*"])
def test_nothing_of_it_can_be_left_out(redis_cluster: RedisServer, word: str) -> None:
    assert word in LEAST_ACCESS.split()
    less = [part for part in LEAST_ACCESS.split() if part != word]
    redis_cluster.command("ACL", "SETUSER", "visitor", "reset", ">secret", *less)
    try:
        with pytest.raises((StoreError, RedisError, RedisClusterException)):
            asyncio.run(use(redis_cluster, cluster=True))
    finally:
        redis_cluster.command("ACL", "SETUSER", "visitor", "reset", ">secret", *LEAST_ACCESS.split())


def test_what_is_kept_for_the_database_goes_by_itself_and_what_is_counted_stays(redis: RedisServer) -> None:
    asyncio.run(use(redis, cluster=False))
    assert 0 < int(redis.command("TTL", "helloworld:test:visits:total")[1:]) <= cache_module.KEEP_SECONDS
    assert int(redis.command("TTL", "helloworld:test:visits:count")[1:]) == -1


def test_a_cancellation_at_any_moment_is_one(server: RedisServer, cluster: bool) -> None:
    """The client swallows some of them: https://github.com/python/cpython/issues/86296."""

    async def scenario() -> None:
        async with Opened(server, cluster) as opened:
            assert await cancelled_turns(lambda: opened.cache.keep(1)) > 2
            # A cluster's client leaves connections to the garbage collector then.
            if not cluster:
                assert await cancelled_turns(opened.cache.connect) > 2

    asyncio.run(scenario())


async def cancelled_turns(work: Callable[[], Coroutine[Any, Any, None]]) -> int:
    """Cancel the work after one turn of the event loop, after two, and so on until it is done before that."""
    for turns in range(1, 1000):
        task = asyncio.create_task(work())
        for _ in range(turns):
            await asyncio.sleep(0)
        if not task.cancel():
            return turns
        await asyncio.wait({task})
        assert task.cancelled(), f"lost when cancelled after {turns} turns"
    raise AssertionError("the work does not end")


def test_a_token_may_take_longer_than_a_command(redis: RedisServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache_module, "COMMAND_SECONDS", 1)

    async def scenario() -> None:
        opened = Opened(redis, cluster=False)
        opened.seconds_for_a_password = 1.2
        async with opened:
            assert await opened.cache.total() is None

    asyncio.run(scenario())


@pytest.mark.parametrize("trusted", [True, False])
def test_the_server_s_certificate_is_verified_before_it_is_given_the_password(
    redis_program: str,
    certificate: tuple[Path, Path],
    other_certificate: tuple[Path, Path],
    monkeypatch: pytest.MonkeyPatch,
    trusted: bool,
) -> None:
    # Where OpenSSL looks for the system's authorities.
    monkeypatch.setenv("SSL_CERT_FILE", str((certificate if trusted else other_certificate)[0]))
    server = RedisServer(redis_program, tls=certificate)

    async def scenario() -> None:
        opened = Opened(server, cluster=False, url=f"rediss://visitor:secret@localhost:{server.tls_port}")
        if not trusted:
            with pytest.raises(RedisError, match="CERTIFICATE_VERIFY_FAILED"):
                await opened.__aenter__()
            assert opened.passwords == 0
            return
        async with opened:
            assert await opened.cache.total() is None
            assert opened.passwords == 1

    try:
        asyncio.run(scenario())
    finally:
        server.remove()


def test_each_connection_is_opened_with_a_password_of_its_own(
    server: RedisServer, cluster: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scenario() -> None:
        async with Opened(server, cluster) as opened:
            first = opened.passwords
            assert first >= 1
            for _ in range(5):
                await opened.cache.total()
                await opened.cache.ping()
            assert opened.passwords == first
            monkeypatch.setattr(cache_module, "RENEW_SECONDS", -1)
            await opened.cache.ping()
            assert opened.passwords > first

    asyncio.run(scenario())
