"""The daily sweep: review environments that nobody needs any more are destroyed."""

import argparse
from datetime import UTC, datetime, timedelta

from delivery.context import Context
from delivery.github import GitHub
from delivery.github_answers import PullRequest
from delivery.problems import DeliveryError
from delivery.review import DEFAULT_DAYS
from delivery.review_destroy import destroy, tell
from delivery.review_environment import LABEL, whole_number
from delivery.review_stack import pull_request_of
from delivery.slack import notify
from delivery.workspace import stacks


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery review-sweep` takes: nothing."""
    parser.description = "Destroys every review environment whose pull request is closed, unlabelled or forgotten."


def run(context: Context, _: argparse.Namespace) -> int:
    """Sweep, as of now.

    Returns:
        0 if what had to go is gone; 1 if something of it is left, after all others were tried.

    Raises:
        DeliveryError: the stacks cannot be listed.
    """
    return sweep(context, datetime.now(UTC))


def sweep(context: Context, now: datetime) -> int:
    """As `run`, as of `now`. A stack that is not named `pr-<number>` is never touched."""
    days = whole_number(context.environ, "REVIEW_DAYS", DEFAULT_DAYS)
    github = GitHub.from_environ(context)
    if github is None:
        context.console.say("GITHUB_TOKEN or GITHUB_REPOSITORY is not set: environments go by their age only.")
    found = {pull_request_of(each.name): each for each in stacks(context)}
    failures = []
    for number, stack in sorted((number, each) for number, each in found.items() if number is not None):
        try:
            reason = age_reason(stack.last_update, now, days)
            if not reason and github:
                reason = pull_request_reason(github.pull_request(number))
            if not reason:
                context.console.say(f"{stack.name}: stays.")
                continue
            destroy(context, number)
        except DeliveryError as error:
            failures.append(stack.name)
            context.console.warn(f"{stack.name}: {error}")
            continue
        context.console.say(f"{stack.name}: destroyed, {reason}.")
        tell(context, github, number, reason)
    if failures:
        context.console.warn(f"not swept: {', '.join(failures)}; the next sweep tries again")
        notify(context, f"Review environments could not be swept: {', '.join(failures)}")
    return 1 if failures else 0


def age_reason(last_update: datetime | None, now: datetime, days: int) -> str:
    """Why an environment of that age has to go; empty if it may stay.

    One without an update is being made, or its first `up` was killed: its age is not known, so its pull request says.
    """
    if last_update is None:
        return ""
    # Pulumi's times have no zone, and are UTC.
    updated = last_update if last_update.tzinfo else last_update.replace(tzinfo=UTC)
    return f"its last update is more than {days} days ago" if now - updated > timedelta(days=days) else ""


def pull_request_reason(pull_request: PullRequest) -> str:
    """Why the environment of that pull request has to go; empty if it may stay."""
    if pull_request.state != "open":
        return "the pull request is closed"
    return "" if LABEL in pull_request.labels else f"the pull request has not the label {LABEL} any more"
