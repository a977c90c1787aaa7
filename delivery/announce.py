"""Who is told how it went: the terminal, the workflow's job, Slack."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from delivery import markdown
from delivery.context import Context
from delivery.problems import DeliveryError
from delivery.slack import notify
from delivery.workflow_run import append_or_warn, run_url


@contextmanager
def failures_told(context: Context, what: str) -> Iterator[None]:
    """Tell Slack when `what` fails."""
    try:
        yield
    except DeliveryError as error:
        notify(context, f"{what} failed. {error}{_run_link(context)}")
        raise


def tell(context: Context, what: str, outputs: Mapping[str, Any], commit: str) -> None:
    """Say that `what` is done and what runs now, here, in the workflow's job (summary and outputs) and to Slack."""
    url, image = str(outputs.get("url", "")), str(outputs.get("image", ""))
    context.console.say(f"{what}: done.\n  url:    {url}\n  image:  {image}\n  commit: {commit}")
    append_or_warn(context, "GITHUB_OUTPUT", f"url={_one_line(url)}\nimage={_one_line(image)}\n")
    append_or_warn(
        context,
        "GITHUB_STEP_SUMMARY",
        f"### {what}\n\n| | |\n|---|---|\n| url | {_cell(url)} |\n| image | `{_cell(image)}` |\n"
        f"| commit | `{_cell(commit)}` |\n",
    )
    notify(context, f"{what}: done. {url} runs {image} (commit {commit[:7]}){_run_link(context)}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _cell(text: str) -> str:
    return markdown.address(_one_line(text)).replace("|", "\\|")


def _run_link(context: Context) -> str:
    url = run_url(context.environ)
    return f"\n{url}" if url else ""
