"""The Cluster Autoscaler: what it may do, what it is told, and that it neither fights nor outlives the nodes."""

import json
from typing import Any

import kubernetes_validate
import pytest

from infra import addons
from infra.scaling.node_autoscaler_rights import READS_WITHOUT_RESOURCE, autoscaler_statements
from offline.diff import compare
from offline.plan import Plan, Resource
from policy.rules import check
from tests.conftest import Planner
from tests.graph import before
from tests.iam import allowed, statements

DEPLOYMENT = "kubernetes:apps/v1:Deployment"
REGION, ACCOUNT, CLUSTER = "us-west-2", "123456789012", "helloworld-dev"
GROUP = f"arn:aws:autoscaling:{REGION}:{ACCOUNT}:autoScalingGroup:1-2:autoScalingGroupName/eks-helloworld-nodes-group-1"
SIZING = ("autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup")
RBAC = "kubernetes:rbac.authorization.k8s.io/v1"


@pytest.fixture(scope="module")
def scaled(planned: Planner) -> Plan:
    """Dev's plan with the autoscaler."""
    return planned("dev", {"nodeAutoscaling": "true"})


def ours(plan: Plan) -> list[Resource]:
    return [each for each in plan.resources if each.name.startswith("helloworld-node-autoscaler")]


def deployment(plan: Plan) -> Resource:
    return plan.one(DEPLOYMENT, "helloworld-node-autoscaler-deployment")


def pod(plan: Plan) -> dict[str, Any]:
    return dict(deployment(plan).inputs["spec"]["template"]["spec"])


def container(plan: Plan) -> dict[str, Any]:
    (only,) = pod(plan)["containers"]
    return dict(only)


def document() -> str:
    return json.dumps({"Statement": autoscaler_statements(REGION, ACCOUNT, CLUSTER)})


def test_without_the_setting_there_is_none_of_it(planned: Planner, scaled: Plan) -> None:
    assert ours(scaled)
    assert ours(planned("dev", {"nodeAutoscaling": "false"})) == []


def test_every_kubernetes_version_has_an_autoscaler_of_its_own_minor_by_digest() -> None:
    assert set(addons.NODE_AUTOSCALERS) == set(addons.VERSIONS)
    for version, image in addons.NODE_AUTOSCALERS.items():
        assert f":v{version}." in image
        assert len(image.partition("@sha256:")[2]) == 64


def test_it_runs_the_image_of_the_clusters_version(scaled: Plan) -> None:
    version = scaled.one("eks:index:Cluster", "helloworld-cluster-eks").inputs["version"]
    assert container(scaled)["image"] == addons.NODE_AUTOSCALERS[version]


def test_it_finds_the_node_groups_of_this_cluster_and_no_others(scaled: Plan) -> None:
    (discovery,) = [each for each in container(scaled)["args"] if "auto-discovery" in each]
    tags = discovery.partition("asg:tag=")[2].split(",")
    assert tags == ["k8s.io/cluster-autoscaler/enabled", f"k8s.io/cluster-autoscaler/{CLUSTER}"]


