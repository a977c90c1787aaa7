"""Where the workflow's run can be read."""

import re
from collections.abc import Mapping

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
    return f"[the run's artifacts]({url}#artifacts) have the whole text" if url else "the whole text is in `.reports`"
