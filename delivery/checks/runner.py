"""Asks everything at once, and waits so long."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from delivery.checks.result import Result, of_error, unknown
from delivery.problems import DeliveryError


@dataclass(frozen=True)
class Check:
    """`ask` answers with one line or several, or none where the stack does not want what it is about."""

    name: str
    ask: Callable[[], Iterable[Result]]


def ask_all(checks: Sequence[Check], seconds: float) -> list[Result]:
    """The answers, in the checks' order.

    Args:
        checks: each is asked in a thread of its own, which is left behind when the time is over.
        seconds: for all of them together.
    """
    answers: dict[int, Sequence[Result]] = {}

    def ask(place: int, check: Check) -> None:
        answers[place] = list(_answered(check))

    threads = [
        # One that hangs must not keep the process from ending.
        threading.Thread(target=ask, args=each, name=f"preflight {each[1].name}", daemon=True)
        for each in enumerate(checks)
    ]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = f"no answer after {seconds:g} seconds"
    return [
        result
        for place, check in enumerate(checks)
        for result in answers.get(place, (unknown(check.name, late, "again, with --seconds and more of them"),))
    ]


def _answered(check: Check) -> Iterable[Result]:
    """What a check answers; that it could not ask on, or has a defect, is an answer, too, after what it had found."""
    try:
        yield from check.ask()
    except DeliveryError as error:
        yield of_error(check.name, error)
    except Exception as error:
        # One check's defect must not hide what the others found.
        what = " ".join(f"{type(error).__name__}: {error}".split())
        defect = f"the check itself failed, which is a defect of it: {what}"
        yield unknown(check.name, defect, "report it; go on without")
