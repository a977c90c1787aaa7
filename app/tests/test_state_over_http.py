"""What a client sees of the stores: in the answer, in the metrics, on the page, and when the process ends."""

import asyncio
import json
import re
import socket
import time
from collections.abc import Callable, Iterator

import pytest
from postgres_server import TestDatabase
from redis_server import RedisServer
from service_harness import RunningService
from state_harness import PATIENCE_SECONDS

Start = Callable[..., RunningService]


def waiting(seconds: float) -> tuple[str, str]:
    """A program that waits so long for its database to connect."""
    return (
        "-c",
        f"import runpy; from helloworld.state import database; database.CONNECT_SECONDS = {seconds};"
        "runpy.run_module('helloworld', run_name='__main__')",
    )


def facts(service: RunningService, path: str = "/") -> dict[str, object]:
    status, body = service.get(path)
    assert status == 200
    loaded: dict[str, object] = json.loads(body)
    return loaded


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def deaf_port() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0), backlog=100) as server:
        yield server.getsockname()[1]


def test_a_get_of_the_greeting_is_a_visit_and_nothing_else_is(start: Start, database: TestDatabase) -> None:
    service = start(DATABASE_URL=database.url())
    assert facts(service)["visits"] == 1
    for path in ("/?refresh", "/version", "/healthz", "/readyz", "/metrics", "/nowhere"):
        service.get(path)
    service.exchange(b"HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    assert facts(service, "/?refresh")["visits"] == 1
    assert facts(service, "/?else")["visits"] == 2
    assert asyncio.run(database.total()) == 2


def test_the_answer_says_how_the_stores_are(start: Start, database: TestDatabase, redis: RedisServer) -> None:
    service = start(DATABASE_URL=database.url(), CACHE_URL=redis.url())
    wait_until(lambda: facts(service)["state"] == {"database": "ok", "cache": "ok"})
    assert facts(service)["visits_from"] == "database"
    assert facts(start())["state"] == {"database": "off", "cache": "off"}


def test_two_instances_count_together(start: Start, database: TestDatabase) -> None:
    services = [start(DATABASE_URL=database.url()) for _ in range(2)]
    seen = [facts(services[number % 2])["visits"] for number in range(10)]
    assert seen == list(range(1, 11))
    assert {facts(service, "/?refresh")["visits"] for service in services} == {10}


def test_metrics_tell_of_the_stores_that_are_set_and_of_no_other(start: Start, database: TestDatabase) -> None:
    service = start(DATABASE_URL=database.url())
    wait_until(lambda: facts(service)["state"] == {"database": "ok", "cache": "off"})
    wait_until(lambda: "helloworld_visits_pending 0.0" in service.get("/metrics")[1].decode())
    text = service.get("/metrics")[1].decode()
    assert 'helloworld_store_up{store="database"} 1.0' in text
    assert 'helloworld_store_errors_total{operation="add",store="database"} 0.0' in text
    assert re.search(r'helloworld_store_operation_seconds_count\{operation="add",store="database"\} [1-9]', text)
    assert 'helloworld_store_connections_in_use{store="database"} 0.0' in text
    assert 'store="cache"' not in text


def test_a_database_that_never_answers_holds_nothing_up(start: Start, deaf_port: int) -> None:
    url = f"postgresql://a@127.0.0.1:{deaf_port}/a"
    service = start(waiting(10 * PATIENCE_SECONDS), DATABASE_URL=url, STATE_BUDGET_MILLISECONDS=100)
    for path in ("/healthz", "/readyz"):
        assert service.get(path)[0] == 200
    for _ in range(3):
        answer = facts(service)
        assert (answer["visits"], answer["state"]) == (None, {"database": "connecting", "cache": "off"})


def test_a_database_that_never_answers_is_told(start: Start, deaf_port: int) -> None:
    url = f"postgresql://a@127.0.0.1:{deaf_port}/a"
    service = start(waiting(0.5), DATABASE_URL=url, STATE_BUDGET_MILLISECONDS=100)
    wait_until(lambda: facts(service)["state"] == {"database": "unavailable", "cache": "off"})
    text = service.get("/metrics")[1].decode()
    assert 'helloworld_store_up{store="database"} 0.0' in text
    assert re.search(r'helloworld_store_errors_total\{operation="connect",store="database"\} [1-9]', text)
    assert re.search(r"helloworld_visits_pending [1-9]", text)
    assert service.get("/readyz")[0] == 200
    assert "unknown" in service_page(service)


def service_page(service: RunningService) -> str:
    connection = service.connect()
    connection.request("GET", "/?refresh", headers={"Accept": "text/html"})
    page = connection.getresponse().read().decode()
    connection.close()
    return page


def test_the_last_visits_are_written_before_the_process_ends(start: Start, database: TestDatabase) -> None:
    service = start(DATABASE_URL=database.url(), SHUTDOWN_DELAY_SECONDS=0, SHUTDOWN_TIMEOUT_SECONDS=600)
    connection = socket.create_connection(("127.0.0.1", service.port), timeout=PATIENCE_SECONDS)
    connection.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 50)
    connection.recv(100)
    service.terminate()
    assert service.wait(PATIENCE_SECONDS) == 0
    connection.close()
    counted = [json.loads(line) for line in service.log().splitlines() if '"route":"/"' in line]
    assert counted
    assert asyncio.run(database.total()) == len(counted)
    assert "visits are lost" not in service.log()
    left = f"SELECT count(*) FROM pg_stat_activity WHERE usename = '{database.name}'"
    wait_until(lambda: asyncio.run(database.fetchval(left)) == 0)


# A name server that does not answer holds threads like this one, and so does AWS.
THREAD_PROGRAM = (
    "-c",
    "import asyncio, runpy, time; from helloworld.state.stores import Stores;"
    "Stores.start = lambda self: asyncio.get_running_loop().run_in_executor(None, time.sleep, 600);"
    "runpy.run_module('helloworld', run_name='__main__')",
)


def test_the_process_ends_in_time_though_a_thread_does_not(start: Start) -> None:
    service = start(THREAD_PROGRAM, SHUTDOWN_DELAY_SECONDS=0, SHUTDOWN_TIMEOUT_SECONDS=5)
    facts(service)
    service.terminate()
    assert service.wait(PATIENCE_SECONDS) == 0
    assert '"drained": true' in service.log()


def test_the_process_ends_in_time_though_the_database_does_not_answer(start: Start, deaf_port: int) -> None:
    url = f"postgresql://a@127.0.0.1:{deaf_port}/a"
    limits = {"SHUTDOWN_DELAY_SECONDS": 0, "SHUTDOWN_TIMEOUT_SECONDS": 0.5, "STATE_BUDGET_MILLISECONDS": 100}
    service = start(waiting(10 * PATIENCE_SECONDS), DATABASE_URL=url, **limits)
    facts(service)
    service.terminate()
    assert service.wait(PATIENCE_SECONDS) == 0
    assert '"visits": 1' in service.log()
