"""The service as a process: how it starts, what it makes of broken HTTP, and above all how it stops."""

import http.client
import json
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
from service_harness import RunningService
from state_harness import PATIENCE_SECONDS

Start = Callable[..., RunningService]

# Runs the real program around an application that says `held` and answers once there is the file that its path names.
SLOW_PROGRAM = """
import asyncio, pathlib, runpy
import helloworld.application

async def slow(scope, receive, send):
    print("held", flush=True)
    while not pathlib.Path(scope["path"]).exists():
        await asyncio.sleep(0.02)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"4")]})
    await send({"type": "http.response.body", "body": b"done"})

helloworld.application.create_app = lambda *_: slow
runpy.run_module("helloworld", run_name="__main__")
"""


class Balancer:
    """Sends requests over keep-alive connections as a balancer does: none once it has seen /readyz fail."""

    def __init__(self, service: RunningService, workers: int = 8) -> None:
        self._service = service
        self.deregistered = threading.Event()
        self.answers: Counter[str] = Counter()
        self.failures: list[str] = []
        self.connection_closes = 0
        self._threads = [threading.Thread(target=self._work) for _ in range(workers)]
        self._threads.append(threading.Thread(target=self._probe))

    def __enter__(self) -> "Balancer":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        for thread in self._threads:
            thread.join(PATIENCE_SECONDS)
        assert not any(thread.is_alive() for thread in self._threads)

    def _probe(self) -> None:
        try:
            while self._service.get("/readyz")[0] == 200:
                time.sleep(0.05)
        except OSError as error:
            self.failures.append(f"readiness probe: {error!r}")
        # Requests keep coming for a while after the first failed probe.
        time.sleep(0.3)
        self.deregistered.set()

    def _work(self) -> None:
        connection = self._service.connect()
        while not self.deregistered.is_set():
            try:
                connection.request("GET", "/")
                response = connection.getresponse()
                body = response.read()
                assert set(json.loads(body)) >= {"message", "version"}
                self.answers[str(response.status)] += 1
                self.connection_closes += response.getheader("Connection") == "close"
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.failures.append(repr(error))
                connection.close()
        connection.close()


def until(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def logged(service: RunningService, text: str, times: int = 1) -> None:
    """Wait until the service has said so."""
    until(lambda: service.log().count(text) >= times)


def is_refused(service: RunningService) -> bool:
    try:
        service.get("/")
    except ConnectionError:
        return True
    return False


def test_no_request_is_lost_when_the_service_is_stopped_under_load(start: Start) -> None:
    service = start(SHUTDOWN_DELAY_SECONDS=600, SHUTDOWN_TIMEOUT_SECONDS=600)
    with Balancer(service) as balancer:
        until(lambda: balancer.answers.total())
        before = balancer.answers.total()
        service.terminate()
        logged(service, '"draining"')
        assert service.get("/healthz")[0] == 200
        assert service.get("/readyz")[0] == 503
        balancer.deregistered.wait(PATIENCE_SECONDS)
    # In place of the delay, which is as long as it takes.
    service.terminate(signal.SIGINT)
    assert service.wait(PATIENCE_SECONDS) == 0
    assert balancer.failures == []
    assert set(balancer.answers) == {"200"}
    assert balancer.answers.total() > before > 0
    assert balancer.connection_closes > 0


def test_requests_under_way_when_the_delay_is_over_are_answered(start: Start, tmp_path: Path) -> None:
    service = start(("-c", SLOW_PROGRAM), SHUTDOWN_DELAY_SECONDS=0, SHUTDOWN_TIMEOUT_SECONDS=600)
    connections = [service.connect() for _ in range(20)]
    for connection in connections:
        connection.request("GET", str(tmp_path / "go"))
    logged(service, "held", 20)
    service.terminate()
    until(lambda: is_refused(service))
    (tmp_path / "go").touch()
    answers = [connection.getresponse().read() for connection in connections]
    assert answers == [b"done"] * 20
    assert service.wait(PATIENCE_SECONDS) == 0
    assert '"drained": true' in service.log()


def test_the_budget_is_kept_when_a_request_never_ends(start: Start) -> None:
    service = start(("-c", SLOW_PROGRAM), SHUTDOWN_DELAY_SECONDS=0.3, SHUTDOWN_TIMEOUT_SECONDS=0.3)
    connection = service.connect()
    connection.request("GET", "/never")
    logged(service, "held")
    began = time.monotonic()
    service.terminate()
    assert service.wait(PATIENCE_SECONDS) == 0
    assert time.monotonic() - began >= 0.6
    assert '"drained": false' in service.log()
    connection.close()


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"], ids=["unused", "kept alive"])
def test_idle_connections_neither_delay_the_stop_nor_break(start: Start, sent: bytes) -> None:
    service = start(SHUTDOWN_DELAY_SECONDS=0.2, SHUTDOWN_TIMEOUT_SECONDS=600)
    address = ("127.0.0.1", service.port)
    connections = [socket.create_connection(address, timeout=PATIENCE_SECONDS) for _ in range(20)]
    for connection in connections:
        connection.sendall(sent)
    if sent:
        assert all(connection.recv(4096).startswith(b"HTTP/1.1 200") for connection in connections)
    # Whoever came before is let in by then.
    service.get("/healthz")
    service.terminate()
    # An orderly end of stream, not a reset, is what tells a client that nothing was lost.
    assert [connection.recv(4096) for connection in connections] == [b""] * 20
    assert service.wait(PATIENCE_SECONDS) == 0
    for connection in connections:
        connection.close()


def test_a_request_that_is_still_arriving_when_the_delay_is_over_is_answered(start: Start) -> None:
    service = start(SHUTDOWN_DELAY_SECONDS=0, SHUTDOWN_TIMEOUT_SECONDS=600)
    with socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"GET / HT")
        service.get("/healthz")
        service.terminate()
        until(lambda: is_refused(service))
        connection.sendall(b"TP/1.1\r\nHost: x\r\n\r\n")
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
    assert service.wait(PATIENCE_SECONDS) == 0


