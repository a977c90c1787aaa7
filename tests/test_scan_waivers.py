"""What is waived, and how a waiver fails."""

import json
import re
import subprocess
import sys
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from scan import waivers
from scan.finding import Finding, ScanError
from scan.waivers import Waiver, judge, read
from tests.conftest import PROJECT

RUFF = Path(sys.executable).with_name("ruff")
FINDING = Finding("checkov", "CKV_X_1", "manifests/dev/deployment-x.yaml", "CPU limits should be set: x", 3)
LINE = (
    '{ tool = "checkov", rule = "CKV_X_1", where = "manifests/*/deployment-x.yaml", reason = "it is meant to be so" }'
)


def waiver(**changes: str) -> Waiver:
    given = {"tool": FINDING.tool, "rule": FINDING.rule, "where": FINDING.where, "reason": "it is meant to be so"}
    return Waiver(**{**given, **changes})


def refusal(*lines: str) -> str:
    with pytest.raises(ScanError) as refused:
        read(f"waivers = [{', '.join(lines)}]")
    return str(refused.value)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"where": "manifests/*/deployment-x.yaml"},
        {"where": "manifests/*"},
        {"what": "CPU limits*"},
    ],
)
def test_a_waived_finding_does_not_count(changes: dict[str, str]) -> None:
    judgement = judge([FINDING], [waiver(**changes)])
    assert (judgement.findings, judgement.waived) == ([], [FINDING])


@pytest.mark.parametrize(
    "changes",
    [
        {"tool": "hadolint"},
        {"rule": "CKV_X_2"},
        {"where": "manifests/prod/*"},
        {"where": "manifests/dev/deployment-X.yaml"},
        {"what": "memory*"},
    ],
)
def test_a_waiver_of_something_else_leaves_the_finding_and_counts_as_unused(changes: dict[str, str]) -> None:
    judgement = judge([FINDING], [waiver(**changes)])
    assert FINDING in judgement.findings
    (unused,) = [each for each in judgement.findings if each != FINDING]
    assert (unused.tool, unused.rule, unused.where) == ("waivers", "unused", "scan/waivers.toml")
    assert next(iter(changes.values())) in unused.what


def test_one_waiver_may_cover_several_findings_and_several_one() -> None:
    other = replace(FINDING, where="manifests/prod/deployment-x.yaml")
    judgement = judge([FINDING, other], [waiver(where="manifests/*"), waiver()])
    assert (judgement.findings, len(judgement.waived)) == ([], 2)


def test_a_waiver_without_a_reason_is_refused() -> None:
    assert "waiver 1, checkov CKV_X_1 manifests/*/deployment-x.yaml: reason" in refusal(
        LINE.replace(', reason = "it is meant to be so"', "")
    )
    for reason in ("", "false alarm"):
        assert "reason: String should have at least 15" in refusal(LINE.replace("it is meant to be so", reason))


@pytest.mark.parametrize("where", ["*", "**", "*/dev/x.yaml", "?", "[m]anifests/x", ""])
def test_a_waiver_of_a_rule_everywhere_is_refused(where: str) -> None:
    assert "where: Value error, it must begin with the name" in refusal(
        LINE.replace("manifests/*/deployment-x.yaml", where)
    )


def test_every_mistake_in_the_file_is_told_at_once() -> None:
    text = refusal(LINE.replace("reason", "because"), LINE.replace("manifests/*", "*"), LINE, LINE, '"x"')
    for part in ("waiver 1", "because: Extra inputs", "waiver 2", "it is there twice", "waiver 5, 'x'"):
        assert part in text
    assert "cure: each waiver has tool, rule, where" in text


@pytest.mark.parametrize("text", ["waivers = [", "", "waivers = 3"])
def test_a_file_that_has_no_list_is_refused(text: str) -> None:
    with pytest.raises(ScanError, match=r"scan/waivers.toml (is no TOML|has no list)"):
        read(text)


def test_the_waivers_of_this_project_are_read() -> None:
    assert read(waivers.FILE.read_text("utf-8"))


# Those of ruff stand in the code, and in its settings.


def test_what_ruff_is_told_to_pass_over_has_its_reason_beside_it(clone: Path) -> None:
    listed = subprocess.run(["git", "ls-files", "*.py"], cwd=clone, capture_output=True, text=True, check=True).stdout
    files = [clone / name for name in listed.splitlines()]
    lines = [line for file in files if file.exists() for line in file.read_text("utf-8").splitlines()]
    waived = [line for line in lines if re.search(r"#\s*(ruff: )?noqa\b", line) and "re.search(" not in line]
    assert len(waived) > 10
    assert [line for line in waived if not re.search(r"noqa: [A-Z]+\d+(, [A-Z]+\d+)* - \w.{4,}", line)] == []


def test_each_rule_on_security_that_ruff_is_not_asked_for_would_find_something() -> None:
    """Of lines, ruff tells unused ones itself (RUF100); of its settings it does not."""
    turned_off = tomllib.loads((PROJECT / "pyproject.toml").read_text("utf-8"))["tool"]["ruff"]["lint"]["ignore"]
    rules = [rule for rule in turned_off if re.fullmatch(r"S\d+", rule)]
    command = [str(RUFF), "check", "--isolated", f"--select={','.join(rules)}", "--output-format=json", "."]
    found = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False).stdout
    assert {each["code"] for each in json.loads(found)} == set(rules)
