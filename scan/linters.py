"""Linters of single files: hadolint for the Dockerfile, actionlint and zizmor for GitHub's workflows.

Comments by which a file silences them do not count: what is waived stands in scan/waivers.toml.
"""

import json
from collections.abc import Sequence
from pathlib import Path

from scan.finding import Finding
from scan.planted import MISTAKES
from scan.stage import WORKFLOW_FILES, relative
from scan.tool import Tool

HADOLINT, ACTIONLINT, ZIZMOR = "hadolint", "actionlint", "zizmor"


def hadolint(binaries: Path, project: Path, stage: Path) -> Tool:
    """Run hadolint over the Dockerfile: https://github.com/hadolint/hadolint/wiki.

    Args:
        binaries: the folder of its program.
        project: the project's directory.
        stage: where the planted mistake is.
    """
    files = ["app/Dockerfile", *_planted(HADOLINT, stage)]
    command = [str(binaries / "hadolint"), "--disable-ignore-pragma", "--format=json", *files]
    return Tool(HADOLINT, command, project, lambda output: _named(parse_hadolint(output), project, stage))


def actionlint(binaries: Path, project: Path, stage: Path) -> Tool:
    """Run actionlint over the workflows: https://github.com/rhysd/actionlint/blob/main/docs/checks.md.

    Args:
        binaries: the folder of its program.
        project: the project's directory.
        stage: where the planted mistake is.
    """
    files = [*_workflows(project), *_planted(ACTIONLINT, stage)]
    command = [str(binaries / "actionlint"), "-shellcheck=", "-pyflakes=", "-format={{json .}}", *files]
    return Tool(ACTIONLINT, command, project, lambda output: _named(parse_actionlint(output), project, stage))


def zizmor(binaries: Path, project: Path, stage: Path) -> Tool:
    """Run zizmor, at its most suspicious, over the workflows: https://docs.zizmor.sh/audits.

    Args:
        binaries: the folder of its program.
        project: the project's directory.
        stage: where the planted mistake is.
    """
    switches = ["--offline", "--persona=auditor", "--no-progress", "--quiet", "--no-config", "--no-ignores"]
    files = [*_workflows(project), *_planted(ZIZMOR, stage)]
    command = [str(binaries / "zizmor"), *switches, "--no-exit-codes", "--format=json-v1", *files]
    return Tool(ZIZMOR, command, project, lambda output: _named(parse_zizmor(output), project, stage), codes=(0,))


def parse_hadolint(output: str) -> list[Finding]:
    """The findings in hadolint's JSON."""
    wiki = "https://github.com/hadolint/hadolint/wiki"
    return [
        Finding(HADOLINT, each["code"], each["file"], each["message"], each["line"], f"{wiki}/{each['code']}")
        for each in json.loads(output)
    ]


def parse_actionlint(output: str) -> list[Finding]:
    """The findings in actionlint's JSON; the cure is in the message."""
    return [
        Finding(ACTIONLINT, each["kind"], each["filepath"], each["message"], each["line"])
        for each in json.loads(output)
    ]


def parse_zizmor(output: str) -> list[Finding]:
    """The findings in zizmor's JSON; each at the first place that it calls primary."""
    found = []
    for each in json.loads(output):
        place = next(place for place in each["locations"] if place["symbolic"]["kind"] == "Primary")
        where = place["symbolic"]["key"]["Local"]["verbatim_path"]
        line = place["concrete"]["location"]["start_point"]["row"] + 1
        found.append(Finding(ZIZMOR, each["ident"], where, each["desc"], line, each["url"]))
    return found


def _workflows(project: Path) -> Sequence[str]:
    return [path.relative_to(project).as_posix() for path in sorted(project.glob(WORKFLOW_FILES))]


def _planted(tool: str, stage: Path) -> Sequence[str]:
    return [str(stage / each.file) for each in MISTAKES if each.tool == tool]


def _named(findings: Sequence[Finding], project: Path, stage: Path) -> list[Finding]:
    return [each.at(relative(each.where, project, stage)) for each in findings]
