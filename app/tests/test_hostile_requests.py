"""Requests as nobody honest sends them, in process by the thousand, and byte by byte to the real server."""

import asyncio
import contextlib
import io
import json
import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from helloworld.lifecycle import Lifecycle
from helloworld.settings import Settings, SettingsError, read_settings
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families
from service_harness import RunningService, Service
from state_harness import PATIENCE_SECONDS

# `make fuzz` tries that many times as much.
TIMES = int(os.environ.get("FUZZ") or 1)
MOST_LINE = 4000
SILENCE_SECONDS = 0.02
NASTY = (
    "\r\nX-Forged: 1",
    "\n{}",
    '"}\n{"level":"error"',
    "\x00",
    "\x1b[31m",
    "\u202e",
    "\ud800",
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "%00%0d%0a%ff",
    "${jndi:ldap://evil.example.com}",
    "{{7*7}}",
    "' OR 1=1 --",
    "a" * 300,
    "é" * 300,
)
texts = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=()), max_size=30)
raw = st.binary(max_size=60) | texts.map(lambda text: text.encode("utf-8", "surrogatepass"))
names = raw | st.sampled_from(
    [
        *(b"x-request-id", b"traceparent", b"tracestate", b"user-agent", b"forwarded", b"x-forwarded-for", b"host"),
        *(b"x-forwarded-host", b"x-forwarded-proto", b"accept", b"content-length", b"transfer-encoding", b"cookie"),
        *(b"expect", b"upgrade", b"connection", b"te", b"range", b"if-none-match", b"x-http-method-override"),
    ]
)


def many(examples: int) -> settings:
    return settings(
        max_examples=examples * TIMES,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
    )


scopes = st.fixed_dictionaries(
    {
        "path": texts.map(lambda text: "/" + text)
        | st.sampled_from(["/", "*", "", "/healthz", "/metrics", "//", "/version"]),
        "method": st.sampled_from(["GET", "HEAD", "POST", "OPTIONS", "TRACE", "CONNECT", "get", "PRI"]) | texts,
        # Without a host it would be turned away at once.
        "headers": st.builds(
            lambda host, others: [(b"host", host), *others] if host else others,
            st.sampled_from([b"a", b"a", b"a", b""]),
            st.lists(st.tuples(names, raw | st.sampled_from([b"1", b"chunked", b"text/html"])), max_size=6),
        ),
        "query": raw,
        "http_version": st.sampled_from(["1", "1.0", "1.1", "2"]),
        "client": st.sampled_from([None, ("\u202e", 0), ("::1", 70_000)]),
    }
)


def plain(**given: Any) -> dict[str, Any]:
    usual = {"path": "/", "method": "GET", "headers": [(b"host", b"a")], "query": b"", "http_version": "1.1"}
    return {**usual, "client": None, **given}


bodies = st.lists(st.binary(max_size=30), max_size=3)


class Driven:
    """One application that is asked anything, and its log."""

    def __init__(self) -> None:
        self.log = io.StringIO()
        self.service = Service(Settings(message="<i>Hi</i>"), Lifecycle(), self.log, 0)

    def ask(self, asked: dict[str, Any], chunks: list[bytes]) -> tuple[int, dict[bytes, list[bytes]], bytes]:
        left = [*chunks, b""]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": left.pop(0) if left else b"", "more_body": bool(left)}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "asgi": {"version": "3.0"},
            "scheme": "http",
            "root_path": "",
            "server": None,
            **{key: value for key, value in asked.items() if key != "query"},
            "raw_path": asked["path"].encode("utf-8", "surrogatepass"),
            "query_string": asked["query"],
        }
        asyncio.run(self.service.app(scope, receive, send))  # type: ignore[arg-type]
        (start,) = [each for each in sent if each["type"] == "http.response.start"]
        headers: dict[bytes, list[bytes]] = {}
        for name, value in start["headers"]:
            headers.setdefault(name, []).append(value)
        return start["status"], headers, b"".join(each.get("body", b"") for each in sent)


@pytest.fixture(scope="module")
def driven() -> Driven:
    return Driven()


