"""Compares and mends, again and again."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from helloworld.provision.databases import Databases
from helloworld.provision.names import Names
from helloworld.provision.probe import Probe

_log = logging.getLogger("helloworld.provision")

# A review waits for its database while its pod starts; nothing else changes by itself.
REVIEWS_SECONDS = 10.0
FIXED_SECONDS = 60.0

# So many rounds may fail before the probe does: a restart of the server is no reason to restart this.
_PATIENCE_ROUNDS = 6

_REASON_LENGTH = 200


class NamespaceSource(Protocol):
    """Knows which namespaces exist."""

    async def names(self) -> set[str]:
        """Return all of them, or raise."""


class Loop:
    """Looks at the whole every time, and remembers nothing: whatever was missed is found in the next round.

    Args:
        connect: makes a connection to the server as its master.
        names: which databases there should be.
        namespaces: asked only if there are reviews.
        probe: open while rounds succeed.
        pause_seconds: between two rounds; None: as the names need it.
    """

    def __init__(
        self,
        connect: Callable[[], Awaitable[Any]],
        names: Names,
        namespaces: NamespaceSource,
        probe: Probe,
        pause_seconds: float | None = None,
    ) -> None:
        self._connect = connect
        self._names = names
        self._namespaces = namespaces
        self._probe = probe
        self._pause = pause_seconds or (REVIEWS_SECONDS if names.has_reviews else FIXED_SECONDS)
        self._troubled = False

    async def run(self) -> None:
        """Go on until cancelled."""
        succeeded = time.monotonic()
        while True:
            if await self._attempt():
                succeeded = time.monotonic()
                await self._probe.open()
            elif time.monotonic() - succeeded > _PATIENCE_ROUNDS * self._pause:
                await self._probe.close()
            await asyncio.sleep(self._pause)

    async def round(self) -> None:
        """Make what is missing and drop what is left over, if nobody else is at it.

        One name's failure does not keep the others from being served.

        Raises:
            ExceptionGroup: what failed, after everything was tried.
            Exception: the server could not be reached.
        """
        connection = await self._connect()
        try:
            databases = Databases(connection)
            if await databases.lock():
                await self._mend(databases)
        finally:
            connection.terminate()

    async def _attempt(self) -> bool:
        try:
            await self.round()
        except Exception as error:
            # Once: what is wrong for an hour is not said every ten seconds.
            _log.log(logging.DEBUG if self._troubled else logging.WARNING, "a round failed", extra=_reasons(error))
            self._troubled = True
            return False
        if self._troubled:
            _log.info("rounds succeed again")
        self._troubled = False
        return True

    async def _mend(self, databases: Databases) -> None:
        failures: list[Exception] = []

        async def attempt(work: Awaitable[None]) -> None:
            try:
                await work
            except Exception as error:
                failures.append(error)

        await attempt(databases.close_shared())
        namespaces: set[str] | None = None
        if self._names.has_reviews:
            try:
                namespaces = await self._namespaces.names()
            except Exception as error:
                failures.append(error)
        for name in self._names.wanted(namespaces or ()):
            await attempt(databases.ensure(name))
        # Without an answer nothing is known to be left over.
        if namespaces is not None:
            for name in self._names.orphans(await databases.existing(), namespaces):
                await attempt(databases.drop(name))
        if failures:
            raise ExceptionGroup("not everything could be done", failures)


def _reasons(error: Exception) -> dict[str, object]:
    errors = error.exceptions if isinstance(error, ExceptionGroup) else (error,)
    texts = [f"{type(one).__name__}: {(str(one).splitlines() or [''])[0][:_REASON_LENGTH]}" for one in errors]
    return {"fields": {"reasons": texts}}
