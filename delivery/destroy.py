"""`make destroy`: everything of a stack, of the review environments on it, and of what AWS leaves behind."""

import argparse

from delivery import announce
from delivery.aws import AwsError
from delivery.configuration import settings_of
from delivery.console import Console
from delivery.context import Context
from delivery.identity import as_deployer
from delivery.local_cluster import located
from delivery.review_destroy import destroy as destroy_review
from delivery.review_stack import review_stack
from delivery.teardown.cloud import Cloud, open_cloud
from delivery.teardown.confirmation import confirm, reasons_to_ask
from delivery.teardown.deletion import delete, forget_lost_cluster
from delivery.teardown.deployment import protected
from delivery.teardown.guards import require_no_others, require_room_for_snapshots, require_same_place
from delivery.teardown.report import report
from delivery.teardown.standing import Standing, standing_on
from delivery.teardown.things import Looked
from delivery.teardown.unprotect import unprotect
from delivery.workspace import Workspace
from infra.settings import Settings
from policy.rules import is_production


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery destroy` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")
    parser.add_argument("--confirm", metavar="NAME", help="the stack's name once more, where there is no terminal")


def run(context: Context, options: argparse.Namespace) -> int:
    """Delete everything in a stack; the stack and its history stay.

    Again after any interruption goes on where it was.

    Returns:
        0 if nothing is left but what stays by design; 1 if something is, or could not be asked for.

    Raises:
        DeliveryError: it is refused, or fails.
    """
    stack: str = options.stack
    with announce.failures_told(context, f"destroy {stack}"):
        settings = settings_of(context, stack)
        with located(context, stack, settings) as here:
            return _destroy(context, as_deployer(here, stack, settings), stack, settings, options.confirm)


def _destroy(context: Context, deployer: Context, stack: str, settings: Settings, given: str | None) -> int:
    console = context.console
    workspace = Workspace.open(deployer, stack, create=False)
    standing = standing_on(deployer, stack) if settings.platform == "create" else Standing([], [])
    require_no_others(stack, standing)
    deployment = workspace.deployment()
    confirm(console, stack, reasons_to_ask(stack, settings, standing, deployment), given)
    cloud, unasked = _open(deployer, stack, settings)
    if cloud is not None:
        require_same_place(cloud, deployment)
        require_room_for_snapshots(cloud, deployment)
    for number in standing.reviews:
        console.say(f"Review environment {review_stack(number)} goes first.")
        destroy_review(context, number)
    if settings.protect or is_production(stack) or protected(deployment):
        unprotect(console, workspace, cloud)
    if cloud is not None and cloud.cluster_is_gone():
        forget_lost_cluster(console, workspace)
    if not delete(console, workspace, (lambda: cloud) if cloud is not None else None):
        console.say(f"Stack {stack} was empty already.")
    console.say(f"Stack {stack} is empty. Its history and its file are still there.")
    if settings.platform == "local":
        return 0
    found = {stack: Looked(unasked=[unasked])} if cloud is None else _clear_leftovers(console, cloud, standing)
    for each, looked in found.items():
        for line in report(each, looked):
            console.say(line)
    return 0 if all(looked.clean for looked in found.values()) else 1


def _clear_leftovers(console: Console, cloud: Cloud, standing: Standing) -> dict[str, Looked]:
    """Delete what is left behind; then what is left of the stack and of the review environments that went with it."""
    console.say("Looking for what AWS deletes late, or leaves behind ...")
    own, _ = cloud.clear(console.say, of_cluster_only=False)
    return {cloud.scope.stack: own} | {each: cloud.look_at_review(each) for each in map(review_stack, standing.reviews)}


def _open(deployer: Context, stack: str, settings: Settings) -> tuple[Cloud | None, str]:
    """AWS; or None, and why it cannot be asked, which keeps nothing from being deleted: the engine asks for itself."""
    if settings.platform == "local":
        return None, ""
    try:
        return open_cloud(deployer, stack, settings), ""
    except AwsError as error:
        deployer.console.warn(f"AWS cannot be asked what is left, and nothing that is left is deleted: {error}")
        return None, str(error)
