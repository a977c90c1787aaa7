"""The throw-away cluster: what a rehearsal asks of it, lends from it and takes away again."""

import base64
import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from kubernetes import client, config

from delivery.kube_context import CURE, refusal
from infra.load_balancer import CHART, INGRESS_CLASS
from infra.load_balancer import NAMESPACE as CONTROLLER_NAMESPACE
from infra.local_image import load_command
from infra.release import NAME
from infra.settings import PROJECT
from rehearsal.problems import RehearsalError

T = TypeVar("T")

# The rehearsal's own namespace, service account and cluster role binding.
OWN = "helloworld-rehearsal"
TOKEN_SECONDS = 4 * 60 * 60
REQUEST_SECONDS = 10.0
GONE_SECONDS = 90.0
SIMULATED = "kwok.x-k8s.io/node"
# Where the program puts the service on a platform of its own.
NAMESPACE = PROJECT


@dataclass(frozen=True, kw_only=True)
class Serving:
    """What serves: the image, and how many pods of it are wanted, up to date and available."""

    image: str
    wanted: int
    updated: int
    available: int

    @property
    def healthy(self) -> bool:
        """Whether all that is wanted is there, and nothing else."""
        return self.wanted == self.updated == self.available


class Cluster:
    """The cluster of the current kubectl context.

    `name` is the context's, `endpoint` the API server's URL, `authority` its certificate authority (PEM in base64).
    """

    def __init__(self, api: client.ApiClient, name: str, endpoint: str, authority: str) -> None:
        self.name, self.endpoint, self.authority = name, endpoint, authority
        self.core, self.apps = client.CoreV1Api(api), client.AppsV1Api(api)
        self.networking, self.rbac = client.NetworkingV1Api(api), client.RbacAuthorizationV1Api(api)

    @classmethod
    def current(cls, *, throw_away: bool) -> "Cluster":
        """The cluster of the current context.

        Raises:
            RehearsalError: there is none, it is refused, it does not answer, or it is in use.
        """
        try:
            _, current = config.list_kube_config_contexts()
            name, of = current["name"], current["context"]["cluster"]
            api = config.new_client_from_config(context=name)
        except config.ConfigException as error:
            raise RehearsalError(f"there is no kubectl context to rehearse on ({error}); {CURE}") from error
        server = api.configuration.host
        refused = refusal(name, of, server, throw_away=throw_away)
        if refused:
            raise RehearsalError(refused)
        if not api.configuration.ssl_ca_cert:
            raise RehearsalError(
                f'the context "{name}" names no certificate authority, which the kubeconfig of EKS has'
            )
        authority = base64.b64encode(Path(api.configuration.ssl_ca_cert).read_bytes()).decode()
        cluster = cls(api, name, server, authority)
        cluster._refuse_if_in_use()
        return cluster

    def has_real_pods(self) -> bool:
        """Whether its pods run, and so need an image.

        Raises:
            RehearsalError: they do, and it is not known how the cluster gets one.
        """
        nodes: list[Any] = self.core.list_node(_request_timeout=REQUEST_SECONDS).items
        if nodes and all(SIMULATED in (node.metadata.annotations or {}) for node in nodes):
            return False
        try:
            load_command(self.name, "image")
        except ValueError:
            raise RehearsalError(
                f'how an image gets into the cluster of the context "{self.name}" is not known, and its pods are real; '
                f"{CURE}"
            ) from None
        return True

    @contextlib.contextmanager
    def lent(self) -> Iterator[str]:
        """A token with which the engine may do everything in the cluster; it is taken back at the end."""
        try:
            yield self._lend()
        finally:
            self._take_back()

    def _lend(self) -> str:
        meta = client.V1ObjectMeta
        self.core.create_namespace(client.V1Namespace(metadata=meta(name=OWN)), _request_timeout=REQUEST_SECONDS)
        account = client.V1ServiceAccount(metadata=meta(name=OWN))
        self.core.create_namespaced_service_account(OWN, account, _request_timeout=REQUEST_SECONDS)
        binding = client.V1ClusterRoleBinding(
            metadata=meta(name=OWN),
            role_ref=client.V1RoleRef(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name="cluster-admin"),
            subjects=[client.RbacV1Subject(kind="ServiceAccount", name=OWN, namespace=OWN)],
        )
        self.rbac.create_cluster_role_binding(binding, _request_timeout=REQUEST_SECONDS)
        request = client.AuthenticationV1TokenRequest(
            spec=client.V1TokenRequestSpec(audiences=[], expiration_seconds=TOKEN_SECONDS)
        )
        answer: Any = self.core.create_namespaced_service_account_token(
            OWN, OWN, request, _request_timeout=REQUEST_SECONDS
        )
        return str(answer.status.token)

    def _take_back(self) -> None:
        _delete(self.rbac.delete_cluster_role_binding, OWN)
        _delete(self.core.delete_namespace, OWN)
        # A namespace takes a while to go, and the next rehearsal would take it for one that runs.
        _wait_gone(lambda: _read(self.core.read_namespace, OWN))

    def serving(self) -> Serving | None:
        """What serves, or None if there is no Deployment."""
        found = _read(self.apps.read_namespaced_deployment, NAME, NAMESPACE)
        if found is None:
            return None
        status = found.status
        return Serving(
            image=found.spec.template.spec.containers[0].image,
            wanted=found.spec.replicas,
            updated=status.updated_replicas or 0,
            available=status.available_replicas or 0,
        )

    def left(self) -> list[str]:
        """What the program made in the cluster and is still there, in words."""
        found = {
            f"namespace {NAMESPACE}": _read(self.core.read_namespace, NAMESPACE),
            f"ingress class {INGRESS_CLASS}": _read(self.networking.read_ingress_class, INGRESS_CLASS),
            f"deployment {CHART}": _read(self.apps.read_namespaced_deployment, CHART, CONTROLLER_NAMESPACE),
            f"Helm release {CHART}": self._helm_records(),
        }
        return [name for name, each in found.items() if each]

    def clean(self) -> list[str]:
        """Delete what the program made in the cluster, without the engine.

        Returns:
            What would not go.
        """
        # Without the controller nobody takes its finalizer away.
        free = [{"op": "remove", "path": "/metadata/finalizers"}]
        with contextlib.suppress(client.ApiException):
            self.networking.patch_namespaced_ingress(NAME, NAMESPACE, free, _request_timeout=REQUEST_SECONDS)
        _delete(self.core.delete_namespace, NAMESPACE)
        _delete(self.apps.delete_namespaced_deployment, CHART, CONTROLLER_NAMESPACE)
        _delete(self.core.delete_namespaced_service_account, CHART, CONTROLLER_NAMESPACE)
        _delete(self.networking.delete_ingress_class, INGRESS_CLASS)
        for record in self._helm_records():
            _delete(self.core.delete_namespaced_secret, record.metadata.name, CONTROLLER_NAMESPACE)
        return _wait_gone(self.left)

    def _helm_records(self) -> list[Any]:
        found = self.core.list_namespaced_secret(
            CONTROLLER_NAMESPACE, label_selector=f"owner=helm,name={CHART}", _request_timeout=REQUEST_SECONDS
        )
        return list(found.items)

    def _refuse_if_in_use(self) -> None:
        try:
            own = _read(self.core.read_namespace, OWN)
            found = [*self.left(), *([f"namespace {OWN}"] if own else [])]
        except Exception as error:
            cause = " ".join(str(error).split())[:200]
            raise RehearsalError(
                f'the cluster of the context "{self.name}" does not answer: {cause}; {CURE}'
            ) from error
        if found:
            raise RehearsalError(
                f'the cluster of the context "{self.name}" has {", ".join(found)} already, and the rehearsal would '
                "take over and delete it; cure: destroy the stack that made it, e.g. make destroy STACK=local, or wait "
                "for the other rehearsal, or delete what one that was killed has left, or use another cluster"
            )


def _wait_gone(look: Callable[[], T]) -> T:
    """Look until there is nothing, or for as long as a rehearsal waits; what was seen last."""
    end = time.monotonic() + GONE_SECONDS
    while (seen := look()) and time.monotonic() < end:
        time.sleep(0.5)
    return seen


def _read(read: Callable[..., Any], *names: str) -> Any:
    """The object of that name, or None."""
    try:
        return read(*names, _request_timeout=REQUEST_SECONDS)
    except client.ApiException as error:
        if error.status == 404:
            return None
        raise


def _delete(delete: Callable[..., Any], *names: str) -> None:
    """Delete the object of that name, if it is there."""
    try:
        delete(*names, _request_timeout=REQUEST_SECONDS)
    except client.ApiException as error:
        if error.status != 404:
            raise
