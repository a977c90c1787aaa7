"""Helm releases that a killed `up` has left half made.

Helm refuses a release whose name it remembers, and a change of one that it remembers as being changed. After a kill it
remembers what the stack's state does not, and every further `up` would fail. Its objects may stay: Helm adopts what
carries the release's name.
"""

from collections.abc import Callable

import pulumi

from infra.live_cluster import LiveNamespace, in_namespace
from infra.rollout_report import Object

Records = Callable[[Object], bool]


def forget_interrupted(
    name: str, kubeconfig: pulumi.Input[str], namespace: str, release: str
) -> pulumi.ResourceHookBinding:
    """Hooks for a Helm release that make Helm forget what an `up` before this one began and did not end.

    Before a creation that is every record of the release, as one that ended would be in the stack's state; before an
    update it is the record of an operation that is still pending.

    Args:
        name: the beginning of the hooks' names, unique in the program.
        kubeconfig: JSON, as `kubectl` takes it.
        namespace: the release's.
        release: the release's name.
    """

    def hook(moment: str, interrupted: Records) -> pulumi.ResourceHook:
        async def run(_args: pulumi.ResourceHookArgs) -> None:
            await in_namespace(kubeconfig, namespace, lambda live: forget(live, release, interrupted))

        return pulumi.ResourceHook(f"{name}-before-{moment}", run)

    return pulumi.ResourceHookBinding(
        before_create=[hook("create", lambda _: True)], before_update=[hook("update", is_pending)]
    )


def is_pending(record: Object) -> bool:
    """Whether the record is of an installation, upgrade or roll-back that has not ended."""
    return str(record["metadata"]["labels"].get("status", "")).startswith("pending-")


def forget(live: LiveNamespace, release: str, interrupted: Records) -> None:
    """Delete Helm's records of `release` that are `interrupted`, and say so.

    Raises:
        kubernetes.client.ApiException: the API refused it.
    """
    for record in live.helm_records(release):
        if interrupted(record):
            name = record["metadata"]["name"]
            pulumi.log.warn(
                f"{live.namespace}/{release}: an earlier `up` was interrupted; Helm is made to forget {name}."
            )
            live.delete_secret(name)
