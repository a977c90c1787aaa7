"""A deploy role may do all that `make destroy` and `make residue` do, and delete nothing that is not its stack's."""

from dataclasses import replace

import pytest

from bootstrap import names
from tests.teardown.account import DEV as SCOPE
from tests.teardown.account import Account
from tests.test_bootstrap_policies import DEV, HERE, can, request

BALANCER, ENI = "elbv2.k8s.aws/cluster", "cluster.k8s.amazonaws.com/name"


# What is asked of what has a name, or of what is tagged: the operation, and what is asked about.
QUESTIONS = {
    "DescribeBudget": ("budgets:ViewBudget", HERE.global_arn("budgets", "budget/helloworld-dev")),
    "DescribeCluster": ("eks:DescribeCluster", HERE.arn("eks", "cluster/helloworld-dev")),
    "DescribeDBInstanceAutomatedBackups": (
        "rds:DescribeDBInstanceAutomatedBackups",
        HERE.arn("rds", "auto-backup:ab-1"),
    ),
    "DescribeDBInstances": ("rds:DescribeDBInstances", HERE.arn("rds", "db:helloworld-dev")),
    "DescribeDBSnapshots": ("rds:DescribeDBSnapshots", HERE.arn("rds", "db:helloworld-dev")),
    "DescribeLoadBalancers": ("elasticloadbalancing:DescribeLoadBalancers", "*"),
    "DescribeLogGroups": ("logs:DescribeLogGroups", "*"),
    "DescribeRepositories": ("ecr:DescribeRepositories", HERE.arn("ecr", "repository/helloworld-dev")),
    "DescribeServerlessCaches": (
        "elasticache:DescribeServerlessCaches",
        HERE.arn("elasticache", "serverlesscache:helloworld-dev"),
    ),
    "DescribeSlackChannelConfigurations": ("chatbot:DescribeSlackChannelConfigurations", "*"),
    "DescribeTags": ("ec2:DescribeTags", "*"),
    "DescribeTargetGroups": ("elasticloadbalancing:DescribeTargetGroups", "*"),
    "DescribeUserGroups": ("elasticache:DescribeUserGroups", HERE.arn("elasticache", "usergroup:helloworld-dev")),
    "DescribeUsers": ("elasticache:DescribeUsers", HERE.arn("elasticache", "user:helloworld-dev")),
    "GetDashboard": ("cloudwatch:GetDashboard", HERE.global_arn("cloudwatch", "dashboard/helloworld-dev")),
    "GetResources": ("tag:GetResources", "*"),
    "GetTopicAttributes": ("sns:GetTopicAttributes", HERE.arn("sns", "helloworld-dev-alerts")),
    "ListHostedZonesByName": ("route53:ListHostedZonesByName", "*"),
    "ListRoles": ("iam:ListRoles", "*"),
}


def test_the_role_that_destroys_a_stack_may_ask_what_is_left_of_it(account: Account) -> None:
    account.record().cloud(replace(SCOPE, hostname="hello.example.com", zone="example.com")).look()
    assert sorted(set(account.operations)) == sorted(QUESTIONS)
    assert [each for each in QUESTIONS.values() if not can(DEV, *each)] == []


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("ec2:DescribeInstances", "*"),
        ("ec2:DescribeVolumes", "*"),
        ("ec2:DescribeNetworkInterfaces", "*"),
        ("ec2:DescribeSecurityGroups", "*"),
        ("elasticloadbalancing:DescribeTags", "*"),
        ("iam:GetRole", HERE.iam("role/helloworld-node-role-1")),
        # Of what has gone there are no tags any more; a review environment's name is its own.
        ("acm:DescribeCertificate", HERE.arn("acm", "certificate/1")),
        ("ecr:DescribeRepositories", HERE.arn("ecr", "repository/helloworld-pr-7")),
        ("kms:DescribeKey", HERE.arn("kms", "key/1")),
        ("logs:ListTagsForResource", HERE.arn("logs", "log-group:/aws/eks/helloworld-dev/cluster")),
        ("rds:ModifyDBInstance", HERE.arn("rds", "db:helloworld-dev")),
        ("eks:UpdateClusterConfig", HERE.arn("eks", "cluster/helloworld-dev")),
        ("eks:DescribeUpdate", HERE.arn("eks", "cluster/helloworld-dev")),
        ("logs:DeleteLogGroup", HERE.arn("logs", "log-group:/aws/eks/helloworld-dev/cluster")),
        ("secretsmanager:DescribeSecret", HERE.arn("secretsmanager", "secret:rds!db-1-AbCdEf")),
    ],
)
def test_it_may_do_the_rest_that_a_tear_down_takes(action: str, resource: str) -> None:
    assert can(DEV, action, resource)


def test_it_may_delete_interfaces_however_they_are_known_as_its_own() -> None:
    """Everything that `proof` takes for a free interface's, and for no other stack's."""
    arn, key = HERE.arn("ec2", "network-interface/eni-1"), "aws__ResourceTag/kubernetes.io/cluster/helloworld-dev"
    assert can(DEV, "ec2:DeleteNetworkInterface", arn, of="dev")
    assert can(DEV, "ec2:DeleteNetworkInterface", arn, **{key: "owned"})
    assert not can(DEV, "ec2:DeleteNetworkInterface", arn, **{key: "shared"})
    assert not can(DEV, "ec2:DeleteNetworkInterface", arn, of="prod", **{key: "owned"})
    assert not can(DEV, "ec2:DeleteNetworkInterface", arn)


@pytest.mark.parametrize(
    ("action", "resource"),
    [
        ("iam:GetRole", HERE.iam("role/helloworld-node-role-1")),
        ("acm:DescribeCertificate", HERE.arn("acm", "certificate/1")),
        ("ecr:DescribeRepositories", HERE.arn("ecr", "repository/helloworld-pr-7")),
        ("elasticloadbalancing:DescribeTags", HERE.arn("elasticloadbalancing", "loadbalancer/app/k8s-1/2")),
    ],
)
def test_it_may_look_at_what_is_listed_beside_its_own_to_see_whose_it_is(action: str, resource: str) -> None:
    assert can(DEV, action, resource, of="prod")
    assert not can(DEV, "iam:DeleteRole", HERE.iam("role/helloworld-node-role-1"), of="prod")


@pytest.mark.parametrize(
    ("action", "resource", "key"),
    [
        ("elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:loadbalancer/app/k8s-1/2", BALANCER),
        ("elasticloadbalancing:DeleteTargetGroup", "elasticloadbalancing:targetgroup/k8s-1/2", BALANCER),
        ("ec2:DeleteSecurityGroup", "ec2:security-group/sg-1", BALANCER),
        ("ec2:DeleteSecurityGroup", "ec2:security-group/sg-1", "aws:eks:cluster-name"),
        ("ec2:DeleteNetworkInterface", "ec2:network-interface/eni-1", ENI),
    ],
)
def test_it_may_delete_what_its_own_cluster_has_left_and_nothing_else(action: str, resource: str, key: str) -> None:
    service, _, name = resource.partition(":")
    arn = HERE.arn(service, name)

    def may(cluster: str, **context: str) -> bool:
        return can(DEV, action, arn, **{f"aws__ResourceTag/{key}": cluster}, **context)

    assert request(DEV)
    assert may("helloworld-dev")
    assert may("helloworld-dev", of="dev")
    assert not may("helloworld-dev", of="prod")
    assert not may("helloworld-dev-2")
    assert not can(DEV, action, arn)
    assert not can(names.deploy_role("prod"), action, arn, **{f"aws__ResourceTag/{key}": "helloworld-dev"})
