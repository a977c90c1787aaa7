"""What the service costs, against the least that answers the same request on the same server, and on a usual one.

Measured is the server's CPU for a request, which unlike requests per second does not depend on the speed of the client:
what one core carries is its inverse.
"""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figures import Figure, Lines
from bench.processes import PROJECT, Cost, finish, least, run

REQUESTS, CONNECTIONS, ROUNDS = 20_000, 16, 3
START_SECONDS = 10


@dataclass(frozen=True)
class Program:
    """A server: its name, its command, which listens on the port in PORT, and the directory it runs in."""

    name: str
    command: tuple[str, ...]
    where: Path = PROJECT


@dataclass(frozen=True)
class Served:
    """What a server costs: CPU seconds for a request, without what it needs to start and stop, and memory in MiB."""

    cpu_seconds: float
    mebibytes: float


SERVICE = Program("the service", (sys.executable, "-m", "helloworld"), PROJECT / "app")
MINIMAL = Program("the least ASGI application on the same server", (sys.executable, "-m", "bench.minimal"))
# Threads, since gunicorn's plain worker keeps no connection.
GUNICORN = (sys.executable, "-m", "gunicorn", "--workers", "1", "--threads", str(CONNECTIONS), "bench.flask_app:app")
FLASK = Program("the least Flask application on gunicorn", GUNICORN)


def measure() -> Lines:
    """CPU for a request, and memory."""
    costs = serve((SERVICE, MINIMAL, FLASK))
    service = costs[SERVICE]
    for program, cost in list(costs.items())[1:]:
        yield Figure(
            what="GET / of the service, CPU",
            measured=service.cpu_seconds * 1e6,
            than=program.name,
            base=cost.cpu_seconds * 1e6,
            unit="µs",
        )
        yield Figure(
            what="the service, memory",
            measured=service.mebibytes,
            than=program.name,
            base=cost.mebibytes,
            unit="MiB",
        )
    yield "  of gunicorn the larger one of its two processes is counted"


def serve(programs: Sequence[Program]) -> dict[Program, Served]:
    """What each program costs, the least of a few rounds, in which they take turns.

    Raises:
        RuntimeError: one does not start.
        subprocess.CalledProcessError: one does not answer or stop as it should.
    """
    loaded: dict[Program, list[Cost]] = {program: [] for program in programs}
    idle: dict[Program, list[Cost]] = {program: [] for program in programs}
    for _ in range(ROUNDS):
        for program in programs:
            loaded[program].append(_run(program, REQUESTS))
            idle[program].append(_run(program, CONNECTIONS))
    return {program: served(least(loaded[program]), least(idle[program])) for program in programs}


def served(loaded: Cost, idle: Cost) -> Served:
    """What a request costs, of a run with all requests and one with hardly any."""
    return Served((loaded.cpu_seconds - idle.cpu_seconds) / (REQUESTS - CONNECTIONS), loaded.mebibytes)


def _run(program: Program, requests: int) -> Cost:
    port = _free_port()
    own = {"HOST": "127.0.0.1", "PORT": str(port), "SHUTDOWN_DELAY_SECONDS": "0"}
    own |= {"GUNICORN_CMD_ARGS": f"--bind 127.0.0.1:{port}"}
    process = subprocess.Popen(
        program.command,
        cwd=program.where,
        env={**os.environ, **own},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    started = time.perf_counter()
    try:
        _wait_until_listening(program, port)
        run([sys.executable, "-m", "bench.load", str(port), str(requests), str(CONNECTIONS)])
    except BaseException:
        process.kill()
        process.wait()
        raise
    process.send_signal(signal.SIGTERM)
    return finish(process, started)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _wait_until_listening(program: Program, port: int) -> None:
    end = time.perf_counter() + START_SECONDS
    while time.perf_counter() < end:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise RuntimeError(f"{program.name} did not listen within {START_SECONDS} seconds")
