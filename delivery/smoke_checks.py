"""What a smoke test looks at: status, version, certificate, redirect."""

import json
import ssl
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import httpx

from infra.image import UNKNOWN_COMMIT

LEAST_DAYS = 7
DAY = 86_400


@dataclass(frozen=True, kw_only=True)
class Check:
    """A check by its name, whether it holds, and what is right or wrong."""

    name: str
    said: str
    holds: bool

    def __str__(self) -> str:
        return f"{self.name}: {self.said}"


def checked(client: httpx.Client, url: str, expected_commit: str) -> Iterator[Check]:
    """Each check that the address allows, made when it is asked for. A commit that is `unknown` is not compared."""
    yield _outcome("status", lambda: _status(client, url))
    if expected_commit != UNKNOWN_COMMIT:
        yield _outcome("version", lambda: _version(client, url, expected_commit))
    if url.startswith("https://"):
        yield _outcome("certificate", lambda: _certificate(client, url))
        yield _outcome("redirect", lambda: _redirect(client, url))


class _WrongError(Exception):
    pass


def _outcome(name: str, check: Callable[[], str]) -> Check:
    try:
        return Check(name=name, said=check(), holds=True)
    except _WrongError as error:
        return Check(name=name, said=str(error), holds=False)
    except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, UnicodeError) as error:
        return Check(name=name, said=f"no answer ({type(error).__name__}: {error})", holds=False)


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
    except (ValueError, KeyError, TypeError, RecursionError):
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
