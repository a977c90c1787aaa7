"""A Kubernetes API server in a thread, with one Deployment in it and a controller that obeys its pod template.

It knows what the hooks ask: reading and patching the Deployment, listing replica sets, pods and Helm's Secrets,
deleting those, reading logs.
"""

import copy
import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.recorded_http import DROP_THE_CONNECTION, Request

NAMESPACE, NAME = "helloworld", "helloworld"
UID = "d3b07384-0000-4000-8000-000000000001"
REPLICAS = 2
LABELS = {"app.kubernetes.io/name": "helloworld"}
HASH = "pod-template-hash"
REVISION = "deployment.kubernetes.io/revision"

Json = dict[str, Any]


@dataclass
class _Refusal:
    method: str
    resource: str
    status: int
    times: int


@dataclass
class FakeKubernetes:
    """The state of the cluster, to be set up by a test, and the requests that arrived.

    After a patch of the template, the Deployment is healthy from the `healthy_after`-th look on; with None never.
    """

    host: str = ""
    replica_sets: list[Json] = field(default_factory=list)
    pods: list[Json] = field(default_factory=list)
    logs: dict[tuple[str, bool], bytes] = field(default_factory=dict)
    secrets: list[Json] = field(default_factory=list)
    deployment: Json = field(default_factory=dict)
    healthy_after: int | None = 1
    requests: list[Request] = field(default_factory=list)
    protests: list[str] = field(default_factory=list)
    slow: threading.Event | None = None
    _refusals: list[_Refusal] = field(default_factory=list)
    _looks: int = 0
    _patched: bool = False

    def add_revision(
        self, number: int, image: str, *, ready: int = 0, conditions: Sequence[Json] = (), owner: str = UID
    ) -> Json:
        """A replica set of that revision; the last one that is added is the Deployment's current one."""
        template, hash_ = template_of(image), f"hash{len(self.replica_sets)}"
        replica_set = {
            "metadata": {
                "name": f"{NAME}-{hash_}",
                "namespace": NAMESPACE,
                "labels": {**LABELS, HASH: hash_},
                "annotations": {REVISION: str(number)},
                "ownerReferences": [
                    {"apiVersion": "apps/v1", "kind": "Deployment", "name": NAME, "uid": owner, "controller": True}
                ],
            },
            "spec": {
                "replicas": ready,
                "selector": {"matchLabels": {**LABELS, HASH: hash_}},
                "template": {**template, "metadata": {**template["metadata"], "labels": {**LABELS, HASH: hash_}}},
            },
            "status": {
                "replicas": ready,
                **({"readyReplicas": ready, "availableReplicas": ready} if ready else {}),
                **({"conditions": list(conditions)} if conditions else {}),
            },
        }
        self.replica_sets.append(replica_set)
        if owner == UID:
            self._patched = False
            self.deployment = {
                "metadata": {
                    "name": NAME,
                    "namespace": NAMESPACE,
                    "uid": UID,
                    "generation": number,
                    "creationTimestamp": "2026-01-01T00:00:00Z",
                    "annotations": {REVISION: str(number)},
                },
                "spec": {
                    "replicas": REPLICAS,
                    "selector": {"matchLabels": LABELS},
                    "template": copy.deepcopy(template),
                },
                "status": _status(number, ready, updated=ready),
            }
        return replica_set

    def add_pod(self, replica_set: Json, name: str, status: Json) -> None:
        """A pod of the replica set."""
        labels = replica_set["spec"]["template"]["metadata"]["labels"]
        spec = {"containers": [{"name": "helloworld", "image": "image"}]}
        self.pods.append(
            {"metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}, "spec": spec, "status": status}
        )

    def add_helm_record(self, release: str, version: int, status: str) -> str:
        """The Secret in which Helm remembers a revision of a release; answers its name."""
        name = f"sh.helm.release.v1.{release}.v{version}"
        labels = {"owner": "helm", "name": release, "version": str(version), "status": status}
        self.secrets.append({"metadata": {"name": name, "namespace": NAMESPACE, "labels": labels}})
        return name

    def refuse(self, method: str, resource: str, status: int, *, times: int = 1000) -> None:
        """Answer the next requests with that HTTP status, or drop the connection.

        `resource` is deployments, replicasets, pods, secrets or log.
        """
        self._refusals.append(_Refusal(method, resource, status, times))

    def kubeconfig(self, user: Mapping[str, Any] | None = None) -> Json:
        """A kubeconfig for this server."""
        context = {"cluster": "fake", "user": "someone"}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": self.host}}],
            "contexts": [{"name": "fake", "context": context}],
            "users": [{"name": "someone", "user": dict(user or {"token": "a-token"})}],
        }

    @property
    def patches(self) -> list[Any]:
        """The bodies of all patches of the Deployment."""
        return [request.body for request in self.requests if request.method == "PATCH"]

    def answer(self, request: Request) -> tuple[int, bytes, str]:
        """Status, body and content type for a request."""
        self.requests.append(request)
        *_, parent, last = request.path.split("/")
        resource = parent if parent in ("deployments", "pods", "secrets") else last
        for refusal in self._refusals:
            if (refusal.method, refusal.resource) == (request.method, resource) and refusal.times:
                refusal.times -= 1
                return self._refused(refusal.status, f"{resource} is refused by the test")
        if resource == "log":
            if self.slow:
                self.slow.wait(60)
            log = self.logs.get((parent, request.query.get("previous") == "true"))
            return self._refused(400, "no such container") if log is None else (200, log, "text/plain")
        in_core = resource in ("pods", "secrets")
        prefix = "/api/v1" if in_core else "/apis/apps/v1"
        assert request.path.startswith(f"{prefix}/namespaces/{NAMESPACE}/"), request.path
        if resource == "deployments":
            if not self.deployment or last != NAME:
                return self._refused(404, f'deployments.apps "{last}" not found')
            self._patch(request) if request.method == "PATCH" else self._look()
            found: Json = self.deployment
        elif request.method == "DELETE":
            self.secrets = [each for each in self.secrets if each["metadata"]["name"] != last]
            found = {"kind": "Status", "status": "Success"}
        else:
            selector = dict(part.split("=") for part in request.query.get("labelSelector", "").split(",") if part)
            all_ = {"replicasets": self.replica_sets, "pods": self.pods, "secrets": self.secrets}[resource]
            found = {"items": [each for each in all_ if selector.items() <= each["metadata"]["labels"].items()]}
        return 200, json.dumps(found).encode(), "application/json"

    def _refused(self, status: int, message: str) -> tuple[int, bytes, str]:
        body = {"kind": "Status", "status": "Failure", "message": message, "code": status}
        return status, json.dumps(body).encode(), "application/json"

    def _patch(self, request: Request) -> None:
        assert request.headers["content-type"] == "application/json-patch+json"
        (change,) = request.body
        assert (change["op"], change["path"]) == ("replace", "/spec/template")
        self.deployment["spec"]["template"] = change["value"]
        self.deployment["metadata"]["generation"] += 1
        self._looks, self._patched = 0, True

    def _look(self) -> None:
        """What the Deployment's controller has done by the time that someone looks."""
        if not self._patched:
            return
        self._looks += 1
        if self.healthy_after is None or self._looks < self.healthy_after:
            return
        same = [each for each in self.replica_sets if _without_hash(each) == self.deployment["spec"]["template"]]
        assert same, f"the template is that of no revision: {self.deployment['spec']['template']}"
        newest = max(int(each["metadata"]["annotations"][REVISION]) for each in self.replica_sets)
        same[0]["metadata"]["annotations"][REVISION] = str(newest + 1)
        self.deployment["metadata"]["annotations"][REVISION] = str(newest + 1)
        self.deployment["status"] = _status(self.deployment["metadata"]["generation"], REPLICAS, updated=REPLICAS)


