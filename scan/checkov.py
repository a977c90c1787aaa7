"""checkov: manifests, policies, Dockerfile and CI files against its catalogue, in one process and without its service.

https://www.checkov.io/5.Policy%20Index/all.html
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from scan.finding import Finding, ScanError
from scan.stage import REPOSITORY, WORKFLOW_FILES
from scan.tool import Tool

NAME = "checkov"
CATALOGUE = "https://www.checkov.io/5.Policy%20Index/all.html"
# Its scanner of secrets is not among them: without the service it finds none, and does not say so.
FRAMEWORKS = ("kubernetes", "cloudformation", "dockerfile", "github_actions", "gitlab_ci", "circleci_pipelines")
_RESULTS = ("passed", "failed", "skipped")
INLINE = "a comment in the file waives it, which is done in scan/waivers.toml"


def tool(binaries: Path, stage: Path) -> Tool:
    """Run checkov over the whole stage.

    Args:
        binaries: the folder of its program.
        stage: the folder to look at.
    """
    command = [
        str(binaries / "checkov"),
        "--directory=.",
        "--framework",
        *FRAMEWORKS,
        f"--skip-path={REPOSITORY}",
        "--skip-download",
        "--compact",
        "--output=json",
    ]
    return Tool(NAME, command, stage, lambda output: parse(output, set(must_be_seen(stage))))


def must_be_seen(stage: Path) -> list[str]:
    """The files of a stage that it has something to say of; what it does not know, it passes over in silence."""
    patterns = (
        "templates/**/*.json",
        "manifests/**/deployment-*.yaml",
        "app/Dockerfile",
        WORKFLOW_FILES,
        ".gitlab-ci.yml",
        ".circleci/config.yml",
    )
    return [path.relative_to(stage).as_posix() for pattern in patterns for path in stage.glob(pattern)]


def parse(output: str, expected: set[str]) -> list[Finding]:
    """The findings in its JSON, which has a report for each framework, or the report itself where there is one.

    Args:
        output: what it has written.
        expected: files that a check must have been asked of, passed or not.

    Raises:
        ScanError: it could not read a file, or has not looked at one that is expected.
    """
    document = json.loads(output)
    reports: list[Mapping[str, Any]] = document if isinstance(document, list) else [document]
    unread = [name for each in reports for name in each["results"]["parsing_errors"]]
    if unread:
        raise ScanError(f"checkov cannot read {', '.join(unread)}\n  cure: python -m scan --keep DIR shows the files")
    checks = {key: [check for each in reports for check in each["results"][f"{key}_checks"]] for key in _RESULTS}
    seen = {_where(check) for each in checks.values() for check in each}
    unseen = sorted(expected - seen)
    if unseen:
        raise ScanError(
            f"checkov has no check for {len(unseen)} files, e.g. {unseen[0]}\n"
            "  cure: see scan/checkov.py for what it must see"
        )
    return [*_findings(checks["failed"], ""), *_findings(checks["skipped"], f" ({INLINE})")]


def _findings(checks: Iterable[Mapping[str, Any]], remark: str) -> list[Finding]:
    return [
        Finding(
            NAME,
            check["check_id"],
            _where(check),
            f"{check['check_name']}: {check['resource']}{remark}",
            check["file_line_range"][0],
            check.get("guideline") or CATALOGUE,
        )
        for check in checks
    ]


def _where(check: Mapping[str, Any]) -> str:
    return str(check["file_path"]).lstrip("/")
