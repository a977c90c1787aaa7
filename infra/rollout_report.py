"""Why pods are not ready, in words. Pure: it reads Kubernetes objects as plain JSON and answers lines of text."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

Object = Mapping[str, Any]

PODS_REPORTED = 3
LOG_LINES = 10
LINE_CHARACTERS = 500


def why_not_ready(replica_set: Object, pods: Sequence[Object], log_of: Callable[[Object], str]) -> list[str]:
    """What keeps a revision from getting healthy, in short lines without control characters.

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
        status = _status(pod)
        facts = [*_unschedulable(status), *[fact for each in _containers(status) for fact in _container_facts(each)]]
        facts = facts or _not_ready(status) or [status.get("phase") or "no status yet"]
        lines.append(f"pod {pod['metadata']['name']}: {'; '.join(facts)}")
        lines += [f"  | {line}" for line in log_of(pod).splitlines()[-LOG_LINES:]]
    if len(failing) > PODS_REPORTED:
        lines.append(f"and {len(failing) - PODS_REPORTED} more pods that are not ready")
    lines = lines or [
        f"{condition.get('reason')}: {condition['message']}"
        for condition in _conditions(_status(replica_set))
        if condition.get("message")
    ]
    return [_printable(line) for line in lines]


def _printable(line: str) -> str:
    return "".join(each if each.isprintable() else " " for each in line[:LINE_CHARACTERS])


def has_restarted(pod: Object) -> bool:
    """Whether a container of the pod ended and was started anew, so that the log that tells is the previous one's."""
    return any(each.get("restartCount") for each in _containers(_status(pod)))


def _is_ready(pod: Object) -> bool:
    return any(each.get("type") == "Ready" and each.get("status") == "True" for each in _conditions(_status(pod)))


def _status(of: Object) -> Object:
    return of.get("status") or {}


def _conditions(status: Object) -> Sequence[Object]:
    return status.get("conditions") or []


def _containers(status: Object) -> Sequence[Object]:
    return status.get("containerStatuses") or []


def _unschedulable(status: Object) -> list[str]:
    return [
        f"Unschedulable: {each.get('message')}" for each in _conditions(status) if each.get("reason") == "Unschedulable"
    ]


def _not_ready(status: Object) -> list[str]:
    """What a pod says whose containers are all well, e.g. that the balancer does not find it healthy."""
    return [
        f"{each.get('reason')}: {each['message']}"
        for each in _conditions(status)
        if each.get("type") == "Ready" and each.get("message")
    ]


def _container_facts(container: Object) -> list[str]:
    facts = []
    now, before = container.get("state") or {}, container.get("lastState") or {}
    if waiting := now.get("waiting"):
        facts.append(": ".join(filter(None, (waiting.get("reason") or "waiting", waiting.get("message")))))
    facts += [
        f"{ended.get('reason') or 'ended'}, exit code {ended.get('exitCode')}"
        for ended in (now.get("terminated"), before.get("terminated"))
        if ended
    ]
    if "running" in now and not container.get("ready"):
        probe = "startup" if container.get("started") is False else "readiness"
        facts.append(f"running, but its {probe} probe fails")
    if container.get("restartCount"):
        facts.append(f"restarts: {container['restartCount']}")
    return facts
