"""The rules about pods, images and charts: what they leave alone, and where else they look."""

import copy
from typing import Any

import pytest

from tests.policy_changes import CHART, DEPLOYMENT, NAMESPACE, changed
from tests.policy_stacks import found, planned

OURS = f"123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld-prod@sha256:{'a' * 64}"
DIGEST = f"@sha256:{'a' * 64}"
POD: dict[str, Any] = {
    "securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
    "containers": [
        {
            "name": "web",
            "image": OURS,
            "resources": {"requests": {"cpu": "1", "memory": "1Mi"}, "limits": {"memory": "1Mi"}},
            "readinessProbe": {"httpGet": {}},
            "livenessProbe": {"httpGet": {}},
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            },
        }
    ],
}


def pod(**container: Any) -> dict[str, Any]:
    spec = copy.deepcopy(POD)
    spec["containers"][0].update(container)
    return {"spec": {"template": {"spec": spec}}}


@pytest.mark.parametrize("type_", [DEPLOYMENT, "kubernetes:apps/v1:DaemonSet", "kubernetes:apps/v1:StatefulSet"])
def test_a_good_pod_has_no_finding(type_: str) -> None:
    assert found(type_, pod()) == {}


@pytest.mark.parametrize(
    "kind",
    [
        "configMap",
        "csi",
        "downwardAPI",
        "emptyDir",
        "ephemeral",
        "persistentVolumeClaim",
        "projected",
        "secret",
    ],
)
def test_the_volumes_of_the_standard_are_fine(kind: str) -> None:
    spec = {**POD, "volumes": [{"name": "v", kind: {}}]}
    assert found(DEPLOYMENT, {"spec": {"template": {"spec": spec}}}) == {}


@pytest.mark.parametrize("more", [{"procMount": "Default"}, {"seccompProfile": {"type": "Localhost"}}])
def test_what_the_standard_lets_a_container_say_is_fine(more: dict[str, Any]) -> None:
    assert found(DEPLOYMENT, pod(securityContext={**POD["containers"][0]["securityContext"], **more})) == {}


def test_what_runs_once_needs_no_probe() -> None:
    unprobed = pod(readinessProbe=None, livenessProbe=None)
    assert found(DEPLOYMENT, unprobed) == {"pod-probed": "mandatory"}
    for policy in ("Never", "OnFailure", "[unknown]"):
        once = changed(unprobed, ("spec", "template", "spec", "restartPolicy"), policy)
        assert found("kubernetes:batch/v1:Job", once) == {}
    always = changed(unprobed, ("spec", "template", "spec", "restartPolicy"), "Always")
    assert found("kubernetes:batch/v1:Job", always) == {"pod-probed": "mandatory"}


