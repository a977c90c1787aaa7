"""What the provisioner believes of Kubernetes's API, against a server that speaks as it does."""

import asyncio
import json
import ssl
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from helloworld.provision.namespaces import Namespaces, NamespacesError

PAGES = {
    "": {"metadata": {"continue": "more"}, "items": [{"metadata": {"name": "helloworld"}}]},
    "more": {"metadata": {}, "items": [{"metadata": {"name": "helloworld-pr-7"}, "status": {"phase": "Terminating"}}]},
}


class TlsServer(HTTPServer):
    def __init__(self, handler: type[BaseHTTPRequestHandler], certificate: tuple[Path, Path]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(*certificate)

    def get_request(self) -> tuple[ssl.SSLSocket, Any]:
        plain, address = super().get_request()
        return self._context.wrap_socket(plain, server_side=True), address


class Api:
    """The part of the API that is asked; `pages` by the `continue` that asks for them."""

    def __init__(self, account: Path, certificate: tuple[Path, Path]) -> None:
        self.pages: dict[str, Any] = dict(PAGES)
        self.account = account
        self.missing_bytes = 0
        (account / "token").write_text("pod\n")
        (account / "namespace").write_text("helloworld")
        (account / "ca.crt").write_bytes(certificate[0].read_bytes())
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                known = self.headers["Authorization"] == "Bearer pod" and url.path == "/api/v1/namespaces"
                page = api.pages.get(parse_qs(url.query).get("continue", [""])[0]) if known else None
                body = json.dumps(page).encode() if not isinstance(page, bytes) else page
                self.send_response(403 if page is None else 200)
                self.send_header("Content-Length", str(len(body) + api.missing_bytes))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self._server = TlsServer(Handler, certificate)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()

    def names(self, host: str = "localhost") -> set[str]:
        environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": str(self._server.server_port)}
        return asyncio.run(Namespaces(environ, self.account).names())

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def api(tmp_path: Path, certificate: tuple[Path, Path]) -> Iterator[Api]:
    made = Api(tmp_path, certificate)
    yield made
    made.close()


def test_all_pages_are_read_and_namespaces_that_are_ending_count(api: Api) -> None:
    assert api.names() == {"helloworld", "helloworld-pr-7"}


@pytest.mark.parametrize("page", [None, {}, {"items": None}, [], b"not JSON", {"metadata": {}, "items": [{}]}])
def test_an_answer_that_is_cut_short_or_odd_is_no_answer(api: Api, page: object) -> None:
    assert api.names()
    api.pages["more"] = page
    with pytest.raises(NamespacesError):
        api.names()


def test_an_answer_that_breaks_off_is_no_answer(api: Api) -> None:
    api.missing_bytes = 10
    with pytest.raises(NamespacesError, match="Kubernetes did not list its namespaces"):
        api.names()


def test_an_answer_without_the_namespace_that_this_runs_in_is_not_believed(api: Api) -> None:
    api.pages = {"": {"metadata": {}, "items": []}}
    with pytest.raises(NamespacesError, match="lacks helloworld"):
        api.names()


def test_a_token_that_was_renewed_is_used(api: Api) -> None:
    (api.account / "token").write_text("old")
    with pytest.raises(NamespacesError, match="403"):
        api.names()
    (api.account / "token").write_text("pod")
    assert api.names()


def test_another_server_s_answer_is_not_believed(api: Api, other_certificate: tuple[Path, Path]) -> None:
    (api.account / "ca.crt").write_bytes(other_certificate[0].read_bytes())
    with pytest.raises(NamespacesError, match="certificate"):
        api.names()


def test_outside_a_pod_there_is_an_error_and_no_crash(tmp_path: Path) -> None:
    with pytest.raises(NamespacesError):
        asyncio.run(Namespaces({}, tmp_path).names())
