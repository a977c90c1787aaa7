"""What each endpoint answers."""

import re
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path

import pytest
from helloworld import __version__
from helloworld.settings import Settings
from service_harness import Service

PATHS = ["/", "/healthz", "/readyz", "/version", "/metrics"]
HTML = [(b"accept", b"text/html")]


@pytest.fixture
def named(make_service: Callable[..., Service]) -> Service:
    return make_service(Settings(message="Good morning", git_commit="abc123", environment="dev"))


def test_a_tool_is_greeted_with_json(named: Service) -> None:
    answer = named.ask()
    facts = answer.json()
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert abs(facts.pop("timestamp") - time.time()) < 60
    assert facts.pop("host")
    assert facts == {
        "message": "Good morning",
        "version": __version__,
        "commit": "abc123",
        "environment": "dev",
        "visits": 1,
        "visits_from": "memory",
        "state": {"database": "off", "cache": "off"},
    }


def test_an_environment_that_is_not_set_is_not_shown(service: Service) -> None:
    assert "environment" not in service.ask().json()


def test_a_browser_is_shown_the_same_facts(named: Service) -> None:
    page = named.ask(headers=HTML)
    facts = named.ask(query=b"refresh").json()
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    text = unescape(page.body.decode())
    shown = dict(re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", text))
    assert f'<h1 id="message">{facts.pop("message")}</h1>' in text
    assert abs(int(shown.pop("timestamp")) - facts.pop("timestamp")) <= 1
    state = ", ".join(f"{store} {condition}" for store, condition in facts.pop("state").items())
    assert shown == {name: str(value) for name, value in facts.items()} | {"state": state}


def test_the_page_looks_again_without_being_a_visit(service: Service) -> None:
    page = service.ask(headers=HTML).body.decode()
    (script,) = re.findall(r'fetch\("(.*?)"', page)
    (refresh,) = re.findall(r'http-equiv="refresh" content="2; url=(.*?)"', page)
    assert script == refresh == "/?refresh"
    assert service.ask(query=b"refresh").json()["visits"] == 1
    assert service.ask(method="HEAD").status == 200
    assert service.ask().json()["visits"] == 2


@pytest.mark.parametrize("headers", [[], HTML])
def test_the_greeting_depends_on_accept_and_is_never_stored(
    service: Service, headers: list[tuple[bytes, bytes]]
) -> None:
    answer = service.ask(headers=headers)
    assert answer.headers["vary"] == "Accept"
    assert answer.headers["cache-control"] == "no-store"


def test_version_says_what_runs(named: Service) -> None:
    assert named.ask("/version").json() == {"version": __version__, "commit": "abc123"}


def test_a_draining_service_is_alive_but_not_ready(service: Service) -> None:
    assert (service.ask("/healthz").status, service.ask("/readyz").status) == (200, 200)
    service.lifecycle.draining = True
    assert (service.ask("/healthz").status, service.ask("/readyz").status) == (200, 503)
    assert service.ask("/").status == 200


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_a_draining_service_asks_keep_alive_clients_to_move_on(service: Service, path: str) -> None:
    assert "connection" not in service.ask(path).headers
    service.lifecycle.draining = True
    assert service.ask(path).headers["connection"] == "close"


@pytest.mark.parametrize("path", PATHS)
def test_options_and_other_methods_are_told_what_is_allowed(service: Service, path: str) -> None:
    options, post = service.ask(path, "OPTIONS"), service.ask(path, "POST")
    assert (options.status, options.body) == (204, b"")
    assert post.status == 405
    assert post.json()["error"] == "Method Not Allowed"
    assert options.headers["allow"] == post.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", PATHS)
def test_head_has_the_headers_of_get(service: Service, path: str) -> None:
    head, get = service.ask(path, "HEAD"), service.ask(path)
    assert (head.status, set(head.headers)) == (get.status, set(get.headers))


@pytest.mark.parametrize("path", ["/nowhere", "/healthz/", "//", "", "/\x00", "/\ud800", "/a/../b"])
def test_what_is_not_there_is_a_json_404(service: Service, path: str) -> None:
    answer = service.ask(path)
    assert answer.status == 404
    assert answer.json() == {"error": "Not Found", "status": 404, "request_id": answer.headers["x-request-id"]}


@pytest.mark.parametrize("path", [*PATHS, "/nowhere"])
def test_every_answer_has_the_security_headers(service: Service, path: str) -> None:
    headers = service.ask(path).headers
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["content-security-policy"].startswith("default-src 'none';")
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_the_readme_names_every_setting_with_its_default_and_every_endpoint() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text()
    for name, field in Settings.model_fields.items():
        shown = str(field.default).lower() if isinstance(field.default, bool) else field.default
        default = "" if shown is None else f"`{shown}`"
        assert re.search(rf"^\| `{name.upper()}` \| {re.escape(default)} *\|", readme, re.MULTILINE), name
    for path in PATHS:
        assert f"| `{path}` |" in readme
