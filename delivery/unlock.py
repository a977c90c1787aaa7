"""`make unlock`: the lock that a killed update has left."""

import argparse

from delivery.configuration import require_stack_name, settings_of
from delivery.context import Context
from delivery.identity import as_deployer
from delivery.local_cluster import located
from delivery.problems import DeliveryError
from delivery.review_environment import write_for_destruction
from delivery.review_stack import pull_request_of
from delivery.running import records, stop
from delivery.workspace import Workspace


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery unlock` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")
    parser.add_argument(
        "--if-left", action="store_true", help="only if a killed command in this very checkout has left its engine"
    )


def run(context: Context, options: argparse.Namespace) -> int:
    """Remove a stack's lock.

    Raises:
        DeliveryError: the stack does not exist or cannot be reached, or an engine on this machine works on it.
    """
    stack: str = options.stack
    require_stack_name(stack)
    if options.if_left and not records(context.project, stack):
        context.console.say(f"No engine of this checkout was left behind: a lock of stack {stack} is somebody else's.")
        return 0
    number = pull_request_of(stack)
    if number is not None:
        # Where its environment was not made, its file is not there.
        write_for_destruction(context, number)
    settings = settings_of(context, stack)
    with located(context, stack, settings) as here:
        if not stop(context.project, stack, context.console.say):
            raise DeliveryError(
                f"an engine on this machine still works on stack {stack}, and its lock is right.\n  cure: wait for it"
            )
        workspace = Workspace.open(as_deployer(here, stack, settings), stack, create=False)
        context.console.say(
            f"Removing the lock of stack {stack} (`pulumi cancel`). That is for a lock whose update was killed: one "
            "that still runs goes on without it, and a second one beside it would damage the stack's state."
        )
        workspace.cancel()
        context.console.say(
            f"Stack {stack} is not locked. What the killed update had begun may be there without the stack knowing: "
            f"if the next one reports pending operations, docs/operations.md (When it is stuck) says what to do."
        )
    return 0
