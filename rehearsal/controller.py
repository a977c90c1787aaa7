"""What the load balancer controller does, as far as the engine can see it: addresses and finalizers of Ingresses.

As the real one, it does nothing unless its pods run. An Ingress that outlives it therefore stays for ever, which is the
mistake in the order of deletion that costs users most.
"""

import contextlib
import threading
from collections.abc import Iterator
from typing import Any

from kubernetes import client

from infra.load_balancer import CHART, INGRESS_CLASS
from infra.load_balancer import NAMESPACE as CONTROLLER_NAMESPACE
from rehearsal.cluster import NAMESPACE, REQUEST_SECONDS, Cluster

FINALIZER = "ingress.k8s.aws/resources"
EVERY_SECONDS = 0.5
BALANCER = "k8s-helloworld-0123456789.us-west-2.elb.amazonaws.com"


Patch = list[dict[str, Any]]


def changes(ingress: Any) -> tuple[Patch, Patch]:
    """What a running controller does to an Ingress: JSON patches of the object and of its status, empty if nothing."""
    if ingress.spec.ingress_class_name != INGRESS_CLASS:
        return [], []
    before = ingress.metadata.finalizers or []
    if ingress.metadata.deletion_timestamp:
        return _finalizers(before, [each for each in before if each != FINALIZER]), []
    address = {"op": "add", "path": "/status/loadBalancer", "value": {"ingress": [{"hostname": BALANCER}]}}
    wanted = before if FINALIZER in before else [*before, FINALIZER]
    return _finalizers(before, wanted), [] if ingress.status.load_balancer.ingress else [address]


def _finalizers(before: list[str], wanted: list[str]) -> Patch:
    return [] if before == wanted else [{"op": "add", "path": "/metadata/finalizers", "value": wanted}]


@contextlib.contextmanager
def playing(cluster: Cluster) -> Iterator[None]:
    """Play the controller meanwhile."""
    stop = threading.Event()

    def play() -> None:
        while not stop.wait(EVERY_SECONDS):
            # The cluster may be slow or the object gone; there is a next time.
            with contextlib.suppress(Exception):
                _look(cluster)

    thread = threading.Thread(target=play, name="controller", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _look(cluster: Cluster) -> None:
    api = cluster.networking
    ingresses: list[Any] = api.list_namespaced_ingress(NAMESPACE, _request_timeout=REQUEST_SECONDS).items
    if not ingresses or not _is_running(cluster):
        return
    for ingress in ingresses:
        body, status = changes(ingress)
        name = ingress.metadata.name
        if body:
            api.patch_namespaced_ingress(name, NAMESPACE, body, _request_timeout=REQUEST_SECONDS)
        if status:
            api.patch_namespaced_ingress_status(name, NAMESPACE, status, _request_timeout=REQUEST_SECONDS)


def _is_running(cluster: Cluster) -> bool:
    try:
        found: Any = cluster.apps.read_namespaced_deployment(
            CHART, CONTROLLER_NAMESPACE, _request_timeout=REQUEST_SECONDS
        )
    except client.ApiException:
        return False
    return bool(found.status.available_replicas)
