"""A life of a stack: what its steps work on, and how one goes through them."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rehearsal.cluster import Cluster
from rehearsal.engine import Engine
from rehearsal.judgement import error_lines
from rehearsal.ledger import Ledger
from rehearsal.problems import NotHeldError
from rehearsal.project import Project
from rehearsal.report import Outcome


@dataclass(kw_only=True)
class Life:
    """What the steps work on. `image` is the reference of the image that must serve."""

    stack: str
    engine: Engine
    project: Project
    cluster: Cluster
    ledger: Ledger
    image: str = ""
    pause: Callable[[float], None] = field(default=time.sleep)


@dataclass(frozen=True)
class Step:
    """One step: what it does with the life and sees, in words, or `NotHeldError`. Without what is `needed`, what comes
    next is not tried; `always` it is tried all the same.
    """

    name: str
    run: Callable[[Life], str]
    needed: bool = False
    always: bool = False


def live(life: Life, steps: Sequence[Step], tell: Callable[[Step, Outcome | None], None]) -> list[Outcome]:
    """Go through the steps.

    Args:
        life: what they work on.
        steps: in order.
        tell: is told of each step when it begins, without outcome, and when it has ended.
    """
    outcomes: list[Outcome] = []
    lost = False
    for step in steps:
        tell(step, None)
        if lost and not step.always:
            outcome = Outcome(step=step.name, held=None, detail="an earlier step that it needs did not hold")
        else:
            outcome = _outcome(life, step)
            lost = lost or (step.needed and not outcome.held)
        outcomes.append(outcome)
        tell(step, outcome)
    return outcomes


def _outcome(life: Life, step: Step) -> Outcome:
    begin = time.monotonic()
    try:
        detail, held, lines = step.run(life), True, tuple[str, ...]()
    except NotHeldError as error:
        detail, held, lines = f"expected: {error}", False, error.lines
    except Exception as error:
        # Whatever it was, the end of the life must be tried.
        detail, held = f"the step itself failed: {type(error).__name__}", False
        lines = tuple(error_lines([str(error)]))
    return Outcome(step=step.name, held=held, seconds=time.monotonic() - begin, detail=detail, lines=lines)
