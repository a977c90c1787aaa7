"""The AWS Load Balancer Controller and what it may do."""

import json
from typing import Any

import pytest

from infra.load_balancer_policy import READS_WITHOUT_RESOURCE, controller_policy
from offline.plan import Plan
from tests.conftest import Planner
from tests.graph import before

CHART = "kubernetes:helm.sh/v3:Release"
# Actions that the controller calls for an application balancer with ip targets; without one of them it stands still.
NEEDED = {
    "acm:DescribeCertificate",
    "acm:ListCertificates",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateSecurityGroup",
    "ec2:CreateTags",
    "ec2:DeleteSecurityGroup",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
    "ec2:RevokeSecurityGroupIngress",
    "elasticloadbalancing:AddTags",
    "elasticloadbalancing:CreateListener",
    "elasticloadbalancing:CreateLoadBalancer",
    "elasticloadbalancing:CreateRule",
    "elasticloadbalancing:CreateTargetGroup",
    "elasticloadbalancing:DeleteListener",
    "elasticloadbalancing:DeleteLoadBalancer",
    "elasticloadbalancing:DeleteRule",
    "elasticloadbalancing:DeleteTargetGroup",
    "elasticloadbalancing:DeregisterTargets",
    "elasticloadbalancing:DescribeListenerAttributes",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTargetHealth",
    "elasticloadbalancing:ModifyListener",
    "elasticloadbalancing:ModifyListenerAttributes",
    "elasticloadbalancing:ModifyLoadBalancerAttributes",
    "elasticloadbalancing:ModifyRule",
    "elasticloadbalancing:ModifyTargetGroup",
    "elasticloadbalancing:ModifyTargetGroupAttributes",
    "elasticloadbalancing:RegisterTargets",
    "iam:CreateServiceLinkedRole",
}


def statements() -> list[dict[str, Any]]:
    policy = json.loads(controller_policy("us-west-2", "123456789012", "vpc-1", "helloworld-dev"))
    return list(policy["Statement"])


def values(plan: Plan) -> dict[str, Any]:
    return dict(plan.one(CHART, "helloworld-load-balancer-chart").inputs["values"])


def test_the_chart_is_pinned(plan: Plan) -> None:
    chart = plan.one(CHART, "helloworld-load-balancer-chart").inputs
    assert (chart["chart"], chart["version"]) == ("aws-load-balancer-controller", "3.5.0")


def test_the_controller_is_told_its_cluster_region_and_vpc(plan: Plan) -> None:
    assert values(plan)["clusterName"] == f"helloworld-{plan.stack}"
    assert values(plan)["region"] == "us-west-2"
    assert values(plan)["vpcId"] == "${helloworld-network-vpc.id}"


def test_an_upgrade_of_the_chart_does_not_break_the_webhooks(plan: Plan) -> None:
    assert values(plan)["keepTLSSecret"] is True
    assert values(plan)["enableServiceMutatorWebhook"] is False


def test_the_controller_has_two_pods_a_disruption_budget_and_enough_memory(plan: Plan) -> None:
    assert values(plan)["replicaCount"] == 2
    assert values(plan)["podDisruptionBudget"] == {"maxUnavailable": 1}
    assert values(plan)["resources"]["requests"]["memory"] == "256Mi"
    assert values(plan)["resources"]["limits"]["memory"] == "1Gi"


def test_what_it_has_no_rights_for_is_turned_off(plan: Plan) -> None:
    assert not any(values(plan)[key] for key in ("enableShield", "enableWaf", "enableWafv2"))


def test_an_installation_that_was_killed_does_not_stand_in_the_way_of_the_next(plan: Plan) -> None:
    hooks = plan.one(CHART, "helloworld-load-balancer-chart").hooks
    assert hooks["before_create"] == ["helloworld-load-balancer-chart-before-create"]
    assert hooks["before_update"] == ["helloworld-load-balancer-chart-before-update"]


def test_the_controllers_pods_have_their_role_before_they_start(plan: Plan) -> None:
    chart = plan.one(CHART, "helloworld-load-balancer-chart")
    identity = plan.one("aws:eks/podIdentityAssociation:PodIdentityAssociation", "helloworld-load-balancer-identity")
    policy = plan.one("aws:iam/rolePolicy:RolePolicy", "helloworld-load-balancer-policy")
    assert identity.inputs["serviceAccount"] == values(plan)["serviceAccount"]["name"]
    assert identity.inputs["namespace"] == chart.inputs["namespace"]
    assert before(plan, identity, chart)
    assert before(plan, policy, identity)


def test_the_role_is_for_pods_only(plan: Plan) -> None:
    role = plan.one("aws:iam/role:Role", "helloworld-load-balancer-role")
    (statement,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
    assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
    assert statement["Action"] == ["sts:AssumeRole", "sts:TagSession"]


@pytest.mark.parametrize("first", ["eks:index:ManagedNodeGroup", "aws:eks/nodeGroup:NodeGroup"])
def test_the_controller_waits_for_nodes(plan: Plan, first: str) -> None:
    chart = plan.one(CHART, "helloworld-load-balancer-chart")
    assert before(plan, plan.one(first, "helloworld-nodes-group"), chart)


def test_the_policy_allows_what_the_controller_calls() -> None:
    allowed = {action for statement in statements() for action in statement["Action"]}
    assert allowed >= NEEDED


def test_only_reads_that_take_no_resource_are_allowed_on_everything() -> None:
    (open_one,) = [statement for statement in statements() if statement["Resource"] == ["*"]]
    assert set(open_one["Action"]) == set(READS_WITHOUT_RESOURCE)
    assert all(action.split(":")[1].startswith(("Describe", "List")) for action in open_one["Action"])


def test_no_action_is_a_wildcard() -> None:
    assert len(statements()) > 10
    assert not any("*" in action for statement in statements() for action in statement["Action"])


def test_every_resource_is_of_this_account() -> None:
    resources = [resource for statement in statements() for resource in statement["Resource"] if resource != "*"]
    assert resources
    assert all(":123456789012:" in resource for resource in resources)


@pytest.mark.parametrize(
    "action",
    [
        "ec2:DeleteSecurityGroup",
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:DeleteTargetGroup",
        "elasticloadbalancing:ModifyTargetGroup",
        "elasticloadbalancing:RegisterTargets",
    ],
)
def test_what_another_cluster_made_cannot_be_changed(action: str) -> None:
    (statement,) = [statement for statement in statements() if action in statement["Action"]]
    tag = "aws:ResourceTag/elbv2.k8s.aws/cluster"
    assert statement["Condition"]["StringEquals"] == {tag: "helloworld-dev"}


def test_security_groups_are_made_in_this_vpc_only() -> None:
    made = [statement for statement in statements() if "ec2:CreateSecurityGroup" in statement["Action"]]
    assert made[0]["Resource"] == ["arn:aws:ec2:us-west-2:123456789012:vpc/vpc-1"]
    assert made[1]["Condition"]["StringEquals"] == {"aws:RequestTag/elbv2.k8s.aws/cluster": "helloworld-dev"}


def test_the_chart_may_come_from_a_mirror(planned: Planner) -> None:
    (chart,) = planned("dev", {"chartRepository": "https://charts.example.com/eks"}).of("kubernetes:helm.sh/v3:Release")
    assert chart.inputs["repositoryOpts"] == {"repo": "https://charts.example.com/eks"}
