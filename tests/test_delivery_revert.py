"""The pull request that reverts what was rolled back."""

from pathlib import Path
from typing import Any

import pytest

from delivery import revert
from delivery.github import GitHub
from tests.delivery_stage import NEW, OLD, OLD_COMMIT, TOKEN, Service, Stage, git, released, runs, serving

ADDRESS = "https://git.example.com/team/hello/pull/8"


class FakeGitHub:
    def __init__(self) -> None:
        self.opened: list[tuple[str, str, str, str]] = []

    def open_pull_request(self, head: str, base: str, title: str, body: str) -> str:
        self.opened.append((head, base, title, body))
        return ADDRESS


@pytest.fixture
def github(monkeypatch: pytest.MonkeyPatch) -> FakeGitHub:
    fake = FakeGitHub()
    monkeypatch.setattr(GitHub, "from_environ", lambda _: fake)
    return fake


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A project with a remote, and a commit on the service after the first one."""
    stage = Stage(tmp_path, Service("http://127.0.0.1:9"))
    stage.in_process(monkeypatch)
    stage.environ |= {"GITHUB_TOKEN": TOKEN, "GITHUB_REPOSITORY": "team/hello", "GITHUB_REF_NAME": "main"}
    change(stage, "print('broken')\n", "Break it")
    remote = tmp_path / "remote.git"
    git(tmp_path, "clone", "--quiet", "--bare", "--template=", str(stage.project), str(remote))
    git(stage.project, "remote", "add", "origin", str(remote))
    return stage


def change(stage: Stage, text: str, subject: str) -> None:
    (stage.project / "app/main.py").write_text(text)
    git(stage.project, "commit", "--quiet", "--all", "--message", subject)


def at_remote(stage: Stage, *arguments: str) -> str:
    return git(stage.folder / "remote.git", *arguments)


def test_the_commit_is_reverted_on_a_branch_of_its_own(stage: Stage, github: FakeGitHub) -> None:
    bad = stage.commit
    assert revert.open_pull_request(stage.context(), "prod", bad) == ADDRESS
    branch = f"revert-{bad[:7]}-prod"
    assert at_remote(stage, "show", f"{branch}:app/main.py") == "print('hello')"
    assert at_remote(stage, "rev-parse", f"{branch}^") == bad
    [(head, base, title, _)] = github.opened
    assert (head, base, title) == (branch, "main", 'Revert "Break it"')


def test_the_checkout_is_not_touched(stage: Stage, github: FakeGitHub) -> None:
    (stage.project / "app/main.py").write_text("print('being worked on')\n")
    before = [git(stage.project, "status", "--porcelain"), git(stage.project, "rev-parse", "HEAD")]
    revert.open_pull_request(stage.context(), "prod", stage.commit)
    assert github.opened
    assert [git(stage.project, "status", "--porcelain"), git(stage.project, "rev-parse", "HEAD")] == before
    assert git(stage.project, "worktree", "list").count("\n") == 0
    assert "revert" not in git(stage.project, "branch", "--list")


def test_the_beginning_of_a_commit_will_do(stage: Stage, github: FakeGitHub) -> None:
    assert revert.open_pull_request(stage.context(), "prod", stage.commit[:7]) == ADDRESS


def test_a_conflict_is_a_warning_with_what_to_do_by_hand(stage: Stage, github: FakeGitHub) -> None:
    bad = stage.commit
    change(stage, "print('something else')\n", "Go on")
    git(stage.project, "push", "--quiet", "origin", "HEAD:main")
    assert revert.open_pull_request(stage.context(), "prod", bad) is None
    assert "later changes conflict" in stage.err.getvalue()
    assert f"git revert {bad}" in stage.err.getvalue()
    assert github.opened == []
    assert at_remote(stage, "branch", "--list", "revert-*") == ""
    assert git(stage.project, "worktree", "list").count("\n") == 0


@pytest.mark.parametrize("commit", ["unknown", "f" * 40])
def test_a_commit_that_is_not_there_is_a_warning(stage: Stage, github: FakeGitHub, commit: str) -> None:
    assert revert.open_pull_request(stage.context(), "prod", commit) is None
    assert "no revert pull request" in stage.err.getvalue()
    assert github.opened == []


def test_without_github_nothing_is_pushed(stage: Stage) -> None:
    del stage.environ["GITHUB_TOKEN"]
    assert revert.open_pull_request(stage.context(), "prod", stage.commit) is None
    assert "GITHUB_TOKEN" in stage.err.getvalue()
    assert at_remote(stage, "branch", "--list", "revert-*") == ""


def test_a_failed_push_is_a_warning(stage: Stage, github: FakeGitHub) -> None:
    git(stage.project, "remote", "set-url", "--push", "origin", str(stage.folder / "nowhere"))
    assert revert.open_pull_request(stage.context(), "prod", stage.commit) is None
    assert "git push" in stage.err.getvalue()
    assert github.opened == []


@pytest.mark.parametrize(
    ("said", "server"), [("https://git.example.com", "https://git.example.com"), ("", "https://github.com")]
)
def test_the_token_is_in_no_argument_and_no_file(
    stage: Stage, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch, said: str, server: str
) -> None:
    git(stage.project, "remote", "set-url", "origin", f"{server}/team/hello.git")
    stage.environ["GITHUB_SERVER_URL"] = said
    ran: list[tuple[tuple[str, ...], dict[str, str]]] = []

    def recorded(_: Path, *arguments: str, environ: dict[str, str] | None = None) -> str:
        ran.append((arguments, dict(environ or {})))
        return f"{server}/team/hello.git" if arguments[0] == "remote" else "a"

    monkeypatch.setattr("delivery.revert.git", recorded)
    assert revert.open_pull_request(stage.context(), "prod", stage.commit) == ADDRESS
    pushes = [environ for arguments, environ in ran if arguments[0] == "push"]
    assert pushes[0]["GIT_CONFIG_KEY_1"] == f"http.{server}/.extraheader"
    login = pushes[0]["GIT_CONFIG_VALUE_1"].removeprefix("AUTHORIZATION: basic ")
    for secret in (TOKEN, login):
        assert secret not in repr([arguments for arguments, _ in ran])
    context = stage.context()
    revert.open_pull_request(context, "prod", stage.commit)
    context.console.say(f"{TOKEN} {login}")
    assert login not in stage.out.getvalue()


def test_a_rollback_opens_it_if_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []
    monkeypatch.setattr("delivery.revert.open_pull_request", lambda *given: asked.append(given[1:]))
    stages: list[Stage] = []
    with serving(lambda: stages[0]) as service:
        stages.append(Stage(tmp_path, service))
        [stage] = stages
        stage.in_process(monkeypatch)
        bad = "b" * 40
        runs(stage, "dev", NEW, released(NEW, bad), released(OLD))
        service.answers[OLD] = (200, OLD_COMMIT)
        done = stage.run("rollback", "--stack", "dev", "--seconds", "0", "--revert-pull-request")
    assert (done.code, done.err) == (0, "")
    assert asked == [("dev", bad)]
