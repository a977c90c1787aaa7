"""The one comment of a pull request: what the check and the previews found, each in a section of its own."""

import argparse
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery import markdown
from delivery.context import Context
from delivery.github import GitHub
from delivery.github_answers import pull_request_number
from delivery.problems import DeliveryError, UsageError
from delivery.reports import FILES, REPORTS, CheckRun, read_event, read_reports
from delivery.workflow_run import whole_text_at

MARKER = "<!-- helloworld:report -->"
# GitHub takes 65,536 characters; the rest is for the markers.
MOST_CHARACTERS = 64_000
SECTION = re.compile(
    r"^<!-- helloworld:section ([a-z][a-z0-9-]{0,60}) ([0-9a-f]{12}) -->\n(.*?)\n<!-- helloworld:end \1 -->$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of the comment. `version` names the text as it was before anything was cut."""

    version: str
    text: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What `python -m delivery comment` takes."""
    which = parser.add_mutually_exclusive_group(required=True)
    which.add_argument("--pr", type=pull_request_number, metavar="N", help="the pull request's number")
    which.add_argument(
        "--event",
        type=Path,
        metavar="FILE",
        help="the payload of a workflow_run event, which says whose check this is; only the section check is taken",
    )
    parser.add_argument("--section", choices=sorted(FILES), help="only the reports of this section")
    parser.add_argument("--reports", type=Path, metavar="DIR", help="where the reports are (.reports)")


def run(context: Context, options: argparse.Namespace) -> int:
    """Put the reports into the comment.

    With `--event` the reports are what somebody else's code has written, and only data: which pull request they are
    for is asked of GitHub, and is never read from them.

    Returns:
        0 if the comment has them, or if the pull request has moved on and another run will tell.

    Raises:
        DeliveryError: there is nothing to say, nobody to tell, or GitHub says no.
    """
    if options.event and options.section not in (None, "check"):
        raise UsageError("--event takes the section check only: a preview tells by itself, with --pr")
    wanted = [options.section] if options.section else ["check"] if options.event else sorted(FILES)
    reports = read_reports(options.reports or context.project / REPORTS, wanted)
    github = GitHub.from_environ(context)
    if github is None:
        raise DeliveryError("GITHUB_TOKEN or GITHUB_REPOSITORY is not set: there is no pull request to comment on")
    run_id = ""
    if options.event:
        started = read_event(options.event)
        run_id = str(started.run)
        numbers = pull_requests(github, started)
        if not numbers:
            context.console.say("No open pull request has this commit as its newest: nothing to comment on.")
            return 0
    else:
        numbers = [options.pr]
    where = whole_text_at(context.environ, run_id)
    sections = {name: section(context.console.redacted(text), where) for name, text in reports.items()}
    for number in numbers:
        github.edit_comment(
            number,
            MARKER,
            lambda there: assemble({**sections_of(there), **sections}, where),
            lambda body: is_told(body, sections),
        )
        context.console.say(f"Pull request {number}: the comment has {', '.join(sorted(sections))}.")
    return 0


def section(text: str, where: str) -> Section:
    """A report as a section: harmless, and short enough to stand alone."""
    neutral = markdown.neutral(text).strip("\n")
    version = hashlib.sha256(neutral.encode()).hexdigest()[:12]
    return Section(version=version, text=markdown.fit(neutral, MOST_CHARACTERS - 1000, _cut(where)))


def sections_of(bodies: Sequence[str]) -> dict[str, Section]:
    """The sections of the comment, or of several that were made at once; the older one counts."""
    found: dict[str, Section] = {}
    for body in bodies:
        for name, version, text in SECTION.findall(body.replace("\r\n", "\n")):
            found.setdefault(name, Section(version=version, text=text))
    return found


def assemble(sections: Mapping[str, Section], where: str) -> str:
    """The comment's text. What does not fit is cut, the longest section first."""
    room = MOST_CHARACTERS - markdown.size(_joined({name: Section(version="0" * 12, text="") for name in sections}))
    fitting: dict[str, Section] = {}
    by_size = sorted(sections, key=lambda name: (markdown.size(sections[name].text), name))
    for left, name in zip(range(len(by_size), 0, -1), by_size, strict=True):
        text = markdown.fit(sections[name].text, room // left, _cut(where))
        fitting[name] = Section(version=sections[name].version, text=text)
        room -= markdown.size(text)
    return _joined(fitting)


def is_told(body: str, sections: Mapping[str, Section]) -> bool:
    """Whether the comment has all of these sections."""
    there = sections_of([body])
    return all(name in there and there[name].version == each.version for name, each in sections.items())


def _joined(sections: Mapping[str, Section]) -> str:
    parts = [
        f"<!-- helloworld:section {name} {each.version} -->\n{each.text}\n<!-- helloworld:end {name} -->"
        for name, each in sorted(sections.items())
    ]
    return "\n\n".join([MARKER, *parts])


def _cut(where: str) -> str:
    return f"**The rest is left out for length; {where}.**"


def pull_requests(github: GitHub, started: CheckRun) -> list[int]:
    """The open pull requests that a run is about: from its repository and branch, and still at its commit."""
    found = github.pull_requests_of(started.owner, started.branch)
    return [
        each.number
        for each in found
        if each.head_sha == started.sha and (each.head_repository or "").lower() == started.repository.lower()
    ]
