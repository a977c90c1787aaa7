"""What a team adds in good order is no finding, and what it forgets is one."""

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from offline.plan import Plan, Resource
from tests.policy_changes import BUCKET, BUCKET_ACCESS, DEPLOYMENT, NODES, ROLE_POLICY, ROLE_TYPE, WEB, document
from tests.policy_stacks import check, planned

LOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
LAMBDA = "arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"
PROXY = {"securityGroups": ["${balancer.id}"], "protocol": "tcp", "fromPort": 8080, "toPort": 8080}


def more(plan: Plan, type_: str, inputs: Mapping[str, Any], made_of: Mapping[str, Sequence[str]] = {}) -> Resource:
    """A resource that somebody adds to a plan."""
    urn = f"urn:pulumi:{plan.stack}::{plan.project}::{type_}::more"
    return Resource(urn=urn, type=type_, name="more", parent=None, inputs=inputs, property_dependencies=made_of)


def found(plan: Plan, added: Sequence[Resource]) -> set[str]:
    before = check(plan.resources, plan.stack)
    return {each.rule for each in check([*plan.resources, *added], plan.stack) if each not in before}


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_what_is_added_in_good_order_is_no_finding(stack: str) -> None:
    plan = planned(stack)
    pod = plan.one(DEPLOYMENT, WEB).inputs["spec"]["template"]
    bucket = more(plan, BUCKET, {})
    trust = document(Action="sts:AssumeRole", Principal={"Service": "lambda.amazonaws.com"})
    added = [
        bucket,
        more(plan, BUCKET_ACCESS, dict.fromkeys(LOCKS, True), {"bucket": [bucket.urn]}),
        more(plan, "aws:sqs/queue:Queue", {"messageRetentionSeconds": 86400}),
        more(plan, ROLE_TYPE, {"assumeRolePolicy": trust, "managedPolicyArns": [LAMBDA]}),
        more(plan, ROLE_POLICY, {"policy": document(Action="s3:GetObject", Resource="arn:aws:s3:::${more.id}/*")}),
        more(plan, NODES, plan.of(NODES)[0].inputs),
        more(plan, "aws:ec2/securityGroup:SecurityGroup", {"ingress": [PROXY]}),
        more(plan, "kubernetes:batch/v1:CronJob", {"spec": {"jobTemplate": {"spec": {"template": pod}}}}),
    ]
    assert found(plan, added) == set()


def test_nodes_without_a_launch_template_are_as_eks_makes_them() -> None:
    plan = planned("prod")
    inputs = {key: value for key, value in plan.of(NODES)[0].inputs.items() if key != "launchTemplate"}
    assert found(plan, [more(plan, NODES, inputs)]) == {"metadata-near", "disks-encrypted"}
