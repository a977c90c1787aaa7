"""Why pods are not ready, in words. Pure: it reads Kubernetes objects as plain JSON and answers lines of text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]

PODS_REPORTED = 3
LOG_LINES = 10


def why_not_ready(replica_set: Object, pods: Sequence[Object], log_of: Callable[[Object], str]) -> list[str]:
    """What keeps a revision from getting healthy, one line per fact.

    Args:
        replica_set: the revision's.
        pods: the revision's pods.
        log_of: the last log lines of a pod, as one text.

    Returns:
        For the first few pods that are not ready: the reasons that Kubernetes gives, and their last log lines. Without
        such pods, what the replica set says of itself, e.g. that a quota or admission refuses pods.
    """
    failing = [pod for pod in pods if not _is_ready(pod)]
    lines: list[str] = []
    for pod in failing[:PODS_REPORTED]:
        status = pod.get("status", {})
        facts = [*_unschedulable(status), *[fact for each in _containers(status) for fact in _container_facts(each)]]
        lines.append(f"pod {pod['metadata']['name']}: {'; '.join(facts) or status.get('phase', 'no status yet')}")
        lines += [f"  | {line}" for line in log_of(pod).splitlines()[-LOG_LINES:]]
    if len(failing) > PODS_REPORTED:
        lines.append(f"and {len(failing) - PODS_REPORTED} more pods that are not ready")
    return lines or [
        f"{condition.get('reason')}: {condition['message']}"
        for condition in replica_set.get("status", {}).get("conditions") or []
        if condition.get("message")
    ]


def has_restarted(pod: Object) -> bool:
    """Whether a container of the pod ended and was started anew, so that the log that tells is the previous one's."""
    return any(each.get("restartCount") for each in _containers(pod.get("status", {})))


def _is_ready(pod: Object) -> bool:
    conditions = pod.get("status", {}).get("conditions") or []
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in conditions)


def _containers(status: Object) -> Sequence[Object]:
    return status.get("containerStatuses") or []


def _unschedulable(status: Object) -> list[str]:
    return [
        f"Unschedulable: {each.get('message')}"
        for each in status.get("conditions") or []
        if each.get("reason") == "Unschedulable"
    ]


def _container_facts(container: Object) -> list[str]:
    facts = []
    now, before = container.get("state") or {}, container.get("lastState") or {}
    if waiting := now.get("waiting"):
        facts.append(": ".join(filter(None, (waiting.get("reason"), waiting.get("message")))))
    facts += [
        f"{ended.get('reason') or 'ended'}, exit code {ended.get('exitCode')}"
        for ended in (now.get("terminated"), before.get("terminated"))
        if ended
    ]
    if "running" in now and not container.get("ready"):
        facts.append("running, but its readiness probe fails")
    if container.get("restartCount"):
        facts.append(f"restarts: {container['restartCount']}")
    return facts
