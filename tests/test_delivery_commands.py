"""Deploy, promote, roll back, unlock, smoke and preview, from the command line to the engine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from delivery import releases, running
from delivery.context import Context
from delivery.local_cluster import LocalCluster
from infra.image import image_tag
from tests import delivery_stage
from tests.conftest import NEEDS_PS
from tests.delivery_stage import (
    NEW,
    OLD,
    OLD_COMMIT,
    OTHER,
    OTHER_COMMIT,
    PASSPHRASE,
    REPOSITORY,
    TOKEN,
    WEBHOOK,
    Done,
    Service,
    Stage,
    break_checkout,
    released,
    runs,
    serving,
)
from tests.fake_aws import KEY_ID, SECRET, SESSION
from tests.fake_pulumi import REGISTRY, update

DEV_REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld-dev"
QUICK = ("--seconds", "0")
ROLE = "arn:aws:iam::123456789012:role/deploy-prod"


@pytest.fixture(scope="module")
def shared() -> Iterator[tuple[Service, list[Stage]]]:
    stages: list[Stage] = []
    with serving(lambda: stages[-1]) as service:
        yield service, stages


@pytest.fixture
def stage(tmp_path: Path, shared: tuple[Service, list[Stage]], monkeypatch: pytest.MonkeyPatch) -> Stage:
    service, stages = shared
    service.reset()
    stages[:] = [Stage(tmp_path, service)]
    stages[0].pulumi.change(built=NEW)
    stages[0].in_process(monkeypatch)
    return stages[0]


def configs(stage: Stage) -> list[str]:
    return [call["config"] or "" for call in stage.pulumi.called("up")]


def messages(stage: Stage, stack: str = "dev") -> list[str]:
    return [entry["message"] for entry in stage.pulumi.state["stacks"][stack]["history"]]


# Deploy.


def test_a_first_deployment_makes_the_stack_builds_and_tests(stage: Stage) -> None:
    stage.service.answers[NEW] = (200, stage.commit)
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert (done.code, done.err) == (0, "")
    assert len(stage.pulumi.called("stack", "init")) == 1
    assert stage.running("dev") == NEW
    assert configs(stage) == [""]
    assert f"commit {stage.commit}" in done.out
    assert "/version" in stage.service.asked


def test_the_history_says_what_was_deployed(stage: Stage) -> None:
    stage.service.answers[NEW] = (200, stage.commit)
    stage.run("deploy", "--stack", "dev", *QUICK)
    tag = image_tag(stage.project / "app", "arm64", None)
    assert messages(stage) == [f"deploy dev\n\nImage: {tag}\nCommit: {stage.commit}"]


def test_the_stack_that_a_person_has_selected_stays_selected(stage: Stage) -> None:
    stage.service.answers[NEW] = (200, stage.commit)
    stage.run("deploy", "--stack", "dev", *QUICK)
    assert stage.pulumi.called("up")
    assert not stage.pulumi.called("stack", "select")
    assert "--no-select" in stage.pulumi.called("stack", "init")[0]["argv"]


def test_a_failed_smoke_test_brings_the_image_before_back_and_fails(stage: Stage) -> None:
    runs(stage, "dev", OLD)
    stage.service.answers.update({NEW: (500, stage.commit), OLD: (200, OLD_COMMIT)})
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert stage.running("dev") == OLD
    assert [REGISTRY + "@" + OLD in config for config in configs(stage)] == [False, True]
    for part in ("answers 500", OLD, "runs again and passes the smoke test", "cure:"):
        assert part in done.err
    assert f"Rejected: {NEW}" in messages(stage)[0]


def test_a_rollback_does_not_go_to_what_a_smoke_test_has_refused(stage: Stage) -> None:
    runs(stage, "dev", OLD, released(OLD), released(OTHER, OTHER_COMMIT))
    stage.service.answers.update({NEW: (500, ""), OLD: (200, OLD_COMMIT), OTHER: (200, OTHER_COMMIT)})
    stage.run("deploy", "--stack", "dev", *QUICK)
    assert stage.running("dev") == OLD
    assert stage.run("rollback", "--stack", "dev", *QUICK).code == 0
    assert stage.running("dev") == OTHER


def test_the_wrong_version_is_a_failed_smoke_test(stage: Stage) -> None:
    runs(stage, "dev", OLD)
    stage.service.answers.update({NEW: (200, OTHER_COMMIT), OLD: (200, OLD_COMMIT)})
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert f"commit {OTHER_COMMIT} answers, not {stage.commit}" in done.err
    assert stage.running("dev") == OLD


def test_a_first_release_that_fails_its_test_says_that_there_is_none_before(stage: Stage) -> None:
    stage.service.answers[NEW] = (503, "")
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "first release" in done.err
    assert len(stage.pulumi.called("up")) == 1


def test_a_failed_test_of_the_same_image_restores_nothing(stage: Stage) -> None:
    runs(stage, "dev", NEW)
    stage.service.answers[NEW] = (503, "")
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "only infrastructure has changed" in done.err
    assert len(stage.pulumi.called("up")) == 1


def test_a_way_back_that_fails_is_told_with_what_failed_first(stage: Stage) -> None:
    runs(stage, "dev", OLD)
    stage.service.answers[NEW] = (500, "")
    stage.pulumi.answer("up", after=1, code=255, stderr="error: the cloud is gone")
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "answers 500" in done.err
    assert "the cloud is gone" in done.err


def test_a_failed_update_fails_in_the_engines_own_words_and_tests_nothing(stage: Stage) -> None:
    runs(stage, "dev", OLD)
    event = {"diagnosticEvent": {"message": "<{%reset%}>pods never ready<{%reset%}>\n", "severity": "error", "urn": ""}}
    stage.pulumi.answer("up", code=255, stderr="error: update failed", events=[event])
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "  pods never ready\n" in done.err
    assert "Traceback" not in done.err + done.out
    assert stage.service.asked == []


def test_a_source_that_was_built_before_is_deployed_by_its_digest(stage: Stage) -> None:
    runs(stage, "dev", OLD)
    tag = image_tag(stage.project / "app", "arm64", None)
    stage.aws.set(repositories={REPOSITORY: {tag: OTHER, "old": OLD}})
    stage.service.answers[OTHER] = (200, stage.commit)
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert (done.code, done.err) == (0, "")
    assert f"{REGISTRY}@{OTHER}" in configs(stage)[0]
    assert "Nothing is built" in done.out


def test_a_source_that_the_last_update_built_is_deployed_as_it_is(stage: Stage) -> None:
    tag = image_tag(stage.project / "app", "arm64", None)
    runs(stage, "dev", NEW, update(releases.message("deploy dev", tag, stage.commit)))
    stage.aws.set(repositories={REPOSITORY: {tag: NEW}})
    stage.service.answers[NEW] = (200, stage.commit)
    assert stage.run("deploy", "--stack", "dev", *QUICK).code == 0
    assert configs(stage) == [""]


def test_a_checkout_without_history_is_refused(stage: Stage) -> None:
    (stage.project / ".git/shallow").write_text(f"{delivery_stage.git(stage.project, 'rev-parse', 'HEAD')}\n")
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "fetch-depth: 0" in done.err
    assert not stage.pulumi.called("up")


def test_a_checkout_that_git_refuses_to_read_is_told_by_gits_reason(stage: Stage) -> None:
    break_checkout(stage)
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "error: git cannot tell the last commit" in done.err
    assert not stage.pulumi.called("up")


def test_every_problem_in_the_settings_is_told_before_anything_is_done(stage: Stage) -> None:
    stage.setting("dev", region="nowhere", replicasMin=0, unheard="of")
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    for key in ("region", "replicasMin", "unheard"):
        assert f"helloworld:{key} = " in done.err
    assert stage.pulumi.calls == []


def test_a_stack_whose_image_is_promoted_is_not_deployed_by_itself(stage: Stage) -> None:
    done = stage.run("deploy", "--stack", "prod", *QUICK)
    assert done.code == 1
    assert "make promote STACK=prod" in done.err
    assert stage.pulumi.calls == []


def test_infrastructure_alone_keeps_the_image_that_runs(stage: Stage) -> None:
    stage.stack = "prod"
    runs(stage, "prod", OLD)
    stage.service.answers[OLD] = (200, OLD_COMMIT)
    done = stage.run("deploy", "--stack", "prod", "--infrastructure", *QUICK)
    assert (done.code, done.err) == (0, "")
    assert f"{REGISTRY}@{OLD}" in configs(stage)[0]
    assert stage.running("prod") == OLD


def test_infrastructure_alone_needs_an_image_that_runs(stage: Stage) -> None:
    done = stage.run("deploy", "--stack", "prod", "--infrastructure", *QUICK)
    assert done.code == 1
    assert "make promote STACK=prod" in done.err
    assert not stage.pulumi.called("up")


def test_an_image_in_the_settings_is_deployed_as_they_say(stage: Stage) -> None:
    runs(stage, "prod", OLD)
    stage.setting("prod", image=f"{REGISTRY}@{OTHER}")
    done = stage.run("deploy", "--stack", "prod", *QUICK)
    assert (done.code, done.err) == (0, "")
    assert stage.running("prod") == OTHER
    assert "not known, so it was not compared" in done.out


def test_a_local_stack_is_not_for_these_commands(stage: Stage) -> None:
    (stage.project / "Pulumi.local.yaml").write_text("config:\n  helloworld:platform: local\n")
    for command in ("deploy", "rollback"):
        done = stage.run(command, "--stack", "local", *QUICK)
        assert done.code == 1
        assert "make up STACK=local" in done.err


def test_a_workflows_job_is_told_the_address_and_the_image(stage: Stage) -> None:
    stage.service.answers[NEW] = (200, stage.commit)
    output, summary = stage.folder / "output", stage.folder / "summary"
    stage.environ |= {"GITHUB_OUTPUT": str(output), "GITHUB_STEP_SUMMARY": str(summary)}
    stage.run("deploy", "--stack", "dev", *QUICK)
    assert output.read_text().splitlines() == [f"url={stage.service.url}", f"image={REGISTRY}@{NEW}"]
    assert stage.service.url in summary.read_text()


def test_a_job_that_cannot_be_told_its_outputs_has_its_summary_and_a_warning(stage: Stage) -> None:
    stage.service.answers[NEW] = (200, stage.commit)
    summary = stage.folder / "summary"
    stage.environ |= {"GITHUB_OUTPUT": str(stage.folder / "missing" / "x"), "GITHUB_STEP_SUMMARY": str(summary)}
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 0
    assert "warning: GITHUB_OUTPUT cannot be written" in done.err
    assert stage.service.url in summary.read_text()


def test_slack_hears_of_success_and_failure_and_its_address_is_not_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[str] = []
    monkeypatch.setattr("delivery.announce.notify", lambda _, text: told.append(text))
    stage.environ["SLACK_WEBHOOK_URL"] = WEBHOOK
    stage.service.answers.update({NEW: (200, stage.commit)})
    assert stage.run("deploy", "--stack", "dev", *QUICK).code == 0
    stage.pulumi.answer("up", code=255, stderr=f"error: {WEBHOOK}")
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert WEBHOOK not in done.out + done.err
    assert len(told) == 2
    assert NEW in told[0]
    assert "failed" in told[1]


# Promote.


def dev_runs(stage: Stage, digest: str, commit: str) -> None:
    outputs = {**stage.outputs(digest), "registry": DEV_REGISTRY, "image": f"{DEV_REGISTRY}@{digest}"}
    history = [update(releases.message("deploy dev", f"{commit[:7]}-0123456789ab-arm64", commit))]
    stage.pulumi.stack("dev", outputs, history)
    tag = f"{commit[:7]}-0123456789ab-arm64"
    stage.aws.set(repositories={REPOSITORY: {"old": OLD}, "helloworld-dev": {tag: digest}})


def test_the_very_image_of_the_source_stack_is_promoted(stage: Stage) -> None:
    stage.stack = "prod"
    dev_runs(stage, OTHER, OTHER_COMMIT)
    stage.service.answers[OTHER] = (200, OTHER_COMMIT)
    done = stage.run("promote", "--stack", "prod", *QUICK)
    assert (done.code, done.err) == (0, "")
    assert stage.running("prod") == OTHER
    assert f'helloworld:imageFrom: "{DEV_REGISTRY}@{OTHER}"' in configs(stage)[0]
    assert f"Commit: {OTHER_COMMIT}" in messages(stage, "prod")[0]
    assert f"commit {OTHER_COMMIT}" in done.out


def test_an_image_in_a_registry_that_cannot_be_asked_keeps_its_commit(stage: Stage) -> None:
    stage.stack = "prod"
    dev_runs(stage, OTHER, OTHER_COMMIT)
    stage.aws.set(errors={"describe-images": "An error occurred (AccessDenied) when calling DescribeImages: no"})
    stage.service.answers[OTHER] = (200, OTHER_COMMIT)
    done = stage.run("promote", "--stack", "prod", *QUICK)
    assert done.code == 0
    assert "cannot be read" in done.err
    assert f"commit {OTHER_COMMIT}" in done.out


def test_a_promotion_leaves_the_committed_files_as_they_are(stage: Stage) -> None:
    stage.stack = "prod"
    dev_runs(stage, OTHER, OTHER_COMMIT)
    stage.service.answers[OTHER] = (200, OTHER_COMMIT)
    stage.run("promote", "--stack", "prod", *QUICK)
    [call] = stage.pulumi.called("up")
    config = Path(call["argv"][call["argv"].index("--config-file") + 1])
    assert not config.exists()
    assert stage.project not in config.parents
    assert delivery_stage.git(stage.project, "status", "--porcelain") == ""


def test_a_promotion_that_fails_its_test_is_taken_back(stage: Stage) -> None:
    stage.stack = "prod"
    runs(stage, "prod", OLD)
    dev_runs(stage, OTHER, OTHER_COMMIT)
    stage.service.answers.update({OTHER: (200, "0" * 40), OLD: (200, OLD_COMMIT)})
    done = stage.run("promote", "--stack", "prod", *QUICK)
    assert done.code == 1
    assert stage.running("prod") == OLD
    assert "runs again and passes" in done.err


def test_promoting_what_runs_already_says_so_and_changes_infrastructure(stage: Stage) -> None:
    stage.stack = "prod"
    runs(stage, "prod", OLD)
    dev_runs(stage, OLD, OLD_COMMIT)
    stage.service.answers[OLD] = (200, OLD_COMMIT)
    done = stage.run("promote", "--stack", "prod", *QUICK)
    assert (done.code, done.err) == (0, "")
    assert "runs on prod already" in done.out
    assert f'helloworld:image: "{REGISTRY}@{OLD}"' in configs(stage)[0]


@pytest.mark.parametrize("reference", [f"{REGISTRY}:latest", REGISTRY, f"{REGISTRY}@sha256:abc", "", "--stack"])
def test_only_a_digest_is_promoted(stage: Stage, reference: str) -> None:
    dev_runs(stage, OTHER, OTHER_COMMIT)
    state = stage.pulumi.state
    state["stacks"]["dev"]["outputs"]["image"] = reference
    stage.pulumi.change(stacks=state["stacks"])
    done = stage.run("promote", "--stack", "prod", *QUICK)
    assert done.code == 1
    assert not stage.pulumi.called("up")
    if reference:
        done = stage.run("promote", "--stack", "prod", f"--image={reference}", *QUICK)
        assert done.code == 1
        assert "--image = " in done.err
        assert not stage.pulumi.called("up")


def test_a_named_image_is_promoted_instead(stage: Stage) -> None:
    stage.stack = "prod"
    runs(stage, "prod", OLD, released(OLD), released(OTHER, OTHER_COMMIT))
    dev_runs(stage, NEW, stage.commit)
    stage.service.answers[OTHER] = (200, OTHER_COMMIT)
    done = stage.run("promote", "--stack", "prod", f"--image={DEV_REGISTRY}@{OTHER}", *QUICK)
    assert (done.code, done.err) == (0, "")
    assert stage.running("prod") == OTHER


@pytest.mark.parametrize(
    ("arguments", "reason", "code"),
    [(["--from", "prod"], "itself", 2), (["--from", "nope"], "nope", 2), ([], "there is no stack dev", 1)],
)
def test_a_source_that_cannot_be_one_is_refused(stage: Stage, arguments: list[str], reason: str, code: int) -> None:
    done = stage.run("promote", "--stack", "prod", *arguments, *QUICK)
    assert done.code == code
    assert reason in done.err
    assert "prod" not in stage.pulumi.state["stacks"]


def test_a_stack_that_does_not_say_its_source_needs_it_named(stage: Stage) -> None:
    done = stage.run("promote", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "FROM=" in done.err


# Roll back.


def test_rolling_back_goes_to_the_release_before_and_builds_nothing(stage: Stage) -> None:
    runs(stage, "dev", NEW, released(NEW, stage.commit), released(OLD), released(OTHER))
    stage.service.answers[OLD] = (200, OLD_COMMIT)
    done = stage.run("rollback", "--stack", "dev", *QUICK)
    assert (done.code, done.err) == (0, "")
    assert stage.running("dev") == OLD
    assert f'helloworld:image: "{REGISTRY}@{OLD}"' in configs(stage)[0]
    assert f"Rejected: {NEW}" in messages(stage)[0]


@pytest.mark.parametrize("wanted", [OTHER, OTHER_COMMIT[:8], OTHER.removeprefix("sha256:")[:12]])
def test_rolling_back_goes_to_the_release_that_is_named(stage: Stage, wanted: str) -> None:
    runs(stage, "dev", NEW, released(NEW, stage.commit), released(OLD), released(OTHER, OTHER_COMMIT))
    stage.service.answers[OTHER] = (200, OTHER_COMMIT)
    assert stage.run("rollback", "--stack", "dev", "--to", wanted, *QUICK).code == 0
    assert stage.running("dev") == OTHER


def test_an_ambiguous_or_unknown_release_is_refused_with_what_there_is(stage: Stage) -> None:
    runs(stage, "dev", NEW, released(NEW, stage.commit), released(OLD), released(OTHER))
    for wanted, reason in ((OLD_COMMIT, "2 releases are meant"), ("abcdef0", "no release"), ("latest", "no release")):
        done = stage.run("rollback", "--stack", "dev", "--to", wanted, *QUICK)
        assert done.code == 1
        assert reason in done.err
        assert OLD in done.err
        assert OTHER in done.err
    assert not stage.pulumi.called("up")


def test_rolling_back_to_what_runs_is_refused(stage: Stage) -> None:
    runs(stage, "dev", NEW, released(NEW, OTHER_COMMIT), released(OLD))
    done = stage.run("rollback", "--stack", "dev", "--to", NEW, *QUICK)
    assert done.code == 1
    assert "runs already" in done.err
    assert not stage.pulumi.called("up")


def test_what_the_registry_has_forgotten_is_not_gone_back_to(stage: Stage) -> None:
    runs(stage, "dev", NEW, released(NEW, stage.commit), released(OLD), released(OTHER, OTHER_COMMIT))
    stage.images(new=NEW, other=OTHER)
    stage.service.answers[OTHER] = (200, OTHER_COMMIT)
    assert stage.run("rollback", "--stack", "dev", *QUICK).code == 0
    assert stage.running("dev") == OTHER


def test_with_nothing_to_go_back_to_nothing_is_done(stage: Stage) -> None:
    runs(stage, "dev", NEW)
    done = stage.run("rollback", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "no release to go back to" in done.err
    assert not stage.pulumi.called("up")


def test_a_rollback_that_fails_its_test_does_not_bring_back_what_was_left(stage: Stage) -> None:
    runs(stage, "dev", NEW, released(NEW, stage.commit), released(OLD))
    stage.service.answers[OLD] = (500, "")
    done = stage.run("rollback", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert stage.running("dev") == OLD
    assert len(stage.pulumi.called("up")) == 1
    assert "nothing was brought back" in done.err


def test_a_stack_that_does_not_exist_cannot_be_rolled_back(stage: Stage) -> None:
    done = stage.run("rollback", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "there is no stack dev in the backend yet" in done.err


# The role, and secrets.


def test_every_change_is_made_as_the_deploy_role(stage: Stage) -> None:
    stage.setting("dev", deployRole=ROLE)
    stage.service.answers[NEW] = (200, stage.commit)
    stage.pulumi.change(watched=["AWS_ACCESS_KEY_ID"])
    assert stage.run("deploy", "--stack", "dev", *QUICK).code == 0
    changing = [*stage.pulumi.called("stack", "init"), *stage.pulumi.called("up")]
    assert [call["values"] for call in changing] == [{"AWS_ACCESS_KEY_ID": KEY_ID}] * 2


def test_no_secret_reaches_what_is_shown_or_an_argument(stage: Stage) -> None:
    stage.setting("dev", deployRole=ROLE)
    stage.environ["GITHUB_TOKEN"] = TOKEN
    runs(stage, "dev", OLD)
    stage.service.answers[NEW] = (200, stage.commit)
    kubeconfig = '{"token": "kube"}'
    all_of_them = [TOKEN, PASSPHRASE, SECRET, SESSION, KEY_ID]
    stage.pulumi.answer("up", after=1, code=255, stderr="error: " + " ".join([*all_of_them, kubeconfig]))
    good = stage.run("deploy", "--stack", "dev", *QUICK)
    bad = stage.run("deploy", "--stack", "dev", *QUICK)
    assert (good.code, bad.code) == (0, 1)
    shown = good.out + good.err + bad.out + bad.err
    arguments = json.dumps([call["argv"] for call in stage.pulumi.calls + stage.aws.calls])
    for secret in [*all_of_them, kubeconfig]:
        assert secret not in shown
        assert secret not in arguments
    assert "[secret]" in bad.err


# Locks.


def test_a_locked_stack_says_who_holds_it_and_what_to_do(stage: Stage) -> None:
    runs(stage, "dev", OLD)
    stage.pulumi.locked("dev", "created by ci@runner (pid 12)")
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 1
    for part in ("locked", "ci@runner", "wait", "make unlock STACK=dev"):
        assert part in done.err


def test_unlocking_removes_the_lock_and_says_what_it_does(stage: Stage) -> None:
    runs(stage, "dev", OLD)
    stage.pulumi.locked("dev")
    done = stage.run("unlock", "--stack", "dev")
    assert (done.code, done.err) == (0, "")
    assert stage.pulumi.state["stacks"]["dev"]["lock"] == ""
    assert "killed" in done.out


# Local.


@pytest.mark.parametrize("command", ["destroy", "unlock", "preview"])
def test_a_local_stack_is_found_with_its_cluster(stage: Stage, monkeypatch: pytest.MonkeyPatch, command: str) -> None:
    @contextmanager
    def prepared(context: Context, stack: str) -> Iterator[LocalCluster]:
        yield LocalCluster(name="kind", context=replace(context, environ={**context.environ, "LOCAL": stack}))

    monkeypatch.setattr("delivery.local_cluster.prepared", prepared)
    (stage.project / "Pulumi.local.yaml").write_text("config:\n  helloworld:platform: local\n")
    stage.pulumi.stack("local")
    stage.pulumi.change(watched=["LOCAL"])
    assert stage.run(command, "--stack", "local").code == 0
    assert {call["values"]["LOCAL"] for call in stage.pulumi.calls} == {"local"}


# Smoke.


def test_a_smoke_test_expects_the_commit_of_the_image_that_runs(stage: Stage) -> None:
    runs(stage, "dev", OLD, released(NEW, OTHER_COMMIT), released(OLD))
    stage.service.answers[OLD] = (200, OLD_COMMIT)
    assert stage.run("smoke", "--stack", "dev", *QUICK).code == 0
    stage.service.answers[OLD] = (200, OTHER_COMMIT)
    done = stage.run("smoke", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert f"commit {OTHER_COMMIT} answers, not {OLD_COMMIT}" in done.out


def test_a_stack_without_an_address_cannot_be_tested(stage: Stage) -> None:
    stage.pulumi.stack("dev")
    done = stage.run("smoke", "--stack", "dev", *QUICK)
    assert done.code == 1
    assert "make deploy STACK=dev" in done.err


# Preview.


def step(op: str, name: str, *fields: str) -> dict[str, object]:
    urn = f"urn:pulumi:dev::helloworld::aws:ecr/repository:Repository::{name}"
    metadata = {"op": op, "urn": urn, "type": "", "provider": "", "diffs": list(fields)}
    return {"resourcePreEvent": {"metadata": metadata, "planning": True}}


def test_a_preview_writes_a_short_report_and_the_whole_text(stage: Stage) -> None:
    runs(stage, "dev", OLD)
    events = [step("same", "a"), step("create", "b"), step("update", "c", "tags"), step("delete", "d")]
    events.append({"summaryEvent": {"resourceChanges": {"same": 1, "create": 1, "update": 1, "delete": 1}}})
    stage.pulumi.answer("preview", stdout="the engine's whole text", events=events)
    done = stage.run("preview", "--stack", "dev")
    assert (done.code, done.err) == (0, "")
    report = (stage.project / ".reports/preview-dev.md").read_text()
    assert "1 to delete, 1 to update, 1 to create" in report.lower()
    assert "Repository c  [tags]" in report
    assert " a" not in report.partition("```")[2].replace("aws", "")
    assert (stage.project / ".reports/preview-dev.txt").read_text() == "the engine's whole text\n"


def test_a_preview_of_a_promoted_stack_keeps_the_image_that_runs(stage: Stage) -> None:
    runs(stage, "prod", OLD)
    assert stage.run("preview", "--stack", "prod").code == 0
    [call] = stage.pulumi.called("preview")
    assert f"{REGISTRY}@{OLD}" in call["config"]


def test_a_preview_of_a_stack_that_is_not_there_yet_says_so(stage: Stage) -> None:
    done = stage.run("preview", "--stack", "prod")
    assert (done.code, done.err) == (0, "")
    assert "does not exist yet" in (stage.project / ".reports/preview-prod.md").read_text()
    assert not stage.pulumi.called("preview")


def test_a_preview_that_fails_is_in_the_report_without_secrets(stage: Stage) -> None:
    runs(stage, "dev", OLD)
    stage.pulumi.answer("preview", code=255, stderr=f"error: no way, {PASSPHRASE}")
    done = stage.run("preview", "--stack", "dev")
    assert done.code == 1
    report = (stage.project / ".reports/preview-dev.md").read_text()
    assert "no way" in report
    assert PASSPHRASE not in report + done.err


# The command line.


def test_a_defect_is_one_line_and_not_a_traceback(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> int:
        raise ZeroDivisionError(f"by {TOKEN}")

    monkeypatch.setattr("delivery.unlock.run", broken)
    stage.environ["GITHUB_TOKEN"] = TOKEN
    done = stage.run("unlock", "--stack", "dev")
    assert done.code == 1
    assert "ZeroDivisionError" in done.err
    assert "Traceback" not in done.err
    assert TOKEN not in done.err


@pytest.mark.parametrize("arguments", [["unheard-of"], ["deploy"], ["deploy", "--stack", "dev", "--unheard"], []])
def test_a_wrong_usage_exits_with_2(stage: Stage, arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        stage.run(*arguments)
    assert left.value.code == 2
    assert "usage:" in capsys.readouterr().err
    assert stage.pulumi.calls == []


class TestBranches:
    """`DELIVERY_MODE=branches`: a merge into main promotes what develop has brought to dev, and nothing else."""

    def promoted(self, stage: Stage, commit: str, tag: str) -> Done:
        stage.stack = "prod"
        stage.environ["DELIVERY_MODE"] = "branches"
        dev_runs(stage, OTHER, commit)
        stage.aws.set(repositories={REPOSITORY: {"old": OLD}, "helloworld-dev": {tag: OTHER}})
        stage.pulumi.stack(
            "dev",
            {"url": stage.service.url, "image": f"{DEV_REGISTRY}@{OTHER}", "registry": DEV_REGISTRY},
            [update(releases.message("deploy dev", tag, commit))],
        )
        stage.service.answers[OTHER] = (200, commit)
        return stage.run("promote", "--stack", "prod", *QUICK)

    def test_an_image_of_the_checked_out_source_is_promoted(self, stage: Stage) -> None:
        tag = image_tag(stage.project / "app", "arm64", None)
        assert self.promoted(stage, stage.commit, tag).code == 0
        assert stage.running("prod") == OTHER

    def test_an_image_of_another_source_is_refused_before_anything_is_done(self, stage: Stage) -> None:
        done = self.promoted(stage, OTHER_COMMIT, f"{OTHER_COMMIT[:7]}-ffffffffffff-arm64")
        assert done.code == 1
        assert "is not this commit's" in done.err
        assert not stage.pulumi.called("up")

    def test_a_checkout_that_git_refuses_to_read_is_told_by_gits_reason(self, stage: Stage) -> None:
        tag = image_tag(stage.project / "app", "arm64", None)
        break_checkout(stage)
        done = self.promoted(stage, OTHER_COMMIT, tag)
        assert done.code == 1
        assert "error: git cannot tell the last commit" in done.err
        assert not stage.pulumi.called("up")


def test_what_the_stacks_own_registry_has_is_not_copied_again(stage: Stage) -> None:
    stage.stack = "prod"
    runs(stage, "prod", OLD, released(OLD))
    dev_runs(stage, OTHER, OTHER_COMMIT)
    stage.aws.set(repositories={REPOSITORY: {"old": OLD, "promoted-1": OTHER}, "helloworld-dev": {"tag": OTHER}})
    stage.service.answers[OTHER] = (200, OTHER_COMMIT)
    assert stage.run("promote", "--stack", "prod", *QUICK).code == 0
    assert f'helloworld:image: "{REGISTRY}@{OTHER}"' in configs(stage)[0]
    assert "imageFrom" not in configs(stage)[0]


@NEEDS_PS
def test_a_lock_is_cleared_if_left_only_where_an_engine_was_left(stage: Stage) -> None:
    stage.pulumi.stack("dev", stage.outputs(OLD))
    done = stage.run("unlock", "--stack", "dev", "--if-left")
    assert done.code == 0
    assert "somebody else's" in done.out
    assert not stage.pulumi.called("cancel")
    (stage.project / running.FOLDER).mkdir(parents=True)
    # Of a process that has long ended.
    (stage.project / running.FOLDER / "dev.999999999").touch()
    assert stage.run("unlock", "--stack", "dev", "--if-left").code == 0
    assert stage.pulumi.called("cancel")


@pytest.mark.parametrize("command", ["preview", "drift"])
def test_what_only_reads_asks_for_no_list_of_stacks(stage: Stage, command: str) -> None:
    """The engine's list opens every stack's state, and the preview role may read the environments' only."""
    stage.pulumi.stack("dev", stage.outputs(OLD))
    stage.run(command, "--stack", "dev")
    assert stage.pulumi.called("preview")
    assert not stage.pulumi.called("stack", "ls")