def test_one_capability_that_the_standard_knows_may_be_added() -> None:
    capabilities = {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    context = {**POD["containers"][0]["securityContext"], "capabilities": capabilities}
    assert found(DEPLOYMENT, pod(securityContext=context)) == {}


@pytest.mark.parametrize(
    ("type_", "path"),
    [
        ("kubernetes:core/v1:Pod", ("spec",)),
        ("kubernetes:core/v1:PodTemplate", ("template", "spec")),
        ("kubernetes:core/v1:ReplicationController", ("spec", "template", "spec")),
        ("kubernetes:batch/v1:Job", ("spec", "template", "spec")),
        ("kubernetes:batch/v1:CronJob", ("spec", "jobTemplate", "spec", "template", "spec")),
        ("kubernetes:apps/v1:DeploymentList", ("items", "spec", "template", "spec")),
        ("kubernetes:argoproj.io/v1alpha1:Rollout", ("spec", "template", "spec")),
        ("kubernetes:keda.sh/v1alpha1:ScaledJob", ("spec", "jobTargetRef", "template", "spec")),
    ],
)
def test_pods_are_found_wherever_they_are_made(type_: str, path: tuple[str, ...]) -> None:
    spec: Any = {"initContainers": [{"name": "i", "image": "x"}]}
    for key in reversed(path):
        spec = {key: [spec] if key == "items" else spec}
    assert set(found(type_, spec)) == {"image-by-digest", "image-ours", "pod-restricted", "pod-bounded"}


@pytest.mark.parametrize("image", [f"{OURS.partition('@')[0]}@sha256:${{image.digest}}", "${image.ref}", "[unknown]"])
def test_a_digest_that_is_not_known_yet_is_no_finding(image: str) -> None:
    assert found(DEPLOYMENT, pod(image=image)) == {}


def test_a_tag_that_is_not_known_yet_is_a_tag_all_the_same() -> None:
    image = "123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld-prod:${image.tag}"
    assert found(DEPLOYMENT, pod(image=image)) == {"image-by-digest": "mandatory"}
    assert "image-by-digest" in found(DEPLOYMENT, pod(image="${registry.repositoryUrl}:${image.tag}"))


def test_nobody_loads_an_image_into_the_nodes_of_production() -> None:
    loaded = pod(image="helloworld:1", imagePullPolicy="Never")
    assert found(DEPLOYMENT, loaded).keys() == {"image-by-digest", "image-ours"}


def test_a_local_image_is_by_tag_and_pulled_by_nobody() -> None:
    assert found(DEPLOYMENT, pod(image="helloworld:1", imagePullPolicy="Never"), "local") == {}
    (local,) = planned("local").of(DEPLOYMENT)
    assert local.inputs["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Never"


@pytest.mark.parametrize(
    ("image", "stack", "ours"),
    [
        (OURS, "prod", True),
        (OURS.replace("amazonaws.com", "amazonaws.com.cn"), "prod", True),
        (OURS.replace("-prod", "-prod:1.0"), "prod", True),
        (f"localhost:5001/helloworld{DIGEST}", "prod", False),
        (OURS, "prod-eu", False),
        (OURS.replace("-prod", "-production"), "prod", False),
        (f"evil.example/{OURS}", "prod", False),
        (f"docker.io/library/python{DIGEST}", "prod", False),
    ],
)
def test_an_image_is_the_stacks_own_or_found(image: str, stack: str, ours: bool) -> None:
    assert found(DEPLOYMENT, pod(image=image), stack) == ({} if ours else {"image-ours": "mandatory"})


def test_a_registry_on_this_machine_is_good_enough_for_a_cluster_on_it() -> None:
    assert found(DEPLOYMENT, pod(image=f"localhost:5001/helloworld{DIGEST}"), "local") == {}


def test_a_foreign_image_is_advised_against_outside_production() -> None:
    assert found(DEPLOYMENT, pod(image=f"ghcr.io/a/b{DIGEST}"), "dev") == {"image-ours": "advisory"}


def test_a_namespace_is_restricted_or_found() -> None:
    label = "pod-security.kubernetes.io/enforce"
    assert found(NAMESPACE, {"metadata": {"labels": {label: "restricted"}}}) == {}
    assert found(NAMESPACE, {}) == {"namespace-restricted": "mandatory"}


def test_a_charts_values_are_looked_through_however_deep() -> None:
    chart = planned("dev").one(CHART, "helloworld-keda-chart")
    assert found(CHART, {"chart": "x"}, allowed=()).keys() >= {"chart-pinned", "chart-known"}
    deep = changed(chart.inputs, ("values", "operator", "pods"), [{"securityContext": {"privileged": True}}])
    assert "pod-restricted" in found(CHART, deep)
    for off in (False, "false", "${unknown}"):
        values = changed(chart.inputs, ("values", "operator", "hostNetwork"), off)
        assert "pod-restricted" not in found(CHART, values)


@pytest.mark.parametrize("type_", ["kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart"])
def test_a_chart_is_one_whichever_way_it_is_rendered(type_: str) -> None:
    inputs = {"chart": "wordpress", "values": {"podSecurityContext": {"runAsUser": 0}}}
    assert found(type_, inputs).keys() == {"chart-known", "chart-pinned", "pod-restricted"}


def test_a_chart_of_an_oci_registry_needs_no_address() -> None:
    inputs = {"chart": "oci://public.ecr.aws/a/b", "version": "1.2.3"}
    assert found(CHART, inputs, allowed=()) == {"chart-known": "mandatory"}
    assert found(CHART, {**inputs, "chart": "b"}, allowed=()).keys() == {"chart-known", "chart-pinned"}


@pytest.mark.parametrize("mirror", ["http://127.0.0.1:8879", "http://localhost/charts", "http://[::1]:80/charts"])
def test_a_chart_may_come_from_a_mirror_on_this_machine(mirror: str) -> None:
    chart = planned("prod").one(CHART, "helloworld-load-balancer-chart")
    assert found(CHART, changed(chart.inputs, ("repositoryOpts", "repo"), mirror)).keys() == {"chart-known"}
