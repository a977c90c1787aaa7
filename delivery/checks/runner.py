"""Asks everything at once, and waits so long."""

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from delivery.checks.result import Result, answered, unknown


@dataclass(frozen=True)
class Question:
    """`ask` answers with one line or several, or none where the stack does not want what it is about."""

    name: str
    ask: Callable[[], Iterable[Result]]


def ask_all(questions: Sequence[Question], seconds: float) -> list[Result]:
    """The answers, in the questions' order.

    Args:
        questions: each is asked in a thread of its own, which is left behind when the time is over.
        seconds: for all of them together.
    """
    answers: dict[int, Sequence[Result]] = {}

    def ask(place: int, question: Question) -> None:
        answers[place] = answered(question.name, question.ask)

    threads = [
        # One that hangs must not keep the process from ending.
        threading.Thread(target=ask, args=each, name=f"preflight {each[1].name}", daemon=True)
        for each in enumerate(questions)
    ]
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    late = f"no answer after {seconds:g} seconds"
    return [
        result
        for place, question in enumerate(questions)
        for result in answers.get(place, (unknown(question.name, late, "again, with --seconds and more of them"),))
    ]
