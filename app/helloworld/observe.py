"""What happens around every request: its id, its log line, its count, the headers each answer has."""

import logging
import os
import re
import time
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from helloworld.errors import error_response
from helloworld.exchange import Exchange
from helloworld.lifecycle import Lifecycle
from helloworld.logs import AccessLog
from helloworld.metrics import UNMATCHED, Metrics

_log = logging.getLogger("helloworld")

# Long enough for a UUID, a ULID or a trace id; too narrow to forge a log line or a header with.
_SANE_REQUEST_ID = re.compile(rb"[0-9A-Za-z][0-9A-Za-z._:=-]{0,127}")

_PROBES = frozenset({"/healthz", "/readyz", "/metrics"})

# Handlers may send their own Content-Security-Policy; the page has to.
_DEFAULT_POLICY = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")
_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
]


class Observe:
    """The outermost ASGI middleware. No exception leaves it before an answer has begun: it becomes a JSON 500."""

    def __init__(self, app: ASGIApp, lifecycle: Lifecycle, metrics: Metrics, access_log: AccessLog) -> None:
        self._app = app
        self._lifecycle = lifecycle
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        request_id = _request_id(scope)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = self._complete(message["headers"], request_id)
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception:
            _log.exception("a handler failed", extra={"fields": {"request_id": request_id}})
            if status:
                # Half an answer is out. Only a broken connection can still tell the client.
                raise
            await error_response(scope, HTTPStatus.INTERNAL_SERVER_ERROR)(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - began
            route = scope["route"].path if "route" in scope else UNMATCHED
            exchange = Exchange(request_id, scope["method"], scope["path"], route, status, seconds)
            self._metrics.observe(exchange)
            self._access_log.write(logging.DEBUG if route in _PROBES else logging.INFO, exchange)

    def _complete(self, headers: list[tuple[bytes, bytes]], request_id: str) -> list[tuple[bytes, bytes]]:
        complete = [*headers, *_HEADERS, (b"x-request-id", request_id.encode())]
        if not any(name == b"content-security-policy" for name, _ in headers):
            complete.append(_DEFAULT_POLICY)
        if self._lifecycle.draining:
            # Keep-alive clients must move on to another instance before this one closes their connection on them.
            complete.append((b"connection", b"close"))
        return complete


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SANE_REQUEST_ID.fullmatch(value):
            return bytes(value).decode()
    return os.urandom(16).hex()
