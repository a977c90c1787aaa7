"""What a request costs a service in CPU. Unlike requests per second it does not depend on the speed of the client."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

from bench.processes import finish

PROJECT = Path(__file__).parent.parent
SERVICE = ([sys.executable, "-m", "helloworld"], PROJECT / "app")
MINIMAL = ([sys.executable, "-m", "bench.minimal"], PROJECT)
REQUESTS, CONNECTIONS = 20_000, 16
REQUEST = b"GET / HTTP/1.1\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"
START_SECONDS = 10


def cpu_per_request(program: tuple[list[str], Path]) -> float:
    """CPU seconds of the server for one request, without what it needs to start and stop.

    Args:
        program: the server's command, which listens on the port in PORT, and the directory it runs in.

    Raises:
        RuntimeError: it does not start.
    """
    return (_cpu(program, REQUESTS) - _cpu(program, CONNECTIONS)) / (REQUESTS - CONNECTIONS)


def _cpu(program: tuple[list[str], Path], requests: int) -> float:
    command, where = program
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "HOST": "127.0.0.1", "PORT": str(port), "SHUTDOWN_DELAY_SECONDS": "0"}
    process = subprocess.Popen(
        command, cwd=where, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    started = time.perf_counter()
    try:
        _wait_until_listening(port)
        asyncio.run(_load(port, requests))
    finally:
        process.send_signal(signal.SIGTERM)
    return finish(process, started).cpu_seconds


def _wait_until_listening(port: int) -> None:
    end = time.perf_counter() + START_SECONDS
    while time.perf_counter() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"the server did not listen within {START_SECONDS} seconds")


async def _load(port: int, requests: int) -> None:
    await asyncio.gather(*[_client(port, requests // CONNECTIONS) for _ in range(CONNECTIONS)])


async def _client(port: int, requests: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for _ in range(requests):
        writer.write(REQUEST)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        length = int(head.split(b"content-length:")[1].split(b"\r\n")[0])
        await reader.readexactly(length)
    writer.close()
    await writer.wait_closed()
