"""`python -m helloworld`: read the settings, serve until told to stop."""

import asyncio
import logging
import os
import sys

import uvloop

from helloworld import __version__
from helloworld.application import create_app
from helloworld.lifecycle import Lifecycle
from helloworld.logs import AccessLog, configure_logging
from helloworld.metrics import Metrics
from helloworld.server import serve
from helloworld.settings import Settings, SettingsError, read_settings
from helloworld.state.stores import Stores

_LOG_BUFFER = 256 * 1024
_EXIT_FAILED = 1
_EXIT_SETTINGS = 2

_log = logging.getLogger("helloworld")


def main() -> int:
    """Run the service; return the exit code: 0 after a stop that was asked for, 1 after a failure, 2 for settings."""
    try:
        settings = read_settings(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return _EXIT_SETTINGS
    # A stream of our own, because standard output may write every line through (PYTHONUNBUFFERED, a terminal).
    with open(sys.stdout.fileno(), "w", buffering=_LOG_BUFFER, encoding="utf-8", closefd=False) as stream:
        return run(settings, configure_logging(stream, settings.log_level))


def run(settings: Settings, access_log: AccessLog) -> int:
    """Serve until told to stop; return the exit code."""
    _log.info("starting", extra={"fields": {"version": __version__, "commit": settings.git_commit}})
    try:
        # Not uvloop.run(), which would wait for names that are still looked up, and for threads that still ask AWS.
        drained = uvloop.new_event_loop().run_until_complete(_serve(settings, access_log))
    except Exception as error:
        # The first line only: errors from the server's native part bring a whole stack along.
        _log.critical("cannot serve", extra={"fields": {"reason": str(error).partition("\n")[0]}})
        return _EXIT_FAILED
    _log.log(logging.INFO if drained else logging.WARNING, "stopped", extra={"fields": {"drained": drained}})
    return 0


async def _serve(settings: Settings, access_log: AccessLog) -> bool:
    flushing = asyncio.create_task(access_log.keep_flushed())
    try:
        lifecycle = Lifecycle()
        metrics = Metrics({"version": __version__, "commit": settings.git_commit})
        stores = Stores(settings, metrics.registry)
        stores.start()
        app = create_app(settings, lifecycle, access_log, metrics, stores)
        return await serve(app, settings, lifecycle, stores.close)
    finally:
        flushing.cancel()


if __name__ == "__main__":
    exit_code = main()
    # Not sys.exit(): the server's threads may still hold a connection that never ends, and so may those that were not
    # waited for; the budget is spent.
    os._exit(exit_code)
