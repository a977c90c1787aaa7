"""The stack file of a review environment on this machine, and the comment that tells of the environment."""

from collections.abc import Mapping
from pathlib import Path

from bootstrap.names import REVIEW_PLATFORM
from delivery import markdown
from delivery.configuration import secrets_provider, settings_of
from delivery.context import Context
from delivery.problems import DeliveryError
from delivery.review_stack import least_review_stack_file, review_stack, review_stack_file
from delivery.whole_file import write_whole
from infra.image import UNKNOWN_COMMIT
from infra.problems import shown

LABEL = "stage"
MARKER = "<!-- helloworld:review -->"
MOST_CHARACTERS = 20_000


def path_of(context: Context, number: int) -> Path:
    """Where the stack's file is."""
    return context.project / f"Pulumi.{review_stack(number)}.yaml"


def write_for_deployment(context: Context, number: int) -> None:
    """Write the stack's file, anew from what the platform's file says now.

    Raises:
        DeliveryError: the platform's settings allow no review environment.
    """
    settings = settings_of(context, REVIEW_PLATFORM)
    text = review_stack_file(number, REVIEW_PLATFORM, settings, secrets_provider(context.project, REVIEW_PLATFORM))
    write_whole(path_of(context, number), text)


def write_for_destruction(context: Context, number: int) -> None:
    """Write the stack's file. The platform's settings, whatever they are by now, do not keep an old environment alive.

    Raises:
        DeliveryError: the file cannot be written.
    """
    try:
        write_for_deployment(context, number)
    except DeliveryError as error:
        path = path_of(context, number)
        context.console.warn(f"{path.name} cannot be made from {REVIEW_PLATFORM}'s file as it is now: {error}")
        if not path.exists():
            write_whole(path, least_review_stack_file(REVIEW_PLATFORM, _secrets_provider(context)))


def _secrets_provider(context: Context) -> str | None:
    try:
        return secrets_provider(context.project, REVIEW_PLATFORM)
    except DeliveryError:
        return None


def deployed(url: str, commit: str, days: int, run: str) -> str:
    """The comment on an environment that runs."""
    # Both are outputs of what the pull request runs.
    known = commit[:7] if commit.isalnum() else UNKNOWN_COMMIT
    return (
        f"### Review environment\n\n{markdown.address(url)}\n\n"
        f"Runs the image of commit `{known}`. Each push updates it; it goes when the label `{LABEL}` or the pull "
        f"request does, or after {days} days without a push.{run}"
    )


def failed(error: str, run: str) -> str:
    """The comment on an environment whose `up` or smoke test failed."""
    reason = markdown.fit(markdown.code(error, "text"), MOST_CHARACTERS, "**The rest is in the run's log.**")
    return (
        f"### Review environment\n\n❌ The last update failed.\n\n{reason}\n\n"
        f"What is there stays for the next push to mend; taking the label `{LABEL}` away destroys it.{run}"
    )


def destroyed(why: str, run: str) -> str:
    """The comment on an environment that is gone."""
    return f"### Review environment\n\nDestroyed: {why}. The label `{LABEL}` makes it anew.{run}"


def whole_number(environ: Mapping[str, str], name: str, default: int) -> int:
    """A variable that is a number from 1 to 1000.

    Raises:
        DeliveryError: it is not.
    """
    text = environ.get(name) or str(default)
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= 1000):
        raise DeliveryError(f"{name} = {shown(text)}: it is not a whole number from 1 to 1000")
    return int(text)
