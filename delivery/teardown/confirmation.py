"""The stack's name, typed, before anything of it is deleted that somebody may want to keep."""

import sys
from collections.abc import Sequence

from delivery.context import Context
from delivery.problems import DeliveryError
from infra.problems import shown


def confirm(context: Context, stack: str, reasons: Sequence[str], given: str | None) -> None:
    """Go on only if the stack's name was given with the command, or is typed now. Without reasons nobody is asked.

    Args:
        context: where the reasons are told.
        stack: its name.
        reasons: what makes it worth a question, a sentence each.
        given: what came with the command (CONFIRM); None or empty: nothing.

    Raises:
        DeliveryError: another name, or none.
    """
    if given and given != stack:
        raise DeliveryError(
            f"CONFIRM = {shown(given)}: that is not {stack}, so nothing is deleted.\n  cure: CONFIRM={stack}"
        )
    for each in reasons:
        context.console.say(each)
    if given or not reasons:
        return
    # There is none at all if whoever started this closed it.
    if sys.stdin is None or not sys.stdin.isatty():
        raise DeliveryError(
            f"stack {stack} is destroyed only if its name is given, and here is no terminal to type it at.\n"
            f"  cure: if it really has to go: make destroy STACK={stack} CONFIRM={stack}"
        )
    context.console.say(f"Type the stack's name, {stack}, to delete all of that:")
    typed = sys.stdin.readline().strip()
    if typed != stack:
        raise DeliveryError(f"{shown(typed)} was typed, which is not {stack}: nothing is deleted.")
