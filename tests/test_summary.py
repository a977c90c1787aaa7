"""What a change does to dev and prod, in one report."""

import argparse
import subprocess
from pathlib import Path

import pytest

from delivery import summary
from delivery.problems import DeliveryError
from delivery.summary import Outcome, headline, report
from offline import markdown
from offline.against import Baseline, Revision
from offline.diff import Difference
from offline.plan import Plan
from offline.report import Report
from tests.delivery_context import Told, told

SECRET = "a-secret-of-the-test"
COUNTS = "**64** resources · **{0}** mandatory and {1} advisory findings"
TABLE = "| create | change | replace | delete | same |\n|---|---|---|---|---|\n| {0} | {1} | {2} | {3} | 60 |"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """One whose offline preview is played: it does what `play` says."""
    play(tmp_path, "print(sys.argv[2])")
    return tmp_path


def play(project: Path, body: str) -> None:
    package = project / "offline"
    package.mkdir(exist_ok=True)
    (package / "__init__.py").touch()
    (package / "__main__.py").write_text(f"import os, sys, time\n{body}\n")


def run(project: Path, against: str | None = None, **environ: str) -> tuple[int, Told]:
    command = told(project, {"A_TOKEN": SECRET, **environ})
    code = summary.run(command.context, argparse.Namespace(against=against))
    assert SECRET not in command.text
    return code, command


def outcome(text: str, code: int = 0, said: str = "") -> Outcome:
    return Outcome(stack="dev", code=code, text=text, said=said)


class TestHeadline:
    @pytest.mark.parametrize(
        ("changes", "findings", "code", "expected"),
        [
            ((1, 2, 0, 3), (0, 1), 0, "1 to create, 2 to change, 3 to delete, findings: 0 mandatory, 1 advisory"),
            ((0, 0, 0, 0), (0, 0), 0, "no change, no finding"),
            ((0, 0, 1, 0), (2, 0), 1, "❌ refused: 1 to replace, findings: 2 mandatory, 0 advisory"),
            (None, (0, 0), 0, "no finding"),
        ],
    )
    def test_it_says_what_changes_and_what_was_found(
        self, changes: tuple[int, ...] | None, findings: tuple[int, int], code: int, expected: str
    ) -> None:
        text = COUNTS.format(*findings) + (f"\n\nAgainst `main`:\n\n{TABLE.format(*changes)}" if changes else "")
        assert headline(outcome(text, code)) == expected

    def test_a_preview_that_never_was_is_refused(self) -> None:
        assert headline(outcome("", 1)) == "❌ refused"


class TestReport:
    def test_both_stacks_are_in_it(self, project: Path) -> None:
        play(project, "print('of', sys.argv[2])")
        code, command = run(project)
        assert code == 0, command.text
        text = (project / ".reports" / "check.md").read_text("utf-8")
        assert "of --stack=dev" in text
        assert "of --stack=prod" in text

    def test_prod_in_another_region_is_in_it_once_it_has_a_file(self, project: Path) -> None:
        play(project, "print('of', sys.argv[2])")
        for name in ("Pulumi.prod-eu.yaml", "Pulumi.pr-7.yaml", "Pulumi.local.yaml", "Pulumi.prod.yaml", "Pulumi.yaml"):
            (project / name).touch()
        _, command = run(project)
        text = (project / ".reports" / "check.md").read_text("utf-8")
        assert [line for line in text.splitlines() if line.startswith("of ")] == [
            "of --stack=dev",
            "of --stack=prod",
            "of --stack=prod-eu",
        ], command.text

    def test_a_refused_stack_fails_and_the_other_is_there_all_the_same(self, project: Path) -> None:
        play(project, "print('of', sys.argv[2])\nsys.exit('prod' in sys.argv[2] and 'error: ``` @team')")
        code, command = run(project)
        assert code == 1
        assert "error: ```" in command.err.getvalue()
        text = (project / ".reports" / "check.md").read_text("utf-8")
        assert "- **prod**: ❌ refused" in text
        assert "of --stack=dev" in text

    def test_how_lint_and_tests_went_is_in_it_where_a_pipeline_says_so(self, project: Path) -> None:
        play(project, "print('of', sys.argv[2])")
        run(project, CHECK_OUTCOME="success", TEST_OUTCOME="failure")
        text = (project / ".reports" / "check.md").read_text("utf-8")
        assert "- **lint and types**: passed\n- **tests**: ❌ failed\n- **dev**" in text
        run(project, CHECK_OUTCOME="", TEST_OUTCOME="<b>")
        text = (project / ".reports" / "check.md").read_text("utf-8")
        assert "tests" not in text

    def test_one_that_says_nothing_is_told_by_its_reason(self) -> None:
        text = report([outcome("", 1, "error: ``` @team")], {})
        assert "````text\nerror: ``` @team\n````" in text

    @pytest.mark.parametrize("against", [None, "main", "--help", "$(id); x"])
    def test_the_revision_is_handed_over_as_text(self, project: Path, against: str | None) -> None:
        play(project, "print(repr(sys.argv[1:]))")
        run(project, against)
        text = (project / ".reports" / "check.md").read_text("utf-8")
        assert (f"--against={against}" in text) == (against is not None)

    def test_it_is_the_jobs_summary_too(self, project: Path, tmp_path: Path) -> None:
        step = tmp_path / "step.md"
        step.write_text("before\n")
        run(project, GITHUB_STEP_SUMMARY=str(step))
        assert step.read_text("utf-8") == "before\n" + (project / ".reports" / "check.md").read_text("utf-8")

    def test_a_jobs_summary_that_cannot_be_written_is_a_warning(self, project: Path) -> None:
        code, command = run(project, GITHUB_STEP_SUMMARY=str(project / "missing" / "step.md"))
        assert code == 0
        assert "warning: GITHUB_STEP_SUMMARY cannot be written" in command.err.getvalue()
        assert (project / ".reports" / "check.md").exists()

    def test_a_secret_is_not_in_it(self, project: Path) -> None:
        play(project, f"print('{SECRET}')")
        run(project)
        assert SECRET not in (project / ".reports" / "check.md").read_text("utf-8")

    def test_one_that_hangs_is_ended(self, project: Path) -> None:
        play(project, "time.sleep(60)")
        found = summary.previews(told(project, {}).context, "", seconds=0.2)
        assert [each.code for each in found] == [1, 1]
        assert "more than 0 seconds" in found[0].said

    def test_an_interrupted_one_leaves_nothing_running(self, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        play(project, "time.sleep(60)")
        started: list[subprocess.Popen[str]] = []

        def interrupted(_: str, process: "subprocess.Popen[str]", __: float) -> Outcome:
            started.append(process)
            raise KeyboardInterrupt

        monkeypatch.setattr(summary, "_outcome", interrupted)
        with pytest.raises(KeyboardInterrupt):
            summary.previews(told(project, {}).context, "")
        assert [each.returncode for each in started] == [-9]

    def test_a_report_that_cannot_be_written_is_an_error(self, project: Path) -> None:
        (project / ".reports").write_text("in the way")
        with pytest.raises(DeliveryError, match=r"check\.md cannot be written"):
            run(project)


def test_the_offline_preview_says_what_the_headline_reads(dev: Plan) -> None:
    baseline = Baseline(revision=Revision(name="main", commit="1" * 40), plan=dev)
    difference = Difference(changes=[], outputs=[], unchanged=1)
    text = markdown.render(Report(dev, [], baseline, difference))
    assert headline(outcome(text)) == "no change, no finding"
