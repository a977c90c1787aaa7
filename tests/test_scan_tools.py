"""What tools say, read as they say it; and tools that say nothing, or fail."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from scan import checkov, credentials, linters, parliament, scanners, schema
from scan.__main__ import main
from scan.finding import Finding, ScanError
from scan.planted import MISTAKES, unplanted
from scan.tool import Tool, start
from tests import programs
from tests.conftest import PROJECT

Script = Callable[[str, str], Path]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Makes a program of that name that runs a text of Python."""

    def made(name: str, text: str) -> Path:
        path = tmp_path / "bin" / name
        programs.install(path, text)
        return path

    return made


def check(file: str, **changes: Any) -> dict[str, Any]:
    return {
        "check_id": "CKV_K8S_16",
        "check_name": "Container should not be privileged",
        "file_path": f"/{file}",
        "file_line_range": [3, 9],
        "resource": "Pod.default.x",
        "guideline": None,
        **changes,
    }


def report(*failed: Any, passed: Any = (), skipped: Any = (), errors: Any = ()) -> dict[str, Any]:
    return {
        "check_type": "kubernetes",
        "results": {
            "passed_checks": list(passed),
            "failed_checks": list(failed),
            "skipped_checks": list(skipped),
            "parsing_errors": list(errors),
        },
    }


class TestCheckov:
    def test_failed_checks_are_findings_of_every_framework(self) -> None:
        output = json.dumps([report(check("manifests/dev/a.yaml")), report(check("app/Dockerfile"))])
        first, second = checkov.parse(output, set())
        assert (first.rule, first.where, first.line) == ("CKV_K8S_16", "manifests/dev/a.yaml", 3)
        assert first.cure.startswith("https://")
        assert second.where == "app/Dockerfile"
        assert len(checkov.parse(json.dumps(report(check("a"))), set())) == 1

    def test_a_check_that_a_comment_silences_is_a_finding(self) -> None:
        (found,) = checkov.parse(json.dumps(report(skipped=[check("a.yaml")])), set())
        assert "scan/waivers.toml" in found.what

    def test_a_file_that_it_passes_over_fails_the_scan(self) -> None:
        output = json.dumps(report(passed=[check("a.yaml")]))
        assert checkov.parse(output, {"a.yaml"}) == []
        with pytest.raises(ScanError, match=r"no check for 1 files, e\.g\. b\.yaml"):
            checkov.parse(output, {"a.yaml", "b.yaml"})

    def test_a_file_that_it_cannot_read_fails_the_scan(self) -> None:
        with pytest.raises(ScanError, match=r"cannot read b\.yaml"):
            checkov.parse(json.dumps(report(errors=["b.yaml"])), set())

    def test_an_output_without_reports_is_no_report(self) -> None:
        # So it is where no framework has found a file.
        with pytest.raises(LookupError):
            checkov.parse('{"passed": 0, "failed": 0}', set())


class TestParliament:
    def lines(self, *found: dict[str, Any]) -> str:
        return "".join(f"{json.dumps(each)}\n" for each in found)

    @pytest.fixture
    def stage(self, tmp_path: Path) -> Path:
        text = json.dumps({"Version": "1", "Statement": [{"Sid": "One", "Action": "a:B"}]}, indent=1)
        (tmp_path / "policies" / "dev").mkdir(parents=True)
        (tmp_path / "policies" / "dev" / "x.json").write_text(text)
        return tmp_path

    def found(self, detail: Any) -> dict[str, Any]:
        return {
            "issue": "RESOURCE_MISMATCH",
            "title": "No resources match",
            "detail": detail,
            "location": {"line": 5, "filepath": "dev/x.json"},
        }

    def test_each_resource_that_an_action_wants_is_a_finding_of_its_statement(self, stage: Path) -> None:
        wanted = [{"action": f"ec2:{each}", "required_format": "arn:*"} for each in ("A", "B", "B")]
        found = parliament.parse(self.lines(self.found(wanted)), stage)
        assert [(each.where, each.what[:5]) for each in found] == [
            ("policies/dev/x.json#One", "ec2:A"),
            ("policies/dev/x.json#One", "ec2:B"),
        ]

    def test_a_list_of_actions_is_one_finding(self, stage: Path) -> None:
        (found,) = parliament.parse(self.lines(self.found([f"kms:{each}" for each in "ABCDE"])), stage)
        assert found.what.startswith("kms:A, kms:B, kms:C and 2 more: ")
        (text,) = parliament.parse(self.lines(self.found("Unknown condition x")), stage)
        assert text.what.startswith("Unknown condition x: ")

    def test_silence_is_no_finding(self, stage: Path) -> None:
        assert parliament.parse("", stage) == []


