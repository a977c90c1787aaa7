"""Whether a stack answers at its address as it should: status, version, certificate, redirect."""

import argparse
import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from delivery.context import Context
from infra.image import UNKNOWN_COMMIT

SECONDS = 300
EVERY_SECONDS = 5.0
TIMEOUT = httpx.Timeout(10.0)
LEAST_DAYS = 7
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One check that does not hold, and why."""

    check: str
    problem: str

    def __str__(self) -> str:
        return f"{self.check}: {self.problem}"


@dataclass(frozen=True, kw_only=True)
class _Check:
    name: str
    # What is right, or what is wrong.
    said: str
    holds: bool


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
    """Look whether the stack answers as it should.

    Raises:
        DeliveryError: the stack cannot be read.
    """
    from delivery.rollout import smoke_of_stack

    return 1 if smoke_of_stack(context, options.stack, options.seconds) else 0


def smoke(
    context: Context,
    stack_url: str,
    expected_commit: str | None,
    *,
    seconds: float = SECONDS,
    every: float = EVERY_SECONDS,
    pause: Callable[[float], None] = time.sleep,
    transport: httpx.BaseTransport | None = None,
) -> list[Finding]:
    """Ask the service until every check holds or the time is over; each check is then said on a line.

    Args:
        context: the command's.
        stack_url: where the service is.
        expected_commit: that `/version` must name, or its beginning; None or `unknown`: that is not checked.
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
            checks = list(_checks(client, url, expected_commit))
        if all(check.holds for check in checks) or time.monotonic() + every > end:
            break
        pause(every)
    for check in checks:
        context.console.say(f"  {'ok  ' if check.holds else 'FAIL'}  {check.name}: {check.said}")
    if not _is_known(expected_commit):
        context.console.say("  --    version: which commit the image is of is not known, so it was not compared")
    return [Finding(check=check.name, problem=check.said) for check in checks if not check.holds]


def _checks(client: httpx.Client, url: str, expected_commit: str | None) -> Iterator[_Check]:
    yield _checked("status", lambda: _status(client, url))
    if expected_commit and _is_known(expected_commit):
        yield _checked("version", lambda: _version(client, url, expected_commit))
    if url.startswith("https://"):
        yield _checked("certificate", lambda: _certificate(client, url))
        yield _checked("redirect", lambda: _redirect(client, url))


def _is_known(commit: str | None) -> bool:
    return bool(commit) and commit != UNKNOWN_COMMIT


class _WrongError(Exception):
    pass


def _checked(name: str, check: Callable[[], str]) -> _Check:
    try:
        return _Check(name=name, said=check(), holds=True)
    except _WrongError as error:
        return _Check(name=name, said=str(error), holds=False)
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, UnicodeError) as error:
        return _Check(name=name, said=f"no answer ({type(error).__name__}: {error})", holds=False)


def _status(client: httpx.Client, url: str) -> str:
    status = client.get(f"{url}/").status_code
    if status != httpx.codes.OK:
        raise _WrongError(f"{url}/ answers {status}, not 200")
    return "200"


def _version(client: httpx.Client, url: str, expected: str) -> str:
    answer = client.get(f"{url}/version")
    try:
        body = json.loads(answer.text)
        commit = str(body["commit"])
    except (ValueError, KeyError, TypeError):
        raise _WrongError(f"{url}/version answers {answer.status_code} without a commit") from None
    # A registry's tag has the beginning of it only.
    if not commit.startswith(expected):
        raise _WrongError(f"commit {commit[:40]} answers, not {expected}")
    return f"commit {commit[:40]}"


def _certificate(client: httpx.Client, url: str) -> str:
    # The client has verified it against the name; what is left is how long it lasts.
    with client.stream("GET", f"{url}/") as answer:
        connection = answer.extensions["network_stream"].get_extra_info("ssl_object")
        certificate = connection.getpeercert()
    days = (ssl.cert_time_to_seconds(certificate["notAfter"]) - time.time()) / DAY
    if days <= LEAST_DAYS:
        raise _WrongError(
            f"it ends in {days:.1f} days; ACM renews it 60 days before, as long as its DNS record is there"
        )
    return f"valid for {days:.0f} days"


def _redirect(client: httpx.Client, url: str) -> str:
    plain = f"http://{url.removeprefix('https://')}/"
    answer = client.get(plain)
    target = answer.headers.get("location", "")
    if not answer.is_redirect or not target.startswith("https://"):
        raise _WrongError(f"{plain} answers {answer.status_code}, and does not redirect to https")
    return f"{plain} to https"
