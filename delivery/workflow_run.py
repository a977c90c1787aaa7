"""The workflow's run: where it can be read, and what its job is told."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

from delivery.context import Context
from delivery.problems import DeliveryError
from delivery.reports import REPORTS

JobFile = Literal["GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"]
DEFAULT_SERVER = "https://github.com"


def run_url(environ: Mapping[str, str], run: str = "") -> str:
    """The address of a run, of this one if none is given; empty outside a workflow."""
    number, repository = run or environ.get("GITHUB_RUN_ID", ""), environ.get("GITHUB_REPOSITORY", "")
    if not repository or not re.fullmatch(r"[0-9]{1,20}", number):
        return ""
    return f"{environ.get('GITHUB_SERVER_URL') or DEFAULT_SERVER}/{repository}/actions/runs/{number}"


def run_address(environ: Mapping[str, str]) -> str:
    """A sentence that links to this run, to stand after another one; empty outside a workflow."""
    url = run_url(environ)
    return f" [The run that says so]({url})." if url else ""


def whole_text_at(environ: Mapping[str, str], run: str = "") -> str:
    """Where the whole text of a report is, in words with a link."""
    url = run_url(environ, run)
    return f"[the run's artifacts]({url}#artifacts) have the whole text" if url else f"the whole text is in `{REPORTS}`"


def append(context: Context, to: JobFile, text: str) -> None:
    """Append to the outputs or the summary of the workflow's job; nothing outside a workflow.

    Raises:
        DeliveryError: the file cannot be written.
    """
    path = context.environ.get(to)
    if not path:
        return
    try:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(context.console.redacted(text))
    except OSError as error:
        raise DeliveryError(f"{to} cannot be written: {error.strerror}") from None


def append_or_warn(context: Context, to: JobFile, text: str) -> None:
    """As `append`, for what is done all the same if nobody can read of it there."""
    try:
        append(context, to, text)
    except DeliveryError as error:
        context.console.warn(str(error))
