"""What happens when a roll-out does not get healthy: the previous revision comes back, inside the same `pulumi up`."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pulumi

if TYPE_CHECKING:
    from kubernetes.client import ApiClient, V1ContainerStatus, V1Deployment, V1Pod, V1ReplicaSet

REVISION = "deployment.kubernetes.io/revision"
TEMPLATE_HASH = "pod-template-hash"
LOG_LINES = 10
PODS_REPORTED = 3


def roll_back_on_error(name: str, kubeconfig: pulumi.Input[str], seconds: int) -> pulumi.ErrorHook:
    """A hook for a Deployment that restores its last healthy revision when creating or updating it fails.

    The operation stays failed: the hook never asks for another try.

    Args:
        name: the hook's name, unique in the program.
        kubeconfig: JSON, as `kubectl` takes it.
        seconds: how long the restored revision may take to get healthy.
    """

    async def hook(failure: pulumi.ErrorHookArgs) -> bool:
        if failure.failed_operation not in ("create", "update"):
            return False
        config = json.loads(await _resolved(kubeconfig))
        namespace, _, deployment = failure.id.rpartition("/")
        target = _target(failure) if not deployment else (namespace, deployment)
        pulumi.log.warn(f"The roll-out of {'/'.join(target)} failed. Looking for the revision to go back to.")
        try:
            report = await asyncio.to_thread(_connect_and_roll_back, config, *target, seconds)
        except Exception as error:
            # Whatever went wrong here must not hide what went wrong there.
            pulumi.log.error(
                f"The roll-back of {'/'.join(target)} failed too: {type(error).__name__}: {error}. "
                f"By hand: kubectl -n {target[0]} rollout undo deployment/{target[1]}"
            )
            return False
        pulumi.log.error(report)
        return False

    return pulumi.ErrorHook(name, hook)


async def _resolved(value: pulumi.Input[str]) -> str:
    return await pulumi.Output.from_input(value)._future


def _target(failure: pulumi.ErrorHookArgs) -> tuple[str, str]:
    """Namespace and name of a Deployment that has no id yet, from what it was to be."""
    metadata = (failure.new_inputs or {}).get("metadata", {})
    return metadata.get("namespace", "default"), metadata.get("name", failure.name)


def _connect_and_roll_back(config: Mapping[str, Any], namespace: str, name: str, seconds: int) -> str:
    # The client takes half a second to import, and only a failed roll-out needs it.
    from kubernetes.config import new_client_from_config_dict

    with new_client_from_config_dict(dict(config)) as client:
        return roll_back(client, namespace, name, seconds=seconds)


@dataclass(frozen=True)
class _Revision:
    number: int
    replica_set: "V1ReplicaSet"

    @property
    def ready(self) -> int:
        return self.replica_set.status.ready_replicas or 0

    @property
    def images(self) -> str:
        return ", ".join(container.image for container in self.replica_set.spec.template.spec.containers)


def roll_back(
    client: "ApiClient",
    namespace: str,
    name: str,
    *,
    seconds: float,
    pause: Callable[[float], None] = time.sleep,
    poll_seconds: float = 1.0,
) -> str:
    """Restore the last healthy revision of a Deployment, and wait until it is healthy.

    The revision is the newest other one that still has ready pods: with maxUnavailable 0 the old pods go on serving until
    the new ones are ready. It is taken from the cluster, not from the program's last inputs, which after two failures in
    a row are the first failure's.

    Args:
        client: a connected Kubernetes client.
        namespace: the Deployment's.
        name: the Deployment's.
        seconds: how long to wait for the restored revision.
        pause: waits that many seconds.
        poll_seconds: how long between looks.

    Returns:
        What was done and why, for the person who reads the failed `up`.

    Raises:
        kubernetes.client.ApiException: the API refused a request.
    """
    from kubernetes.client import AppsV1Api

    apps = AppsV1Api(client)
    deployment = apps.read_namespaced_deployment(name, namespace)
    revisions = _revisions(apps, deployment)
    number = int((deployment.metadata.annotations or {}).get(REVISION, 0))
    current = next((revision for revision in revisions if revision.number == number), None)
    others = [revision for revision in revisions if revision is not current]
    # Asked for before the roll-back, which deletes the pods that could tell.
    reasons = _reasons(client, namespace, current)
    if current is not None and _is_healthy(deployment):
        return f"{namespace}/{name}: nothing to roll back, revision {number} is healthy ({current.images})."
    if not others:
        return "\n".join(
            [
                f"{namespace}/{name}: this is its first release, there is no revision to go back to. Nothing serves.",
                *reasons,
            ]
        )
    target = max(others, key=lambda revision: (revision.ready > 0, revision.number))
    template = client.sanitize_for_serialization(target.replica_set.spec.template)
    template["metadata"]["labels"].pop(TEMPLATE_HASH, None)
    apps.patch_namespaced_deployment(
        name, namespace, [{"op": "replace", "path": "/spec/template", "value": template}]
    )
    healthy = _wait_until_healthy(lambda: apps.read_namespaced_deployment(name, namespace), seconds, pause, poll_seconds)
    failed = f"revision {number} ({current.images})" if current else "the new revision"
    outcome = (
        f"rolled back to revision {target.number} ({target.images}), which is healthy and serves"
        if healthy
        else f"set back to revision {target.number} ({target.images}), which was not healthy after {seconds:.0f} seconds; "
        f"look at it: kubectl -n {namespace} describe deployment/{name}"
    )
    return "\n".join([f"{namespace}/{name}: {failed} did not get healthy; {outcome}.", *reasons])


def _revisions(apps: Any, deployment: "V1Deployment") -> list[_Revision]:
    selector = ",".join(f"{key}={value}" for key, value in deployment.spec.selector.match_labels.items())
    sets: Iterable[V1ReplicaSet] = apps.list_namespaced_replica_set(
        deployment.metadata.namespace, label_selector=selector
    ).items
    return [
        _Revision(int((each.metadata.annotations or {}).get(REVISION, 0)), each)
        for each in sets
        if any(owner.uid == deployment.metadata.uid for owner in each.metadata.owner_references or [])
    ]


def _is_healthy(deployment: "V1Deployment") -> bool:
    status, wanted = deployment.status, deployment.spec.replicas
    counts = (status.updated_replicas or 0, status.replicas or 0, status.available_replicas or 0)
    return (status.observed_generation or 0) >= deployment.metadata.generation and counts == (wanted, wanted, wanted)


def _wait_until_healthy(
    read: Callable[[], "V1Deployment"], seconds: float, pause: Callable[[float], None], poll_seconds: float
) -> bool:
    for _ in range(max(1, round(seconds / poll_seconds))):
        if _is_healthy(read()):
            return True
        pause(poll_seconds)
    return False


def _reasons(client: "ApiClient", namespace: str, revision: _Revision | None) -> list[str]:
    """Why the pods of `revision` are not ready, one line per fact, with their last log lines."""
    from kubernetes.client import ApiException, CoreV1Api

    if revision is None:
        return []
    core = CoreV1Api(client)
    template_hash = revision.replica_set.metadata.labels[TEMPLATE_HASH]
    try:
        pods: list[V1Pod] = core.list_namespaced_pod(
            namespace, label_selector=f"{TEMPLATE_HASH}={template_hash}"
        ).items
    except ApiException as error:
        return [f"  its pods cannot be listed: {error.reason}"]
    failing = [pod for pod in pods if not _is_ready(pod)]
    lines = []
    for pod in failing[:PODS_REPORTED]:
        lines.append(f"  pod {pod.metadata.name}: {'; '.join(_pod_facts(pod)) or pod.status.phase}")
        lines += _last_log_lines(core, pod)
    if len(failing) > PODS_REPORTED:
        lines.append(f"  and {len(failing) - PODS_REPORTED} more pods")
    return lines or _replica_set_facts(revision)


def _replica_set_facts(revision: _Revision) -> list[str]:
    """Why there are no pods at all, e.g. because admission refuses them."""
    conditions = revision.replica_set.status.conditions or []
    return [f"  {condition.reason}: {condition.message}" for condition in conditions if condition.message]


def _is_ready(pod: "V1Pod") -> bool:
    return any(each.type == "Ready" and each.status == "True" for each in pod.status.conditions or [])


def _pod_facts(pod: "V1Pod") -> list[str]:
    conditions = [
        f"{condition.reason}: {condition.message}"
        for condition in pod.status.conditions or []
        if condition.status == "False" and condition.reason == "Unschedulable"
    ]
    return conditions + [fact for status in pod.status.container_statuses or [] for fact in _container_facts(status)]


def _container_facts(status: "V1ContainerStatus") -> list[str]:
    facts = []
    if status.state and status.state.waiting:
        facts.append(": ".join(filter(None, (status.state.waiting.reason, status.state.waiting.message))))
    for state in (status.state, status.last_state):
        if state and state.terminated:
            facts.append(f"{state.terminated.reason or 'Terminated'}, exit code {state.terminated.exit_code}")
    if status.state and status.state.running and not status.ready:
        facts.append("running, but its readiness probe fails")
    if status.restart_count:
        facts.append(f"restarted {status.restart_count} times")
    return facts


def _last_log_lines(core: Any, pod: "V1Pod") -> list[str]:
    from kubernetes.client import ApiException

    restarted = any(status.restart_count for status in pod.status.container_statuses or [])
    try:
        log = core.read_namespaced_pod_log(
            pod.metadata.name, pod.metadata.namespace, tail_lines=LOG_LINES, previous=restarted
        )
    except ApiException:
        # A container that never started has no log, and its reason above says why.
        return []
    return [f"    | {line}" for line in (log or "").splitlines()[-LOG_LINES:]]
