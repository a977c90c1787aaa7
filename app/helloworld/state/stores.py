"""The stores that the settings name, from the start of the process to its end."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry

from helloworld.aws import Signer
from helloworld.settings import Settings
from helloworld.state.address import Address, cache_address, database_address
from helloworld.state.cancellation import run_until_cancelled
from helloworld.state.health import Condition, Health
from helloworld.state.keeper import Keeper
from helloworld.state.metrics import StoreMetrics
from helloworld.state.visits import Visits

if TYPE_CHECKING:
    from helloworld.state.cache import Cache
    from helloworld.state.database import Database

_log = logging.getLogger("helloworld.state")

# Tasks end at once when they are cancelled. One that does not must not keep the process from ending in time.
_ENDING_SECONDS = 0.2


class Stores:
    """Database and cache as set, and the visits that they count. Neither is needed to start, to be ready or to answer.

    Their clients are loaded only if they are set: without them the service is as small as it was.
    """

    def __init__(self, settings: Settings, registry: CollectorRegistry) -> None:
        self._metrics = StoreMetrics(registry)
        self._signer = Signer(settings.aws_region or "")
        self._database = self._make_database(settings) if settings.database_url else None
        self._cache = self._make_cache(settings) if settings.cache_url else None
        self.visits = Visits(self._database, self._cache, settings.state_budget_milliseconds / 1000)
        self._metrics.watch_pending(lambda: self.visits.pending)
        self._keepers = [Keeper(store) for store in (self._database, self._cache) if store is not None]
        self._tasks: list[asyncio.Task[None]] = []

    def conditions(self) -> dict[str, Condition]:
        """The condition of each store by its name, also of those that are off."""
        return {
            "database": self._database.health.condition if self._database else "off",
            "cache": self._cache.health.condition if self._cache else "off",
        }

    def start(self) -> None:
        """Begin to connect, without waiting for it."""
        if self._keepers:
            works = {f"the keeper of the {keeper.store}": keeper.run for keeper in self._keepers}
            works["the writer"] = self.visits.run
            self._tasks = [asyncio.create_task(run_until_cancelled(*work), name=work[0]) for work in works.items()]

    async def close(self, seconds: float) -> None:
        """Write what is pending, for at most so many seconds, then close every connection."""
        for keeper in self._keepers:
            keeper.hurry()
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self.visits.flush()
        if self._keepers and self.visits.pending:
            _log.warning("visits are lost", extra={"fields": {"visits": self.visits.pending}})
        await self._end_tasks()
        stores = [store for store in (self._database, self._cache) if store is not None]
        await asyncio.gather(*(store.close() for store in stores))

    async def _end_tasks(self) -> None:
        if not self._tasks:
            return
        for task in self._tasks:
            task.cancel()
        _, running = await asyncio.wait(self._tasks, timeout=_ENDING_SECONDS)
        for task in running:
            _log.error("%s does not end", task.get_name())

    def _health(self, store: str) -> Health:
        return Health(store, self._metrics, lambda: self.visits.wake())

    def _make_database(self, settings: Settings) -> "Database":
        from helloworld.state.database import Database

        address = database_address(settings.database_url or "")
        tls = None
        password: Callable[[], Awaitable[str | None]] = _fixed(address)
        if settings.database_iam:
            # Verifies chain and name: https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.SSL.html
            tls = ssl.create_default_context(cafile=settings.database_ca_file)
            password = self._database_token(address)
        database = Database(address, password, tls, settings.database_seed, self._health("database"))
        self._metrics.watch_connections("database", database.connections_in_use)
        return database

    def _make_cache(self, settings: Settings) -> "Cache":
        from helloworld.state.cache import Cache

        address = cache_address(settings.cache_url or "")
        password: Callable[[], Awaitable[str | None]] = _fixed(address)
        if settings.cache_iam_name:
            password = self._cache_token(settings.cache_iam_name, address)
        cache = Cache(
            address,
            password,
            cluster=settings.cache_cluster,
            alone=settings.database_url is None,
            prefix=f"helloworld:{settings.environment or 'default'}",
            health=self._health("cache"),
        )
        self._metrics.watch_connections("cache", cache.connections_in_use)
        return cache

    def _database_token(self, address: Address) -> Callable[[], Awaitable[str]]:
        return lambda: self._signer.database_token(address.host, address.port, address.user or "")

    def _cache_token(self, cache: str, address: Address) -> Callable[[], Awaitable[str]]:
        return lambda: self._signer.cache_token(cache, address.user or "")


def _fixed(address: Address) -> Callable[[], Awaitable[str | None]]:
    async def password() -> str | None:
        return address.password

    return password
