"""Who may do what on the cluster."""

import json

import pytest

from infra.access import Grant
from offline.plan import Plan
from tests.conftest import Planner
from tests.graph import before

ENTRY, ASSOCIATION = "aws:eks/accessEntry:AccessEntry", "aws:eks/accessPolicyAssociation:AccessPolicyAssociation"
DEPLOYER = "arn:aws:iam::123456789012:role/ci/deployer"
READER = "arn:aws:iam::123456789012:user/reader"
OPERATORS = "arn:aws:iam::123456789012:role/operators"
ACCESS = json.dumps(
    [
        {"principal": DEPLOYER, "policy": "cluster-admin"},
        {"principal": READER, "policy": "view", "namespaces": ["helloworld"]},
        {"principal": OPERATORS, "groups": ["on-call"]},
    ]
)


@pytest.fixture(scope="module")
def granted(planned: Planner) -> Plan:
    return planned("dev", {"access": ACCESS})


@pytest.fixture(scope="module")
def mapped(planned: Planner) -> Plan:
    return planned("dev", {"access": ACCESS, "authenticationMode": "API_AND_CONFIG_MAP"})


def by_principal(plan: Plan, type_: str) -> dict[str, dict[str, object]]:
    return {each.inputs["principalArn"]: dict(each.inputs) for each in plan.of(type_)}


def test_each_principal_has_one_entry(granted: Plan) -> None:
    assert set(by_principal(granted, ENTRY)) == {DEPLOYER, READER, OPERATORS}
    assert len(granted.of(ENTRY)) == 3


def test_a_policy_is_associated_on_the_whole_cluster_or_on_its_namespaces(granted: Plan) -> None:
    associations = by_principal(granted, ASSOCIATION)
    policies = "arn:aws:eks::aws:cluster-access-policy/"
    assert associations[DEPLOYER]["policyArn"] == f"{policies}AmazonEKSClusterAdminPolicy"
    assert associations[DEPLOYER]["accessScope"] == {"type": "cluster"}
    assert associations[READER]["policyArn"] == f"{policies}AmazonEKSViewPolicy"
    assert associations[READER]["accessScope"] == {"type": "namespace", "namespaces": ["helloworld"]}


def test_groups_stand_in_the_entry_and_need_no_policy(granted: Plan) -> None:
    assert by_principal(granted, ENTRY)[OPERATORS]["kubernetesGroups"] == ["on-call"]
    assert OPERATORS not in by_principal(granted, ASSOCIATION)


def test_kubernetes_objects_are_made_after_the_access_and_deleted_before_it(granted: Plan) -> None:
    rights = [*granted.of(ENTRY), *granted.of(ASSOCIATION)]
    objects = [each for each in granted.resources if each.type.startswith("kubernetes:")]
    assert len(rights) == 5
    assert len(objects) >= 8
    assert all(before(granted, right, each) for right in rights for each in objects)


def test_adding_a_principal_renames_no_other(granted: Plan, planned: Planner) -> None:
    fewer = json.dumps(json.loads(ACCESS)[1:])
    names = {each.inputs["principalArn"]: each.name for each in planned("dev", {"access": fewer}).of(ENTRY)}
    before_that = {each.inputs["principalArn"]: each.name for each in granted.of(ENTRY)}
    assert names.items() <= before_that.items()
    assert len(names) == 2


def test_principals_of_the_same_name_get_different_logical_names() -> None:
    same = [Grant(principal=f"arn:aws:iam::{account}:role/ci", policy="view") for account in (1, 2)]
    assert same[0].key != same[1].key


def test_aws_auth_is_written_in_the_mode_that_reads_it_only(granted: Plan, mapped: Plan) -> None:
    assert granted.one("eks:index:Cluster", "helloworld-cluster-eks").inputs["authenticationMode"] == "API"
    assert "roleMappings" not in granted.one("eks:index:Cluster", "helloworld-cluster-eks").inputs
    assert mapped.one("eks:index:Cluster", "helloworld-cluster-eks").inputs["roleMappings"]


def test_aws_auth_names_a_role_without_its_path_and_a_user_as_a_user(mapped: Plan) -> None:
    cluster = mapped.one("eks:index:Cluster", "helloworld-cluster-eks").inputs
    roles = {each["roleArn"]: each["groups"] for each in cluster["roleMappings"]}
    users = {each["userArn"]: each["groups"] for each in cluster["userMappings"]}
    assert roles["arn:aws:iam::123456789012:role/deployer"] == ["system:masters"]
    assert roles[OPERATORS] == ["on-call"]
    assert users == {READER: ["helloworld:view"]}


def test_with_aws_auth_the_nodes_are_mapped_too_and_entries_remain(mapped: Plan) -> None:
    assert mapped.one("eks:index:Cluster", "helloworld-cluster-eks").inputs["instanceRoles"]
    assert len(mapped.of(ENTRY)) == 3
