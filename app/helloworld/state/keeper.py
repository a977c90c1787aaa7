"""Connects a store, looks after it, and connects it again."""

import asyncio
import random
import time
from contextlib import suppress
from typing import Protocol

from helloworld.state.health import Health, StoreError

# A store that nobody uses is asked this often, so that its metric does not lie.
CHECK_SECONDS = 15.0

# Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): a database that comes back is
# not met by every pod at once.
_FIRST_PAUSE_SECONDS = 0.25
_LONGEST_PAUSE_SECONDS = 30.0
_HURRIED_PAUSE_SECONDS = 0.1

# One that connects and fails again soon is not back: the pauses go on growing.
_STABLE_SECONDS = 60.0


class Store(Protocol):
    """What a keeper needs of a store. Every call ends by itself, in seconds."""

    health: Health

    async def connect(self) -> None:
        """Begin anew, whatever there was."""

    async def ping(self) -> None:
        """Ask for nothing, to see whether there is an answer; renew connections that are old."""


class Keeper:
    """Keeps one store connected. `hurry` makes it try without long pauses, for the end of the process."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._hurried = asyncio.Event()

    @property
    def store(self) -> str:
        """The name of what is kept."""
        return self._store.health.store

    def hurry(self) -> None:
        """From now on try again at once: there is no later."""
        self._hurried.set()

    async def run(self) -> None:
        """Keep the store connected until cancelled."""
        attempts = 0
        while True:
            began = time.monotonic()
            with suppress(StoreError):
                with self._store.health.operation("connect"):
                    await self._store.connect()
                began = time.monotonic()
                self._store.health.succeeded()
                await self._watch()
            attempts = 0 if time.monotonic() - began > _STABLE_SECONDS else attempts + 1
            await self._pause(pause_seconds(attempts))

    async def _watch(self) -> None:
        health = self._store.health
        while health.ok:
            if await _happens(health.broken, CHECK_SECONDS):
                return
            with health.operation("ping"):
                await self._store.ping()

    async def _pause(self, seconds: float) -> None:
        if self._hurried.is_set():
            await asyncio.sleep(_HURRIED_PAUSE_SECONDS)
        else:
            await _happens(self._hurried, seconds)


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    # Not wait_for: before Python 3.12 it loses a cancellation that comes together with the event.
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
            return True
    return False


def pause_seconds(attempts: int) -> float:
    """How long to wait before trying again after so many attempts in a row that failed: at random, from ever more."""
    longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2.0 ** min(attempts, 16))
    return random.uniform(0, longest)  # noqa: S311 - spreads load, guards nothing
