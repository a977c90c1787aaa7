"""`make residue`: what AWS still has of a stack. Nothing is changed."""

import argparse

from delivery.configuration import settings_of
from delivery.context import Context
from delivery.identity import as_deployer
from delivery.problems import DeliveryError
from delivery.teardown.cloud import open_cloud
from delivery.teardown.report import report


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery residue` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")


def run(context: Context, options: argparse.Namespace) -> int:
    """Tell what there is of a stack in AWS, whether it was destroyed or not.

    Returns:
        0 if nothing is there but what stays by design; 1 if something is, or could not be asked for.

    Raises:
        DeliveryError: the stack is local, or AWS cannot be asked at all.
    """
    stack: str = options.stack
    settings = settings_of(context, stack)
    if settings.platform == "local":
        raise DeliveryError(f"stack {stack} is local, and has nothing in AWS.\n  cure: STACK=dev")
    looked = open_cloud(as_deployer(context, stack, settings), stack, settings).look()
    if any(each.kind == "cluster" for each in looked.things):
        context.console.say(f"The cluster of {stack} is there: what follows is what the stack is made of, too.")
    for line in report(stack, looked):
        context.console.say(line)
    return 0 if looked.clean else 1
