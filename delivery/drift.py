"""Drift: what a stack has in the cloud, compared with what its program says, and one issue for each stack about it.

Two differences count alike: the cloud is not as the last `up` left it, and the program is not as it was then. Both mean
that the next `up` would change something that nobody looked at. What does not count is the image: the one that runs
stays, as a newer commit is no drift.

A comparison that failed says nothing about drift: the command fails, and the issue stays as it is.
"""

import argparse
from collections.abc import Sequence

from delivery import markdown
from delivery.configuration import require_stack_name, settings_of
from delivery.context import Context
from delivery.explanation import UNCHANGED, Step
from delivery.github import GitHub
from delivery.identity import reading
from delivery.problems import DeliveryError
from delivery.releases import IMAGE_SETTING
from delivery.slack import notify
from delivery.workflow_run import run_address
from delivery.workspace import Preview, Workspace
from infra.settings import PROJECT

LABEL = "drift"
MOST_CHARACTERS = 50_000
MOST_STEPS = 200
IDLE = (*UNCHANGED, "read-replacement", "discard-replaced", "read-discard")
BUILD = f"{PROJECT}:image:Image"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery drift` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack to compare")


def run(context: Context, options: argparse.Namespace) -> int:
    """Compare a stack's cloud and program, and open, update or close its issue.

    Returns:
        0 if there is no drift, or if the issue tells of it; 1 if there is drift and nobody to open an issue for.

    Raises:
        DeliveryError: the comparison failed, or GitHub says no.
    """
    require_stack_name(options.stack)
    github = GitHub.from_environ(context)
    # A stack without a file is a mistake; one that was never deployed is none.
    settings = settings_of(context, options.stack)
    if settings.platform == "local":
        raise DeliveryError(
            f"stack {options.stack} is local, and has no cloud to drift from.\n"
            f"  cure: make preview-cloud STACK={options.stack} compares its cluster"
        )
    workspace = Workspace.find(context, options.stack)
    running = workspace.outputs().get("image") if workspace else None
    if workspace is None or not running:
        context.console.say(f"{options.stack} is not deployed: there is nothing to compare.")
        _close(context, github, options.stack, "The stack is not deployed any more.")
        return 0
    as_it_is = {IMAGE_SETTING: str(running), **reading(context, settings)}
    preview = workspace.preview(as_it_is, refresh=True)
    steps = drift(preview)
    if not steps:
        context.console.say(f"{options.stack}: no drift.")
        _close(context, github, options.stack, "Cloud and program are the same again.")
        return 0
    context.console.say(f"{options.stack}: {len(steps)} resources differ.")
    for step in steps[:MOST_STEPS]:
        context.console.say(f"  {line(step)}")
    if github is None:
        context.console.warn("GITHUB_TOKEN or GITHUB_REPOSITORY is not set: no issue is opened")
        return 1
    text = context.console.redacted(body(options.stack, steps, preview.text, run_address(context.environ)))
    number = github.upsert_issue(marker(options.stack), title(options.stack), text, [LABEL])
    context.console.say(f"Issue {number} tells of it.")
    notify(context, f"Drift in {options.stack}: {len(steps)} resources differ, see issue {number}")
    return 0


def drift(preview: Preview) -> Sequence[Step]:
    """The steps that are drift.

    With the running image given, the program builds none: that what has built it would go is no drift.
    """
    found: dict[str, Step] = {}
    for step in preview.steps:
        if step.op not in IDLE and BUILD not in _types(step.urn):
            # A replacement is told in three steps, of which this one names it.
            found[step.urn] = step if step.op == "replace" else found.get(step.urn, step)
    return list(found.values())


def line(step: Step) -> str:
    """A step in a few words."""
    what = f"{step.op} {step.resource}"
    return f"{what}: {', '.join(step.fields)}" if step.fields else what


def body(stack: str, steps: Sequence[Step], text: str, run: str) -> str:
    """The issue's text."""
    more = len(steps) - MOST_STEPS
    lines = [*map(line, steps[:MOST_STEPS]), *([f"and {more} more"] if more > 0 else [])]
    head = (
        f"What `{stack}` has in the cloud is not what its program says: {len(steps)} resources differ.\n\n"
        f"{markdown.code(chr(10).join(lines), 'text')}\n\n"
        f"If the program is right, `make deploy STACK={stack} REFRESH=yes` sets the cloud right; where images are "
        "promoted, with `INFRASTRUCTURE=yes` as well. If the cloud is right, change the program. This issue is closed "
        f"by the run that finds no difference.{run}\n"
    )
    note = "**The rest is left out for length; the run's log has it.**"
    whole = "The whole preview. It is given the image that runs, so what has built an image looks deleted"
    fold = f"<details><summary>{whole}</summary>\n\n{markdown.code(text, 'text')}\n\n</details>"
    return markdown.fit(f"{head}\n{fold}", MOST_CHARACTERS, note)


def marker(stack: str) -> str:
    """The first line of the stack's issue."""
    return f"<!-- helloworld:drift {stack} -->"


def title(stack: str) -> str:
    """The title of the stack's issue."""
    return f"Drift in {stack}: cloud and program differ"


def _close(context: Context, github: GitHub | None, stack: str, word: str) -> None:
    number = github.close_issue(marker(stack), word, LABEL) if github else None
    if number:
        context.console.say(f"Issue {number} is closed.")


def _types(urn: str) -> list[str]:
    """The types of a resource and of what it is in, the outermost first."""
    parts = urn.split("::")
    return parts[2].split("$") if len(parts) > 2 else []
