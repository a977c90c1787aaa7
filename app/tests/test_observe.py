"""Ids, log lines and counts: one of each per request, whatever happens to it."""

import json
import logging
import re
from collections.abc import Callable

import pytest
from helloworld import endpoints
from helloworld.logs import JsonFormatter
from helloworld.settings import Settings
from service_harness import Service
from starlette.requests import Request
from starlette.responses import Response


@pytest.fixture
def broken(make_service: Callable[..., Service], monkeypatch: pytest.MonkeyPatch) -> Service:
    def fail(_: Request) -> Response:
        raise ValueError("secret detail")

    monkeypatch.setattr(endpoints, "healthz", fail)
    return make_service()


@pytest.mark.parametrize(
    "given", ["a", "7f9c0b2e-1c1d-4b57-9a3f-3f0e0a1b2c3d", "Root=1-67891233-abcdef012345", "x" * 128]
)
def test_a_sane_request_id_is_kept(service: Service, given: str) -> None:
    answer = service.ask(headers=[(b"x-request-id", given.encode())])
    assert answer.headers["x-request-id"] == given
    assert service.log_lines()[-1]["request_id"] == given


@pytest.mark.parametrize("given", [b"", b"a b", b'a"b', b"a\xff", b"-a", b"x" * 129, b"a\r\nSet-Cookie: b", b"<b>"])
def test_any_other_request_id_is_replaced(service: Service, given: bytes) -> None:
    answer = service.ask(headers=[(b"x-request-id", given)])
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_made_request_ids_differ(service: Service) -> None:
    assert len({service.ask().headers["x-request-id"] for _ in range(100)}) == 100


def test_each_request_has_one_json_log_line(service: Service) -> None:
    answer = service.ask('/no"where\n', "POST")
    (line,) = service.log_lines()
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line.pop("duration_ms") >= 0
    assert line == {
        "level": "info",
        "logger": "helloworld.access",
        "message": "request",
        "request_id": answer.headers["x-request-id"],
        "method": "POST",
        "path": '/no"where\n',
        "route": "unmatched",
        "status": 404,
    }


def test_probes_are_logged_at_debug_only(make_service: Callable[..., Service]) -> None:
    service = make_service(log_level=logging.INFO)
    for path in ("/healthz", "/readyz", "/metrics", "/"):
        service.ask(path)
    assert [line["path"] for line in service.log_lines()] == ["/"]


def test_a_log_that_nobody_reads_does_not_fail_requests(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> int:
        raise BrokenPipeError

    monkeypatch.setattr(service.log, "write", fail)
    assert service.ask().status == 200


def test_a_failing_handler_is_a_json_500_that_tells_nothing(broken: Service, caplog: pytest.LogCaptureFixture) -> None:
    answer = broken.ask("/healthz")
    assert answer.status == 500
    request_id = answer.headers["x-request-id"]
    assert answer.json() == {"error": "Internal Server Error", "status": 500, "request_id": request_id}
    (record,) = caplog.records
    line = json.loads(JsonFormatter().format(record))
    assert line["request_id"] == request_id
    assert "secret detail" in line["exception"]
    assert 'http_requests_total{method="GET",route="/healthz",status="500"} 1.0' in broken.ask("/metrics").body.decode()


def test_requests_are_counted_and_timed_by_route_template_method_and_status(service: Service) -> None:
    for path, method in (("/", "GET"), ("/", "GET"), ("/", "POST"), ("/version", "HEAD"), ("/secret/42", "GET")):
        service.ask(path, method)
    text = service.ask("/metrics").body.decode()
    assert 'http_requests_total{method="GET",route="/",status="200"} 2.0' in text
    assert 'http_requests_total{method="POST",route="/",status="405"} 1.0' in text
    assert 'http_requests_total{method="HEAD",route="/version",status="200"} 1.0' in text
    assert 'http_requests_total{method="GET",route="unmatched",status="404"} 1.0' in text
    assert 'http_request_duration_seconds_count{method="GET",route="/"} 2.0' in text
    assert 'http_request_duration_seconds_bucket{le="+Inf",method="GET",route="/"} 2.0' in text
    assert "secret" not in text


def test_metrics_name_the_build_and_their_format(make_service: Callable[..., Service]) -> None:
    answer = make_service(Settings(git_commit="abc123")).ask("/metrics")
    assert re.search(
        r'^helloworld_build_info\{commit="abc123",version="[^"]+"\} 1\.0$', answer.body.decode(), re.MULTILINE
    )
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")


def test_two_applications_do_not_share_their_counts(make_service: Callable[..., Service]) -> None:
    make_service().ask()
    assert 'route="/"' not in make_service().ask("/metrics").body.decode()
