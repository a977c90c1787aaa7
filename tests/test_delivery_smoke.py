"""What a smoke test looks at, how long it waits, and what it says."""

import io
import shutil
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from delivery.console import Console
from delivery.context import Context
from delivery.problems import DeliveryError
from delivery.redaction import Redactor
from delivery.smoke import address_of, smoke
from delivery.smoke_checks import Check

COMMIT = "c" * 40
DAY = 86_400


class Connection(httpx.SyncByteStream):
    """Stands in for a verified connection: its certificate ends in so many days."""

    def __init__(self, days: float) -> None:
        self.days = days

    def get_extra_info(self, _: str) -> "Connection":
        return self

    def getpeercert(self) -> dict[str, str]:
        ends = time.gmtime(time.time() + self.days * DAY)
        return {"notAfter": time.strftime("%b %d %H:%M:%S %Y GMT", ends)}


class Site:
    """A service at example.com, good unless told otherwise."""

    def __init__(self) -> None:
        self.commit, self.status, self.days, self.redirect = COMMIT, 200, 90.0, "https://hello.example.com/"
        self.asked: list[str] = []
        self.unreachable = 0
        self.version: str | None = None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(str(request.url))
        if self.unreachable:
            self.unreachable -= 1
            raise httpx.ConnectError("no such host")
        if request.url.scheme == "http" and self.redirect:
            return httpx.Response(301, headers={"location": self.redirect})
        extensions = {"network_stream": Connection(self.days)}
        if request.url.path == "/version":
            text = self.version if self.version is not None else f'{{"version": "1.0.0", "commit": "{self.commit}"}}'
            return httpx.Response(200, text=text, extensions=extensions)
        return httpx.Response(self.status, extensions=extensions)


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def context(tmp_path: Path, said: io.StringIO) -> Context:
    return Context(project=tmp_path, environ={}, console=Console(said, said, Redactor([])))


@pytest.fixture
def site() -> Site:
    return Site()


def findings(
    context: Context, site: Site, commit: str = COMMIT, *, url: str = "https://hello.example.com", **more: Any
) -> list[str]:
    more = {"seconds": 0, "transport": httpx.MockTransport(site), **more}
    return [str(finding) for finding in smoke(context, url, commit, **more)]


def test_a_good_site_has_no_findings_and_every_check_a_line(context: Context, site: Site, said: io.StringIO) -> None:
    assert findings(context, site) == []
    lines = [line.strip() for line in said.getvalue().splitlines()[1:]]
    assert [line.split(":")[0] for line in lines] == [
        f"ok    {check}" for check in ("status", "version", "certificate", "redirect")
    ]


def test_every_problem_is_told_at_once(context: Context, site: Site, said: io.StringIO) -> None:
    site.status, site.commit, site.days, site.redirect = 503, "d" * 40, 3.0, ""
    found = findings(context, site)
    assert [finding.split(":")[0] for finding in found] == ["status", "version", "certificate", "redirect"]
    assert "answers 503, not 200" in found[0]
    assert f"commit {'d' * 40} answers, not {COMMIT}" in found[1]
    assert "ends in 3.0 days" in found[2]
    assert "does not redirect to https" in found[3]
    assert said.getvalue().count("FAIL") == 4


def test_plain_http_has_neither_certificate_nor_redirect(context: Context, site: Site) -> None:
    site.redirect = ""
    assert findings(context, site, url="http://hello.example.com/") == []
    assert site.asked == ["http://hello.example.com/", "http://hello.example.com/version"]


def test_a_commit_that_is_not_known_is_not_compared_and_that_is_said(
    context: Context, site: Site, said: io.StringIO
) -> None:
    site.commit = "anything"
    assert findings(context, site, "unknown") == []
    assert "not compared" in said.getvalue()


def test_the_beginning_of_a_commit_is_enough(context: Context, site: Site) -> None:
    assert findings(context, site, COMMIT[:7]) == []
    assert findings(context, site, "d" * 7) != []


@pytest.mark.parametrize("text", ["", "no json", "[]", "{}", '{"commit": null}', "null"])
def test_a_version_without_a_commit_is_a_problem(context: Context, site: Site, text: str) -> None:
    site.version = text
    assert [finding.split(":")[0] for finding in findings(context, site)] == ["version"]


def test_a_redirect_to_plain_http_is_none(context: Context, site: Site) -> None:
    site.redirect = "http://other.example.com/"
    assert any("does not redirect" in finding for finding in findings(context, site))


def test_it_asks_again_until_all_is_well(context: Context, site: Site) -> None:
    site.unreachable = 10
    waits: list[float] = []
    assert findings(context, site, seconds=60, every=0.01, pause=waits.append) == []
    assert waits == [0.01] * 3


def test_it_stops_asking_when_the_time_is_over(context: Context, site: Site) -> None:
    site.unreachable = 1_000_000
    began = time.monotonic()
    found = findings(context, site, seconds=0.1, every=0.02)
    assert time.monotonic() - began < 60
    assert len(found) == 4
    assert all("no answer (ConnectError: no such host)" in finding for finding in found)


@pytest.mark.parametrize("url", ["https://", "http://[", "not an address", "https://exa mple.com", "ftp://example.com"])
def test_an_address_that_is_none_is_a_problem_and_not_a_traceback(context: Context, url: str) -> None:
    assert smoke(context, url, COMMIT, seconds=0) != []


@pytest.fixture
def untrusted(tmp_path: Path) -> Iterator[str]:
    """An address with a certificate that nobody has signed."""
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl, e.g. apt-get install openssl")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    subject = ["-subj", "/CN=localhost", "-days", "30", "-nodes", "-newkey", "rsa:2048"]
    command = ["openssl", "req", "-x509", *subject, "-keyout", str(key), "-out", str(certificate)]
    subprocess.run(command, check=True, capture_output=True)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate, key)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]
    server.socket = tls.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_certificate_that_cannot_be_verified_is_a_problem(context: Context, untrusted: str) -> None:
    found = smoke(context, untrusted, "unknown", seconds=0)
    assert "certificate" in {finding.name for finding in found}
    assert any("CERTIFICATE_VERIFY_FAILED" in finding.said for finding in found)


def test_a_finding_names_its_check() -> None:
    assert str(Check(name="status", said="it is 500", holds=False)) == "status: it is 500"


def test_where_several_regions_answer_the_one_that_was_changed_is_asked() -> None:
    """The other one may well run what ran before."""
    common = {"url": "https://hello.example.com"}
    assert address_of(common, "prod") == "https://hello.example.com"
    assert address_of({**common, "directUrl": "https://prod.hello.example.com"}, "prod") == (
        "https://prod.hello.example.com"
    )
    with pytest.raises(DeliveryError, match="nothing has been deployed"):
        address_of({}, "prod")
