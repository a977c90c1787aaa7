"""What the service answers. Every endpoint has the same methods; only a GET of `/` changes anything, by one visit."""

import socket
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from helloworld import __version__
from helloworld.errors import error_response
from helloworld.lifecycle import Lifecycle
from helloworld.metrics import CONTENT_TYPE, Metrics
from helloworld.negotiation import prefers_html
from helloworld.page import Page
from helloworld.settings import Settings
from helloworld.state.stores import Stores

Handler = Callable[[Request], Awaitable[Response]]

_ALLOW = {"Allow": "GET, HEAD, OPTIONS"}

# How the page asks for news of itself, which is no visit.
_REFRESH = b"refresh"


class Endpoint:
    """A handler as an ASGI application, with the method policy: GET and HEAD run it, OPTIONS explains, others get 405.

    An application rather than a function, because Starlette wraps functions in layers that cost as much as the answer.
    The server leaves out the body of an answer to HEAD.
    """

    def __init__(self, handler: Handler) -> None:
        self._handler = handler

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        method = scope["method"]
        if method in ("GET", "HEAD"):
            response = await self._handler(Request(scope))
        elif method == "OPTIONS":
            response = Response(status_code=HTTPStatus.NO_CONTENT, headers=_ALLOW)
        else:
            response = error_response(scope, HTTPStatus.METHOD_NOT_ALLOWED, headers=_ALLOW)
        await response(scope, receive, send)


async def not_found(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a path that no route has."""
    if scope["type"] == "http":
        await error_response(scope, HTTPStatus.NOT_FOUND)(scope, receive, send)
    else:
        await send({"type": "websocket.close", "code": 1000})


def greeting(settings: Settings, stores: Stores) -> Handler:
    """`/`: JSON for tools; for browsers a page that shows the same and keeps itself up to date.

    A GET is a visit; HEAD, and `/?refresh`, by which the page keeps itself up to date, only look.
    """
    page = Page()
    fixed: dict[str, object] = {
        "message": settings.message,
        "version": __version__,
        "commit": settings.git_commit,
        "host": socket.gethostname(),
    }
    if settings.environment is not None:
        fixed["environment"] = settings.environment

    async def handler(request: Request) -> Response:
        is_visit = request.method == "GET" and request.scope["query_string"] != _REFRESH
        visits, source = await (stores.visits.count() if is_visit else stores.visits.look())
        facts = {
            **fixed,
            "timestamp": int(time.time()),
            "visits": visits,
            "visits_from": source,
            "state": stores.conditions(),
        }
        if prefers_html(",".join(request.headers.getlist("accept"))):
            return Response(
                page.render(facts),
                media_type="text/html",
                headers={"Vary": "Accept", "Content-Security-Policy": page.policy},
            )
        return JSONResponse(facts, headers={"Vary": "Accept"})

    return handler


async def healthz(_: Request) -> Response:
    """`/healthz`: alive, also while draining; a process that is about to end on its own needs no restart."""
    return JSONResponse({"status": "ok"})


def readyz(lifecycle: Lifecycle) -> Handler:
    """`/readyz`: 200 while requests are welcome, 503 from the moment the process was told to stop."""

    async def handler(request: Request) -> Response:
        if lifecycle.draining:
            return error_response(request.scope, HTTPStatus.SERVICE_UNAVAILABLE, "draining")
        return JSONResponse({"status": "ok"})

    return handler


def version(settings: Settings) -> Handler:
    """`/version`: what runs, and nothing that changes while it runs."""
    body = {"version": __version__, "commit": settings.git_commit}

    async def handler(_: Request) -> Response:
        return JSONResponse(body)

    return handler


def metrics_text(metrics: Metrics) -> Handler:
    """`/metrics`: for Prometheus."""

    async def handler(_: Request) -> Response:
        return Response(metrics.render(), headers={"Content-Type": CONTENT_TYPE})

    return handler
