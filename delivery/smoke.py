"""Whether a stack answers at its address as it should: status, version, certificate, redirect."""

import argparse
import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from delivery.configuration import settings_of
from delivery.context import Context
from delivery.identity import as_deployer
from delivery.local_cluster import located, reachable
from delivery.problems import DeliveryError
from delivery.releases import digest_of
from delivery.smoke_checks import Check, checked
from delivery.stack_state import read_stack
from infra.image import UNKNOWN_COMMIT

SECONDS = 300
EVERY_SECONDS = 5.0
TIMEOUT = httpx.Timeout(10.0)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery smoke` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")
    add_seconds(parser)


def add_seconds(parser: argparse.ArgumentParser) -> None:
    """How long a smoke test may wait, for every command that has one."""
    parser.add_argument(
        "--seconds",
        type=int,
        default=SECONDS,
        metavar="N",
        help=f"how long to wait until all is well ({SECONDS}): a new name and a new balancer take minutes",
    )


def run(context: Context, options: argparse.Namespace) -> int:
    """Test a stack as it is: against the commit of the image that runs, as far as that is known.

    Returns:
        0 if it answers as it should, else 1.

    Raises:
        DeliveryError: the stack cannot be read, or has no address.
    """
    stack: str = options.stack
    settings = settings_of(context, stack)
    with located(context, stack, settings) as here:
        target = read_stack(as_deployer(here, stack, settings), stack, settings, create=False)
        commit = target.commit_of(digest_of(target.running))
        url = address_of(target.outputs, stack)
        if settings.platform != "local":
            return 1 if smoke(here, url, commit, seconds=options.seconds) else 0
        with reachable(here, str(target.outputs["namespace"])) as forwarded:
            return 1 if smoke(here, forwarded, commit, seconds=options.seconds) else 0


def address_of(outputs: Mapping[str, Any], stack: str) -> str:
    """The address of a stack, from its outputs: where other regions answer to its host name, the one of it alone.

    Raises:
        DeliveryError: it has none.
    """
    url = str(outputs.get("directUrl") or outputs.get("url") or "")
    if not url:
        raise DeliveryError(
            f"stack {stack} has no output `url`: nothing has been deployed.\n  cure: make deploy STACK={stack}"
        )
    return url


def smoke(
    context: Context,
    stack_url: str,
    expected_commit: str,
    *,
    seconds: float = SECONDS,
    every: float = EVERY_SECONDS,
    pause: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> list[Check]:
    """Ask the service until every check holds or the time is over; each check is then said on a line.

    Args:
        context: the command's.
        stack_url: where the service is.
        expected_commit: that `/version` must name, or its beginning; `unknown`: that is not checked.
        seconds: how long it may take.
        every: seconds between attempts.
        pause: waits that many seconds.
        transport: instead of the network.

    Returns:
        What does not hold in the last attempt; nothing if all is well.
    """
    url = stack_url.rstrip("/")
    context.console.say(f"Smoke test of {url}, for up to {seconds:.0f} seconds ...")
    end = time.monotonic() + seconds
    while True:
        with httpx.Client(timeout=TIMEOUT, transport=transport) as client:
            checks = list(checked(client, url, expected_commit))
        if all(check.holds for check in checks) or time.monotonic() + every > end:
            break
        pause(every)
    for check in checks:
        context.console.say(f"  {'ok  ' if check.holds else 'FAIL'}  {check.name}: {check.said}")
    if expected_commit == UNKNOWN_COMMIT:
        context.console.say("  --    version: which commit the image is of is not known, so it was not compared")
    return [check for check in checks if not check.holds]