class TestLinters:
    def test_hadolint(self) -> None:
        output = '[{"code":"DL3007","column":1,"file":"app/Dockerfile","level":"warning","line":1,"message":"No"}]'
        assert linters.parse_hadolint(output) == [
            Finding("hadolint", "DL3007", "app/Dockerfile", "No", 1, "https://github.com/hadolint/hadolint/wiki/DL3007")
        ]

    def test_actionlint(self) -> None:
        output = (
            '[{"message":"unknown","filepath":".github/workflows/a.yml","line":4,"column":9,"kind":"runner-label"}]'
        )
        assert linters.parse_actionlint(output) == [
            Finding("actionlint", "runner-label", ".github/workflows/a.yml", "unknown", 4)
        ]

    def test_zizmor_by_its_primary_place(self) -> None:
        def place(kind: str, row: int) -> dict[str, Any]:
            return {
                "symbolic": {"kind": kind, "key": {"Local": {"verbatim_path": ".github/workflows/a.yml"}}},
                "concrete": {"location": {"start_point": {"row": row, "column": 0}}},
            }

        found = {"ident": "dangerous-triggers", "desc": "insecure", "url": "https://docs.zizmor.sh"}
        output = json.dumps([{**found, "locations": [place("Hidden", 0), place("Primary", 5)]}])
        assert linters.parse_zizmor(output) == [
            Finding("zizmor", "dangerous-triggers", ".github/workflows/a.yml", "insecure", 6, "https://docs.zizmor.sh")
        ]

    def test_detect_secrets_tells_the_place_and_not_the_secret(self) -> None:
        secret = {"type": "AWS Access Key", "filename": "a.py", "hashed_secret": "1234", "line_number": 7}
        (found,) = credentials.parse(json.dumps({"version": "1", "results": {"a.py": [secret]}}))
        assert (found.rule, found.where, found.line) == ("AWS Access Key", "a.py", 7)
        assert "1234" not in str(found)


class TestPlanted:
    def test_what_was_planted_is_found_and_not_told(self) -> None:
        planted = [Finding(each.tool, each.rule, each.file, "planted") for each in MISTAKES]
        real = Finding("hadolint", "DL3007", "app/Dockerfile", "real")
        besides = Finding("hadolint", "DL3002", "planted/Dockerfile", "another rule's")
        assert unplanted([*planted, real, besides]) == [real]

    @pytest.mark.parametrize("missed", MISTAKES, ids=lambda each: f"{each.tool}-{each.rule}")
    def test_a_tool_that_misses_what_was_planted_fails_the_scan(self, missed: Any) -> None:
        found = [Finding(each.tool, each.rule, each.file, "planted") for each in MISTAKES if each != missed]
        with pytest.raises(ScanError, match=f"^{missed.tool} did not find {missed.rule}, which was planted"):
            unplanted(found)

    def test_every_tool_has_something_to_find(self) -> None:
        tools = {"actionlint", "checkov", "detect-secrets", "hadolint", "kubernetes-validate", "parliament", "zizmor"}
        assert {each.tool for each in MISTAKES} == tools


