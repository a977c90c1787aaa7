"""The stack's name, typed, before anything of it is deleted that somebody may want to keep."""

import sys
from collections.abc import Sequence

from delivery.console import Console
from delivery.problems import DeliveryError
from delivery.review_stack import review_stack
from delivery.teardown.deployment import Deployment, is_empty, last_snapshots, protected
from delivery.teardown.standing import Standing
from infra.problems import shown
from infra.settings import PROJECT, Settings
from policy.rules import is_production


def reasons_to_ask(stack: str, settings: Settings, standing: Standing, deployment: Deployment) -> Sequence[str]:
    """What makes a person type the stack's name, a sentence each. Pure."""
    reasons = []
    if settings.protect:
        reasons.append(f"Stack {stack} is protected ({PROJECT}:protect = true).")
    elif guarded := protected(deployment):
        reasons.append(f"Stack {stack} was deployed with protection, of: {', '.join(guarded)}.")
    if is_production(stack):
        reasons.append(f"Stack {stack} is production.")
    if standing.reviews:
        reviews = ", ".join(map(review_stack, standing.reviews))
        reasons.append(f"Review environments stand on {stack} and go first, with their data: {reviews}.")
    if reasons and not is_empty(deployment):
        kept = [f"its database leaves the snapshot {name}" for _, name in last_snapshots(deployment)]
        reasons.append(f"Everything in it is deleted, its images and data too; {', '.join(kept) or 'no copy stays'}.")
    return reasons


def confirm(console: Console, stack: str, reasons: Sequence[str], given: str | None) -> None:
    """Go on only if the stack's name was given with the command, or is typed now. Without reasons nobody is asked.

    Args:
        console: where the reasons are told.
        stack: its name.
        reasons: what `reasons_to_ask` gives.
        given: what came with the command (CONFIRM); None or empty: nothing.

    Raises:
        DeliveryError: another name, or none.
    """
    if given and given != stack:
        raise DeliveryError(
            f"CONFIRM = {shown(given)}: that is not {stack}, so nothing is deleted.\n  cure: CONFIRM={stack}"
        )
    for each in reasons:
        console.say(each)
    if given or not reasons:
        return
    # There is none at all if whoever started this closed it.
    if sys.stdin is None or not sys.stdin.isatty():
        raise DeliveryError(
            f"stack {stack} is destroyed only if its name is given, and here is no terminal to type it at.\n"
            f"  cure: if it really has to go: make destroy STACK={stack} CONFIRM={stack}"
        )
    console.say(f"Type the stack's name, {stack}, to delete all of that:")
    typed = sys.stdin.readline().strip()
    if typed != stack:
        raise DeliveryError(f"{shown(typed)} was typed, which is not {stack}: nothing is deleted.")
