"""What a rehearsal says: a headline, a line for each step, a verdict."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a step went. `held` is None if it was not tried; `detail` is what was seen, `lines` why it did not hold."""

    step: str
    held: bool | None
    seconds: float = 0.0
    detail: str = ""
    lines: Sequence[str] = ()


def line(outcome: Outcome, width: int) -> str:
    """One line of the report, and below it the reasons if the step did not hold. `width` is of the steps' names."""
    word = {True: "held", False: "NOT HELD", None: "not tried"}[outcome.held]
    seconds = "" if outcome.held is None else f"{outcome.seconds:.1f} s"
    first = f"{word:<9}  {seconds:>8}  {outcome.step:<{width}}  {outcome.detail}".rstrip()
    return "\n".join([first, *[f"{'':21}  | {each}" for each in outcome.lines]])


def verdict(stack: str, outcomes: Sequence[Outcome], seconds: float) -> str:
    """The last line."""
    held = sum(each.held is True for each in outcomes)
    steps = f"{held} of {len(outcomes)} steps held, {seconds:.0f} seconds"
    return f"{stack} holds: {steps}" if held == len(outcomes) else f"{stack} does NOT hold: {steps}"
