"""The roll-back, against a Kubernetes API that a small server plays."""

import json
import os
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from kubernetes.client import ApiClient, ApiException
from kubernetes.config import new_client_from_config_dict

from infra import live_cluster
from infra.live_cluster import LiveNamespace
from infra.rollback import roll_back, roll_back_on_error
from offline.evaluate import record
from offline.plan import Plan
from tests import fake_kubernetes, recorded_http
from tests.fake_kubernetes import (
    HASH,
    NAME,
    NAMESPACE,
    REPLICAS,
    FakeKubernetes,
    Json,
    template_of,
)
from tests.recorded_http import DROP_THE_CONNECTION

GOOD, BETTER, BAD, WORSE = (f"registry.example.com/app@sha256:{letter * 4}" for letter in "abcd")
UNDO = f"kubectl -n {NAMESPACE} rollout undo deployment/{NAME}"


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)


@pytest.fixture
def fake() -> Iterator[FakeKubernetes]:
    with fake_kubernetes.serving() as served:
        yield served


@pytest.fixture
def client(fake: FakeKubernetes) -> Iterator[ApiClient]:
    with new_client_from_config_dict(fake.kubeconfig()) as connected:
        yield connected


Roll = Callable[..., str]


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def roll(client: ApiClient, pauses: list[float]) -> Roll:
    """Rolls back in no time; the pauses that it would have made are in `pauses`."""

    def roll(*, seconds: float = 5, every: float = 1) -> str:
        return roll_back(LiveNamespace(client, NAMESPACE), NAME, seconds=seconds, pause=pauses.append, every=every)

    return roll


def failed_update(fake: FakeKubernetes) -> Json:
    """Revision 1 serves; revision 2 is the one that fails, and is returned."""
    fake.add_revision(1, GOOD, ready=REPLICAS)
    return fake.add_revision(2, BAD)


def restored_images(fake: FakeKubernetes) -> list[str]:
    return [patch[0]["value"]["spec"]["containers"][0]["image"] for patch in fake.patches]


def waiting(reason: str, message: str = "", *, restarts: int = 0) -> Json:
    """The status of a pod whose container waits."""
    return {
        "phase": "Pending",
        "containerStatuses": [
            {
                "name": "helloworld",
                "image": "image",
                "imageID": "",
                "ready": False,
                "restartCount": restarts,
                "state": {"waiting": {"reason": reason, **({"message": message} if message else {})}},
            }
        ],
    }


# Which revision comes back


def test_the_revision_that_still_serves_comes_back(fake: FakeKubernetes, roll: Roll) -> None:
    failed_update(fake)
    report = roll()
    assert restored_images(fake) == [GOOD]
    assert report == (
        f"{NAMESPACE}/{NAME}: revision 2 ({BAD}) did not get healthy; "
        f"rolled back to revision 1 ({GOOD}), which is healthy and serves."
    )


def test_what_is_written_is_the_plugins_to_remove_again(fake: FakeKubernetes, roll: Roll) -> None:
    """Under another field manager's name, what the failed release had removed would come back for good."""
    failed_update(fake)
    roll()
    (patch,) = [request for request in fake.requests if request.method == "PATCH"]
    assert patch.query["fieldManager"] == "pulumi-kubernetes"


def test_a_revision_that_serves_comes_back_before_a_younger_one_that_does_not(fake: FakeKubernetes, roll: Roll) -> None:
    fake.add_revision(3, GOOD, ready=REPLICAS)
    fake.add_revision(4, WORSE)
    fake.add_revision(5, BAD)
    roll()
    assert restored_images(fake) == [GOOD]


def test_of_two_revisions_that_serve_the_younger_comes_back(fake: FakeKubernetes, roll: Roll) -> None:
    fake.add_revision(9, GOOD, ready=1)
    fake.add_revision(10, BETTER, ready=1)
    fake.add_revision(11, BAD)
    roll()
    assert restored_images(fake) == [BETTER]


def test_a_revision_with_some_ready_pods_is_still_the_one_that_fails(fake: FakeKubernetes, roll: Roll) -> None:
    fake.add_revision(1, GOOD, ready=REPLICAS)
    fake.add_revision(2, BAD, ready=1)
    roll()
    assert restored_images(fake) == [GOOD]