@many(500)
@given(asked=scopes, chunks=bodies)
@example(asked=plain(headers=[(b"host", b"a"), (b"x-request-id", b"a\r\nb: c")]), chunks=[])
@example(asked=plain(headers=[(b"host", b"a"), (b"accept", b"text/html")]), chunks=[])
@example(asked=plain(method="A" * 100_000), chunks=[])
def test_any_request_gets_one_sound_answer_and_one_line_of_log(
    driven: Driven, asked: dict[str, Any], chunks: list[bytes]
) -> None:
    driven.log.seek(0)
    driven.log.truncate()
    status, headers, body = driven.ask(asked, chunks)
    assert 200 <= status < 500
    assert all(len(values) == 1 for values in headers.values()), headers
    for name, (value,) in headers.items():
        assert re.fullmatch(rb"[a-z-]+", name)
        assert re.fullmatch(rb"[ -~]*", value)
    assert headers[b"x-content-type-options"] == [b"nosniff"]
    kind = headers.get(b"content-type", [b""])[0]
    if kind.startswith(b"text/html"):
        assert b"<script>alert" not in body
        assert b"&lt;i&gt;Hi&lt;/i&gt;" in body
    elif kind == b"application/json":
        json.loads(body)
    assert b"Traceback" not in body
    (line,) = driven.log.getvalue().splitlines()
    said = json.loads(line)
    assert said["request_id"].encode() == headers[b"x-request-id"][0]
    assert re.fullmatch(r"[0-9A-Za-z._:=-]{1,128}", said["request_id"])
    assert line.isascii()
    assert line.isprintable()
    assert len(line) < MOST_LINE


def test_whatever_was_asked_the_metrics_are_few_and_can_be_read(driven: Driven) -> None:
    """Run after the thousands above, before them or alone."""
    for number in range(300):
        driven.ask(plain(path=f"/{number}\ud800\n", method=f"M{number}"), [])
    text = driven.service.ask("/metrics").body.decode()
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    labels = {
        key: {each.labels[key] for each in samples if key in each.labels} for key in ("route", "method", "status")
    }
    assert labels["route"] <= {"/", "/healthz", "/readyz", "/version", "/metrics", "unmatched"}
    assert labels["method"] <= {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "other"}
    assert len(samples) < 3000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    running = RunningService(tmp_path_factory.mktemp("hostile") / "log", {"LOG_LEVEL": "debug"}, ["-m", "helloworld"])
    yield running
    running.process.kill()
    running.process.wait(PATIENCE_SECONDS)


def exchanged(served: RunningService, data: bytes, patience: float = PATIENCE_SECONDS) -> bytes:
    """All that comes back until the server closes the connection, or is silent for so many seconds."""
    answer = b""
    connecting = socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS)
    # It may hang up on what it does not want to hear, and wait for the rest of what has none.
    with connecting as connection, contextlib.suppress(ConnectionError, TimeoutError):
        connection.settimeout(patience)
        connection.sendall(data)
        while part := connection.recv(65_536):
            answer += part
    return answer


HOST = b"Host: a\r\nConnection: close\r\n\r\n"
LINES = (
    b"GET / HTTP/1.1",
    b"HEAD / HTTP/1.0",
    b"POST /x HTTP/1.1",
    b"OPTIONS * HTTP/1.1",
    b"GET http://[::1 HTTP/1.1",
    b"GET",
)
FIELDS = (
    *(b"Host: a", b"Host: b", b"Content-Length: 5", b"Content-Length: 6", b"Content-Length: -1", b"Content-Length: +5"),
    *(b"Content-Length: 99999999999999999999", b"Transfer-Encoding: chunked", b"Transfer-Encoding: \x0bchunked"),
    *(
        b"Transfer-Encoding: chunked, identity",
        b" folded: x",
        b"X-A: a\x00b",
        b"X-\xff: a",
        b"X-Request-Id: \xff",
        b": x",
    ),
    *(b"Expect: 100-continue", b"Upgrade: websocket", b"Connection: Upgrade", b"Connection: close", b"no colon"),
)
ENDS = (
    b"\r\n",
    b"\n",
    b"\r",
    b"\r\n\r\n",
    b"0\r\n\r\n",
    b"zz\r\n",
    b"hello",
    b"GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n",
)


@many(200)
@given(
    parts=st.lists(st.sampled_from(LINES + FIELDS + ENDS + (b"\r\n",) * 8) | raw, max_size=14).map(b"".join)
    | st.builds(
        lambda line, fields, ends: b"\r\n".join([line, *fields]) + b"\r\n\r\n" + b"".join(ends),
        st.sampled_from(LINES),
        st.lists(st.sampled_from(FIELDS), max_size=5),
        st.lists(st.sampled_from(ENDS), max_size=3),
    )
)
def test_no_bytes_bring_a_5xx_a_forged_header_or_the_end(served: RunningService, parts: bytes) -> None:
    answer = exchanged(served, parts, SILENCE_SECONDS)
    assert answer == b"" or re.match(rb"HTTP/1\.[01] [1234]\d\d ", answer), answer
    assert b"Traceback" not in answer
    assert not re.search(rb"HTTP/1\.[01] 5\d\d ", answer)
    assert b"X-Forged" not in answer
    assert served.process.poll() is None


