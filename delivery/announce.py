"""Who is told how it went: the terminal, the workflow's job, Slack."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from delivery.context import Context
from delivery.problems import DeliveryError
from delivery.slack import notify


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
    _append(context, "GITHUB_OUTPUT", f"url={_one_line(url)}\nimage={_one_line(image)}\n")
    _append(
        context,
        "GITHUB_STEP_SUMMARY",
        f"### {what}\n\n| | |\n|---|---|\n| url | {_one_line(url)} |\n| image | `{_one_line(image)}` |\n"
        f"| commit | `{_one_line(commit)}` |\n",
    )
    notify(context, f"{what}: done. {url} runs {image} (commit {commit[:7]}){_run_link(context)}")


def _append(context: Context, variable: str, text: str) -> None:
    path = context.environ.get(variable)
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8") as file:
            file.write(context.console.redacted(text))
    except OSError as error:
        # It is done all the same.
        context.console.warn(f"{variable} cannot be written: {error.strerror}")


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _run_link(context: Context) -> str:
    names = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (context.environ.get(name, "") for name in names)
    return f"\n{server}/{repository}/actions/runs/{run}" if server and repository and run else ""
