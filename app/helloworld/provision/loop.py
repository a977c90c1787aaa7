"""Compares and mends, again and again."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, Protocol

from helloworld.provision.databases import Databases
from helloworld.provision.names import Names
from helloworld.provision.probe import Probe
from helloworld.reasons import reason

_log = logging.getLogger("helloworld.provision")

# A review waits for its database while its pod starts; nothing else changes by itself.
REVIEWS_SECONDS = 10.0
FIXED_SECONDS = 60.0

# So many rounds may fail before the probe does: a restart of the server is no reason to restart this.
_PATIENCE_ROUNDS = 6

# However much there is to do: what is left of it is done in the next round.
_ROUND_SECONDS = 300.0
_FAREWELL_SECONDS = 1.0


class ProvisionError(Exception):
    """One thing of a round failed."""


class ReviewError(ProvisionError):
    """It failed for one review, which is no reason to call the whole unready."""


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
        probe: open while rounds succeed, but for a single review's failure.
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
        self._trouble: list[str] = []
        self._is_alone = True

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
            is_alone = await databases.lock()
            if self._is_alone and not is_alone:
                _log.info("another provisioner is at work; this one does nothing until that one is done")
            self._is_alone = is_alone
            if is_alone:
                await self._mend(databases)
        finally:
            # In good order, if it can be: the server logs every connection that just breaks off.
            with suppress(Exception):
                await connection.close(timeout=_FAREWELL_SECONDS)

    async def _attempt(self) -> bool:
        errors: Sequence[Exception] = ()
        try:
            async with asyncio.timeout(_ROUND_SECONDS):
                await self.round()
        except ExceptionGroup as group:
            errors = group.exceptions
        except Exception as error:
            errors = (error,)
        trouble = [reason(error) for error in errors]
        # When it changes: what is wrong for an hour is not said every ten seconds.
        if trouble:
            level = logging.DEBUG if trouble == self._trouble else logging.WARNING
            _log.log(level, "a round failed", extra={"fields": {"reasons": trouble}})
        elif self._trouble:
            _log.info("rounds succeed again")
        self._trouble = trouble
        return all(isinstance(error, ReviewError) for error in errors)

    async def _mend(self, databases: Databases) -> None:
        failures: list[Exception] = []

        async def attempt(task: str, work: Awaitable[None], kind: type[ProvisionError]) -> None:
            try:
                await work
            except Exception as error:
                failures.append(kind(f"cannot {task} ({reason(error)})"))

        await attempt("close the server's own databases", databases.close_shared(), ProvisionError)
        namespaces: set[str] | None = None
        if self._names.has_reviews:
            try:
                namespaces = await self._namespaces.names()
            except Exception as error:
                failures.append(error)
        for name in self._names.wanted(namespaces or ()):
            kind = ReviewError if self._names.is_review(name) else ProvisionError
            await attempt(f"make {name}", databases.ensure(name), kind)
        # Without an answer nothing is known to be left over.
        if namespaces is not None:
            for name in self._names.orphans(await databases.existing(), namespaces):
                await attempt(f"drop {name}", databases.drop(name), ReviewError)
        if failures:
            raise ExceptionGroup("not everything could be done", failures)
