"""The number of visits in PostgreSQL."""

import asyncio
import ssl
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from helloworld.state.address import Address
from helloworld.state.health import Health
from helloworld.state.schema import migrate, packaged_migrations

Password = Callable[[], Awaitable[str | None]]
_Result = TypeVar("_Result")

# One writes, one is asked whether it is still there.
POOL_SIZE = 2
CONNECT_SECONDS = 2.0
CLOSE_SECONDS = 0.3
COMMAND_SECONDS = 1.0
_MIGRATION_SECONDS = 30.0

# A node that dies while its pod migrates says no farewell; the server must not keep its locks for as long as it takes
# TCP to notice.
_MIGRATION_SETTINGS = {
    "application_name": "helloworld",
    "statement_timeout": f"{_MIGRATION_SECONDS:.0f}s",
    "idle_session_timeout": "10s",
    "idle_in_transaction_session_timeout": "10s",
}

# A password that was taken back must not live on in an old connection.
RENEW_SECONDS = 4 * 3600.0

# An instance that has not written for so long has not got an unanswered batch either.
_FORGET_WRITERS = "DELETE FROM visit_writers WHERE written_at < now() - interval '30 days'"

_TOTAL = "SELECT total FROM visits"

# One statement, so that a batch is added and remembered, or neither, also where there is nothing to add to. The inner
# one returns a row only for a batch that is new; for one that came before, the total is read without adding. One still
# under way on a connection that broke holds its row's lock, so the second attempt waits for the outcome of the first.
_ADD = """
WITH fresh AS (
    INSERT INTO visit_writers (instance, sequence) SELECT $1::uuid, $2::bigint FROM visits
    ON CONFLICT (instance) DO UPDATE SET sequence = excluded.sequence, written_at = now()
    WHERE visit_writers.sequence < excluded.sequence
    RETURNING 1
)
UPDATE visits SET total = total + CASE WHEN EXISTS (SELECT FROM fresh) THEN $3::bigint ELSE 0 END RETURNING total
"""


class Database:
    """The durable store. Its connections are few, each statement has a time limit, here and on the server.

    Args:
        address: server, user and database.
        password: asked for at each new connection, so that a rotated or short-lived password needs no restart.
        tls: how to verify the server; None: TLS only if the server has it, unverified.
        seed: whether to seed an empty database.
        health: told of everything that happens.
    """

    def __init__(
        self, address: Address, password: Password, tls: ssl.SSLContext | None, seed: bool, health: Health
    ) -> None:
        self.health = health
        self._pool: Any = None
        self._renewed = 0.0
        self._seed = seed
        self._options: dict[str, Any] = {
            "host": address.host,
            "port": address.port,
            "user": address.user,
            "database": address.database,
            "password": password,
            "ssl": tls if tls is not None else "prefer",
            "timeout": CONNECT_SECONDS,
        }

    def connections_in_use(self) -> int:
        """How many connections do something right now."""
        return int(self._pool.get_size() - self._pool.get_idle_size()) if self._pool else 0

    async def connect(self) -> None:
        """Migrate, and make a new pool. Also after a failure: the host may have got another address since."""
        self._drop()
        connection = await asyncpg.connect(
            **self._options, command_timeout=_MIGRATION_SECONDS, server_settings=_MIGRATION_SETTINGS
        )
        try:
            await migrate(connection, packaged_migrations(), self._seed)
            await connection.execute(_FORGET_WRITERS)
        finally:
            connection.terminate()
        self._pool = await asyncpg.create_pool(
            **self._options,
            min_size=0,
            max_size=POOL_SIZE,
            server_settings={
                "application_name": "helloworld",
                # What nobody waits for any more must not hold locks.
                "statement_timeout": str(int(COMMAND_SECONDS * 1000)),
            },
        )
        self._renewed = time.monotonic()
        await self.ping()

    async def ping(self) -> None:
        """Ask for nothing; every few hours, over a new connection."""
        if time.monotonic() - self._renewed > RENEW_SECONDS:
            self._renewed = time.monotonic()
            await self._pool.expire_connections()
        await self._run(lambda connection: connection.fetchval("SELECT 1"))

    async def add(self, instance: UUID, sequence: int, amount: int) -> int:
        """Add a batch of visits unless it has been added, and return the total.

        Args:
            instance: who writes; one process never has two batches under way.
            sequence: the batch's number, higher than that of the batch before.
            amount: how many visits.

        Raises:
            StoreError: it is not known whether the batch was added. Send the same again.
        """
        with self.health.operation("add"):
            return _known(await self._run(lambda connection: connection.fetchval(_ADD, instance, sequence, amount)))

    async def total(self) -> int:
        """The total that is stored.

        Raises:
            StoreError: there was no answer.
        """
        with self.health.operation("total"):
            return _known(await self._run(lambda connection: connection.fetchval(_TOTAL)))

    async def close(self) -> None:
        """Close every connection; one that does not answer is dropped."""
        if self._pool is not None:
            with suppress(Exception):
                async with asyncio.timeout(CLOSE_SECONDS):
                    await self._pool.close()
        self._drop()

    async def _run(self, work: Callable[[Any], Awaitable[_Result]]) -> _Result:
        pool = self._pool
        if pool is None:
            raise ConnectionError("not connected")
        connection = await pool.acquire(timeout=CONNECT_SECONDS)
        try:
            async with asyncio.timeout(COMMAND_SECONDS):
                return await work(connection)
        except BaseException:
            # A new one is cheaper than finding out what state this is in. A server that is gone would be waited for.
            # One that broke is the pool's again, and its own error is the one to tell.
            with suppress(asyncpg.InterfaceError):
                connection.terminate()
            raise
        finally:
            await pool.release(connection)

    def _drop(self) -> None:
        if self._pool is not None:
            self._pool.terminate()
            self._pool = None


def _known(total: int | None) -> int:
    if total is None:
        raise LookupError("the table visits has no row; INSERT INTO visits (total) VALUES (0)")
    return total