def test_a_node_is_not_kept_for_a_pod_that_lives_anywhere(scaled: Plan) -> None:
    assert {"--skip-nodes-with-local-storage=false", "--ignore-daemonsets-utilization"} <= set(
        container(scaled)["args"]
    )
    budget = scaled.one(
        "kubernetes:policy/v1:PodDisruptionBudget", "helloworld-node-autoscaler-disruption-budget"
    ).inputs
    labels = deployment(scaled).inputs["spec"]["template"]["metadata"]["labels"]
    assert budget["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert budget["spec"]["maxUnavailable"] == 1


def test_it_leaves_a_node_that_does_not_answer_within_a_minute(scaled: Plan) -> None:
    seconds = {each["key"]: each["tolerationSeconds"] for each in pod(scaled)["tolerations"]}
    assert seconds == {"node.kubernetes.io/not-ready": 60, "node.kubernetes.io/unreachable": 60}
    assert pod(scaled)["priorityClassName"] == "system-cluster-critical"


@pytest.mark.parametrize("action", SIZING)
def test_it_sizes_the_node_groups_of_this_cluster_and_no_others(action: str) -> None:
    tag = "aws:ResourceTag/k8s.io/cluster-autoscaler"
    assert allowed([document()], None, action, GROUP, {f"{tag}/{CLUSTER}": "owned"})
    assert not allowed([document()], None, action, GROUP, {f"{tag}/helloworld-prod": "owned"})
    assert not allowed([document()], None, action, GROUP, {f"{tag}/{CLUSTER}-eu": "owned"})
    assert not allowed([document()], None, action, GROUP)
    by_hand = GROUP.replace("/eks-", "/own-")
    assert not allowed([document()], None, action, by_hand, {f"{tag}/{CLUSTER}": "owned"})


def test_it_looks_at_its_region_only_and_at_the_node_groups_of_its_cluster() -> None:
    for action in READS_WITHOUT_RESOURCE:
        assert allowed([document()], None, action, "*", {"aws:RequestedRegion": REGION})
        assert not allowed([document()], None, action, "*", {"aws:RequestedRegion": "eu-west-1"})
    group = f"arn:aws:eks:{REGION}:{ACCOUNT}:nodegroup/{CLUSTER}/group/1"
    assert allowed([document()], None, "eks:DescribeNodegroup", group)
    assert not allowed([document()], None, "eks:DescribeNodegroup", group.replace(CLUSTER, f"{CLUSTER}-eu"))


def test_it_may_do_nothing_else_in_the_account() -> None:
    granted = {action for statement in statements(document()) for action in statement["Action"]}
    assert granted == {*SIZING, *READS_WITHOUT_RESOURCE, "eks:DescribeNodegroup"}
    (on_everything,) = [each for each in statements(document()) if each["Resource"] == ["*"]]
    assert set(on_everything["Action"]) == set(READS_WITHOUT_RESOURCE)


def test_in_the_cluster_it_may_read_evict_and_taint_but_neither_make_pods_nor_read_secrets(scaled: Plan) -> None:
    rules = scaled.one(f"{RBAC}:ClusterRole", "helloworld-node-autoscaler-cluster-role").inputs["rules"]
    granted = {(each, verb) for rule in rules for each in rule["resources"] for verb in rule["verbs"]}
    assert {("pods/eviction", "create"), ("nodes", "update"), ("poddisruptionbudgets", "list")} <= granted
    changing = {each for each in granted if each[1] not in ("get", "list", "watch")}
    assert changing == {
        ("events", "create"),
        ("events", "patch"),
        ("pods/eviction", "create"),
        ("pods/status", "update"),
        ("nodes", "update"),
    }
    everywhere = json.dumps([rule for each in ours(scaled) for rule in each.inputs.get("rules", [])])
    assert "secrets" not in everywhere
    assert "*" not in everywhere


def test_its_lock_and_its_status_are_all_that_it_changes_in_its_namespace(scaled: Plan) -> None:
    rules = scaled.one(f"{RBAC}:Role", "helloworld-node-autoscaler-role-in-namespace").inputs["rules"]
    named = {name for rule in rules for name in rule.get("resourceNames", [])}
    assert named == {"cluster-autoscaler", "cluster-autoscaler-status"}
    assert all(rule["verbs"] == ["create"] for rule in rules if "resourceNames" not in rule)


def test_all_of_it_is_there_before_its_pod_starts_and_until_it_is_gone(scaled: Plan) -> None:
    rest = [each for each in ours(scaled) if each.custom and each.urn != deployment(scaled).urn]
    assert len(rest) == 9
    assert [each.name for each in rest if not before(scaled, each, deployment(scaled))] == []


def test_its_role_is_given_while_nodes_are_made_and_has_settled_before_its_pod_starts(scaled: Plan) -> None:
    identity = scaled.one(
        "aws:eks/podIdentityAssociation:PodIdentityAssociation", "helloworld-node-autoscaler-identity-association"
    )
    assert identity.hooks["after_create"] == ["helloworld-node-autoscaler-identity-made"]
    assert (identity.inputs["namespace"], identity.inputs["serviceAccount"]) == (
        "kube-system",
        pod(scaled)["serviceAccountName"],
    )
    assert before(scaled, identity, deployment(scaled))
    assert not before(scaled, scaled.one("aws:eks/nodeGroup:NodeGroup", "helloworld-nodes-group"), identity)


@pytest.mark.parametrize("kind", ["eks:index:ManagedNodeGroup", "aws:eks/nodeGroup:NodeGroup"])
def test_its_pod_is_gone_before_the_nodes_go_so_it_fights_for_none(scaled: Plan, kind: str) -> None:
    nodes = scaled.one(kind, "helloworld-nodes-group")
    assert before(scaled, nodes, deployment(scaled))
    assert not before(scaled, deployment(scaled), nodes)


def test_nobody_waits_for_it(scaled: Plan) -> None:
    release = scaled.one(DEPLOYMENT, "helloworld-release-deployment")
    assert before(scaled, scaled.one("aws:eks/nodeGroup:NodeGroup", "helloworld-nodes-group"), release)
    assert not before(scaled, deployment(scaled), release)


def test_its_objects_are_valid_and_keep_to_the_policies(scaled: Plan) -> None:
    objects = [each for each in ours(scaled) if each.type.startswith("kubernetes:")]
    assert len(objects) == 7
    for each in objects:
        assert kubernetes_validate.validate(dict(each.inputs), "1.35", strict=True)
    assert check(ours(scaled), "prod") == []


def test_turning_it_on_or_off_touches_no_node(planned: Planner, scaled: Plan) -> None:
    plain = planned("dev", {"nodeAutoscaling": "false"})
    for change in (compare(plain, scaled), compare(scaled, plain)):
        (group,) = [each for each in change.changes if each.type == "aws:eks/nodeGroup:NodeGroup"]
        # Of the engine's own, nothing of the group's.
        assert (group.action, [field.path for field in group.fields]) == ("change", ["options.ignoreChanges"])
        assert {each.action for each in change.changes} <= {"change", "create", "delete"}


def test_the_number_of_nodes_that_it_chose_is_not_taken_back(planned: Planner, scaled: Plan) -> None:
    other = planned("dev", {"nodeAutoscaling": "true", "nodeDesired": "3"})
    told = {each.type for each in compare(scaled, other).changes}
    assert told == {"eks:index:ManagedNodeGroup"}
    two, three = ({"nodeAutoscaling": "false", "nodeDesired": number} for number in "23")
    by_hand = compare(planned("dev", two), planned("dev", three))
    assert "aws:eks/nodeGroup:NodeGroup" in {each.type for each in by_hand.changes}


def test_the_bounds_of_the_group_are_still_the_settings(planned: Planner, scaled: Plan) -> None:
    wider = compare(scaled, planned("dev", {"nodeAutoscaling": "true", "nodeMax": "9"}))
    (group,) = [each for each in wider.changes if each.type == "aws:eks/nodeGroup:NodeGroup"]
    assert (group.action, [field.path for field in group.fields]) == ("change", ["scalingConfig.maxSize"])
