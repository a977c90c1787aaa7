"""Reports in a directory: written by one job, read by another as data, with the event that tells of a run."""

import json
import os
import re
import stat
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from delivery.context import Context
from delivery.problems import DeliveryError
from infra.problems import shown

REPORTS = Path(".reports")
MOST_BYTES = 2_000_000
MOST_REPORTS = 10
FILES = {
    "check": re.compile(r"check\.md"),
    "preview": re.compile(r"preview-[a-z][a-z0-9-]{0,39}\.md"),
}


def write_report(context: Context, name: str, text: str) -> None:
    """Write a report of that file name into the project's `REPORTS`, without secrets.

    Raises:
        DeliveryError: it cannot be written.
    """
    path = context.project / REPORTS / name
    try:
        path.parent.mkdir(exist_ok=True)
        path.write_text(context.console.redacted(text), "utf-8", "backslashreplace")
    except OSError as error:
        raise DeliveryError(f"{path} cannot be written: {error.strerror}") from None


def read_reports(directory: Path, wanted: Sequence[str]) -> dict[str, str]:
    """The reports in a directory that anybody may have filled: plain files of known names, no links, no more than fits.

    Raises:
        DeliveryError: there is none, or one is not what it should be.
    """
    try:
        if directory.is_symlink():
            raise DeliveryError(f"{directory} is a symbolic link: reports are read from a directory only")
        names = sorted(entry.name for entry in os.scandir(directory))
    except OSError as error:
        raise DeliveryError(f"no reports in {directory}: {error.strerror}") from None
    known = [name for name in names if any(FILES[each].fullmatch(name) for each in wanted)]
    if not known:
        make = "make summary" if "check" in wanted else "make preview-cloud STACK=<stack>"
        raise DeliveryError(f"no report of {' or '.join(wanted)} in {directory}\n  cure: {make} writes one")
    if len(known) > MOST_REPORTS:
        raise DeliveryError(
            f"{directory} has {len(known)} reports: more than {MOST_REPORTS} are not put into a comment"
        )
    return {name.removesuffix(".md"): _read(directory / name) for name in known}


def _read(path: Path) -> str:
    try:
        # A pipe would be waited for; a link would lead anywhere.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(descriptor, "rb") as file:  # noqa: PTH123 - of a descriptor
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise DeliveryError(f"{path} is no plain file: it is not read")
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise DeliveryError(f"{path} cannot be read as a plain file: {error.strerror}") from None
    if len(content) > MOST_BYTES:
        raise DeliveryError(f"{path} has more than {MOST_BYTES} bytes: a report is smaller")
    return content.decode("utf-8", errors="replace")


@dataclass(frozen=True, kw_only=True)
class CheckRun:
    """The run of a check, as GitHub's own event tells of it."""

    run: int
    owner: str
    repository: str
    branch: str
    sha: str


def read_event(path: Path) -> CheckRun:
    """The run that a `workflow_run` event is about.

    Raises:
        DeliveryError: it is no such event, or the run was not made for a pull request.
    """
    try:
        event = json.loads(_read(path))["workflow_run"]
        head = event["head_repository"]
        started = CheckRun(
            run=int(event["id"]),
            owner=_line(head["owner"]["login"]),
            repository=_line(head["full_name"]),
            branch=_line(event["head_branch"]),
            sha=_line(event["head_sha"]),
        )
        trigger = str(event["event"])
    except (ValueError, KeyError, TypeError, OverflowError, RecursionError) as error:
        raise DeliveryError(f"{path} is no workflow_run event of GitHub ({type(error).__name__})") from None
    if trigger != "pull_request":
        raise DeliveryError(f"the run's event is {shown(trigger)}: only pull_request has one to comment on")
    return started


def _line(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable():
        raise ValueError("it is not one line of text")
    return value