class TestRunning:
    def run(self, path: Path, tmp_path: Path, parse: Callable[[str], list[Finding]] = lambda _: []) -> list[Finding]:
        return start(Tool("it", [str(path)], tmp_path, parse), tmp_path).findings()

    def test_a_tool_that_is_not_there_fails_the_scan(self, tmp_path: Path) -> None:
        with pytest.raises(ScanError, match=r"it cannot be started: .*\n  cure: make check installs it"):
            self.run(tmp_path / "nothing", tmp_path)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("raise SystemExit('out of order')", "exit code 1: out of order"),
            ("print('[]'); raise SystemExit(3)", "exit code 3: "),
            ("print('no JSON')", "what cannot be read .JSONDecodeError"),
        ],
    )
    def test_a_tool_that_breaks_fails_the_scan(self, script: Script, tmp_path: Path, text: str, expected: str) -> None:
        with pytest.raises(ScanError, match=expected):
            self.run(script("it", text), tmp_path, json.loads)

    def test_a_tool_gets_no_settings_and_keys_of_who_scans(
        self, script: Script, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("BC_API_KEY", "key")
        monkeypatch.setenv("CKV_IGNORED_DIRECTORIES", "manifests")
        seen: list[str] = []
        path = script("it", "import json, os; print(json.dumps(dict(os.environ)))")
        self.run(path, tmp_path, lambda output: seen.append(output) or [])  # type: ignore[func-returns-value]
        environment = json.loads(seen[0])
        assert environment["HOME"] == str(tmp_path)
        assert not {"BC_API_KEY", "CKV_IGNORED_DIRECTORIES"} & set(environment)


@pytest.mark.usefixtures("clone")
class TestCommand:
    def run(
        self, script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> tuple[int, str, str]:
        silent = {
            "checkov": json.dumps(report()),
            "parliament": "",
            "hadolint": "[]",
            "detect-secrets": '{"results": {}}',
        }
        for name, output in silent.items():
            folder = script(name, f"print({output!r}, end='')").parent
        # The plans have tests of their own, and take seconds.
        monkeypatch.setattr(scanners, "stacks", lambda _: [])
        monkeypatch.setattr(schema, "findings", lambda _: [])
        monkeypatch.setattr(checkov, "must_be_seen", lambda _: [])
        code = main(["--scanners", str(folder)])
        return code, *capsys.readouterr()

    def test_scanners_that_find_nothing_anywhere_are_not_believed(
        self, script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        code, out, err = self.run(script, monkeypatch, capsys)
        assert (code, out) == (2, "")
        for tool in ("checkov", "parliament", "hadolint", "detect-secrets", "kubernetes-validate"):
            assert f"{tool} did not find" in err
        # These are the real ones.
        assert "zizmor did not find" not in err
        assert "actionlint did not find" not in err

    def test_what_is_found_is_told_with_its_cure(
        self, script: Script, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setattr(
            scanners, "unplanted", lambda _: [Finding("x", "R1", ".gitlab-ci.yml", "bad", 3, "mend it")]
        )
        code, out, _ = self.run(script, monkeypatch, capsys)
        assert code == 1
        assert "x R1 ci/gitlab-ci.yml:3: bad\n  cure: mend it\n" in out

    def test_a_folder_that_is_there_is_not_written_over(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (tmp_path / "mine").write_text("mine")
        assert main(["--keep", str(tmp_path)]) == 2
        assert "--keep the name of a new folder" in capsys.readouterr().err
        assert (tmp_path / "mine").read_text() == "mine"


def test_make_check_scans_and_installs_what_it_needs() -> None:
    makefile = (PROJECT / "Makefile").read_text("utf-8")
    recipe = makefile.split("\ncheck: ")[1].split("\n\n")[0]
    assert "$(VENV)/scanners" in recipe.splitlines()[0]
    assert "@$(RUN) -m scan" in [line.strip() for line in recipe.splitlines()]