@pytest.mark.parametrize(
    ("line", "status"),
    [
        (b"GET /%ff%fe%00%c0%af HTTP/1.1", 404),
        (b"GET /%zz%1 HTTP/1.1", 404),
        (b"GET /a%0d%0aX-Forged:1 HTTP/1.1", 404),
        (b"GET /../../etc/passwd HTTP/1.1", 404),
        (b"GET //evil.example.com/ HTTP/1.1", 404),
        (b"CONNECT a:80 HTTP/1.1", 404),
        (b"A" * 100_000 + b" / HTTP/1.1", 405),
        (b"GET /\xff HTTP/1.1", 400),
        (b"GET  /  HTTP/1.1", 400),
        (b"GET / HTTP/3.0", 400),
        (b"GET /" + b"a" * 70_000 + b" HTTP/1.1", 414),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_strange_line_is_answered_for_what_it_is(served: RunningService, line: bytes, status: int) -> None:
    assert exchanged(served, line + b"\r\n" + HOST).startswith(b"HTTP/1.1 %d " % status)


def test_of_two_lengths_one_request_is_read(served: RunningService) -> None:
    """A balancer in front and the server must not disagree about where a request ends."""
    both = b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"
    answer = exchanged(served, both + b"0\r\n\r\nGET /healthz HTTP/1.1\r\n" + HOST)
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith(b"HTTP/1.1 4")


def test_a_body_without_end_takes_no_memory(served: RunningService) -> None:
    def memory() -> int:
        return int(re.findall(r"VmRSS:\s+(\d+)", Path(f"/proc/{served.process.pid}/status").read_text())[0])

    before, piece = memory(), b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", served.port), timeout=PATIENCE_SECONDS) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            for _ in range(1000):
                connection.sendall(piece)
    assert memory() - before < 16_000
    assert served.get("/healthz")[0] == 200


def test_after_all_of_it_the_log_is_json_and_the_metrics_can_be_read(served: RunningService) -> None:
    exchanged(served, b'GET /%0a%22%7d HTTP/1.1\r\nX-Request-Id: a"b\r\n' + HOST)
    for method in (b"A" * 100_000, b"FROB"):
        exchanged(served, method + b" /%1b[31m HTTP/1.1\r\n" + HOST)
    text = served.get("/metrics")[1].decode()
    assert list(text_string_to_metric_families(text))
    lines = wait_for_lines(served, lambda lines: any('"path":"/metrics"' in line for line in lines))
    assert all(isinstance(json.loads(line), dict) and len(line) < MOST_LINE for line in lines)
    assert not any("Traceback" in line or '"level":"error"' in line for line in lines)


def wait_for_lines(served: RunningService, enough: Callable[[list[str]], bool]) -> list[str]:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        whole, _, _ = served.log().rpartition("\n")
        lines = whole.splitlines()
        if enough(lines) or time.monotonic() > deadline:
            return lines
        time.sleep(0.05)


VARIABLES = tuple(name.upper() for name in Settings.model_fields)
values = texts | st.sampled_from(
    [
        "1e400",
        "nan",
        "-inf",
        "9" * 5000,
        "0x10",
        "٣",
        "1_0",
        "true",
        "TRUE ",
        "[::1",
        "redis://[::1",
        "postgresql://u:p@[h/d",
    ]
)


@many(300)
@given(environ=st.dictionaries(st.sampled_from(VARIABLES), values, max_size=6))
@example(environ={"DATABASE_CA_FILE": "a\x00b"})
def test_any_environment_is_settings_or_problems_in_words(environ: dict[str, str]) -> None:
    try:
        read_settings(environ)
    except SettingsError as error:
        for each in error.problems:
            assert_in_words(each)


def assert_in_words(problem: str) -> None:
    assert problem.isprintable(), problem
    assert problem.split("=")[0].split(" ")[0] in VARIABLES
    assert "Set it to" in problem or ". Take it" in problem or "needs" in problem
    assert len(problem) < 1000
