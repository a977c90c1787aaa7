"""What the program's hooks ask of the running cluster, and change in it, while `pulumi up` waits."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import pulumi

from infra.rollout_report import LOG_LINES, Object, has_restarted

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

T = TypeVar("T")

# Else a cluster that cannot be reached holds the `up` for minutes; urllib3 asks four times.
REQUEST_SECONDS = 10.0
# The name under which the Kubernetes plugin writes. A field that is written under another name is not the plugin's,
# and it could not remove it again: https://kubernetes.io/docs/reference/using-api/server-side-apply/#field-management
FIELD_MANAGER = "pulumi-kubernetes"


async def in_namespace(kubeconfig: pulumi.Input[str], namespace: str, work: "Callable[[LiveNamespace], T]") -> T:
    """Connect to the cluster, do `work` in a thread of its own, and answer what it answers.

    Args:
        kubeconfig: JSON, as `kubectl` takes it; empty for kubectl's own and its current context.
        namespace: which part of the cluster `work` is given.
        work: what to do there; it may wait.

    Raises:
        kubernetes.config.ConfigException: the kubeconfig cannot be used.
    """
    text = await pulumi.Output.from_input(kubeconfig)._future
    return await asyncio.to_thread(_connected, text, namespace, work)


def _connected(kubeconfig: str, namespace: str, work: "Callable[[LiveNamespace], T]") -> T:
    # The client takes half a second to import, and few runs need it.
    from kubernetes.config import new_client_from_config, new_client_from_config_dict

    with new_client_from_config_dict(json.loads(kubeconfig)) if kubeconfig else new_client_from_config() as client:
        return work(LiveNamespace(client, namespace))


class LiveNamespace:
    """One namespace of a running cluster. Objects are plain JSON; a refusal by the API is an `ApiException`."""

    def __init__(self, client: "ApiClient", namespace: str) -> None:
        from kubernetes.client import AppsV1Api, CoreV1Api

        self.namespace = namespace
        self._client, self._apps, self._core = client, AppsV1Api(client), CoreV1Api(client)

    def deployment(self, name: str) -> Object:
        """The Deployment of that name."""
        return self._plain(
            self._apps.read_namespaced_deployment(name, self.namespace, _request_timeout=REQUEST_SECONDS)
        )

    def set_template(self, name: str, template: Object) -> None:
        """Make `template` the pod template of the Deployment of that name."""
        change = [{"op": "replace", "path": "/spec/template", "value": template}]
        self._apps.patch_namespaced_deployment(
            name, self.namespace, change, field_manager=FIELD_MANAGER, _request_timeout=REQUEST_SECONDS
        )

    def replica_sets(self, deployment: Object) -> list[Object]:
        """The replica sets that the Deployment owns, one for each revision that is remembered."""
        selector = _selector(deployment["spec"]["selector"]["matchLabels"])
        found = self._plain(
            self._apps.list_namespaced_replica_set(
                self.namespace, label_selector=selector, _request_timeout=REQUEST_SECONDS
            )
        )["items"]
        uid = deployment["metadata"]["uid"]
        return [
            each for each in found if uid in [owner["uid"] for owner in each["metadata"].get("ownerReferences", [])]
        ]

    def pods(self, replica_set: Object) -> list[Object]:
        """The pods of the replica set."""
        selector = _selector(replica_set["spec"]["selector"]["matchLabels"])
        pods: list[Object] = self._plain(
            self._core.list_namespaced_pod(self.namespace, label_selector=selector, _request_timeout=REQUEST_SECONDS)
        )["items"]
        return pods

    def last_log_lines(self, pod: Object) -> str:
        """The last log lines of the pod, of its previous container if it was restarted; nothing if it has no log."""
        try:
            return str(
                self._core.read_namespaced_pod_log(
                    pod["metadata"]["name"],
                    self.namespace,
                    tail_lines=LOG_LINES,
                    previous=has_restarted(pod),
                    _request_timeout=REQUEST_SECONDS,
                )
                or ""
            )
        except Exception:
            # A container that never started has no log, its state says why; and a node may not answer.
            return ""

    def helm_records(self, release: str) -> list[Object]:
        """The Secrets in which Helm remembers that release, one for each of its revisions."""
        selector = _selector({"owner": "helm", "name": release})
        records: list[Object] = self._plain(
            self._core.list_namespaced_secret(self.namespace, label_selector=selector, _request_timeout=REQUEST_SECONDS)
        )["items"]
        return records

    def delete_secret(self, name: str) -> None:
        """Delete the Secret of that name."""
        self._core.delete_namespaced_secret(name, self.namespace, _request_timeout=REQUEST_SECONDS)

    def _plain(self, answer: object) -> dict[str, Any]:
        plain: dict[str, Any] = self._client.sanitize_for_serialization(answer)
        return plain


def _selector(labels: Mapping[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in labels.items())
