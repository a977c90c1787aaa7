"""Whatever is sent, the answer is well formed, says nothing of the inside, and costs no memory that stays."""

import json
import re
from typing import Any

import pytest
from helloworld.guard import MAX_HEADER_BYTES, MAX_TARGET_BYTES
from hypothesis import given, settings
from hypothesis import strategies as st
from service_harness import Answer, Service

KNOWN = ["/", "/healthz", "/readyz", "/version", "/metrics"]
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "FROB"]

paths = st.sampled_from(KNOWN) | st.text().map(lambda text: "/" + text)
methods = st.sampled_from(METHODS) | st.text(min_size=1, max_size=20)
header_names = st.sampled_from(
    [b"accept", b"host", b"x-request-id", b"cookie", b"content-length", b"transfer-encoding"]
)
header_values = st.binary(max_size=200) | st.sampled_from([b"text/html", b"*/*", b"text/html;q=\xff", b"a\r\nb: c"])
headers = st.lists(st.tuples(header_names, header_values), max_size=8)


def assert_well_behaved(answer: Answer) -> None:
    assert answer.status < 500
    assert b"Traceback" not in answer.body
    assert all(re.fullmatch(r"[ -~]*", value) for value in answer.headers.values())
    if answer.status >= 400:
        body = json.loads(answer.body)
        assert body["status"] == answer.status
        assert body["request_id"] == answer.headers["x-request-id"]
        assert len(answer.body) < 300


requests = st.fixed_dictionaries(
    {
        "path": paths,
        "method": methods,
        "headers": headers,
        "host": st.just(b"example.org") | st.binary(max_size=50) | st.none(),
        "query": st.binary(),
    }
)


@settings(max_examples=400, deadline=None)
@given(asked=requests)
def test_no_request_brings_a_5xx_or_a_traceback(shared_service: Service, asked: dict[str, Any]) -> None:
    assert_well_behaved(shared_service.ask(**asked))


@given(accept=st.lists(header_values, max_size=3))
@settings(deadline=None)
def test_any_accept_is_answered_with_the_greeting(shared_service: Service, accept: list[bytes]) -> None:
    answer = shared_service.ask(headers=[(b"accept", value) for value in accept])
    assert answer.status == 200
    assert answer.headers["content-type"] in ("application/json", "text/html; charset=utf-8")


def test_invented_paths_and_methods_add_no_time_series(service: Service) -> None:
    def series() -> set[str]:
        lines = service.ask("/metrics").body.decode().splitlines()
        return {line.rpartition(" ")[0] for line in lines if line.startswith("http_")}

    for method in METHODS:
        service.ask("/first", method)
        service.ask("/", method)
    service.ask("/metrics")
    before = series()
    for number in range(200):
        service.ask(f"/{number}")
        service.ask("/", f"FROB{number}")
        service.ask(f"/{number}", f"FROB{number}")
    assert before
    assert series() == before


@pytest.mark.parametrize("host", [b"example.org", b"example.org:80", b"10.0.0.1:8080", b"[::1]:8080", b"a_b", b"a%20b"])
def test_an_honest_host_is_welcome(service: Service, host: bytes) -> None:
    assert service.ask(host=host).status == 200


@pytest.mark.parametrize(
    "host", [None, b"", b"a b", b"a/b", b"a@b", b"\xff", b"a:b", b"[::1", b"a:123456", b"a\x00", b"a\n", b"<b>"]
)
def test_a_missing_or_malformed_host_is_a_json_400(service: Service, host: bytes | None) -> None:
    answer = service.ask(host=host)
    assert answer.status == 400
    assert_well_behaved(answer)


def test_two_hosts_are_a_json_400(service: Service) -> None:
    assert service.ask(headers=[(b"host", b"example.org")]).status == 400


def test_headers_are_limited(service: Service) -> None:
    service_limit = [(b"x-filler", b"a" * (MAX_HEADER_BYTES - 100))]
    assert service.ask(headers=service_limit).status == 200
    answer = service.ask(headers=[*service_limit, (b"x-more", b"a" * 100)])
    assert answer.status == 431
    assert_well_behaved(answer)


def test_the_request_target_is_limited(service: Service) -> None:
    assert service.ask(query=b"a" * (MAX_TARGET_BYTES - 1)).status == 200
    for answer in (service.ask(query=b"a" * MAX_TARGET_BYTES), service.ask("/" + "a" * MAX_TARGET_BYTES)):
        assert answer.status == 414
        assert_well_behaved(answer)


def test_an_absurd_path_is_cut_in_the_log(service: Service) -> None:
    service.ask("/" + "é" * 100_000)
    assert len(service.log.getvalue()) < 5000