def test_drift_reaches_the_cluster_as_the_program_says_now(stage: Stage) -> None:
    """A refresh alone takes the kubeconfig of the last update, in the name of whoever deployed then."""
    stage.pulumi.stack("dev", stage.outputs(OLD))
    stage.run("drift", "--stack", "dev")
    (call,) = stage.pulumi.called("preview")
    assert {"--refresh", "--run-program=true"} <= set(call["argv"])


@pytest.mark.parametrize(("arguments", "flags"), [(["--refresh"], {"--refresh", "--run-program=true"}), ([], set())])
def test_a_deployment_looks_at_the_cloud_first_if_it_is_asked_to(
    stage: Stage, arguments: list[str], flags: set[str]
) -> None:
    stage.service.answers[NEW] = (200, stage.commit)
    assert stage.run("deploy", "--stack", "dev", *arguments, *QUICK).code == 0
    (call,) = stage.pulumi.called("up")
    assert {"--refresh", "--run-program=true"} & set(call["argv"]) == flags


def test_the_lock_of_a_review_environment_is_cleared_where_its_file_is_not(stage: Stage) -> None:
    stage.pulumi.stack("pr-7", stage.outputs(OLD))
    assert not (stage.project / "Pulumi.pr-7.yaml").exists()
    done = stage.run("unlock", "--stack", "pr-7")
    assert done.code == 0, done.err
    assert stage.pulumi.called("cancel")