def test_without_any_revision_that_serves_the_youngest_other_one_comes_back(fake: FakeKubernetes, roll: Roll) -> None:
    fake.add_revision(1, GOOD)
    fake.add_revision(2, BETTER)
    fake.add_revision(3, BAD)
    roll()
    assert restored_images(fake) == [BETTER]


def test_after_two_failures_in_a_row_the_last_healthy_revision_comes_back_both_times(
    fake: FakeKubernetes, roll: Roll
) -> None:
    failed_update(fake)
    roll()
    assert fake.deployment["metadata"]["annotations"][fake_kubernetes.REVISION] == "3", "the fake renumbers as it must"
    fake.add_revision(4, WORSE)
    report = roll()
    assert restored_images(fake) == [GOOD, GOOD]
    assert f"revision 4 ({WORSE}) did not get healthy; rolled back to revision 3 ({GOOD})" in report


def test_replica_sets_of_another_deployment_are_left_out(fake: FakeKubernetes, roll: Roll) -> None:
    failed_update(fake)
    fake.add_revision(7, WORSE, ready=REPLICAS, owner="another")
    roll()
    assert restored_images(fake) == [GOOD]


def test_the_revision_that_serves_comes_back_when_the_new_one_has_no_replica_set_yet(
    fake: FakeKubernetes, roll: Roll
) -> None:
    fake.add_revision(1, BETTER)
    fake.add_revision(2, GOOD, ready=REPLICAS)
    # The controller has not got as far as writing the new revision's number: a quota on replica sets, a webhook.
    fake.deployment["spec"]["template"] = template_of(BAD)
    fake.deployment["metadata"]["generation"] += 1
    report = roll()
    assert restored_images(fake) == [GOOD]
    assert "the new revision did not get healthy; rolled back to revision 2" in report


# What is sent


def test_the_template_is_sent_whole_but_without_its_hash(fake: FakeKubernetes, roll: Roll) -> None:
    failed_update(fake)
    roll()
    (patch,) = fake.patches
    assert patch == [{"op": "replace", "path": "/spec/template", "value": template_of(GOOD)}]
    assert HASH not in patch[0]["value"]["metadata"]["labels"]


