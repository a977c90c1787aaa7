"""An Ingress whose controller is dead is let go once its balancer is deleted; one whose controller runs is not."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from delivery.problems import DeliveryError
from delivery.teardown.stuck_ingress import free_ingresses
from tests.delivery_context import Told, told
from tests.teardown.account import DEV, Account, opened, pairs

INGRESSES = "/apis/networking.k8s.io/v1/namespaces/helloworld/ingresses"
BINDINGS = "/apis/elbv2.k8s.aws/v1beta1/namespaces/helloworld/targetgroupbindings"
CONTROLLER = "/apis/apps/v1/namespaces/kube-system/deployments/aws-load-balancer-controller"
STUCK = {"deletionTimestamp": "2026-11-21T10:00:00Z", "finalizers": ["ingress.k8s.aws/resources"]}


def named(name: str, **about: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, **about}}


@dataclass
class Api:
    """What the Kubernetes API answers by path, the patches that it got, and the requests that it refuses once."""

    url: str = ""
    refused: set[tuple[str, str]] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    answers: dict[str, Any] = field(default_factory=dict)
    patches: list[tuple[str, Any]] = field(default_factory=list)

    @property
    def outputs(self) -> dict[str, str]:
        cluster = {"name": "c", "cluster": {"server": self.url}}
        config = {
            "clusters": [cluster],
            "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
            "users": [{"name": "u", "user": {"token": "t"}}],
            "current-context": "c",
        }
        return {"kubeconfig": json.dumps(config), "namespace": "helloworld"}

    def patched(self) -> list[str]:
        return [path for path, _ in self.patches]


@pytest.fixture
def api() -> Iterator[Api]:
    """A stuck Ingress, its binding, and no controller."""
    found = Api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self._refused():
                return
            answer = found.answers.get(self.path.partition("?")[0])
            self._answer(404 if answer is None else 200, answer or {"message": "not found"})

        def do_PATCH(self) -> None:
            text = self.rfile.read(int(self.headers["Content-Length"]))
            if self._refused():
                return
            found.patches.append((self.path.partition("?")[0], json.loads(text)))
            self._answer(200, {})

        def _refused(self) -> bool:
            request = (self.command, self.path.partition("?")[0])
            found.asked.append(request)
            if request not in found.refused:
                return False
            found.refused.remove(request)
            self._answer(503, {"message": "not now"})
            return True

        def _answer(self, status: int, document: Any) -> None:
            body = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}"
    found.answers = {
        INGRESSES: {"items": [named("helloworld", **STUCK)]},
        BINDINGS: {"items": [named("k8s-hello", finalizers=["elbv2.k8s.aws/resources"])]},
    }
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def here() -> Told:
    return told(Path(), {})


def deployment(available: int) -> dict[str, Any]:
    selector = {"matchLabels": {"a": "b"}}
    spec = {"selector": selector, "template": {"spec": {"containers": [{"name": "c"}]}}}
    return {**named("aws-load-balancer-controller"), "spec": spec, "status": {"availableReplicas": available}}


@pytest.mark.parametrize("controller", [None, deployment(0)], ids=["none", "not ready"])
def test_the_balancer_goes_before_the_finalizer(api: Api, here: Told, controller: Any) -> None:
    if controller:
        api.answers[CONTROLLER] = controller
    patched_then: list[list[str]] = []
    assert free_ingresses(here.context.console, api.outputs, lambda: patched_then.append(api.patched()))
    assert patched_then == [[]]
    assert api.patched() == [f"{BINDINGS}/k8s-hello", f"{INGRESSES}/helloworld"]
    assert [body[1]["value"] for _, body in api.patches] == [[], []]


def test_a_finalizer_of_somebody_else_stays(api: Api, here: Told) -> None:
    finalizers = [*STUCK["finalizers"], "example.com/keep"]
    api.answers[INGRESSES] = {"items": [named("helloworld", **{**STUCK, "finalizers": finalizers})]}
    assert free_ingresses(here.context.console, api.outputs, lambda: None)
    body = dict(api.patches)[f"{INGRESSES}/helloworld"]
    assert [(each["op"], each["value"]) for each in body] == [("test", finalizers), ("replace", ["example.com/keep"])]


def test_a_controller_that_runs_is_left_to_its_work(api: Api, here: Told) -> None:
    api.answers[CONTROLLER] = deployment(2)
    deleted: list[bool] = []
    assert not free_ingresses(here.context.console, api.outputs, lambda: deleted.append(True))
    assert (api.patches, deleted) == ([], [])


@pytest.mark.parametrize(
    "about",
    [{"finalizers": STUCK["finalizers"]}, {"deletionTimestamp": "2026-11-21T10:00:00Z", "finalizers": ["a/b"]}, {}],
    ids=["not being deleted", "another one's finalizer", "neither"],
)
def test_an_ingress_that_is_not_stuck_is_left_alone(api: Api, here: Told, about: dict[str, Any]) -> None:
    api.answers[INGRESSES] = {"items": [named("helloworld", **about)]}
    assert not free_ingresses(here.context.console, api.outputs, lambda: None)
    assert api.patches == []


def test_balancers_that_cannot_be_deleted_keep_their_ingress(api: Api, here: Told) -> None:
    def refuse() -> None:
        raise OSError("throttled")

    assert not free_ingresses(here.context.console, api.outputs, refuse)
    assert api.patches == []


STEPS = (
    ("GET", INGRESSES),
    ("GET", CONTROLLER),
    ("GET", BINDINGS),
    ("PATCH", f"{BINDINGS}/k8s-hello"),
    ("PATCH", f"{INGRESSES}/helloworld"),
)


def test_all_that_the_cluster_is_asked_is_among_the_steps_that_fail_below(api: Api, here: Told) -> None:
    assert free_ingresses(here.context.console, api.outputs, lambda: None)
    assert tuple(api.asked) == STEPS


@pytest.mark.parametrize("step", STEPS, ids=" ".join)
def test_after_a_refusal_at_any_step_the_ingress_is_let_go_the_next_time(
    api: Api, here: Told, step: tuple[str, str]
) -> None:
    api.refused.add(step)
    assert not free_ingresses(here.context.console, api.outputs, lambda: None)
    assert f"{INGRESSES}/helloworld" not in api.patched()
    assert free_ingresses(here.context.console, api.outputs, lambda: None)
    assert api.patched()[-1] == f"{INGRESSES}/helloworld"


@pytest.mark.parametrize("outputs", [{}, {"kubeconfig": "{", "namespace": "helloworld"}, {"kubeconfig": "{}"}])
def test_a_cluster_that_cannot_be_asked_is_told_and_nothing_is_let_go(here: Told, outputs: dict[str, str]) -> None:
    assert not free_ingresses(here.context.console, outputs, lambda: None)


def test_without_the_controllers_kinds_the_ingress_goes_all_the_same(api: Api, here: Told) -> None:
    del api.answers[BINDINGS]
    assert free_ingresses(here.context.console, api.outputs, lambda: None)
    assert api.patched() == [f"{INGRESSES}/helloworld"]


def test_only_the_balancers_of_the_stacks_own_ingresses_are_deleted(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(monkeypatch) as account:
        balancers(account)
        said: list[str] = []
        account.cloud().delete_balancers(said.append)
        left = account.boto("elbv2").describe_load_balancers()["LoadBalancers"]
        assert [each["LoadBalancerName"] for each in left] == ["review"]
        assert said == [line for line in said if "dev" in line]


def test_balancers_that_do_not_go_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(monkeypatch) as account:
        balancers(account)
        account.record().faults["DeleteLoadBalancer"] = ["OperationNotPermitted"] * 9
        with pytest.raises(DeliveryError, match="could not be deleted"):
            account.cloud().delete_balancers(lambda _: None)


def balancers(account: Account) -> None:
    """One of dev's Ingress, one of a review environment's; the controller tags both as dev's."""
    ec2 = account.boto("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(VpcId=vpc, CidrBlock=f"10.0.{n}.0/24", AvailabilityZone=f"us-west-2{zone}")["Subnet"]
        for n, zone in enumerate("ab")
    ]
    for name, group in (("dev", DEV.name), ("review", "helloworld-pr-7")):
        tags = {"elbv2.k8s.aws/cluster": DEV.cluster, "ingress.k8s.aws/stack": group, "project": "helloworld"}
        ids = [each["SubnetId"] for each in subnets]
        account.boto("elbv2").create_load_balancer(Name=name, Subnets=ids, Tags=pairs({**tags, "stack": "dev"}))
