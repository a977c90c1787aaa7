"""Runs the application on granian, and stops it without losing a request."""

import asyncio
import logging
import signal
import socket
from collections.abc import Awaitable, Callable
from ipaddress import IPv6Address

from granian.constants import HTTPModes, Interfaces
from granian.http import HTTP1Settings
from granian.log import LogLevels
from granian.server.embed import Server
from starlette.types import ASGIApp

from helloworld.lifecycle import Lifecycle
from helloworld.settings import Settings

_log = logging.getLogger("helloworld")

# granian waits this long for the next request on an idle connection. It must outlast the balancer's own idle timeout
# (60 seconds on AWS), or the balancer sends a request into a connection that is just being closed: a 502.
_KEEP_ALIVE_MILLISECONDS = 75_000

# Connections beyond these wait in the kernel, health checks included.
_MAX_CONNECTIONS = 8192


# What remains for the finish when requests have used up the whole timeout.
_LEAST_FINISH_SECONDS = 0.5


async def serve(
    app: ASGIApp, settings: Settings, lifecycle: Lifecycle, finish: Callable[[float], Awaitable[None]]
) -> bool:
    """Serve `app` until SIGTERM or SIGINT, then drain; say whether every request was answered within the budget.

    From SIGTERM on, `lifecycle` is draining; new requests are accepted for the shutdown delay, and what is then still
    under way has the shutdown timeout. SIGINT, from a person who waits, skips the delay. Further signals are harmless.
    After the last request, `finish` is given the seconds that remain of the timeout.

    Raises:
        OSError: if the address cannot be listened on.
        RuntimeError: if the server stops although nobody asked it to.
    """
    _check_address(settings)
    stop, hurry = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def interrupt() -> None:
        stop.set()
        hurry.set()

    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, interrupt)

    server = _create_server(app, settings)
    serving = asyncio.create_task(server.serve())
    await _first_of(serving, stop)

    lifecycle.draining = True
    _log.info("draining", extra={"fields": {"delay_seconds": settings.shutdown_delay_seconds}})
    await _first_of(serving, hurry, settings.shutdown_delay_seconds)

    _log.info("stopping", extra={"fields": {"timeout_seconds": settings.shutdown_timeout_seconds}})
    server.stop()  # type: ignore[no-untyped-call]
    deadline = loop.time() + settings.shutdown_timeout_seconds
    done, _ = await asyncio.wait({serving}, timeout=settings.shutdown_timeout_seconds)
    await finish(max(deadline - loop.time(), _LEAST_FINISH_SECONDS))
    return bool(done)


async def _first_of(serving: asyncio.Task[None], event: asyncio.Event, seconds: float | None = None) -> None:
    waiting = asyncio.create_task(event.wait())
    await asyncio.wait({serving, waiting}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if serving.done():
        serving.result()
        raise RuntimeError("the server stopped by itself")


def _check_address(settings: Settings) -> None:
    # granian shares its port with whoever else asks for it, and a second instance would quietly take half the requests.
    family = socket.AF_INET6 if isinstance(settings.host, IPv6Address) else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((str(settings.host), settings.port))
        except OSError as error:
            reason = f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; set HOST or PORT"
            raise OSError(reason) from None


def _create_server(app: ASGIApp, settings: Settings) -> Server:
    address = str(settings.host)
    server = Server(
        app,
        address=address,
        port=settings.port,
        interface=Interfaces.ASGINL,
        http=HTTPModes.http1,
        websockets=False,
        backlog=1024,
        backpressure=_MAX_CONNECTIONS,
        http1_settings=HTTP1Settings(header_read_timeout=_KEEP_ALIVE_MILLISECONDS),
        log_level=LogLevels.error,
        # Only the level: granian's records then go where all the others go, as JSON.
        log_dictconfig={"incremental": True, "formatters": {}, "handlers": {}, "loggers": {}},
    )
    shown = f"[{address}]" if isinstance(settings.host, IPv6Address) else address

    @server.on_startup
    def announce() -> None:
        _log.info("listening", extra={"fields": {"address": f"http://{shown}:{settings.port}"}})

    return server