@pytest.mark.parametrize("name", ["../x", "*", "", "Dev"])
def test_what_is_no_stack_is_not_unlocked(stage: Stage, name: str) -> None:
    done = stage.run("unlock", f"--stack={name}", "--if-left")
    assert done.code == 2
    assert "no stack's name" in done.err


@pytest.mark.parametrize("name", ["typo", "../dev"])
@pytest.mark.parametrize(
    "command",
    [
        *("deploy", "destroy", "drift", "local-check", "preflight", "preview"),
        *("promote", "residue", "rollback", "smoke", "unlock", "up"),
    ],
)
def test_the_name_of_no_stack_is_a_wrong_usage_to_every_command(stage: Stage, command: str, name: str) -> None:
    """As it is to the offline preview and to the report."""
    done = stage.run(command, "--stack", name)
    assert (done.code, done.out) == (2, "")
    assert "no stack" in done.err
    assert (stage.pulumi.calls, stage.aws.calls) == ([], [])


def test_a_stack_with_wrong_settings_fails_and_is_no_wrong_usage(stage: Stage) -> None:
    (stage.project / "Pulumi.dev.yaml").write_text("config:\n  helloworld:region: nowhere\n")
    done = stage.run("destroy", "--stack", "dev")
    assert done.code == 1
    assert "helloworld:region" in done.err


def test_a_local_stack_neither_drifts_nor_is_promoted_from(stage: Stage) -> None:
    (stage.project / "Pulumi.local.yaml").write_text("config:\n  helloworld:platform: local\n")
    for arguments in (["drift", "--stack", "local"], ["promote", "--stack", "dev", "--from", "local", *QUICK]):
        done = stage.run(*arguments)
        assert done.code == 1
        assert "local" in done.err
        assert "cure" in done.err
    assert stage.pulumi.calls == []


def test_a_stack_is_tested_as_who_deploys_it(stage: Stage) -> None:
    stage.stack = "dev"
    stage.setting("dev", deployRole=ROLE)
    runs(stage, "dev", OLD)
    stage.service.answers[OLD] = (200, OLD_COMMIT)
    assert stage.run("smoke", "--stack", "dev", *QUICK).code == 0
    assert any("assume-role" in call["argv"] for call in stage.aws.calls)
