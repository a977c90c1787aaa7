"""The command line, on a project of a few lines."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from offline.__main__ import main
from offline.facts import facts
from tests.conftest import Planner

PROGRAM = """\
import pulumi
config = pulumi.Config()
if config.get("size") == "13":
    raise pulumi.RunError("13 is refused")
pulumi.CustomResource("test:index:Thing", "thing", {"size": config.require_int("size")})
pulumi.export("size", config.require_int("size"))
"""


def write(directory: Path, size: object) -> None:
    (directory / "Pulumi.dev.yaml").write_text(f"config:\n  size: {size}\n")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    directory = tmp_path / "project"
    directory.mkdir()
    (directory / "Pulumi.yaml").write_text("name: tiny\nruntime: python\nconfig: {size: {type: integer}}\n")
    (directory / "__main__.py").write_text(PROGRAM)
    write(directory, 1)
    return directory


def git(directory: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=n", "-c", "user.email=n@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(
        ["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def repository(project: Path) -> Path:
    git(project, "init", "-q", "-b", "main")
    git(project, "add", ".")
    git(project, "commit", "-q", "-m", "first")
    return project


def run(project: Path, *arguments: str, stack: str = "dev") -> int:
    return main(["preview", "--project", str(project), "--stack", stack, "--quiet", *arguments])


class TestPreview:
    def test_text_has_the_tree_and_says_its_limits(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(project) == 0
        out = capsys.readouterr().out
        assert "Thing thing" in out
        assert "compares programs, not the cloud" in out
        assert "\x1b" not in out
        assert max(map(len, out.splitlines())) <= 100

    def test_json_has_the_promised_keys(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(project, "--format", "json") == 0
        document = json.loads(capsys.readouterr().out)
        assert document["stack"] == "dev"
        assert document["findings"] == []
        assert document["outputs"] == {"size": 1}
        (thing,) = document["resources"]
        assert {"urn", "type", "name", "parent", "inputs", "dependsOn", "providers"} <= set(thing)

    def test_markdown_is_for_a_comment(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert run(project, "--format", "md") == 0
        assert capsys.readouterr().out.startswith("### Preview of `dev`")

    def test_colour_can_be_asked_for(
        self, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.delenv("NO_COLOR", raising=False)
        run(project)
        assert "\x1b[" in capsys.readouterr().out


class TestRefusals:
    def test_damaged_settings_are_exit_1_with_every_problem(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (project / "Pulumi.dev.yaml").write_text("top: 1\nconfig:\n  size: many\n")
        assert run(project) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert "2 problems" in captured.err
        assert "Traceback" not in captured.err

    def test_json_tells_problems_one_by_one(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(project, "many")
        assert run(project, "--format", "json") == 1
        error = json.loads(capsys.readouterr().out)["error"]
        assert error["kind"] == "settings"
        assert set(error["problems"][0]) == {"key", "value", "reason", "cure"}

    def test_a_program_that_refuses_is_exit_1(self, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(project, 13)
        assert run(project) == 1
        assert "13 is refused" in capsys.readouterr().err

    def test_a_failing_program_shows_its_place_and_no_traceback(
        self, project: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        (project / "__main__.py").write_text("x = 1\nx.y\n")
        assert run(project) == 1
        err = capsys.readouterr().err
        assert "__main__.py:2" in err
        assert "Traceback" not in err
        assert run(project, "--verbose") == 1
        assert "Traceback" in capsys.readouterr().err

    @pytest.mark.parametrize("stack", ["nope", "../dev", ""])
    def test_an_unknown_stack_is_exit_2_and_lists_the_stacks(
        self, project: Path, capsys: pytest.CaptureFixture[str], stack: str
    ) -> None:
        assert run(project, stack=stack) == 2
        assert "the stacks are dev" in capsys.readouterr().err

    def test_no_project_is_exit_2(self, tmp_path: Path) -> None:
        assert run(tmp_path) == 2

    @pytest.mark.parametrize("arguments", [[], ["preview"], ["preview", "--stack", "dev", "--format", "xml"], ["x"]])
    def test_wrong_arguments_are_exit_2(self, arguments: list[str]) -> None:
        with pytest.raises(SystemExit) as caught:
            main(arguments)
        assert caught.value.code == 2


class TestAgainst:
    def test_a_change_is_told_field_by_field(self, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
        write(repository, 2)
        assert run(repository, "--against", "main") == 0
        out = capsys.readouterr().out
        assert "0 to create, 1 to change, 0 to replace, 0 to delete, 0 the same" in out
        assert "size: 1 -> 2" in out

    def test_the_checkout_is_left_as_it_was(self, repository: Path) -> None:
        write(repository, 2)
        before = git(repository, "status", "--porcelain", "--ignored"), git(repository, "worktree", "list")
        run(repository, "--against", "main")
        assert (git(repository, "status", "--porcelain", "--ignored"), git(repository, "worktree", "list")) == before

    def test_a_stack_that_is_new_is_all_creation(self, repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (repository / "Pulumi.new.yaml").write_text("config:\n  size: 3\n")
        assert run(repository, "--against", "main", "--format", "json", stack="new") == 0
        document = json.loads(capsys.readouterr().out)
        assert document["changes"]["counts"]["create"] == 1
        assert "has no stack new" in document["against"]["note"]

    def test_a_revision_that_fails_is_said_so_and_fails_nothing(
        self, repository: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        write(repository, 13)
        git(repository, "commit", "-qam", "bad")
        write(repository, 2)
        assert run(repository, "--against", "HEAD", "--format", "json") == 0
        document = json.loads(capsys.readouterr().out)
        assert "13 is refused" in document["against"]["error"]
        assert "changes" not in document

    @pytest.mark.parametrize("name", ["nope", "--help", "", "HEAD:Pulumi.yaml"])
    def test_an_unknown_revision_is_exit_2(
        self, repository: Path, name: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert run(repository, f"--against={name}") == 2
        assert "no git revision" in capsys.readouterr().err

    def test_outside_a_checkout_is_exit_2(
        self, project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(project.parent))
        assert run(project, "--against", "main") == 2
        assert "git checkout" in capsys.readouterr().err


def test_the_module_runs_as_a_command(project: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "offline",
        "preview",
        "--project",
        str(project),
        "--stack",
        "dev",
        "--format",
        "json",
    ]
    done = subprocess.run(command, cwd=Path(__file__).parent.parent, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["stack"] == "dev"


@pytest.mark.parametrize(
    ("type_", "shown"),
    [
        ("aws:rds/instance:Instance", ["postgres", "db.t4g.micro", "GiB 20"]),
        ("aws:elasticache/serverlessCache:ServerlessCache", ["valkey", "helloworld-prod"]),
        ("aws:budgets/budget:Budget", ["dollars 600", "helloworld-prod"]),
        ("aws:sns/topicSubscription:TopicSubscription", ["email"]),
    ],
)
def test_what_costs_and_who_is_told_is_seen_at_a_glance(planned: Planner, type_: str, shown: list[str]) -> None:
    changes = {"database": "true", "cache": "true", "monitoring": "true", "budgetDollars": "600"}
    plan = planned("prod", {**changes, "alertEmails": '["team@example.com"]'})
    (resource,) = plan.of(type_)
    assert facts(resource) == shown


def test_a_secret_in_plain_text_is_refused_and_not_shown(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = Path(__file__).parent.parent
    key = "0123456789abcdef0123456789abcdef"
    for name in ("Pulumi.yaml", "__main__.py"):
        (project / name).write_text((root / name).read_text())
    address = f"https://events.pagerduty.com/integration/{key}/enqueue"
    (project / "Pulumi.dev.yaml").write_text(
        f"config: {{helloworld:monitoring: true, helloworld:alertPagerDuty: {address}}}\n"
    )
    assert run(project) == 1
    said = capsys.readouterr()
    assert "pulumi config set --secret alertPagerDuty" in said.err
    assert key not in said.out + said.err
    # It is not encrypted, and nothing says that it is.
    assert "stands as" not in said.err
