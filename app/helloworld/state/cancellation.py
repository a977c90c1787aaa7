"""Cancellations that libraries lose, and those that nobody asked for."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

_Result = TypeVar("_Result")

# Between a failure that nobody foresaw and the next try.
_PAUSE_SECONDS = 1.0

_log = logging.getLogger("helloworld.state")


async def cancellable(work: Awaitable[_Result]) -> _Result:
    """Await what a library does, and be cancelled also where the library swallows that.

    `asyncio.wait_for` does before Python 3.12, if its work ends while the cancellation is on its way
    (https://github.com/python/cpython/issues/86296), and the cache's client sends every command through it. Whoever
    goes on then is not cancelled again, and runs for ever.

    Raises:
        asyncio.CancelledError: the task was cancelled meanwhile, though the work may have been done.
    """
    before = _cancellations()
    result = await work
    if _cancellations() > before:
        raise asyncio.CancelledError
    return result


async def run_until_cancelled(name: str, run: Callable[[], Awaitable[None]]) -> None:
    """Run what should never end, and begin again if it does: nobody awaits its task, so nobody would notice.

    Args:
        name: what runs, for the log.
        run: ends only by a cancellation or a mistake.
    """
    while True:
        try:
            await run()
            _log.error("%s ended, and begins again", name)
        except (Exception, asyncio.CancelledError):
            # A library's own cancellation may leak; only one of this task is meant.
            if _cancellations():
                raise
            _log.exception("%s failed, and begins again", name)
        await asyncio.sleep(_PAUSE_SECONDS)


def _cancellations() -> int:
    task = asyncio.current_task()
    return task.cancelling() if task else 0