def test_more_sigterms_change_nothing(start: Start, tmp_path: Path) -> None:
    service = start(("-c", SLOW_PROGRAM), SHUTDOWN_DELAY_SECONDS=0.2, SHUTDOWN_TIMEOUT_SECONDS=600)
    connection = service.connect()
    connection.request("GET", str(tmp_path / "go"))
    logged(service, "held")
    for _ in range(8):
        service.terminate()
        time.sleep(0.05)
    assert service.process.poll() is None
    (tmp_path / "go").touch()
    assert connection.getresponse().read() == b"done"
    assert service.wait(PATIENCE_SECONDS) == 0


def test_sigint_skips_the_delay_also_one_that_has_begun(start: Start) -> None:
    service = start(SHUTDOWN_DELAY_SECONDS=600)
    service.terminate()
    logged(service, '"draining"')
    assert service.process.poll() is None
    service.terminate(signal.SIGINT)
    assert service.wait(PATIENCE_SECONDS) == 0


def test_the_log_is_json_and_begins_with_the_address(start: Start) -> None:
    service = start(SHUTDOWN_DELAY_SECONDS=0)
    service.get("/?from=test")
    service.terminate()
    assert service.wait(PATIENCE_SECONDS) == 0
    lines = [json.loads(line) for line in service.log().splitlines()]
    assert [line["message"] for line in lines] == [
        "starting",
        "listening",
        "request",
        "draining",
        "stopping",
        "stopped",
    ]
    assert lines[1]["address"] == f"http://127.0.0.1:{service.port}"


def test_access_lines_appear_while_the_service_runs(start: Start) -> None:
    service = start()
    service.get("/version")
    logged(service, '"path":"/version"')


def test_a_port_that_is_taken_is_explained_in_one_line_without_a_traceback(start: Start) -> None:
    first = start()
    # The harness sees the first one listen there, so it does not mind that the second does not.
    second = start(PORT=first.port)
    assert second.wait(PATIENCE_SECONDS) == 1
    last = json.loads(second.log().splitlines()[-1])
    assert last["reason"] == f"cannot listen on 127.0.0.1 port {first.port}: Address already in use; set HOST or PORT"
    assert "Traceback" not in second.log()


BROKEN_REQUESTS = {
    b"GET / HTTP/1.1\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n": 400,
    b"GET / HTTP/1.1\r\nHost: \xff\r\n": 400,
    b"GET /%ff%00 HTTP/1.1\r\nHost: a\r\n": 404,
    b"GET /\xff HTTP/1.1\r\nHost: a\r\n": 400,
    b"G<T / HTTP/1.1\r\nHost: a\r\n": 400,
    b"FROB / HTTP/1.1\r\nHost: a\r\n": 405,
    b"GET / HTTP/1.1\r\nHost: a\r\nAccept: \xff\r\n": 200,
    b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 40_000 + b"\r\n": 431,
    b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 200: 431,
    b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\nHost: a\r\n": 414,
    b"GET / HTTP/1.0\r\n": 200,
}


def test_broken_requests_get_a_short_answer(start: Start) -> None:
    service = start()
    for request, status in BROKEN_REQUESTS.items():
        head, _, body = service.exchange(request + b"Connection: close\r\n\r\n").partition(b"\r\n\r\n")
        assert head.split(b" ")[1] == str(status).encode(), request[:80]
        # What does not even parse is answered by the server itself, without a body.
        assert body == b"" or json.loads(body), request[:80]
        assert len(body) < 300
    assert "Traceback" not in service.log()
    assert service.get("/healthz")[0] == 200


def test_head_has_no_body_over_the_network(start: Start) -> None:
    answer = start().exchange(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
    assert b"content-length: " in answer
    assert answer.endswith(b"\r\n\r\n")
