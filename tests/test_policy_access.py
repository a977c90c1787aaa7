"""The rules about rights, in AWS and in the cluster: what they leave alone, and what they catch in other forms."""

import json
from typing import Any

import pytest

from policy.rules import Allowed
from tests.policy_breaks import BREAKS
from tests.policy_changes import ACCESS, ATTACHMENT, GITHUB, KEY, RBAC, ROLE_POLICY, ROLE_TYPE, document, web_identity
from tests.policy_stacks import ROLE, check, found, planned

POLICY = "aws:iam/policy:Policy"
SAID_ELSEWHERE = {"enableKeyRotation": True}


def test_a_wildcard_on_the_list_is_no_finding_for_the_named_resource_alone() -> None:
    statement = {"policy": document(Action="s3:ListAllMyBuckets", Resource="*")}
    assert found(POLICY, statement, allowed=[Allowed("it", "s3:List*", "no resource")]) == {}
    other = [Allowed("another", "s3:List*", "no resource")]
    assert found(POLICY, statement, allowed=other) == {"iam-no-wildcards": "mandatory"}


def test_a_rule_that_a_row_names_is_not_asked_of_the_named_resource_alone() -> None:
    broken = {"policy": document(Action="*", Resource="*")}
    assert found(POLICY, broken, allowed=[Allowed("it", "iam-no-wildcards", "tried out")]) == {}
    for row in (Allowed("it", "trust-closed", "another rule"), Allowed("else", "iam-no-wildcards", "another resource")):
        assert found(POLICY, broken, allowed=[row]) == {"iam-no-wildcards": "mandatory"}


def test_what_is_named_or_limited_is_no_finding() -> None:
    assert found(POLICY, {"policy": document(Action="s3:GetObject", Resource="arn:aws:s3:::a/*")}) == {}
    limited = document(Action="ec2:CreateTags", Resource="*", Condition={"StringEquals": {"a": "b"}})
    assert found(POLICY, {"policy": limited}) == {}


@pytest.mark.parametrize("action", ["s3:Put*", "iam:*User", "s3:Get?bject", "*"])
def test_a_wildcard_anywhere_in_an_action_is_found_whatever_the_condition(action: str) -> None:
    broken = document(Action=action, Resource="arn:aws:s3:::a", Condition={"Bool": {"aws:SecureTransport": "true"}})
    assert found(ROLE_POLICY, {"policy": broken}) == {"iam-no-wildcards": "mandatory"}


def test_one_star_among_many_resources_is_found() -> None:
    broken = document(Action=["s3:GetObject"], Resource=["arn:aws:s3:::a", "*"])
    assert found(ROLE_POLICY, {"policy": broken}) == {"iam-no-wildcards": "mandatory"}


def test_what_is_denied_may_be_everything() -> None:
    statement = {"Effect": "Deny", "Principal": "*", "Action": "*", "Resource": "*"}
    denied = json.dumps({"Statement": statement})
    assert found(ROLE_POLICY, {"policy": denied}) == {}
    assert found("aws:s3/bucketPolicy:BucketPolicy", {"policy": denied}) == {}


@pytest.mark.parametrize(
    "principal", ["*", {"AWS": "*"}, {"AWS": ["arn:aws:iam::123456789012:root", "*"]}, {"Federated": "*"}]
)
def test_a_role_that_everybody_may_assume_is_found(principal: Any) -> None:
    trust = document(Action="sts:AssumeRole", Principal=principal)
    assert found(ROLE_TYPE, {"assumeRolePolicy": trust}) == {"trust-closed": "mandatory"}


def test_a_role_that_a_service_may_assume_is_fine() -> None:
    trust = document(Action="sts:AssumeRole", Principal={"Service": "ec2.amazonaws.com"})
    assert found(ROLE_TYPE, {"assumeRolePolicy": trust}) == {}