def test_the_only_thing_that_is_changed_is_the_template_of_the_deployment(fake: FakeKubernetes, roll: Roll) -> None:
    failed_update(fake)
    roll()
    changes = [(request.method, request.path) for request in fake.requests if request.method != "GET"]
    assert changes == [("PATCH", f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/{NAME}")]


def test_a_healthy_deployment_is_left_alone(fake: FakeKubernetes, roll: Roll) -> None:
    fake.add_revision(1, GOOD)
    fake.add_revision(2, BETTER, ready=REPLICAS)
    report = roll()
    assert fake.requests
    assert not fake.patches
    assert report == f"{NAMESPACE}/{NAME}: nothing to roll back, revision 2 ({BETTER}) is healthy and serves."


@pytest.mark.parametrize(
    "change",
    [
        {"observedGeneration": 1},
        {"availableReplicas": REPLICAS - 1},
        {"updatedReplicas": REPLICAS - 1},
        {"replicas": REPLICAS + 1},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_deployment_is_not_healthy_until_every_pod_is_new_and_available(
    fake: FakeKubernetes, roll: Roll, change: Json
) -> None:
    fake.add_revision(1, GOOD, ready=REPLICAS)
    fake.add_revision(2, BAD, ready=REPLICAS)
    fake.deployment["status"] |= change
    roll()
    assert restored_images(fake) == [GOOD]


def test_the_first_release_has_nothing_to_go_back_to_and_says_so(fake: FakeKubernetes, roll: Roll) -> None:
    fake.add_pod(fake.add_revision(1, BAD), "pod-1", waiting("ImagePullBackOff", "not found"))
    report = roll()
    assert fake.requests
    assert not fake.patches
    assert f"revision 1 ({BAD}) did not get healthy; this is its first release, so there is no revision" in report
    assert "nothing serves" in report
    assert "pod pod-1: ImagePullBackOff: not found" in report


# Waiting


def test_it_waits_until_the_restored_revision_is_healthy(fake: FakeKubernetes, roll: Roll, pauses: list[float]) -> None:
    failed_update(fake)
    fake.healthy_after = 4
    assert "which is healthy and serves" in roll(seconds=60, every=2)
    assert pauses == [2, 2, 2]


def test_it_says_when_the_restored_revision_does_not_get_healthy_and_what_to_look_at(
    fake: FakeKubernetes, roll: Roll, pauses: list[float]
) -> None:
    failed_update(fake)
    fake.healthy_after = None
    report = roll(seconds=60, every=10)
    assert f"set back to revision 1 ({GOOD}), which was not healthy after 60 seconds either" in report
    assert f"kubectl -n {NAMESPACE} describe deployment/{NAME}" in report
    assert pauses == [10] * 6


def test_it_waits_no_longer_than_it_may_when_each_answer_takes_long(
    fake: FakeKubernetes, roll: Roll, pauses: list[float]
) -> None:
    failed_update(fake)
    fake.healthy_after = None
    assert "not healthy after 0 seconds" in roll(seconds=0.001, every=0.00001)
    assert len(pauses) < 20


@pytest.mark.parametrize("status", [500, 503, 429, DROP_THE_CONNECTION])
def test_an_answer_that_fails_while_it_waits_does_not_end_the_wait(
    fake: FakeKubernetes, roll: Roll, status: int
) -> None:
    failed_update(fake)
    fake.healthy_after = 3
    original = fake.answer

    def answer(request: recorded_http.Request) -> tuple[int, bytes, str]:
        answered = original(request)
        if request.method == "PATCH":
            fake.refuse("GET", "deployments", status, times=1)
        return answered

    fake.answer = answer  # type: ignore[method-assign]
    assert "which is healthy and serves" in roll()


def test_a_cluster_that_is_lost_while_it_waits_does_not_get_the_advice_to_undo_the_roll_back(
    fake: FakeKubernetes, roll: Roll
) -> None:
    failed_update(fake)
    fake.healthy_after = None
    original = fake.answer

    def answer(request: recorded_http.Request) -> tuple[int, bytes, str]:
        answered = original(request)
        if request.method == "PATCH":
            fake.refuse("GET", "deployments", 500)
        return answered

    fake.answer = answer  # type: ignore[method-assign]
    report = roll()
    assert f"set back to revision 1 ({GOOD})" in report
    assert "rollout undo" not in report


# Why


def test_the_message_names_an_image_that_cannot_be_pulled(fake: FakeKubernetes, roll: Roll) -> None:
    failed = failed_update(fake)
    fake.add_pod(failed, "new-1", waiting("ImagePullBackOff", 'Back-off pulling image "app"'))
    assert '\n  pod new-1: ImagePullBackOff: Back-off pulling image "app"' in roll()


def test_the_message_has_the_last_words_of_a_container_that_crashes(fake: FakeKubernetes, roll: Roll) -> None:
    failed = failed_update(fake)
    status = waiting("CrashLoopBackOff", restarts=3)
    status["containerStatuses"][0]["lastState"] = {"terminated": {"reason": "Error", "exitCode": 7}}
    fake.add_pod(failed, "new-1", status)
    fake.logs["new-1", True] = b"starting\nno such database\n"
    fake.logs["new-1", False] = b"wrong log"
    report = roll()
    assert "pod new-1: CrashLoopBackOff; Error, exit code 7; restarts: 3" in report
    assert "  | starting\n    | no such database" in report
    assert "wrong log" not in report
    (asked,) = [request.query for request in fake.requests if request.path.endswith("/log")]
    assert asked["tailLines"] == "10"


def test_the_message_has_the_current_log_of_a_container_that_does_not_get_ready(
    fake: FakeKubernetes, roll: Roll
) -> None:
    failed = failed_update(fake)
    status = waiting("")
    status["containerStatuses"][0] |= {"state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}}, "started": True}
    fake.add_pod(failed, "new-1", status)
    fake.logs["new-1", False] = b'{"level": "warning", "message": "not ready"}\n'
    report = roll()
    assert "pod new-1: running, but its readiness probe fails" in report
    assert '| {"level": "warning", "message": "not ready"}' in report


def test_the_message_says_that_no_node_has_room(fake: FakeKubernetes, roll: Roll) -> None:
    failed = failed_update(fake)
    condition = {
        "type": "PodScheduled",
        "status": "False",
        "reason": "Unschedulable",
        "message": "0/2 nodes are available: 2 Insufficient cpu.",
    }
    fake.add_pod(failed, "new-1", {"phase": "Pending", "conditions": [condition]})
    assert "pod new-1: Unschedulable: 0/2 nodes are available: 2 Insufficient cpu." in roll()


def test_the_message_says_that_the_balancer_does_not_find_a_pod_healthy(fake: FakeKubernetes, roll: Roll) -> None:
    failed = failed_update(fake)
    status = waiting("")
    status["containerStatuses"][0] |= {"state": {"running": {}}, "ready": True}
    message = 'the status of pod readiness gate "target-health.elbv2.k8s.aws/x" is not "True", but False'
    status["conditions"] = [
        {"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady", "message": message}
    ]
    fake.add_pod(failed, "new-1", status)
    assert f"pod new-1: ReadinessGatesNotReady: {message}" in roll()


def test_the_message_says_that_a_quota_refuses_the_pods(fake: FakeKubernetes, roll: Roll) -> None:
    fake.add_revision(1, GOOD, ready=REPLICAS)
    message = 'pods "helloworld-x" is forbidden: exceeded quota: pods'
    condition = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": message}
    fake.add_revision(2, BAD, conditions=[condition])
    assert f"\n  FailedCreate: {message}" in roll()


def test_only_pods_of_the_failed_revision_are_reported(fake: FakeKubernetes, roll: Roll) -> None:
    failed = failed_update(fake)
    fake.add_pod(fake.replica_sets[0], "old-1", {"phase": "Running"})
    fake.add_pod(failed, "new-1", waiting("ErrImagePull"))
    report = roll()
    assert "new-1" in report
    assert "old-1" not in report


@pytest.mark.parametrize("status", [400, 403, 404, 500, DROP_THE_CONNECTION])
def test_a_log_that_cannot_be_read_does_not_matter(fake: FakeKubernetes, roll: Roll, status: int) -> None:
    fake.add_pod(failed_update(fake), "new-1", waiting("CrashLoopBackOff"))
    fake.refuse("GET", "log", status)
    report = roll()
    assert "pod new-1: CrashLoopBackOff" in report
    assert "which is healthy and serves" in report


def test_a_log_that_is_no_text_does_not_matter(fake: FakeKubernetes, roll: Roll) -> None:
    fake.add_pod(failed_update(fake), "new-1", waiting("CrashLoopBackOff"))
    fake.logs["new-1", False] = b"\xff\xfe\x00"
    assert "which is healthy and serves" in roll()


def test_a_node_that_does_not_answer_for_a_log_does_not_hold_the_roll_back(
    fake: FakeKubernetes, roll: Roll, monkeypatch: pytest.MonkeyPatch
) -> None:
    last_log_lines = LiveNamespace.last_log_lines

    # Only the log is late: what else the cluster is asked may take as long as the machine does.
    def hurried(cluster: LiveNamespace, pod: Json) -> str:
        with monkeypatch.context() as context:
            context.setattr(live_cluster, "REQUEST_SECONDS", 0.15)
            return last_log_lines(cluster, pod)

    monkeypatch.setattr(LiveNamespace, "last_log_lines", hurried)
    fake.slow = threading.Event()
    fake.add_pod(failed_update(fake), "new-1", waiting("CrashLoopBackOff"))
    fake.logs["new-1", False] = b"too late"
    report = roll()
    assert "which is healthy and serves" in report
    assert "too late" not in report


@pytest.mark.parametrize("status", [403, 500, DROP_THE_CONNECTION])
def test_pods_that_cannot_be_listed_do_not_keep_it_from_rolling_back(
    fake: FakeKubernetes, roll: Roll, status: int
) -> None:
    failed_update(fake)
    fake.refuse("GET", "pods", status)
    report = roll()
    assert restored_images(fake) == [GOOD]
    assert "which is healthy and serves" in report
    assert "why is not known" in report


# Refusals


@pytest.mark.parametrize("resource", ["deployments", "replicasets"])
def test_without_the_revisions_there_is_no_roll_back(fake: FakeKubernetes, roll: Roll, resource: str) -> None:
    failed_update(fake)
    fake.refuse("GET", resource, 403)
    with pytest.raises(ApiException):
        roll()
    assert not fake.patches


def test_a_refused_change_says_how_to_make_it_by_hand_and_still_why_the_roll_out_failed(
    fake: FakeKubernetes, roll: Roll
) -> None:
    fake.add_pod(failed_update(fake), "new-1", waiting("ErrImagePull"))
    fake.refuse("PATCH", "deployments", 403)
    report = roll()
    assert f"going back to revision 1 ({GOOD}) failed: the cluster answers 403, deployments is refused" in report
    assert f"{UNDO} --to-revision=1" in report
    assert "pod new-1: ErrImagePull" in report
    assert "healthy and serves" not in report


# The hook


def call_hook(
    kubeconfig: pulumi.Input[str] | Callable[[], pulumi.Input[str]],
    *,
    operation: str = "update",
    seconds: int = 1,
) -> tuple[Plan, Any]:
    """Registers the hook in a program, calls it as the engine would, and returns the plan and the hook's answer."""
    answers: list[Any] = []

    async def call(hook: pulumi.ErrorHook) -> None:
        inputs = {"metadata": {"name": NAME, "namespace": NAMESPACE}}
        failure = pulumi.ErrorHookArgs(
            urn="urn:pulumi:dev::helloworld::kubernetes:apps/v1:Deployment::release-deployment",
            id=f"{NAMESPACE}/{NAME}",
            name="release-deployment",
            type="kubernetes:apps/v1:Deployment",
            new_inputs=inputs if operation != "delete" else None,
            old_inputs=inputs if operation != "create" else None,
            failed_operation=operation,
            errors=["it was not ready in time"],
        )
        answer = hook.callback(failure)
        assert not isinstance(answer, bool)
        answers.append(await answer)

    def program() -> None:
        config = kubeconfig() if callable(kubeconfig) else kubeconfig
        hook = roll_back_on_error("roll-back", config, seconds)
        pulumi.export("called", pulumi.Output.from_input(call(hook)))

    plan = record(program)
    (answer,) = answers
    return plan, answer


def errors(plan: Plan) -> list[str]:
    return [message.text for message in plan.messages if message.severity == "error"]


@pytest.mark.parametrize("operation", ["create", "update"])
def test_the_hook_rolls_back_what_failed_and_asks_for_no_other_try(fake: FakeKubernetes, operation: str) -> None:
    failed_update(fake)
    plan, answer = call_hook(json.dumps(fake.kubeconfig()), operation=operation)
    assert answer is False
    assert restored_images(fake) == [GOOD]
    (error,) = errors(plan)
    assert f"rolled back to revision 1 ({GOOD})" in error


def test_the_hook_tells_what_it_is_about_to_do(fake: FakeKubernetes) -> None:
    failed_update(fake)
    plan, _ = call_hook(json.dumps(fake.kubeconfig()))
    (warning,) = [message.text for message in plan.messages if message.severity == "warning"]
    assert f"{NAMESPACE}/{NAME}: the roll-out failed" in warning


def test_the_hook_does_nothing_about_a_delete_that_fails(fake: FakeKubernetes) -> None:
    failed_update(fake)
    plan, answer = call_hook(json.dumps(fake.kubeconfig()), operation="delete")
    assert answer is False
    assert not fake.requests
    assert not plan.messages


def test_the_hook_waits_for_the_kubeconfig(fake: FakeKubernetes) -> None:
    failed_update(fake)

    def kubeconfig() -> pulumi.Output[str]:
        return pulumi.Output.secret(fake.kubeconfig()).apply(json.dumps)

    plan, answer = call_hook(kubeconfig)
    assert answer is False
    assert "which is healthy and serves" in errors(plan)[0]


@pytest.mark.parametrize(
    ("resource", "status", "cause"),
    [
        ("deployments", 401, "the cluster answers 401, deployments is refused by the test"),
        ("deployments", 403, "the cluster answers 403, deployments is refused by the test"),
        ("replicasets", 500, "the cluster answers 500, replicasets is refused by the test"),
        ("deployments", DROP_THE_CONNECTION, "Max retries exceeded"),
    ],
)
def test_a_refusal_ends_in_one_message_with_the_command_to_run_by_hand(
    fake: FakeKubernetes, resource: str, status: int, cause: str
) -> None:
    failed_update(fake)
    fake.refuse("GET", resource, status)
    plan, answer = call_hook(json.dumps(fake.kubeconfig()))
    assert answer is False
    (error,) = errors(plan)
    assert f"{NAMESPACE}/{NAME}: the roll-back failed too" in error
    assert cause in error
    assert f"by hand: {UNDO}" in error
    assert len(error.splitlines()) == 2
    assert "HTTP response headers" not in error


def test_a_deployment_that_is_not_there_is_named(fake: FakeKubernetes) -> None:
    plan, answer = call_hook(json.dumps(fake.kubeconfig()), operation="create")
    assert answer is False
    (error,) = errors(plan)
    assert f'the cluster answers 404, deployments.apps "{NAME}" not found' in error
    assert UNDO in error


def test_an_answer_without_a_message_is_told_by_its_status(fake: FakeKubernetes) -> None:
    fake.answer = lambda request: (502, b"<html>", "text/html")  # type: ignore[method-assign]
    plan, answer = call_hook(json.dumps(fake.kubeconfig()))
    assert answer is False
    assert "the cluster answers 502, Bad Gateway" in errors(plan)[0]


def test_a_cluster_that_refuses_the_connection_ends_in_one_message(fake: FakeKubernetes) -> None:
    with socket.socket() as taken:
        # Bound but not listening: nothing else can answer there.
        taken.bind(("127.0.0.1", 0))
        fake.host = f"http://127.0.0.1:{taken.getsockname()[1]}"
        plan, answer = call_hook(json.dumps(fake.kubeconfig()))
    assert answer is False
    (error,) = errors(plan)
    assert "Connection refused" in error
    assert UNDO in error


@pytest.mark.parametrize("kubeconfig", ["", "no JSON", "{}", "[]", "null", '{"current-context": "x"}'])
def test_a_kubeconfig_that_is_none_ends_in_one_message(kubeconfig: str) -> None:
    plan, answer = call_hook(kubeconfig)
    assert answer is False
    (error,) = errors(plan)
    assert UNDO in error


def exec_user(script: Path) -> Json:
    """A user of a kubeconfig whose credential the script prints."""
    api = "client.authentication.k8s.io/v1beta1"
    return {"exec": {"apiVersion": api, "command": sys.executable, "args": [str(script)], "interactiveMode": "Never"}}


def test_the_token_that_the_kubeconfig_s_command_prints_is_sent(fake: FakeKubernetes, tmp_path: Path) -> None:
    failed_update(fake)
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "kind": "ExecCredential",
        "status": {"token": "k8s-aws-v1.abc"},
    }
    script = tmp_path / "token.py"
    script.write_text(f"print({json.dumps(credential)!r})")
    plan, _ = call_hook(json.dumps(fake.kubeconfig(exec_user(script))))
    assert "which is healthy and serves" in errors(plan)[0]
    assert {request.headers["authorization"] for request in fake.requests} == {"Bearer k8s-aws-v1.abc"}


def test_a_command_of_the_kubeconfig_that_fails_ends_in_one_message(fake: FakeKubernetes, tmp_path: Path) -> None:
    failed_update(fake)
    fake.refuse("GET", "deployments", 401)
    script = tmp_path / "token.py"
    script.write_text("import sys; sys.exit('the role cannot be assumed')")
    plan, answer = call_hook(json.dumps(fake.kubeconfig(exec_user(script))))
    assert answer is False
    (error,) = errors(plan)
    assert UNDO in error
