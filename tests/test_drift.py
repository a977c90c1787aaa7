"""Drift: what counts, and the one issue about it."""

import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.drift import drift, marker
from delivery.explanation import Step
from delivery.workspace import Preview
from tests import github_server
from tests.delivery_stage import NEW, Done, Service, Stage
from tests.github_server import TOKEN, WEBHOOK, FakeGitHub

PREFIX = "urn:pulumi:dev::helloworld"
BUCKET = f"{PREFIX}::aws:s3/bucket:Bucket::logs"
CLUSTER = f"{PREFIX}::helloworld:cluster:Cluster$eks:index:Cluster$aws:eks/cluster:Cluster::cluster"
BUILD = f"{PREFIX}::helloworld:image:Image$docker:index/image:Image::helloworld-image-build"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(time, "sleep", lambda _: None)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with github_server.serving() as served:
        yield served


@pytest.fixture
def stage(tmp_path: Path, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> Stage:
    made = Stage(tmp_path, Service("http://127.0.0.1:9"))
    made.in_process(monkeypatch)
    made.environ |= github.environ
    made.pulumi.stack("dev", made.outputs(NEW))
    return made


def event(op: str, urn: str, *fields: str) -> dict[str, Any]:
    metadata = {"op": op, "urn": urn, "type": urn.split("::")[2], "diffs": list(fields), "provider": ""}
    return {"resourcePreEvent": {"metadata": metadata, "planning": True}}


def differs(stage: Stage, *events: dict[str, Any], text: str = "the engine's text") -> None:
    stage.pulumi.answer("preview", events=list(events), stdout=text)


def run(stage: Stage, stack: str = "dev") -> Done:
    done = stage.run("drift", f"--stack={stack}")
    assert TOKEN not in done.out + done.err
    return done


class TestWhatCounts:
    def of(self, *steps: tuple[str, str]) -> list[tuple[str, str]]:
        preview = Preview(changes={}, text="", steps=tuple(Step(op=op, urn=urn) for op, urn in steps))
        return [(step.op, step.urn) for step in drift(preview)]

    @pytest.mark.parametrize("op", ["create", "update", "delete", "import"])
    def test_what_an_up_would_change_is_drift(self, op: str) -> None:
        assert self.of((op, BUCKET)) == [(op, BUCKET)]

    def test_what_it_would_only_look_at_is_none(self) -> None:
        assert self.of(("same", BUCKET), ("refresh", BUCKET), ("read", BUCKET)) == []

    def test_that_the_running_image_is_not_built_again_is_none(self) -> None:
        component = f"{PREFIX}::helloworld:image:Image::helloworld-image"
        assert self.of(("delete", BUILD), ("delete", component), ("update", BUCKET)) == [("update", BUCKET)]

    def test_a_replacement_is_one_difference(self) -> None:
        steps = [(op, CLUSTER) for op in ("create-replacement", "replace", "delete-replaced")]
        assert self.of(*steps) == [("replace", CLUSTER)]


class TestTheIssue:
    def test_drift_opens_one_that_names_each_difference(self, stage: Stage, github: FakeGitHub) -> None:
        differs(stage, event("update", BUCKET, "tags", "acl"), event("delete", CLUSTER))
        done = run(stage)
        assert done.code == 0, done.err
        (issue,) = github.issues
        assert issue["body"].startswith(f"{marker('dev')}\n")
        assert "update aws:s3/bucket:Bucket logs: tags, acl" in issue["body"]
        assert "delete aws:eks/cluster:Cluster cluster" in issue["body"]
        assert "the engine's text" in issue["body"]
        assert "https://github.example.com/example/helloworld/actions/runs/42" in issue["body"]
        assert f"Issue {issue['number']} tells of it" in done.out

    def test_it_looks_at_the_cloud_and_keeps_the_image_that_runs(self, stage: Stage) -> None:
        run(stage)
        (call,) = stage.pulumi.called("preview")
        assert "--refresh" in call["argv"] or "--refresh=true" in call["argv"]
        assert NEW in call["config"]

    def test_the_next_day_it_is_changed_in_place(self, stage: Stage, github: FakeGitHub) -> None:
        differs(stage, event("update", BUCKET))
        run(stage)
        differs(stage, event("delete", BUCKET))
        run(stage)
        (issue,) = github.issues
        assert "delete aws:s3/bucket:Bucket logs" in issue["body"]

    def test_it_is_closed_when_there_is_none_any_more(self, stage: Stage, github: FakeGitHub) -> None:
        differs(stage, event("update", BUCKET))
        run(stage)
        done = run(stage)
        assert done.code == 0
        assert "no drift" in done.out
        assert [each["state"] for each in github.issues] == ["closed"]
        assert github.comments_on(github.issues[0]["number"]) == ["Cloud and program are the same again."]

    def test_one_that_comes_back_opens_the_same_issue(self, stage: Stage, github: FakeGitHub) -> None:
        for _ in range(2):
            differs(stage, event("update", BUCKET))
            run(stage)
            run(stage)
        differs(stage, event("update", BUCKET))
        run(stage)
        assert [each["state"] for each in github.issues] == ["open"]

    def test_each_stack_has_its_own(self, stage: Stage, github: FakeGitHub) -> None:
        stage.pulumi.stack("prod", stage.outputs(NEW))
        for stack in ("dev", "prod"):
            differs(stage, event("update", BUCKET))
            run(stage, stack)
        assert run(stage, "dev").code == 0
        states = {each["title"]: each["state"] for each in github.issues}
        assert states == {
            "Drift in dev: cloud and program differ": "closed",
            "Drift in prod: cloud and program differ": "open",
        }

    def test_what_the_engine_says_stays_in_its_fence_and_in_its_length(self, stage: Stage, github: FakeGitHub) -> None:
        hostile = f"```\n@team <!-- x -->\n````\n</details>\n{TOKEN}\n" + "long line\n" * 20_000
        differs(stage, event("update", BUCKET, "```", "@team"), text=hostile)
        assert run(stage).code == 0
        body = github.issues[0]["body"]
        assert TOKEN not in body
        assert "left out for length" in body
        assert "\n`````text\n```\n@team" in body
        assert body.count("\n`````\n") == 1

    def test_slack_is_told(self, stage: Stage, github: FakeGitHub) -> None:
        stage.environ["SLACK_WEBHOOK_URL"] = f"{github.url}{WEBHOOK}"
        differs(stage, event("update", BUCKET))
        run(stage)
        assert [each["text"][:12] for each in github.messages] == ["Drift in dev"]


class TestFailures:
    def test_a_comparison_that_fails_fails_and_leaves_the_issue(self, stage: Stage, github: FakeGitHub) -> None:
        differs(stage, event("update", BUCKET))
        run(stage)
        before = [dict(each) for each in github.issues]
        stage.pulumi.answer("preview", code=255, stderr="error: no credentials")
        done = run(stage)
        assert done.code == 1
        assert "no credentials" in done.err
        assert github.issues == before

    def test_an_issue_that_cannot_be_written_is_an_error_and_the_next_run_mends_it(
        self, stage: Stage, github: FakeGitHub
    ) -> None:
        github.refuse("POST", "/issues$", 403, times=1)
        differs(stage, event("update", BUCKET))
        done = run(stage)
        assert done.code == 1
        assert "issues: write" in done.err
        differs(stage, event("update", BUCKET))
        assert run(stage).code == 0
        assert len(github.issues) == 1

    def test_without_a_token_drift_is_told_and_is_a_failure(self, stage: Stage, github: FakeGitHub) -> None:
        del stage.environ["GITHUB_TOKEN"]
        differs(stage, event("update", BUCKET, "tags"))
        done = run(stage)
        assert done.code == 1
        assert "update aws:s3/bucket:Bucket logs: tags" in done.out
        assert run(stage).code == 0
        assert github.requests == []

    @pytest.mark.parametrize("there", [True, False])
    def test_a_stack_that_is_not_deployed_has_none(self, stage: Stage, github: FakeGitHub, there: bool) -> None:
        stage.pulumi.change(stacks={})
        if there:
            stage.pulumi.stack("dev")
        done = run(stage)
        assert done.code == 0, done.err
        assert "not deployed" in done.out
        assert stage.pulumi.called("preview") == []

    @pytest.mark.parametrize("stack", ["dve", "../dev", "Dev", ""])
    def test_a_stack_without_a_file_is_refused(self, stage: Stage, stack: str) -> None:
        assert run(stage, stack).code == 2
        assert stage.pulumi.calls == []
