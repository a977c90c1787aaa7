"""What a failed roll-out says about itself."""

import copy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from infra.rollout_report import LINE_CHARACTERS, LOG_LINES, PODS_REPORTED, has_restarted, why_not_ready

Json = dict[str, Any]

WAITING = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s"}}
READY = {"type": "Ready", "status": "True"}


def no_log(pod: object) -> str:
    return ""


def pod(name: str = "pod-1", **status: Any) -> Json:
    return {"metadata": {"name": name}, "status": status}


def container(**fields: Any) -> Json:
    return {"name": "helloworld", "ready": False, "restartCount": 0, **fields}


def report(*pods: Json) -> list[str]:
    return why_not_ready({}, pods, no_log)


def test_ready_pods_are_not_reported() -> None:
    assert report(pod("bad", phase="Pending"), pod("good", conditions=[READY])) == ["pod bad: Pending"]


def test_a_pod_whose_readiness_is_not_known_is_reported() -> None:
    assert report(pod(phase="Unknown", conditions=[{"type": "Ready", "status": "Unknown"}])) == ["pod pod-1: Unknown"]


@pytest.mark.parametrize(
    ("state", "fact"),
    [
        ({"state": WAITING}, "CrashLoopBackOff: back-off 40s"),
        ({"state": {"waiting": {"reason": "ContainerCreating"}}}, "ContainerCreating"),
        ({"state": {"waiting": {"message": "soon"}}}, "waiting: soon"),
        ({"state": {"terminated": {"reason": "OOMKilled", "exitCode": 137}}}, "OOMKilled, exit code 137"),
        ({"state": {"terminated": {"exitCode": 1}}}, "ended, exit code 1"),
        ({"lastState": {"terminated": {"reason": "Error", "exitCode": 0}}}, "Error, exit code 0"),
        ({"state": {"running": {}}}, "running, but its readiness probe fails"),
        ({"state": {"running": {}}, "started": True}, "running, but its readiness probe fails"),
        ({"state": {"running": {}}, "started": False}, "running, but its startup probe fails"),
        ({"restartCount": 4}, "restarts: 4"),
        (
            {"state": WAITING, "lastState": {"terminated": {"reason": "Error", "exitCode": 3}}, "restartCount": 2},
            "CrashLoopBackOff: back-off 40s; Error, exit code 3; restarts: 2",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_container_says_why_it_is_not_ready(state: Json, fact: str) -> None:
    assert report(pod(phase="Pending", containerStatuses=[container(**state)])) == [f"pod pod-1: {fact}"]


def test_every_container_of_a_pod_has_its_say() -> None:
    states = [container(state=WAITING), container(state={"waiting": {"reason": "ErrImagePull"}})]
    assert report(pod(containerStatuses=states)) == ["pod pod-1: CrashLoopBackOff: back-off 40s; ErrImagePull"]


def test_a_pod_whose_containers_are_all_well_says_what_else_it_waits_for() -> None:
    message = 'the status of pod readiness gate "target-health" is not "True", but False'
    condition = {"type": "Ready", "status": "False", "reason": "ReadinessGatesNotReady", "message": message}
    running = container(ready=True, state={"running": {}})
    assert report(pod(phase="Running", containerStatuses=[running], conditions=[condition])) == [
        f"pod pod-1: ReadinessGatesNotReady: {message}"
    ]


def test_what_a_container_says_is_not_repeated_by_its_pod() -> None:
    condition = {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "unready: [app]"}
    lines = report(pod(containerStatuses=[container(state=WAITING)], conditions=[condition]))
    assert lines == ["pod pod-1: CrashLoopBackOff: back-off 40s"]


def test_a_pod_that_no_node_takes_says_so() -> None:
    condition = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/2 nodes"}
    assert report(pod(phase="Pending", conditions=[condition])) == ["pod pod-1: Unschedulable: 0/2 nodes"]


def test_only_the_first_few_pods_are_reported_and_the_others_counted() -> None:
    lines = report(*[pod(f"pod-{number}", phase="Pending") for number in range(PODS_REPORTED + 2)])
    assert lines[:PODS_REPORTED] == [f"pod pod-{number}: Pending" for number in range(PODS_REPORTED)]
    assert lines[PODS_REPORTED:] == ["and 2 more pods that are not ready"]


def test_only_logs_of_reported_pods_are_asked_for() -> None:
    asked: list[str] = []

    def log_of(asked_pod: Any) -> str:
        asked.append(asked_pod["metadata"]["name"])
        return ""

    pods = [pod("ready", conditions=[READY]), *[pod(f"pod-{number}") for number in range(PODS_REPORTED + 1)]]
    why_not_ready({}, pods, log_of)
    assert asked == [f"pod-{number}" for number in range(PODS_REPORTED)]


def test_the_last_log_lines_of_a_pod_stand_below_it() -> None:
    log = "\n".join(f"line {number}" for number in range(LOG_LINES + 5))
    first, *rest = why_not_ready({}, [pod(phase="Running")], lambda _: log)
    assert first == "pod pod-1: Running"
    assert rest == [f"  | line {number}" for number in range(5, LOG_LINES + 5)]


def test_without_failing_pods_the_replica_set_says_why_there_are_none() -> None:
    refused = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "exceeded quota"}
    silent = {"type": "Other", "reason": "Silent"}
    replica_set = {"status": {"conditions": [silent, refused]}}
    assert why_not_ready(replica_set, [], no_log) == ["FailedCreate: exceeded quota"]
    assert why_not_ready(replica_set, [pod(conditions=[READY])], no_log) == ["FailedCreate: exceeded quota"]
    assert why_not_ready(replica_set, [pod(phase="Pending")], no_log) == ["pod pod-1: Pending"]


def test_a_log_cannot_steer_the_terminal_or_fill_the_screen() -> None:
    lines = why_not_ready({}, [pod()], lambda _: "\x1b[2Jgone\r\nx\x00y\n" + "z" * 10_000)
    assert lines[1:3] == ["  |  [2Jgone", "  | x y"]
    assert len(lines[3]) == LINE_CHARACTERS


@pytest.mark.parametrize(("counts", "restarted"), [([], False), ([0], False), ([0, 2], True), ([None], False)])
def test_a_pod_has_restarted_if_one_of_its_containers_has(counts: list[int | None], restarted: bool) -> None:
    assert has_restarted(pod(containerStatuses=[{"restartCount": count} for count in counts])) is restarted


FULL_POD: Json = pod(
    phase="Pending",
    conditions=[
        {"type": "Ready", "status": "False", "reason": "ContainersNotReady", "message": "unready"},
        {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"},
    ],
    containerStatuses=[
        container(
            started=False,
            restartCount=3,
            state={**WAITING, "running": {"startedAt": "x"}, "terminated": {"reason": "Error", "exitCode": 1}},
            lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}},
        )
    ],
)
FULL_REPLICA_SET: Json = {
    "status": {"conditions": [{"type": "ReplicaFailure", "reason": "FailedCreate", "message": "exceeded quota"}]}
}
HOSTILE_TEXT = st.text(st.characters(codec=None), max_size=20)


@st.composite
def with_holes(draw: st.DrawFn, full: Any) -> Any:
    """`full` with some fields left out, null or empty, and with any text for its texts."""
    if isinstance(full, dict):
        kept: Json = {}
        for key, value in full.items():
            fate = draw(st.sampled_from(["keep", "keep", "keep", "drop", "null"]))
            if fate != "drop":
                kept[key] = None if fate == "null" else draw(with_holes(value))
        return kept
    if isinstance(full, list):
        return [draw(with_holes(value)) for value in full[: draw(st.integers(0, len(full)))]]
    return draw(st.just(full) | HOSTILE_TEXT) if isinstance(full, str) else full


@settings(deadline=None)
@given(
    status=with_holes(FULL_POD["status"]) | st.none(),
    replica_set=with_holes(FULL_REPLICA_SET),
    name=HOSTILE_TEXT,
    log=st.text(st.characters(codec=None)),
)
def test_a_status_with_holes_is_reported_as_far_as_it_goes(
    status: Json | None, replica_set: Json, name: str, log: str
) -> None:
    failing = {"metadata": {"name": name}, "status": status}
    before = copy.deepcopy((failing, replica_set))
    for pods in ([failing], [], [{"metadata": {"name": name}}]):
        lines = why_not_ready(replica_set, pods, lambda _: log)
        assert lines or not pods or "True" in str(status)
        assert all(line.isprintable() and len(line) <= LINE_CHARACTERS for line in lines)
    has_restarted(failing)
    assert (failing, replica_set) == before
