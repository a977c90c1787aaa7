"""Review environments: what may have one, what it is made of, and how it ends."""

import os
import pkgutil
import re
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from delivery import review
from delivery.problems import DeliveryError
from delivery.review_environment import MARKER
from delivery.review_stack import pull_request_of, review_stack_file
from delivery.review_sweep import age_reason, sweep
from infra.settings import parse
from tests import github_server
from tests.delivery_stage import NEW, Done, Service, Stage, serving
from tests.github_server import TOKEN, FakeGitHub

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
ROLE = "arn:aws:iam::123456789012:role/review"
KEY = "awskms:///alias/helloworld?region=us-west-2"


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(time, "sleep", lambda _: None)
    monkeypatch.setattr(review, "SECONDS", 0)


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with github_server.serving() as served:
        yield served


@pytest.fixture
def stage(tmp_path: Path, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Dev is deployed, pull request 7 is open and has the label."""
    stages: list[Stage] = []
    with serving(lambda: stages[0]) as service:
        made = Stage(tmp_path, service)
        made.in_process(monkeypatch)
        stages.append(made)
        made.stack = "pr-7"
        made.environ |= github.environ
        made.pulumi.stack("dev", {**made.outputs(NEW), "clusterName": "helloworld-dev"})
        service.answers[made.pulumi.state["built"]] = (200, made.commit)
        github.add_pull(7)
        yield made


@pytest.fixture
def service(stage: Stage) -> Service:
    return stage.service


def comments(github: FakeGitHub, number: int = 7) -> list[str]:
    return github.comments_on(number)


def interrupting(name: str) -> Callable[..., Any]:
    """The function of that name, interrupted when it is done."""
    done = pkgutil.resolve_name(name)

    def interrupted(*given: Any, **named: Any) -> None:
        done(*given, **named)
        raise KeyboardInterrupt

    return interrupted


def run(stage: Stage, *arguments: str) -> Done:
    done = stage.run(*arguments)
    assert TOKEN not in done.out + done.err
    return done


class TestReview:
    def test_it_deploys_tests_and_tells_where(self, stage: Stage, github: FakeGitHub, service: Service) -> None:
        done = run(stage, "review", "--pr=7")
        assert done.code == 0, done.err
        assert len(stage.pulumi.called("up")) == 1
        assert "/version" in service.asked
        (comment,) = comments(github)
        assert comment.startswith(f"{MARKER}\n")
        assert service.url in comment
        assert stage.commit[:7] in comment

    def test_later_steps_of_the_job_get_the_address(self, stage: Stage, service: Service, tmp_path: Path) -> None:
        stage.environ["GITHUB_OUTPUT"] = str(tmp_path / "output")
        run(stage, "review", "--pr=7")
        assert f"url={service.url}\n" in (tmp_path / "output").read_text()

    def test_dev_is_only_read(self, stage: Stage) -> None:
        before = (stage.project / "Pulumi.dev.yaml").read_text()
        run(stage, "review", "--pr=7")
        changing = [
            call["argv"]
            for word in ("up", "destroy", "refresh", "cancel", "config")
            for call in stage.pulumi.called(word)
            if "dev" in call["argv"]
        ]
        assert changing == []
        assert (stage.project / "Pulumi.dev.yaml").read_text() == before

    def test_a_push_updates_it_in_place(self, stage: Stage, github: FakeGitHub, service: Service) -> None:
        run(stage, "review", "--pr=7")
        done = run(stage, "review", "--pr=7")
        assert done.code == 0, done.err
        assert len(comments(github)) == 1

    @pytest.mark.parametrize(
        ("changes", "reason"),
        [
            ({"state": "closed"}, "it is closed"),
            ({"labels": []}, "has not the label stage"),
            ({"labels": [{"name": "Stage "}]}, "has not the label stage"),
            ({"head": {"sha": "a" * 40, "repo": {"full_name": "mallory/helloworld"}}}, "comes from a fork"),
            ({"head": {"sha": "a" * 40, "repo": None}}, "comes from a fork"),
        ],
    )
    def test_a_pull_request_that_may_have_none_is_refused_before_anything_is_done(
        self, stage: Stage, github: FakeGitHub, changes: dict[str, object], reason: str
    ) -> None:
        github.pulls[0].update(changes)
        done = run(stage, "review", "--pr=7")
        assert done.code == 1
        assert reason in done.err
        assert "cure: " in done.err
        assert stage.pulumi.calls == []
        assert comments(github) == []

    def test_every_reason_is_told_at_once(self, stage: Stage, github: FakeGitHub) -> None:
        github.pulls[0].update({"state": "closed", "labels": []})
        done = run(stage, "review", "--pr=7")
        assert "it is closed" in done.err
        assert "has not the label" in done.err

    def test_without_a_token_it_goes_on_and_says_what_is_not_checked(self, stage: Stage) -> None:
        del stage.environ["GITHUB_TOKEN"]
        done = run(stage, "review", "--pr=7")
        assert done.code == 0, done.err
        assert "is not checked" in done.out

    def test_one_too_many_is_refused_with_the_names_of_the_others(self, stage: Stage) -> None:
        stage.environ["REVIEW_LIMIT"] = "2"
        for name in ("pr-1", "pr-2", "prod"):
            stage.pulumi.stack(name)
        done = run(stage, "review", "--pr=7")
        assert done.code == 1
        assert "pr-1, pr-2 run, and REVIEW_LIMIT is 2" in done.err
        assert "cure: " in done.err
        assert stage.pulumi.called("up") == []
        assert not (stage.project / "Pulumi.pr-7.yaml").exists()

    def test_one_that_runs_is_updated_even_at_the_limit(self, stage: Stage) -> None:
        stage.environ["REVIEW_LIMIT"] = "2"
        for name in ("pr-1", "pr-2", "pr-7"):
            stage.pulumi.stack(name)
        assert run(stage, "review", "--pr=7").code == 0

    @pytest.mark.parametrize("value", ["0", "-1", "many", "5.0", "٣", "99999"])
    @pytest.mark.parametrize("name", ["REVIEW_LIMIT", "REVIEW_DAYS"])
    def test_a_limit_that_is_no_number_is_refused(self, stage: Stage, name: str, value: str) -> None:
        stage.environ[name] = value
        done = run(stage, "review", "--pr=7")
        assert done.code == 1
        assert f"{name} = " in done.err
        assert stage.pulumi.calls == []

    @pytest.mark.parametrize("there", [True, False])
    def test_without_dev_it_is_refused(self, stage: Stage, there: bool) -> None:
        state = stage.pulumi.state
        stage.pulumi.change(stacks={"dev": {**state["stacks"]["dev"], "outputs": {}}} if there else {})
        done = run(stage, "review", "--pr=7")
        assert done.code == 1
        assert "make deploy STACK=dev" in done.err
        assert stage.pulumi.called("up") == []

    def test_a_failed_up_stays_for_the_next_push_and_the_comment_says_why(
        self, stage: Stage, github: FakeGitHub, service: Service
    ) -> None:
        stage.pulumi.answer("up", code=255, stderr=f"error: quota exceeded ``` @team {TOKEN}")
        done = run(stage, "review", "--pr=7")
        assert done.code == 1
        assert "quota exceeded" in done.err
        assert "the next push tries again" in done.err
        assert "pr-7" in stage.pulumi.state["stacks"]
        (comment,) = comments(github)
        assert "The last update failed" in comment
        assert TOKEN not in comment
        assert "\n````text\n" in comment
        assert "/actions/runs/42" in comment
        assert run(stage, "review", "--pr=7").code == 0
        (comment,) = comments(github)
        assert service.url in comment

    def test_a_failed_smoke_test_leaves_what_the_push_made(
        self, stage: Stage, github: FakeGitHub, service: Service
    ) -> None:
        built = stage.pulumi.state["built"]
        stage.pulumi.stack("pr-7", stage.outputs(NEW))
        service.answers[built] = (500, "nobody")
        done = run(stage, "review", "--pr=7")
        assert done.code == 1
        assert stage.running("pr-7") == built
        assert len(stage.pulumi.called("up")) == 1
        assert "answers 500" in comments(github)[0]

    def test_a_github_that_fails_does_not_hide_why_the_update_failed(self, stage: Stage, github: FakeGitHub) -> None:
        stage.pulumi.answer("up", code=255, stderr="error: quota exceeded")
        github.refuse("POST", "/comments", 403)
        done = run(stage, "review", "--pr=7")
        assert "quota exceeded" in done.err
        assert "the comment could not be written" in done.err

    def test_a_comment_that_cannot_be_written_is_an_error_that_the_next_run_mends(
        self, stage: Stage, github: FakeGitHub, service: Service
    ) -> None:
        github.refuse("POST", "/comments", 403, times=1)
        done = run(stage, "review", "--pr=7")
        assert done.code == 1
        assert "permissions:" in done.err
        assert run(stage, "review", "--pr=7").code == 0
        assert service.url in comments(github)[0]

    @pytest.mark.parametrize("number", ["0", "x", "7;id", "../7"])
    def test_a_number_that_is_none_is_wrong_usage(self, stage: Stage, number: str) -> None:
        with pytest.raises(SystemExit) as left:
            stage.run("review", f"--pr={number}")
        assert left.value.code == 2

    @pytest.mark.parametrize(
        "step",
        ["delivery.review.write_for_deployment", "delivery.rollout.smoke", "delivery.github.GitHub.upsert_comment"],
    )
    def test_an_interrupted_run_is_brought_to_its_end_by_the_next(
        self, stage: Stage, github: FakeGitHub, service: Service, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr(step, interrupting(step))
            assert run(stage, "review", "--pr=7").code == 130
        done = run(stage, "review", "--pr=7")
        assert done.code == 0, done.err
        (comment,) = comments(github)
        assert service.url in comment


class TestDestroy:
    def test_it_destroys_forgets_and_says_so(self, stage: Stage, github: FakeGitHub) -> None:
        run(stage, "review", "--pr=7")
        done = run(stage, "review-destroy", "--pr=7")
        assert done.code == 0, done.err
        assert sorted(stage.pulumi.state["stacks"]) == ["dev"]
        assert not (stage.project / "Pulumi.pr-7.yaml").exists()
        (comment,) = comments(github)
        assert "Destroyed" in comment

    def test_a_fresh_checkout_without_the_stacks_file_can_do_it(self, stage: Stage) -> None:
        stage.pulumi.stack("pr-7")
        assert run(stage, "review-destroy", "--pr=7").code == 0
        assert len(stage.pulumi.called("destroy")) == 1
        assert "pr-7" not in stage.pulumi.state["stacks"]

    def test_settings_of_dev_that_allow_none_any_more_do_not_keep_it_alive(self, stage: Stage) -> None:
        stage.pulumi.stack("pr-7")
        stage.setting("dev", hostname=f"{'a' * 50}.example.com", zone="example.com")
        done = run(stage, "review-destroy", "--pr=7")
        assert done.code == 0, done.err
        assert "pr-7" not in stage.pulumi.state["stacks"]

    def test_that_there_is_none_is_fine_and_nobody_is_told(self, stage: Stage, github: FakeGitHub) -> None:
        done = run(stage, "review-destroy", "--pr=7")
        assert done.code == 0
        assert "nothing to destroy" in done.out
        assert stage.pulumi.called("destroy") == []
        assert comments(github) == []

    @pytest.mark.parametrize("words", [("destroy",), ("stack", "rm")])
    def test_what_fails_half_way_goes_with_the_next_run(
        self, stage: Stage, github: FakeGitHub, words: tuple[str, ...]
    ) -> None:
        run(stage, "review", "--pr=7")
        stage.pulumi.answer(*words, code=255, stderr="error: the balancer is in use")
        done = run(stage, "review-destroy", "--pr=7")
        assert done.code == 1
        assert "balancer is in use" in done.err
        assert "Destroyed" not in comments(github)[0]
        assert run(stage, "review-destroy", "--pr=7").code == 0
        assert "pr-7" not in stage.pulumi.state["stacks"]
        assert "Destroyed" in comments(github)[0]

    def test_a_run_that_ended_before_the_comment_is_made_good(self, stage: Stage, github: FakeGitHub) -> None:
        run(stage, "review", "--pr=7")
        github.refuse("PATCH", "/comments/", 500, times=1)
        done = run(stage, "review-destroy", "--pr=7")
        assert done.code == 0
        assert "could not be written" in done.err
        run(stage, "review-destroy", "--pr=7")
        assert "Destroyed" in comments(github)[0]

    @pytest.mark.parametrize("step", ["destroy", "remove"])
    def test_an_interrupted_run_is_brought_to_its_end_by_the_next(
        self, stage: Stage, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch, step: str
    ) -> None:
        run(stage, "review", "--pr=7")
        with monkeypatch.context() as patched:
            name = f"delivery.workspace.Workspace.{step}"
            patched.setattr(name, interrupting(name))
            assert run(stage, "review-destroy", "--pr=7").code == 130
        assert run(stage, "review-destroy", "--pr=7").code == 0
        assert sorted(stage.pulumi.state["stacks"]) == ["dev"]
        assert not (stage.project / "Pulumi.pr-7.yaml").exists()
        assert "Destroyed" in comments(github)[0]

    def test_nothing_but_the_stack_of_that_pull_request_is_touched(self, stage: Stage) -> None:
        for name in ("pr-7", "pr-77", "pr-70"):
            stage.pulumi.stack(name)
        run(stage, "review-destroy", "--pr=7")
        assert sorted(stage.pulumi.state["stacks"]) == ["dev", "pr-70", "pr-77"]


class TestSweep:
    @pytest.fixture
    def swept(self, stage: Stage, github: FakeGitHub) -> Stage:
        """Of 7 that may stay; 8 closed, 9 without the label, 10 too old."""
        young, old = ("2026-11-20T12:00:00.000Z", "2026-11-01T12:00:00.000Z")
        for number, age in ((7, young), (8, young), (9, young), (10, old)):
            stage.pulumi.stack(f"pr-{number}", last_update=age)
        github.add_pull(8, state="closed")
        github.add_pull(9, labels=("bug",))
        github.add_pull(10)
        for name in ("prod", "pr-", "pr-x", "pr-7-copy", "pr-07", "apr-8"):
            stage.pulumi.stack(name, last_update=old)
        return stage

    def test_what_is_closed_unlabelled_or_too_old_goes_and_nothing_else(self, swept: Stage) -> None:
        assert sweep(swept.context(), NOW) == 0
        left = ["apr-8", "dev", "pr-", "pr-07", "pr-7", "pr-7-copy", "pr-x", "prod"]
        assert sorted(swept.pulumi.state["stacks"]) == left
        said = swept.out.getvalue()
        assert "pr-7: stays" in said
        assert "pr-8: destroyed, the pull request is closed" in said
        assert "pr-9: destroyed, the pull request has not the label stage any more" in said
        assert "pr-10: destroyed, its last update is more than 7 days ago" in said

    def test_one_that_fails_does_not_stop_the_others(self, swept: Stage) -> None:
        swept.pulumi.answer("destroy", code=255, stderr="error: the balancer is in use")
        assert sweep(swept.context(), NOW) == 1
        stacks = swept.pulumi.state["stacks"]
        assert ("pr-8" in stacks, "pr-9" in stacks, "pr-10" in stacks) == (True, False, False)
        assert "pr-8: the destruction of stack pr-8 failed" in swept.err.getvalue()
        assert sweep(swept.context(), NOW) == 0
        assert "pr-8" not in swept.pulumi.state["stacks"]

    def test_a_pull_request_that_github_does_not_tell_of_stays_and_fails(
        self, swept: Stage, github: FakeGitHub
    ) -> None:
        github.refuse("GET", "/pulls/(8|9)$", 404)
        assert sweep(swept.context(), NOW) == 1
        stacks = swept.pulumi.state["stacks"]
        assert ("pr-8" in stacks, "pr-9" in stacks, "pr-10" in stacks) == (True, True, False)

    def test_without_a_token_only_age_counts(self, swept: Stage) -> None:
        del swept.environ["GITHUB_TOKEN"]
        assert sweep(swept.context(), NOW) == 0
        stacks = swept.pulumi.state["stacks"]
        assert ("pr-8" in stacks, "pr-9" in stacks, "pr-10" in stacks) == (True, True, False)
        assert "by their age only" in swept.out.getvalue()

    def test_who_reads_the_pull_request_is_told(self, swept: Stage, github: FakeGitHub) -> None:
        github.add_comment(10, f"{MARKER}\n### Review environment\n\nhttps://pr-10.example.com")
        sweep(swept.context(), NOW)
        assert "more than 7 days ago" in comments(github, 10)[0]

    def test_the_command_sweeps_as_of_now(self, swept: Stage) -> None:
        swept.environ["REVIEW_DAYS"] = "1000"
        assert run(swept, "review-sweep").code == 0

    @pytest.mark.parametrize(
        ("updated", "goes"),
        [
            (None, False),
            (NOW - timedelta(days=7), False),
            (NOW - timedelta(days=7, seconds=1), True),
            ((NOW - timedelta(days=7, seconds=1)).replace(tzinfo=None), True),
            ((NOW - timedelta(days=7)).replace(tzinfo=None), False),
            (NOW + timedelta(days=1), False),
        ],
    )
    def test_age_is_counted_in_utc_from_the_last_update(self, updated: datetime | None, goes: bool) -> None:
        assert bool(age_reason(updated, NOW, 7)) == goes


class TestStackFile:
    DEV: ClassVar = {
        "helloworld:publicAccessCidrs": '["198.51.100.0/24"]',
        "helloworld:region": "eu-west-1",
        "helloworld:nodeArchitecture": "amd64",
        "helloworld:nodeInstanceTypes": '["t3.medium"]',
        "helloworld:protect": "true",
        "helloworld:access": '[{"principal": "arn:aws:iam::123456789012:user/ann", "policy": "view"}]',
        "helloworld:tags": '{"team": "web"}',
        "helloworld:deployRole": "arn:aws:iam::123456789012:role/deploy",
        "helloworld:reviewRole": ROLE,
        "helloworld:hostname": "dev.example.com",
        "helloworld:zone": "example.com",
    }

    def made(self, number: int = 7, **changes: str) -> dict[str, object]:
        settings = parse({**self.DEV, **{f"helloworld:{key}": value for key, value in changes.items()}})
        document = yaml.safe_load(review_stack_file(number, "dev", settings, KEY))
        assert isinstance(document, dict)
        return document

    def test_it_uses_devs_cluster_as_the_review_role_under_a_name_of_its_own(self) -> None:
        assert self.made() == {
            "secretsprovider": KEY,
            "config": {
                "helloworld:platform": "reference",
                "helloworld:platformStack": "dev",
                "helloworld:region": "eu-west-1",
                "helloworld:nodeArchitecture": "amd64",
                "helloworld:nodeInstanceTypes": ["t3.medium"],
                "helloworld:replicasMin": 1,
                "helloworld:replicasMax": 2,
                "helloworld:message": "Pull request 7",
                "helloworld:deployRole": ROLE,
                "helloworld:tags": {"team": "web"},
                "helloworld:hostname": "pr-7.dev.example.com",
                "helloworld:zone": "example.com",
            },
        }

    def test_without_a_host_name_or_a_review_role_it_has_none(self) -> None:
        config = self.made(hostname="", zone="", reviewRole="")["config"]
        assert isinstance(config, dict)
        assert not {"helloworld:hostname", "helloworld:zone", "helloworld:deployRole"} & config.keys()

    def test_it_has_a_database_of_its_own_where_dev_has_one_and_a_role_to_log_in_with(self) -> None:
        def database(**changes: str) -> dict[str, object]:
            config = self.made(7, **changes)["config"]
            assert isinstance(config, dict)
            return {key: value for key, value in config.items() if "database" in key or "cache" in key}

        assert database() == {}
        on = {"database": "true", "databaseMultiZone": "true", "databaseBackupDays": "35", "cache": "true"}
        assert database(**on) == {"helloworld:database": True}
        assert database(**on, databaseSeed="true") == {"helloworld:database": True, "helloworld:databaseSeed": True}
        assert database(**on, reviewRole="", databaseSeed="true") == {}

    def test_a_host_name_that_gets_too_long_is_refused_with_the_length_that_fits(self) -> None:
        hostname = f"{'a' * 50}.example.com"
        with pytest.raises(DeliveryError, match="at most 59 characters"):
            self.made(hostname=hostname)
        assert self.made(hostname=hostname[3:])

    def test_a_stack_without_a_platform_of_its_own_is_refused(self) -> None:
        with pytest.raises(DeliveryError, match="creates its platform"):
            self.made(platform="reference", platformStack="other", reviewRole="")

    @given(st.integers(1, 999_999_999))
    def test_every_number_makes_a_name_that_leads_back_to_it(self, number: int) -> None:
        assert pull_request_of(f"pr-{number}") == number

    @given(st.from_regex(re.compile(r"p?r?-?[0-9a-z\n-]{0,6}\n?", re.ASCII)))
    def test_no_other_name_is_taken_for_a_review_environment(self, name: str) -> None:
        number = pull_request_of(name)
        assert number is None or name == f"pr-{number}"
