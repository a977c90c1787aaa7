"""Review environments: a pull request with the label `stage` runs on dev's cluster, in a stack of its own."""

import argparse
from dataclasses import replace
from typing import Any

from bootstrap.names import REVIEW_PLATFORM
from delivery import announce, deploy, rollout
from delivery.context import Context
from delivery.github import GitHub
from delivery.github_answers import PullRequest, pull_request_number
from delivery.problems import DeliveryError
from delivery.review_environment import LABEL, MARKER, deployed, failed, whole_number, write_for_deployment
from delivery.review_stack import pull_request_of, review_stack
from delivery.smoke import SECONDS
from delivery.stack_state import open_stack
from delivery.workflow_run import run_address
from delivery.workspace import Workspace, stacks

DEFAULT_LIMIT, DEFAULT_DAYS = 5, 7


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery review` takes."""
    parser.add_argument("--pr", type=pull_request_number, required=True, metavar="N", help="the pull request's number")


def run(context: Context, options: argparse.Namespace) -> int:
    """Make or update the review environment of a pull request, and comment where it is.

    What a failure or an interruption leaves is the start of the next run: the stack's file is made anew, an `up` goes
    on where the last one ended, the comment is written in place.

    Raises:
        DeliveryError: the pull request may have none, there are too many, dev is not deployed, or it failed.
    """
    return review(context, options.pr, SECONDS)


def review(context: Context, number: int, seconds: float) -> int:
    """As `run`. A smoke test may take `seconds`: a new host name and its certificate take minutes."""
    days = whole_number(context.environ, "REVIEW_DAYS", DEFAULT_DAYS)
    limit = whole_number(context.environ, "REVIEW_LIMIT", DEFAULT_LIMIT)
    github = GitHub.from_environ(context)
    if github is None:
        context.console.say(
            "GITHUB_TOKEN or GITHUB_REPOSITORY is not set: whether the pull request is open, has the label and is of "
            "this repository is not checked, and nobody is told by a comment."
        )
    else:
        admit(github.pull_request(number), github.repository)
    stack = review_stack(number)
    try:
        there = [each.name for each in stacks(context)]
        refuse_too_many(stack, there, limit)
        _require_platform(context, there)
        write_for_deployment(context, number)
        outputs, commit = _deploy(context, number, seconds)
    except DeliveryError as error:
        if github:
            _tell_failure(context, github, number, str(error))
        after = f"the next push tries again; make review-destroy PR={number} ends what is there of {stack}"
        raise DeliveryError(f"{error}\n  {after}") from None
    announce.tell(context, f"review pull request {number}", outputs, commit)
    if github:
        text = deployed(str(outputs["url"]), commit, days, run_address(context.environ))
        github.upsert_comment(number, MARKER, text)
    return 0


def admit(pull_request: PullRequest, repository: str) -> None:
    """Refuse a pull request that may have no review environment; every reason at once.

    A fork's code would run with the rights of this repository, so a label is not enough for it.

    Raises:
        DeliveryError: it is closed, has not the label, or comes from a fork.
    """
    reasons = []
    if pull_request.state != "open":
        reasons.append("it is closed\n    cure: open it again")
    if LABEL not in pull_request.labels:
        reasons.append(f"it has not the label {LABEL}\n    cure: add the label")
    if (pull_request.head_repository or "").lower() != repository.lower():
        reasons.append(
            f"it comes from a fork, whose code would run with this repository's rights\n"
            f"    cure: review its code, then push it to a branch of {repository} and open a pull request there"
        )
    if reasons:
        listed = "\n".join(f"  {reason}" for reason in reasons)
        raise DeliveryError(f"pull request {pull_request.number} may have no review environment:\n{listed}")


def refuse_too_many(stack: str, there: list[str], limit: int) -> None:
    """Refuse a new review environment where `limit` others run; one that runs already may be updated.

    Raises:
        DeliveryError: there are too many.
    """
    others = sorted(name for name in there if pull_request_of(name) is not None)
    if stack not in others and len(others) >= limit:
        raise DeliveryError(
            f"{stack} would be one too many: {', '.join(others)} run, and REVIEW_LIMIT is {limit}\n"
            f"  cure: take the label {LABEL} off one of them or close it, `make review-sweep`, or raise REVIEW_LIMIT"
        )


def _require_platform(context: Context, there: list[str]) -> None:
    outputs = Workspace.open(context, REVIEW_PLATFORM, create=False).outputs() if REVIEW_PLATFORM in there else {}
    if not outputs.get("clusterName"):
        raise DeliveryError(
            f"a review environment uses the cluster of {REVIEW_PLATFORM}, which is not deployed\n"
            f"  cure: make deploy STACK={REVIEW_PLATFORM}"
        )


def _deploy(context: Context, number: int, seconds: float) -> tuple[dict[str, Any], str]:
    """The outputs, and the commit of the image that runs."""
    target = open_stack(context, review_stack(number), create=True)
    # What a push has broken is there to be looked at: nobody else needs the image before it.
    what = replace(deploy.plan(target, infrastructure=False), restore=False)
    return rollout.roll_out(target, what, seconds), what.commit


def _tell_failure(context: Context, github: GitHub, number: int, error: str) -> None:
    try:
        github.upsert_comment(number, MARKER, failed(context.console.redacted(error), run_address(context.environ)))
    except DeliveryError as untold:
        # What failed first is what counts.
        context.console.warn(f"the comment could not be written: {untold}")
