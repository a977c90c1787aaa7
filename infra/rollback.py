"""What happens when a roll-out does not get healthy: the previous revision comes back, inside the same `pulumi up`."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pulumi

from infra.live_cluster import LiveNamespace, in_namespace
from infra.rollout_report import Object, why_not_ready

REVISION = "deployment.kubernetes.io/revision"
TEMPLATE_HASH = "pod-template-hash"


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
        metadata = (failure.new_inputs or {})["metadata"]
        namespace, deployment = metadata["namespace"], metadata["name"]
        pulumi.log.warn(f"{namespace}/{deployment}: the roll-out failed; looking for the revision to go back to.")
        try:
            report = await in_namespace(
                kubeconfig, namespace, lambda live: roll_back(live, deployment, seconds=seconds)
            )
        except Exception as error:
            # Whatever goes wrong here must not hide what went wrong there.
            report = (
                f"{namespace}/{deployment}: the roll-back failed too: {_cause(error)}\n"
                f"  by hand: kubectl -n {namespace} rollout undo deployment/{deployment}"
            )
        pulumi.log.error(report)
        return False

    return pulumi.ErrorHook(name, hook)


@dataclass(frozen=True)
class _Revision:
    number: int
    replica_set: Object

    @property
    def serves(self) -> bool:
        return bool(self.replica_set.get("status", {}).get("readyReplicas"))

    @property
    def template(self) -> dict[str, Any]:
        """The pod template as the Deployment had it, without the hash that its controller adds."""
        template: dict[str, Any] = json.loads(json.dumps(self.replica_set["spec"]["template"]))
        template["metadata"]["labels"].pop(TEMPLATE_HASH, None)
        return template

    def __str__(self) -> str:
        containers = self.replica_set["spec"]["template"]["spec"]["containers"]
        return f"revision {self.number} ({', '.join(container['image'] for container in containers)})"


def roll_back(
    cluster: LiveNamespace,
    name: str,
    *,
    seconds: float,
    pause: Callable[[float], None] = time.sleep,
    every: float = 1.0,
) -> str:
    """Restore the last healthy revision of a Deployment, and wait until it is healthy.

    That is the newest other one that still has ready pods, or the newest other one if none has: with maxUnavailable 0
    the old pods go on serving until the new ones are ready. The cluster knows it; the program's last inputs, after two
    failures in a row, are the first failure's.

    Args:
        cluster: where the Deployment is.
        name: the Deployment's.
        seconds: how long to wait for the restored revision.
        pause: waits that many seconds.
        every: seconds between looks.

    Returns:
        What was done and why, for the person who reads the failed `up`.

    Raises:
        kubernetes.client.ApiException: the Deployment or its revisions cannot be read.
    """
    deployment = cluster.deployment(name)
    revisions = [_Revision(_revision_number(each), each) for each in cluster.replica_sets(deployment)]
    # By the template, as the controller does: the Deployment's own number is the old one until the new replica set is
    # there, and a quota or webhook may keep it from coming.
    current = next((each for each in revisions if each.template == deployment["spec"]["template"]), None)
    title = f"{cluster.namespace}/{name}"
    if current and _is_healthy(deployment):
        return f"{title}: nothing to roll back, {current} is healthy and serves."
    # Asked before the roll-back, which deletes the pods that can tell.
    reasons = _reasons(cluster, current) if current else []
    others = [each for each in revisions if each is not current]
    if not others:
        outcome = "this is its first release, so there is no revision to go back to, and nothing serves"
    else:
        outcome = _restore(
            cluster, name, max(others, key=lambda each: (each.serves, each.number)), seconds, pause, every
        )
    first = f"{title}: {current or 'the new revision'} did not get healthy; {outcome}."
    return "\n".join([first, *[f"  {reason}" for reason in reasons]])


def _reasons(cluster: LiveNamespace, revision: _Revision) -> list[str]:
    try:
        return why_not_ready(revision.replica_set, cluster.pods(revision.replica_set), cluster.last_log_lines)
    except Exception as error:
        # The roll-back matters more than its reasons.
        return [f"why is not known: {_cause(error)}"]


def _restore(
    cluster: LiveNamespace, name: str, target: _Revision, seconds: float, pause: Callable[[float], None], every: float
) -> str:
    kubectl = f"kubectl -n {cluster.namespace}"
    try:
        cluster.set_template(name, target.template)
    except Exception as error:
        undo = f"{kubectl} rollout undo deployment/{name} --to-revision={target.number}"
        return f"going back to {target} failed: {_cause(error)} (by hand: {undo})"
    end = time.monotonic() + seconds
    for _ in range(max(1, round(seconds / every))):
        if _looks_healthy(cluster, name):
            return f"rolled back to {target}, which is healthy and serves"
        if time.monotonic() > end:
            break
        pause(every)
    look = f"{kubectl} describe deployment/{name}"
    return f"set back to {target}, which was not healthy after {seconds:.0f} seconds either (look: {look})"


def _looks_healthy(cluster: LiveNamespace, name: str) -> bool:
    try:
        return _is_healthy(cluster.deployment(name))
    except Exception:
        # The template is set back; one answer that does not come changes nothing about it.
        return False


def _cause(error: Exception) -> str:
    """The error on one line. An `ApiException` prints all headers; what counts is the message in its body."""
    from kubernetes.client import ApiException

    if not isinstance(error, ApiException):
        return " ".join(f"{type(error).__name__}: {error}".split())
    try:
        said = json.loads(error.body or "")["message"]
    except (ValueError, KeyError, TypeError):
        said = error.reason
    return f"the cluster answers {error.status}, {said}"


def _revision_number(of: Object) -> int:
    return int(of["metadata"].get("annotations", {}).get(REVISION, 0))


def _is_healthy(deployment: Object) -> bool:
    status, wanted = deployment.get("status", {}), deployment["spec"]["replicas"]
    counts = {status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")}
    return bool(status.get("observedGeneration", 0) >= deployment["metadata"]["generation"] and counts == {wanted})
