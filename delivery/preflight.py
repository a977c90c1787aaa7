"""`make preflight`: what would stop a stack's first `up`, asked before it. Changes nothing."""

import argparse
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from delivery.checks.account import log_in
from delivery.checks.lookup import Lookup
from delivery.checks.result import Mark, Result
from delivery.checks.runner import ask_all
from delivery.checks.site import Site, makes_in_aws
from delivery.checks.table import of_account, of_machine
from delivery.configuration import settings_of
from delivery.context import Context
from delivery.problems import DeliveryError
from offline.plan import Plan

# A check asks a few times, and a question that is not answered is given up after ten seconds.
SECONDS = 45
MOST_SECONDS = 3600
WIDTH = 34
NAMES: Mapping[Mark, str] = {
    "ok": "ok",
    "warn": "to look at",
    "fail": "failed",
    "unknown": "unknown",
    "skipped": "skipped",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery preflight` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")
    parser.add_argument(
        "--seconds", type=_seconds, default=SECONDS, metavar="N", help=f"how long all answers may take ({SECONDS})"
    )


def run(context: Context, options: argparse.Namespace) -> int:
    """Print a line for each check, and its cure below it.

    Returns:
        0 if none failed; what could not be asked has not.

    Raises:
        DeliveryError: the stack's settings have problems, or its program does not run; nothing has been asked.
    """
    results = preflight(context, options.stack, options.seconds, Lookup())
    for result in results:
        for line in lines(result):
            context.console.say(line)
    counts = Counter(result.mark for result in results)
    told = ", ".join(f"{counts[mark]} {name}" for mark, name in NAMES.items() if counts[mark])
    context.console.say(f"Preflight of {options.stack}: {told}. Nothing was changed.")
    return 1 if counts["fail"] else 0


def preflight(context: Context, stack: str, seconds: float, lookup: Lookup) -> list[Result]:
    """The results of every check that applies to a stack.

    Args:
        context: the command's.
        stack: its name.
        seconds: for all checks together.
        lookup: asks DNS.

    Raises:
        DeliveryError: as `run`.
    """
    settings = settings_of(context, stack)
    plan = _plan(context, stack)
    machine = of_machine(context, settings, plan)
    if not makes_in_aws(plan):
        return [*ask_all(machine, seconds), Result("skipped", "AWS", "the stack makes nothing there")]
    now, begun = datetime.now(UTC), time.monotonic()
    who = log_in(context, settings, now)
    if who.clients is None:
        rest = Result("skipped", "all else", "it takes an answer from AWS, and there is none")
        return [*who.results, *ask_all(machine, seconds), rest]
    site = Site(
        context=context,
        stack=stack,
        settings=settings,
        plan=plan,
        aws=who.clients,
        account=who.account,
        lookup=lookup,
    )
    left = max(1.0, seconds - (time.monotonic() - begun))
    return [*who.results, *ask_all([*machine, *of_account(site, now)], left)]


def lines(result: Result) -> Sequence[str]:
    """A result as it is printed."""
    line = f"{result.mark:<8} {result.asked:<{WIDTH}} {result.found}"
    return [line, f"{'':<8} cure: {result.cure}"] if result.cure and result.mark != "ok" else [line]


def _seconds(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) <= MOST_SECONDS):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 1 to {MOST_SECONDS}")
    return int(text)


def _plan(context: Context, stack: str) -> Plan:
    # Not at the top: it takes half a second, and wrong settings are told without it.
    from offline.references import evaluate_with_references

    try:
        return evaluate_with_references(context.project, stack)
    except Exception as error:
        raise DeliveryError(
            f"the program of stack {stack} cannot be evaluated: {error}\n  cure: make preview STACK={stack} says where"
        ) from None
