"""Ingresses that cannot go because their controller went first: nobody is there to take its finalizer off.

The controller would have deleted the balancer before. So that is done here, and only then is the finalizer taken off.
"""

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from delivery.console import Console

if TYPE_CHECKING:
    from kubernetes.client import ApiClient

REQUEST_SECONDS = 10.0
CONTROLLER, CONTROLLER_NAMESPACE = "aws-load-balancer-controller", "kube-system"
# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/upgrade/migrate_v1_v2/ names them:
# ingress.k8s.aws/resources, group.ingress.k8s.aws/<group>, elbv2.k8s.aws/resources.
FINALIZERS = "k8s.aws/"
BINDINGS: dict[str, Any] = {"group": "elbv2.k8s.aws", "version": "v1beta1", "plural": "targetgroupbindings"}

Outputs = Mapping[str, Any]


def free_ingresses(console: Console, outputs: Outputs, delete_balancers: Callable[[], object]) -> bool:
    """Let a stack's Ingresses go, if they are being deleted and their controller does not run.

    Args:
        console: where it is told.
        outputs: the stack's: its kubeconfig and namespace.
        delete_balancers: deletes what the controller would have deleted.

    Returns:
        Whether one was let go. False also if the cluster cannot be asked.
    """
    from kubernetes.client import ApiException
    from kubernetes.config import ConfigException, new_client_from_config_dict
    from urllib3.exceptions import HTTPError

    kubeconfig, namespace = outputs.get("kubeconfig"), outputs.get("namespace")
    if not kubeconfig or not namespace:
        return False
    try:
        with new_client_from_config_dict(json.loads(str(kubeconfig))) as client:
            return _free(console, client, str(namespace), delete_balancers)
    except (ApiException, ConfigException, HTTPError, OSError, ValueError) as error:
        console.warn(f"the cluster could not be asked for stuck Ingresses: {' '.join(str(error).split())[:300]}")
        return False


def _free(console: Console, client: "ApiClient", namespace: str, delete_balancers: Callable[[], object]) -> bool:
    from kubernetes.client import CustomObjectsApi, NetworkingV1Api

    networking, custom = NetworkingV1Api(client), CustomObjectsApi(client)
    listed = networking.list_namespaced_ingress(namespace, _request_timeout=REQUEST_SECONDS)
    ingresses = [each for each in client.sanitize_for_serialization(listed)["items"] if _is_stuck(each)]
    if not ingresses or _controller_runs(client):
        return False
    console.say("The balancer controller does not run, and Ingresses wait for it: their balancers are deleted.")
    delete_balancers()
    for each in _bindings(custom, namespace):
        name = each["metadata"]["name"]
        custom.patch_namespaced_custom_object(
            **BINDINGS, namespace=namespace, name=name, body=_freed(each), _request_timeout=REQUEST_SECONDS
        )
    for each in ingresses:
        name = each["metadata"]["name"]
        networking.patch_namespaced_ingress(name, namespace, _freed(each), _request_timeout=REQUEST_SECONDS)
        console.say(f"Ingress {namespace}/{name} is let go.")
    return True


def _freed(stuck: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The patch that takes the controller's finalizers off. Those of others stay: their work is not done."""
    path, before = "/metadata/finalizers", stuck["metadata"]["finalizers"]
    after = [each for each in before if FINALIZERS not in each]
    return [{"op": "test", "path": path, "value": before}, {"op": "replace", "path": path, "value": after}]


def _bindings(custom: Any, namespace: str) -> list[Any]:
    from kubernetes.client import ApiException

    try:
        listed = custom.list_namespaced_custom_object(**BINDINGS, namespace=namespace, _request_timeout=REQUEST_SECONDS)
    except ApiException as error:
        if error.status != 404:
            raise
        # Without the definition of their kind there are none.
        return []
    return [each for each in listed["items"] if each["metadata"].get("finalizers")]


def _is_stuck(ingress: Mapping[str, Any]) -> bool:
    about = ingress["metadata"]
    ours = any(FINALIZERS in each for each in about.get("finalizers", ()))
    return bool(about.get("deletionTimestamp")) and ours


def _controller_runs(client: "ApiClient") -> bool:
    from kubernetes.client import ApiException, AppsV1Api

    try:
        found = AppsV1Api(client).read_namespaced_deployment(
            CONTROLLER, CONTROLLER_NAMESPACE, _request_timeout=REQUEST_SECONDS
        )
    except ApiException as error:
        if error.status != 404:
            raise
        return False
    return bool(client.sanitize_for_serialization(found)["status"].get("availableReplicas"))
