"""`make destroy`: everything of a stack, unless it is protected or others stand on it."""

import argparse

from delivery import announce
from delivery.configuration import settings_of
from delivery.context import Context
from delivery.identity import as_deployer
from delivery.local_cluster import located
from delivery.problems import DeliveryError
from delivery.review_stack import pull_request_of
from delivery.workspace import Workspace, stacks
from infra.settings import PROJECT

PLATFORM_STACK = f"{PROJECT}:platformStack"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery destroy` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")


def run(context: Context, options: argparse.Namespace) -> int:
    """Delete everything in a stack; the stack and its history stay.

    Raises:
        DeliveryError: it is refused, or fails.
    """
    with announce.failures_told(context, f"destroy {options.stack}"):
        destroy(context, options.stack, remove=False)
    context.console.say(f"Stack {options.stack} is empty. Its history and its file are still there.")
    return 0


def destroy(context: Context, stack: str, *, remove: bool) -> None:
    """Delete everything in a stack, as its deploy role.

    Args:
        context: the command's.
        stack: its name; it has a file.
        remove: remove the stack and its history, too.

    Raises:
        DeliveryError: it does not exist, is protected, others stand on it, or it fails.
    """
    settings = settings_of(context, stack)
    if settings.protect:
        raise DeliveryError(
            f"stack {stack} is protected ({PROJECT}:protect = true), so nothing of it is deleted.\n"
            f"  cure: if it really has to go: set {PROJECT}:protect to false in Pulumi.{stack}.yaml, deploy that, "
            f"then make destroy STACK={stack}"
        )
    with located(context, stack, settings) as here:
        deployer = as_deployer(here, stack, settings)
        workspace = Workspace.open(deployer, stack, create=False)
        if settings.platform == "create" and (standing := stacks_on(deployer, stack)):
            each = "; ".join(map(_command_for, standing))
            raise DeliveryError(
                f"stack {stack} is the platform of {', '.join(standing)}, which would lose their cluster.\n"
                f"  cure: first {each}"
            )
        workspace.destroy()
        if remove:
            workspace.remove()


def _command_for(stack: str) -> str:
    number = pull_request_of(stack)
    return f"make destroy STACK={stack}" if number is None else f"make review-destroy PR={number}"


def stacks_on(context: Context, platform: str) -> list[str]:
    """The stacks whose last update used the cluster of stack `platform`, and that are not empty.

    A review stack whose last update cannot be read counts as one: nothing is worse than its cluster gone from under it.

    Raises:
        DeliveryError: the backend cannot be read.
    """
    found = []
    for each in stacks(context):
        if each.name == platform or each.resource_count == 0:
            continue
        history = Workspace.open(context, each.name, create=False).history()
        setting = history[0].config.get(PLATFORM_STACK) if history else None
        if (setting and setting.value == platform) or (not history and pull_request_of(each.name) is not None):
            found.append(each.name)
    return sorted(found)