@pytest.mark.parametrize(
    ("provider", "condition"),
    [
        (GITHUB, {"StringLike": {f"{GITHUB}:sub": "repo:octo/hello:*"}}),
        ("oidc.eks.us-west-2.amazonaws.com/id/1", {"StringEquals": {"oidc.eks.us-west-2.amazonaws.com/id/1:sub": "a"}}),
        (GITHUB, {"StringLike": "[unknown]"}),
        (GITHUB, {"ForAnyValue:StringLike": {f"{GITHUB}:sub": ["repo:octo/*", "repo:${owner}/*"]}}),
        (GITHUB, {"StringEquals": {f"{GITHUB}:repository_owner_id": "1", f"{GITHUB}:aud": "sts.amazonaws.com"}}),
        ("arn:aws:iam::123456789012:saml-provider/people", {"StringEquals": {"SAML:aud": "https://a.b"}}),
    ],
)
def test_a_role_that_some_users_of_a_provider_may_assume_is_fine(provider: str, condition: dict[str, Any]) -> None:
    assert found(ROLE_TYPE, {"assumeRolePolicy": web_identity(condition, provider)}) == {}


@pytest.mark.parametrize(
    "statement",
    [
        {"Action": "kms:*", "Principal": {"AWS": "arn:aws:iam::123456789012:root"}},
        {"Action": "kms:*", "Principal": {"AWS": "123456789012"}},
        {"Action": "kms:*", "Principal": {"AWS": "${account}"}},
        {"Action": "kms:Decrypt", "Principal": {"AWS": "*"}, "Condition": {"StringEquals": {"kms:CallerAccount": "1"}}},
        {"Action": "kms:Decrypt", "Principal": {"Service": "sns.amazonaws.com"}},
        {"Action": "kms:Decrypt", "Principal": "*", "Condition": "[unknown]"},
        {"Action": "kms:Decrypt", "Principal": "*", "Condition": {"StringEquals": {"aws:sourceaccount": "[unknown]"}}},
        {"Action": "kms:Decrypt", "Principal": "*", "Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.0/24"}}},
    ],
)
def test_a_key_for_its_own_account_or_for_whom_it_names_is_fine(statement: dict[str, Any]) -> None:
    assert found(KEY, {**SAID_ELSEWHERE, "policy": document(**statement, Resource="*")}) == {}


def test_the_policy_of_a_vpcs_endpoint_lets_nobody_in() -> None:
    through = document(Action="s3:GetObject", Principal="*", Resource="arn:aws:s3:::a/*")
    assert found("aws:ec2/vpcEndpoint:VpcEndpoint", {"policy": through}) == {}


@pytest.mark.parametrize("name", ["AmazonEKSWorkerNodePolicy", "ReadOnlyAccess", "AmazonEKS_CNI_Policy"])
def test_a_policy_of_aws_for_one_purpose_may_be_attached(name: str) -> None:
    assert found(ATTACHMENT, {"policyArn": f"arn:aws:iam::aws:policy/{name}"}) == {}


def test_an_own_policy_is_judged_by_what_it_says_and_not_by_its_name() -> None:
    assert found(ATTACHMENT, {"policyArn": "arn:aws:iam::123456789012:policy/AdministratorAccess"}) == {}


def test_an_admin_of_one_namespace_is_no_admin_of_the_cluster() -> None:
    admin = {"policyArn": "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"}
    assert found(ACCESS, {**admin, "accessScope": {"type": "namespace", "namespaces": ["a"]}}) == {}
    assert found(ACCESS, {**admin, "accessScope": {"type": "cluster"}}) == {"cluster-admins": "advisory"}


def test_the_admin_is_named() -> None:
    resource = next(broken for broken in BREAKS["cluster-admins"])(planned("dev"))
    (finding,) = [each for each in check(resource, "dev") if each.rule == "cluster-admins"]
    assert ROLE in finding.reason


def test_a_role_of_the_cluster_that_names_what_it_may_is_fine() -> None:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
    assert found(f"{RBAC}Role", {"rules": [rule]}) == {}


def test_a_binding_to_a_service_account_is_fine() -> None:
    subject = {"kind": "ServiceAccount", "name": "a", "namespace": "b"}
    assert found(f"{RBAC}RoleBinding", {"roleRef": {"name": "a"}, "subjects": [subject]}) == {}
