"""An HTTP API that speaks JSON: time limits, a few retries, and errors that say what to do."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from delivery.kube_context import is_loopback
from delivery.problems import DeliveryError

TIMEOUT = httpx.Timeout(15.0, connect=5.0)
TRIES = 4
FIRST_PAUSE = 1.0
# Longer than that is not waited for in all: the person is told instead.
LONGEST_WAIT = 60.0
PAGE, MOST_PAGES = 100, 30
SHOWN_CHARACTERS = 300
# Of a number of seconds, also of those since 1970.
MOST_DIGITS = 12

# Answers of a gateway: a call that only reads, or says the same thing twice, is made again.
PASSING = (502, 503, 504)


class UncertainError(DeliveryError):
    """A call that must not be repeated blindly was made, and nobody knows whether it took effect."""


class RefusedError(DeliveryError):
    """The other side said no; `status` is what it answered."""

    def __init__(self, message: str, status: int) -> None:
        self.status = status
        super().__init__(message)


class _PassingError(Exception):
    """A problem that may be gone after a pause."""

    def __init__(self, problem: DeliveryError, pause: float = 0.0) -> None:
        self.problem, self.pause = problem, pause
        super().__init__(str(problem))


class Rest:
    """Calls to one API. Nothing of `headers`, which hold the token, is ever in an error.

    Args:
        name: who is called, for errors, e.g. GitHub.
        url: where the API is.
        headers: sent with every call.
        cure: what a person can do about a status, or None.
        pause: waits that many seconds.
        now: seconds since the epoch.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        headers: Mapping[str, str],
        cure: Callable[[str, str, int], str | None],
        pause: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        _refuse_plain_text(name, url)
        self._name, self._cure, self._pause, self._now = name, cure, pause, now
        self._url = url.rstrip("/")
        # A command makes a handful of calls; with no connection kept there is none to be closed.
        self._client = httpx.Client(
            headers=dict(headers), timeout=TIMEOUT, limits=httpx.Limits(max_keepalive_connections=0)
        )

    def get(self, path: str, query: Mapping[str, str | int] | None = None) -> Any:
        """The answer to a question.

        Raises:
            RefusedError: the API says no.
            DeliveryError: it cannot be reached, or answers no JSON.
        """
        return self._call("GET", path, query=query, repeatable=True)

    def pages(self, path: str, query: Mapping[str, str | int] | None = None) -> Iterator[Any]:
        """The entries of a list, page by page.

        Raises:
            DeliveryError: as `get`; or the list does not end.
        """
        for page in range(1, MOST_PAGES + 1):
            entries = self.get(path, {**(query or {}), "per_page": PAGE, "page": page})
            if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
                raise DeliveryError(f"{self._what('GET', path)}: the answer is no list of entries")
            yield from entries
            if len(entries) < PAGE:
                return
        raise DeliveryError(f"{self._what('GET', path)}: there are more than {MOST_PAGES * PAGE} entries")

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Make something. What fails half way is not repeated here: it might be there twice.

        Raises:
            UncertainError: it may have been made or not.
            DeliveryError: as `get`.
        """
        return self._call("POST", path, body=body, repeatable=False)

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Set something to what is given, which may be done twice.

        Raises:
            DeliveryError: as `get`.
        """
        return self._call("PATCH", path, body=body, repeatable=True)

    def delete(self, path: str) -> None:
        """Delete something; that it is gone already is fine.

        Raises:
            DeliveryError: as `get`.
        """
        try:
            self._call("DELETE", path, repeatable=True)
        except RefusedError as error:
            if error.status not in (404, 410):
                raise

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Mapping[str, Any] | None = None,
        repeatable: bool,
    ) -> Any:
        waited = 0.0
        for attempt in range(TRIES):
            try:
                return self._once(method, path, query, body, repeatable)
            except _PassingError as passing:
                pause = max(passing.pause, FIRST_PAUSE * 2**attempt)
                waited += pause
                if attempt + 1 == TRIES or waited > LONGEST_WAIT:
                    raise passing.problem from None
            self._pause(pause)
        raise AssertionError("the last try answers or raises")

    def _once(
        self,
        method: str,
        path: str,
        query: Mapping[str, str | int] | None,
        body: Mapping[str, Any] | None,
        repeatable: bool,
    ) -> Any:
        what = self._what(method, path)
        try:
            response = self._client.request(method, f"{self._url}{path}", params=query, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError) as error:
            name = type(error).__name__
            raise _PassingError(DeliveryError(f"{what}: {self._name} cannot be reached ({name})")) from None
        except httpx.HTTPError as error:
            broke = DeliveryError(f"{what}: the connection broke ({type(error).__name__})")
            raise _half_way(broke, 0.0, repeatable) from None
        except (httpx.InvalidURL, ValueError):
            # Its text may quote a header.
            raise DeliveryError(f"{what}: the call cannot be made; look at the address and the token") from None
        if response.is_success:
            return self._decoded(what, response)
        limit = self._limited(response)
        problem = self._refusal(method, path, response, limit)
        if limit is not None:
            raise _PassingError(problem, limit)
        if response.status_code in PASSING:
            raise _half_way(problem, _seconds(response.headers.get("retry-after")) or 0.0, repeatable)
        raise problem

    def _limited(self, response: httpx.Response) -> float | None:
        """The seconds to wait if this is a rate limit; such a call was not carried out."""
        if response.status_code not in (403, 429):
            return None
        after = _seconds(response.headers.get("retry-after"))
        if after is not None:
            return after
        if response.headers.get("x-ratelimit-remaining") == "0":
            reset = _seconds(response.headers.get("x-ratelimit-reset"))
            return max(1.0, (reset or 0.0) - self._now())
        return LONGEST_WAIT if response.status_code == 429 or "rate limit" in response.text.lower() else None

    def _refusal(self, method: str, path: str, response: httpx.Response, limit: float | None) -> RefusedError:
        what, status = self._what(method, path), response.status_code
        said = _message(response) or response.reason_phrase
        if limit is not None:
            cure: str | None = f"too many calls: run it again in {round(limit)} seconds"
        elif status in PASSING or status == 500:
            cure = f"{self._name} has a problem of its own: run it again later"
        elif response.is_redirect:
            cure = "what is asked for has moved: was the repository renamed?"
        else:
            cure = self._cure(method, path, status)
        return RefusedError(f"{what}: {status} {said}" + (f"\n  cure: {cure}" if cure else ""), status)

    def _decoded(self, what: str, response: httpx.Response) -> Any:
        if not response.content:
            return None
        try:
            return response.json()
        except (ValueError, RecursionError):
            raise DeliveryError(
                f"{what}: the answer is no JSON; is that the address of {self._name}'s API, or is a proxy between?"
            ) from None

    def _what(self, method: str, path: str) -> str:
        return f"{self._name}, {method} {path}"


def _half_way(problem: DeliveryError, pause: float, repeatable: bool) -> Exception:
    """What to raise when it is not known whether a call took effect."""
    if repeatable:
        return _PassingError(problem, pause)
    return UncertainError(f"{problem}\n  it may have been done or not: run it again")


def _seconds(text: str | None) -> float | None:
    try:
        return max(0.0, float(int(text))) if text and len(text) <= MOST_DIGITS else None
    except ValueError:
        return None


def _message(response: httpx.Response) -> str | None:
    try:
        said = response.json()
        message = said["message"]
        details = [each.get("message", "") for each in said.get("errors", ()) if isinstance(each, dict)]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    text = ascii("; ".join(str(part) for part in (message, *details) if part))[1:-1]
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


def _refuse_plain_text(name: str, url: str) -> None:
    """A token goes nowhere unencrypted, except within this machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        parts, host = urlsplit(""), ""
    encrypted = parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))
    if not host or not encrypted or "@" in parts.netloc:
        raise DeliveryError(
            f"the address of {name}'s API is not usable: it must be https://<host>, without a user name"
        )
