"""The end of a review environment."""

import argparse
from functools import cache

from delivery.configuration import settings_of
from delivery.context import Context
from delivery.github import GitHub
from delivery.github_answers import pull_request_number
from delivery.identity import as_deployer
from delivery.problems import DeliveryError
from delivery.review_environment import MARKER, destroyed, path_of, write_for_destruction
from delivery.review_stack import review_stack
from delivery.teardown.cloud import Cloud, open_cloud
from delivery.teardown.deletion import delete
from delivery.workflow_run import run_address
from delivery.workspace import Workspace, stacks
from infra.settings import PROJECT


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery review-destroy` takes."""
    parser.add_argument("--pr", type=pull_request_number, required=True, metavar="N", help="the pull request's number")


def run(context: Context, options: argparse.Namespace) -> int:
    """Destroy the review environment of a pull request; that there is none is fine.

    Raises:
        DeliveryError: it cannot be destroyed; what is left of it goes with the next run.
    """
    github = GitHub.from_environ(context)
    stack = review_stack(options.pr)
    if any(each.name == stack for each in stacks(context)):
        destroy(context, options.pr)
        context.console.say(f"{stack} is destroyed.")
    else:
        path_of(context, options.pr).unlink(missing_ok=True)
        context.console.say(f"There is no {stack}: nothing to destroy.")
    tell(context, github, options.pr, "the pull request was closed or lost its label")
    return 0


def destroy(context: Context, number: int) -> None:
    """Destroy an environment that exists, as its deploy role, and forget its stack, its history and its file.

    In this order, so that an interruption leaves the stack, which the next run finds.

    Raises:
        DeliveryError: its stack is protected, or it failed.
    """
    write_for_destruction(context, number)
    stack = review_stack(number)
    settings = settings_of(context, stack)
    if settings.protect:
        raise DeliveryError(f"stack {stack} is protected ({PROJECT}:protect = true): a review environment is not")
    deployer = as_deployer(context, stack, settings)
    workspace = Workspace.open(deployer, stack, create=False)

    @cache
    def cloud() -> Cloud:
        return open_cloud(deployer, stack, settings)

    delete(context.console, workspace, cloud)
    workspace.remove()
    path_of(context, number).unlink(missing_ok=True)


def tell(context: Context, github: GitHub | None, number: int, why: str) -> None:
    """Say it in the environment's comment, if there is one; the environment is gone whether that works or not."""
    if github is None:
        return
    try:
        if github.has_comment(number, MARKER):
            github.upsert_comment(number, MARKER, destroyed(why, run_address(context.environ)))
    except DeliveryError as error:
        context.console.warn(f"the comment on pull request {number} could not be written: {error}")
