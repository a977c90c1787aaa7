"""For the tests: the stores as the service has them, and what tests of them share.

Not among the tests, because a module there has no name that pytest and mypy agree on.
"""

import asyncio
import itertools
import secrets
import socket
import subprocess
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from helloworld.settings import Settings
from helloworld.state.stores import Stores
from prometheus_client import CollectorRegistry

INSTALL = "apt-get install postgresql redis-server"
# Of who waits for what comes in the end: long, because other processes may have the machine.
PATIENCE_SECONDS = 60.0
# A budget that is never used up where a store answers at all.
PATIENT_MILLISECONDS = 10_000


# Below those that the system gives to whoever asks for any, so that nobody gets one before its server listens.
_PORTS = range(10_000, 30_000)
_places = itertools.count(secrets.randbelow(len(_PORTS)))


def free_port() -> int:
    """A port of the loopback on which nobody listens, another one at each call."""
    while True:
        port = _PORTS[next(_places) % len(_PORTS)]
        with socket.socket() as probe, suppress(OSError):
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(("127.0.0.1", port))
            return port


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
async def running_stores(closing_seconds: float = PATIENCE_SECONDS, **settings: Any) -> AsyncIterator[Stores]:
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
