"""`make destroy`: everything of a stack, of the review environments on it, and of what AWS leaves behind."""

import argparse
from collections.abc import Sequence

from delivery import announce
from delivery.aws import AwsError
from delivery.configuration import settings_of
from delivery.context import Context
from delivery.identity import as_deployer
from delivery.local_cluster import located
from delivery.review_destroy import destroy as destroy_review
from delivery.review_stack import review_stack
from delivery.teardown.cloud import Cloud, open_cloud
from delivery.teardown.confirmation import confirm
from delivery.teardown.deletion import delete, forget_lost_cluster, require_same_place
from delivery.teardown.report import report
from delivery.teardown.standing import Standing, refuse_others, standing_on
from delivery.teardown.state_edit import Deployment, held, is_empty, last_snapshots, without_protection
from delivery.teardown.things import Looked
from delivery.teardown.unprotect import lift, require_room_for_snapshots
from delivery.workspace import Workspace
from infra.settings import PROJECT, Settings
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
    refuse_others(stack, standing)
    deployment = workspace.deployment()
    confirm(context, stack, _reasons(stack, settings, standing, deployment), given)
    cloud, unasked = _open(deployer, stack, settings)
    guarded = settings.protect or is_production(stack) or bool(held(deployment))
    if cloud is not None:
        require_same_place(cloud, deployment)
        require_room_for_snapshots(cloud, deployment)
    for number in standing.reviews:
        console.say(f"Review environment {review_stack(number)} goes first.")
        destroy_review(context, number)
    if guarded:
        _unprotect(context, workspace, cloud)
    if cloud is not None and cloud.cluster_is_gone():
        forget_lost_cluster(context, workspace)
    if not delete(context, workspace, (lambda: cloud) if cloud is not None else None):
        console.say(f"Stack {stack} was empty already.")
    console.say(f"Stack {stack} is empty. Its history and its file are still there.")
    if settings.platform == "local":
        return 0
    found = {stack: Looked(unasked=[unasked])} if cloud is None else _residue(context, cloud, standing)
    for each, looked in found.items():
        for line in report(each, looked):
            console.say(line)
    return 0 if all(looked.clean for looked in found.values()) else 1


def _residue(context: Context, cloud: Cloud, standing: Standing) -> dict[str, Looked]:
    """What is left of the stack and of the review environments that went with it, once nothing more can be deleted."""
    context.console.say("Looking for what AWS deletes late, or leaves behind ...")
    own, _ = cloud.clear(context.console.say, of_cluster_only=False)
    return {cloud.scope.stack: own} | {each: cloud.look_at_review(each) for each in map(review_stack, standing.reviews)}


def _reasons(stack: str, settings: Settings, standing: Standing, deployment: Deployment) -> Sequence[str]:
    """What makes a person type the stack's name."""
    reasons = []
    if settings.protect:
        reasons.append(f"Stack {stack} is protected ({PROJECT}:protect = true).")
    elif guards := held(deployment):
        reasons.append(f"Stack {stack} was deployed with protection, of: {', '.join(guards)}.")
    if is_production(stack):
        reasons.append(f"Stack {stack} is production.")
    if standing.reviews:
        reviews = ", ".join(map(review_stack, standing.reviews))
        reasons.append(f"Review environments stand on {stack} and go first, with their data: {reviews}.")
    if reasons and not is_empty(deployment):
        kept = [f"its database leaves the snapshot {name}" for _, name in last_snapshots(deployment)]
        reasons.append(f"Everything in it is deleted, its images and data too; {', '.join(kept) or 'no copy stays'}.")
    return reasons


def _open(deployer: Context, stack: str, settings: Settings) -> tuple[Cloud | None, str]:
    """AWS; or None, and why it cannot be asked, which keeps nothing from being deleted: the engine asks for itself."""
    if settings.platform == "local":
        return None, ""
    try:
        return open_cloud(deployer, stack, settings), ""
    except AwsError as error:
        deployer.console.warn(f"AWS cannot be asked what is left, and nothing that is left is deleted: {error}")
        return None, str(error)


def _unprotect(context: Context, workspace: Workspace, cloud: Cloud | None) -> None:
    if cloud is not None:
        lift(context, cloud)
    if workspace.edit(without_protection):
        context.console.say(f"The state of {workspace.name} has nothing protected any more.")
