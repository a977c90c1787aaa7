"""`python -m helloworld.provision`: keep databases as they should be, until told to stop."""

import asyncio
import logging
import os
import signal
import sys

from helloworld.environment import SettingsError
from helloworld.logs import configure_logging
from helloworld.provision.loop import Loop
from helloworld.provision.master import Master
from helloworld.provision.names import Names
from helloworld.provision.namespaces import Namespaces
from helloworld.provision.probe import Probe
from helloworld.provision.settings import ProvisionSettings, read_provision_settings, split_names
from helloworld.reasons import reason

_EXIT_FAILED = 1
_EXIT_SETTINGS = 2

_log = logging.getLogger("helloworld.provision")


def main() -> int:
    """Run the provisioner; return the exit code: 0 after SIGTERM or SIGINT, 1 after a failure, 2 for settings."""
    try:
        settings = read_provision_settings(os.environ)
    except SettingsError as error:
        sys.stderr.write(f"{error}\n")
        return _EXIT_SETTINGS
    configure_logging(sys.stdout, settings.log_level)
    try:
        # Not asyncio.run(), which would wait for threads that still ask AWS or Kubernetes. Each step can be done again.
        asyncio.new_event_loop().run_until_complete(_run(settings))
    except Exception as error:
        _log.critical("cannot provision", extra={"fields": {"reason": reason(error)}})
        return _EXIT_FAILED
    return 0


async def _run(settings: ProvisionSettings) -> None:
    loop = Loop(
        Master(settings).connect,
        Names(split_names(settings.provision_databases), settings.provision_reviews),
        Namespaces(os.environ),
        Probe("", settings.port),
    )
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    running = asyncio.create_task(loop.run())
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait({running, stopped}, return_when=asyncio.FIRST_COMPLETED)
    if running.done():
        running.result()


if __name__ == "__main__":
    exit_code = main()
    # Not sys.exit(), which would wait for the same threads.
    os._exit(exit_code)
