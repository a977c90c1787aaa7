"""For the tests: the stores as the service has them, and what tests of them share.

Not among the tests, because a module there has no name that pytest and mypy agree on.
"""

import asyncio
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from helloworld.settings import Settings
from helloworld.state.stores import Stores
from prometheus_client import CollectorRegistry

INSTALL = "apt-get install postgresql redis-server"
PATIENCE_SECONDS = 10.0
# A budget that is never used up where a store answers at all.
PATIENT_MILLISECONDS = 10_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_port(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"nothing listens on {port}")


@asynccontextmanager
async def running_stores(closing_seconds: float = 2, **settings: Any) -> AsyncIterator[Stores]:
    """The stores as the service has them, from start to drain; with time enough, if not said otherwise."""
    given = {"state_budget_milliseconds": PATIENT_MILLISECONDS, **settings}
    stores = Stores(Settings.model_validate(given), CollectorRegistry())
    stores.start()
    try:
        yield stores
    finally:
        await stores.close(closing_seconds)


async def until(condition: Callable[[], object], seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until the condition holds.

    Raises:
        TimeoutError: it does not.
    """
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.01)


async def ready(stores: Stores, **conditions: str) -> None:
    """Wait until the stores are in these conditions."""
    await until(lambda: conditions.items() <= stores.conditions().items())
