"""`make preview-cloud`: what an `up` would change, asked of the engine and the cloud."""

import argparse

from delivery import markdown
from delivery.configuration import require_stack_name, settings_of
from delivery.context import Context
from delivery.identity import reading
from delivery.local_cluster import located
from delivery.problems import DeliveryError
from delivery.releases import IMAGE_SETTING, digest_of
from delivery.reports import REPORTS, write_report
from delivery.workspace import Preview, Workspace
from infra.settings import PROJECT, Settings

MOST_RESOURCES = 60
MOST_FIELDS = 6
# What deletes comes first: it is what a reader must not miss.
ORDER = ("delete", "replace", "create-replacement", "delete-replaced", "update", "create")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery preview` takes."""
    parser.add_argument("--stack", required=True, metavar="NAME", help="the stack: it has a file Pulumi.NAME.yaml")


def run(context: Context, options: argparse.Namespace) -> int:
    """Preview a stack, and write `.reports/preview-<stack>.md` (short) and `.txt` (all that the engine said).

    Nobody's role is assumed: a preview reads, and whoever asks for one may be allowed no more.

    Returns:
        0, also for a stack that does not exist yet: there is nothing to compare with.

    Raises:
        DeliveryError: the settings have problems, or the preview fails; the reports say so, too.
    """
    stack: str = options.stack
    # It is part of the reports' names.
    require_stack_name(stack)
    try:
        settings = settings_of(context, stack)
        with located(context, stack, settings) as here:
            preview = _preview(here, stack, settings)
    except DeliveryError as error:
        text = context.console.redacted(str(error))
        _write(context, stack, f"### Preview of `{stack}` failed\n\n{markdown.code(text)}\n", f"{text}\n")
        raise
    if preview is None:
        context.console.say(f"Stack {stack} does not exist yet: its first deployment creates everything.")
        _write(context, stack, new_stack(stack), f"There is no stack {stack} in the backend yet.\n")
        return 0
    _write(context, stack, short(stack, preview), preview.text)
    context.console.say(f"{stack}: {counted(preview)}. The whole text: {REPORTS}/preview-{stack}.txt")
    return 0


def new_stack(stack: str) -> str:
    """The report for a stack that does not exist, as Markdown."""
    return (
        f"### Preview of `{stack}`\n\nThe stack does not exist yet, so there is nothing to compare with: its first "
        "deployment creates everything that the offline preview shows.\n"
    )


def short(stack: str, preview: Preview) -> str:
    """The report that a pull request's comment has room for, as Markdown: counts, and what changes."""
    lines = [f"### Preview of `{stack}`", "", f"{counted(preview)[0].upper()}{counted(preview)[1:]}."]
    steps = sorted(preview.steps, key=lambda step: _rank(step.op))
    if steps:
        rows = []
        for step in steps[:MOST_RESOURCES]:
            fields = ", ".join(step.fields[:MOST_FIELDS]) + (", …" if len(step.fields) > MOST_FIELDS else "")
            rows.append(f"{step.op:<12} {step.resource}{f'  [{fields}]' if fields and step.op != 'create' else ''}")
        if len(steps) > MOST_RESOURCES:
            rows.append(f"… and {len(steps) - MOST_RESOURCES} more: the full text has them")
        lines += ["", markdown.code("\n".join(rows), "text")]
    return "\n".join([*lines, ""])


def counted(preview: Preview) -> str:
    """`2 to update, 1 to create`, or that nothing changes."""
    return ", ".join(f"{preview.changes[op]} to {op}" for op in sorted(preview.changes, key=_rank)) or "no changes"


def _rank(op: str) -> int:
    return ORDER.index(op) if op in ORDER else len(ORDER)


def _preview(context: Context, stack: str, settings: Settings) -> Preview | None:
    workspace = Workspace.find(context, stack)
    if workspace is None:
        return None
    kept = {}
    if settings.promote_from and not settings.image:
        running = str(workspace.outputs().get("image", ""))
        if digest_of(running):
            # Without it the program would build an image for a stack whose image is promoted.
            kept = {IMAGE_SETTING: running}
            context.console.say(f"With the image that runs ({PROJECT}:promoteFrom): {running}")
    context.console.say(f"Previewing stack {stack} ...")
    return workspace.preview({**kept, **reading(context, settings)})


def _write(context: Context, stack: str, short_text: str, whole: str) -> None:
    write_report(context, f"preview-{stack}.md", short_text)
    write_report(context, f"preview-{stack}.txt", whole)
