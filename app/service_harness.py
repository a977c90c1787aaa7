"""For the tests: an application to ask without a network, and a real process to ask over one.

Not among the tests, because a module there has no name that pytest and mypy agree on.
"""

import asyncio
import io
import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest
from helloworld import __version__
from helloworld.application import create_app
from helloworld.lifecycle import Lifecycle
from helloworld.logs import AccessLog
from helloworld.metrics import Metrics
from helloworld.settings import Settings
from helloworld.state.stores import Stores
from starlette.types import ASGIApp, Message, Scope
from state_harness import PATIENCE_SECONDS, PATIENT_MILLISECONDS, free_port

APP_DIRECTORY = Path(__file__).parent


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


async def send_through(app: ASGIApp, scope: Scope) -> Answer:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(dict(message))

    await app(scope, receive, send)
    (start,) = [message for message in sent if message["type"] == "http.response.start"]
    headers = {name.decode(): value.decode("latin-1") for name, value in start["headers"]}
    return Answer(start["status"], headers, b"".join(message.get("body", b"") for message in sent))


@dataclass
class Service:
    """The application with everything it was given, driven as a server would, but with any bytes one likes."""

    settings: Settings = field(default_factory=Settings)
    lifecycle: Lifecycle = field(default_factory=Lifecycle)
    log: io.StringIO = field(default_factory=io.StringIO)
    log_level: int = 10

    def __post_init__(self) -> None:
        metrics = Metrics({"version": __version__, "commit": self.settings.git_commit})
        stores = Stores(self.settings, metrics.registry)
        access_log = AccessLog(self.log, self.log_level)
        self.app = create_app(self.settings, self.lifecycle, access_log, metrics, stores)

    def ask(
        self,
        path: str = "/",
        method: str = "GET",
        headers: list[tuple[bytes, bytes]] | None = None,
        host: bytes | None = b"example.org",
        query: bytes = b"",
    ) -> Answer:
        given = [] if host is None else [(b"host", host)]
        scope: Scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": path.encode("utf-8", "surrogatepass"),
            "query_string": query,
            "root_path": "",
            "headers": given + (headers or []),
            "client": ("192.0.2.1", 1234),
            "server": ("192.0.2.2", 8080),
        }
        return asyncio.run(send_through(self.app, scope))

    def log_lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.log.getvalue().splitlines()]


class RunningService:
    """`python -m helloworld` as a process of its own."""

    def __init__(self, log_path: Path, environ: dict[str, str], program: list[str]) -> None:
        self.port = int(environ.get("PORT") or free_port())
        self._log_path = log_path
        inherited = {key: value for key, value in os.environ.items() if key.lower() not in Settings.model_fields}
        defaults = {
            "HOST": "127.0.0.1",
            "PORT": str(self.port),
            "STATE_BUDGET_MILLISECONDS": str(PATIENT_MILLISECONDS),
        }
        with log_path.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-B", *program],
                cwd=APP_DIRECTORY,
                env={**inherited, **defaults, **environ},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self._wait_until_listening()

    def _wait_until_listening(self) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        self.process.kill()
        pytest.fail(f"the service did not start: {self.log()}")

    def connect(self) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_SECONDS)

    def get(self, path: str) -> tuple[int, bytes]:
        connection = self.connect()
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def exchange(self, data: bytes) -> bytes:
        """Send bytes that need not be HTTP and return all that comes back until the service closes the connection."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_SECONDS) as connection:
            connection.sendall(data)
            received = b""
            while chunk := connection.recv(65536):
                received += chunk
        return received

    def terminate(self, number: int = signal.SIGTERM) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float) -> int:
        return self.process.wait(seconds)

    def log(self) -> str:
        return self._log_path.read_text()
