"""The number of visits in Valkey, or Redis, which speaks the same."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider

from helloworld.state.address import Address
from helloworld.state.cancellation import cancellable
from helloworld.state.health import Health

Password = Callable[[], Awaitable[str | None]]
_Result = TypeVar("_Result")

# One at work at a time; the second is what a cluster's client needs to find its nodes.
POOL_SIZE = 2
CLOSE_SECONDS = 0.3
COMMAND_SECONDS = 0.5
# With a token, TLS and a look at the nodes of a cluster.
CONNECT_SECONDS = 2.0

# ElastiCache ends a connection that was authenticated by IAM after 12 hours:
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html#auth-iam-limits
RENEW_SECONDS = 4 * 3600.0

# How long the total of a database is worth showing without it.
KEEP_SECONDS = 3600


class Cache:
    """The fast store. Beside a database it keeps the last total; alone it counts, as durably as a cache is.

    Args:
        address: the server; with `tls` it is verified against the system's authorities.
        password: asked for at each new connection.
        cluster: whether to speak the protocol of a cluster, as ElastiCache Serverless does.
        alone: whether there is no database, and the count itself is here.
        prefix: begins every key, so that environments may share a cache.
        health: told of everything that happens.
    """

    def __init__(
        self, address: Address, password: Password, cluster: bool, alone: bool, prefix: str, health: Health
    ) -> None:
        self.health = health
        # Two names, because what is kept for a while must not become what is counted, nor the other way round.
        self._key = f"{prefix}:visits:count" if alone else f"{prefix}:visits:total"
        self._client: Any = None
        self._renewed = 0.0
        # One operation at a time: there is little to do, and nothing is renewed under an operation's feet.
        self._turn = asyncio.Lock()
        self._kind: Any = RedisCluster if cluster else Redis
        self._options: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "ssl": address.tls,
            "credential_provider": _Credentials(address.user, password) if address.user else None,
            "password": None if address.user else address.password,
            "max_connections": POOL_SIZE,
            "socket_timeout": COMMAND_SECONDS,
            "socket_connect_timeout": COMMAND_SECONDS,
            # The keeper tries again; retries below it would only make an operation longer.
            "retry": Retry(NoBackoff(), 0),
            # Saying who one is takes commands that a narrow access string has not got.
            "driver_info": None,
            "protocol": 2,
        }

    def connections_in_use(self) -> int:
        """How many connections do something right now."""
        return int(self._turn.locked())

    async def connect(self) -> None:
        """Begin with a new client. Also after a failure: the host may have got another address since."""
        async with self._turn:
            await self._renew()
        await self._greet()

    async def ping(self) -> None:
        """Ask for nothing; every few hours, over a new connection."""
        async with self._turn:
            if time.monotonic() - self._renewed > RENEW_SECONDS:
                await self._renew()
        await self._greet()

    async def add(self, _instance: UUID, _sequence: int, amount: int) -> int:
        """Add a batch of visits and return the total. A batch whose answer got lost is added again when it is resent.

        Raises:
            StoreError: there was no answer.
        """
        with self.health.operation("add"):
            return int(await self._run(lambda client: client.incrby(self._key, amount)))

    async def total(self) -> int | None:
        """The total that was counted or kept here; None if there is none.

        Raises:
            StoreError: there was no answer.
        """
        with self.health.operation("total"):
            found = await self._run(lambda client: client.get(self._key))
            return None if found is None else int(found)

    async def keep(self, total: int) -> None:
        """Keep what the database said, for a while.

        Raises:
            StoreError: there was no answer.
        """
        with self.health.operation("keep"):
            await self._run(lambda client: client.set(self._key, total, ex=KEEP_SECONDS))

    async def close(self) -> None:
        """Close every connection."""
        if self._client is not None:
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._client.aclose()
            # Not before: whoever is cancelled meanwhile leaves it to be closed again.
            self._client = None

    async def _greet(self) -> None:
        await self._run(lambda client: client.get(self._key), CONNECT_SECONDS)

    async def _run(self, work: Callable[[Any], Awaitable[_Result]], seconds: float | None = None) -> _Result:
        async with self._turn, asyncio.timeout(seconds or 2 * COMMAND_SECONDS):
            if self._client is None:
                raise ConnectionError("not connected")
            return await cancellable(work(self._client))

    async def _renew(self) -> None:
        await self.close()
        self._client = self._kind(**self._options)
        self._renewed = time.monotonic()


class _Credentials(CredentialProvider):
    def __init__(self, user: str, password: Password) -> None:
        self._user = user
        self._password = password

    def get_credentials(self) -> tuple[str, str]:
        raise NotImplementedError("only the asynchronous form is used")

    async def get_credentials_async(self) -> tuple[str, str]:
        return self._user, await self._password() or ""