def template_of(image: str) -> Json:
    """A pod template such as the program makes, with the younger fields of the API in it."""
    return {
        "metadata": {"labels": dict(LABELS), "annotations": {"example.com/a": "1"}},
        "spec": {
            "serviceAccountName": NAME,
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 45,
            "topologySpreadConstraints": [
                {
                    "maxSkew": 1,
                    "topologyKey": "topology.kubernetes.io/zone",
                    "whenUnsatisfiable": "ScheduleAnyway",
                    "labelSelector": {"matchLabels": LABELS},
                    "matchLabelKeys": [HASH],
                }
            ],
            "containers": [
                {
                    "name": "helloworld",
                    "image": image,
                    "env": [{"name": "PORT", "value": "8080"}, {"name": "MESSAGE", "value": "Grüße ${x}"}],
                    "ports": [{"name": "http", "containerPort": 8080, "protocol": "TCP"}],
                    "resources": {"limits": {"cpu": "1", "memory": "192Mi"}, "requests": {"cpu": "100m"}},
                    "lifecycle": {"preStop": {"sleep": {"seconds": 5}}},
                    "readinessProbe": {"httpGet": {"path": "/readyz", "port": "http", "scheme": "HTTP"}},
                    "securityContext": {"readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]}},
                }
            ],
            "volumes": [{"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "16Mi"}}],
        },
    }


def _without_hash(replica_set: Json) -> Json:
    template: Json = copy.deepcopy(replica_set["spec"]["template"])
    del template["metadata"]["labels"][HASH]
    return template


def _status(generation: int, available: int, *, updated: int) -> Json:
    # The API leaves out what is zero.
    counts = {"replicas": REPLICAS, "updatedReplicas": updated, "availableReplicas": available}
    return {"observedGeneration": generation, **{key: count for key, count in counts.items() if count}}


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """Say nothing of a client that did not wait."""


@contextmanager
def serving() -> Iterator[FakeKubernetes]:
    """A cluster with an API server on a port of this machine."""
    fake = FakeKubernetes()

    class Handler(BaseHTTPRequestHandler):
        def _handle(self) -> None:
            url = urlsplit(self.path)
            text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(
                self.command,
                url.path,
                dict(parse_qsl(url.query)),
                {key.lower(): value for key, value in self.headers.items()},
                json.loads(text) if text else None,
            )
            try:
                status, body, kind = fake.answer(request)
            except AssertionError as error:
                fake.protests.append(str(error))
                status, body, kind = 500, str(error).encode(), "text/plain"
            if status == DROP_THE_CONNECTION:
                return
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PATCH = do_DELETE = _handle  # noqa: N815 - as http.server asks

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with _Server(("127.0.0.1", 0), Handler) as server:
        fake.host = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.005})
        thread.start()
        try:
            yield fake
        finally:
            if fake.slow:
                fake.slow.set()
            server.shutdown()
            thread.join()
    assert not fake.protests, fake.protests
