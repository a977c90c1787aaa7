"""Who may log in to database and cache."""

from typing import Any

import pytest

from offline.plan import Plan
from tests.conftest import Planner
from tests.graph import before
from tests.iam import statements

ROLE, POLICY = "aws:iam/role:Role", "aws:iam/rolePolicy:RolePolicy"
ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
REVIEW_ROLE = "arn:aws:iam::123456789012:role/review"
USERS = "arn:aws:rds-db:us-west-2:123456789012:dbuser:${helloworld-database-instance.resourceId}"
CACHE = "arn:aws:elasticache:us-west-2:123456789012"


@pytest.fixture(scope="module")
def on(planned: Planner) -> Plan:
    return planned("dev", {"database": "true", "cache": "true", "reviewRole": REVIEW_ROLE})


def granted(plan: Plan, name: str) -> list[dict[str, Any]]:
    policy = plan.one(POLICY, f"helloworld-{name}-policy").inputs
    role = plan.one(ROLE, f"helloworld-{name}-role")
    assert policy["role"] in (f"${{{role.name}.name}}", role.inputs.get("name"))
    return statements(policy["policy"])


def test_the_service_logs_in_as_one_user_of_the_database_and_one_of_the_cache(on: Plan) -> None:
    assert granted(on, "service") == [
        {"Effect": "Allow", "Action": ["rds-db:connect"], "Resource": [f"{USERS}/helloworld"]},
        {
            "Effect": "Allow",
            "Action": ["elasticache:Connect"],
            "Resource": [f"{CACHE}:serverlesscache:helloworld-dev", f"{CACHE}:user:helloworld-dev"],
        },
    ]


@pytest.mark.parametrize(("setting", "action"), [("database", "rds-db:connect"), ("cache", "elasticache:Connect")])
def test_with_one_of_them_there_is_no_right_to_the_other(planned: Planner, setting: str, action: str) -> None:
    plan = planned("dev", {"database": "false", "cache": "false", setting: "true"})
    assert [each["Action"] for each in granted(plan, "service")] == [[action]]


def test_a_review_environment_logs_in_as_the_user_of_its_namespace_and_on_this_cluster_only(on: Plan) -> None:
    assert granted(on, "review-database") == [
        {
            "Effect": "Allow",
            "Action": ["rds-db:connect"],
            "Resource": [f"{USERS}/${{aws:PrincipalTag/kubernetes-namespace}}"],
            "Condition": {
                "StringLike": {"aws:PrincipalTag/kubernetes-namespace": "helloworld-pr-*"},
                "StringEquals": {"aws:PrincipalTag/eks-cluster-name": "helloworld-dev"},
            },
        }
    ]


def test_the_role_of_review_environments_has_the_name_that_the_review_role_may_pass_on(on: Plan) -> None:
    assert on.one(ROLE, "helloworld-review-database-role").inputs["name"] == "helloworld-dev-review-database"


@pytest.mark.parametrize("settings", [{"database": "true"}, {"cache": "true", "reviewRole": REVIEW_ROLE}])
def test_without_reviews_or_a_database_there_is_no_role_for_them(planned: Planner, settings: dict[str, str]) -> None:
    plan = planned("dev", settings)
    assert plan.of(ROLE)
    assert not [each for each in plan.resources if "review-database" in each.name]
    assert "database" not in plan.outputs


def test_only_pods_take_the_roles(on: Plan) -> None:
    for name in ("service", "review-database", "provisioner"):
        (statement,) = statements(on.one(ROLE, f"helloworld-{name}-role").inputs["assumeRolePolicy"])
        assert statement["Principal"] == {"Service": "pods.eks.amazonaws.com"}
        assert set(statement["Action"]) == {"sts:AssumeRole", "sts:TagSession"}


def test_the_role_is_lent_to_the_service_account_of_the_release_and_no_other(on: Plan) -> None:
    association = on.one(ASSOCIATION, "helloworld-service-identity-association").inputs
    account = on.one("kubernetes:core/v1:ServiceAccount", "helloworld-release-service-account").inputs["metadata"]
    assert (association["namespace"], association["serviceAccount"]) == (account["namespace"], account["name"])
    assert association["roleArn"].endswith("${helloworld-service-role.name}")
    roles = [each.inputs["roleArn"] for each in on.of(ASSOCIATION)]
    assert len(set(roles)) == len(roles)


@pytest.mark.parametrize(
    ("identity", "deployment"), [("service", "helloworld-release"), ("provisioner", "helloworld-provisioner")]
)
def test_pods_start_with_their_rights_and_are_gone_before_them(on: Plan, identity: str, deployment: str) -> None:
    """A pod that starts earlier never gets them, and one that outlives them cannot write what it still has."""
    pods = on.one("kubernetes:apps/v1:Deployment", f"{deployment}-deployment")
    association = on.one(ASSOCIATION, f"helloworld-{identity}-identity-association")
    policy = on.one(POLICY, f"helloworld-{identity}-policy")
    assert before(on, association, pods)
    assert before(on, policy, pods)


@pytest.mark.parametrize("identity", ["service", "provisioner"])
def test_an_association_does_not_wait_for_the_server_as_it_takes_effect_only_after_a_while(
    on: Plan, identity: str
) -> None:
    association = on.one(ASSOCIATION, f"helloworld-{identity}-identity-association")
    for type_ in ("aws:rds/instance:Instance", "aws:elasticache/serverlessCache:ServerlessCache"):
        (server,) = on.of(type_)
        assert not before(on, server, association)


def test_nothing_of_it_is_there_without_database_and_cache(planned: Planner) -> None:
    plan = planned("dev", {"database": "false", "cache": "false", "reviewRole": REVIEW_ROLE})
    assert plan.of(ASSOCIATION)
    kinds = ("helloworld:service-identity:", "helloworld:pod-role:")
    names = ("helloworld-service-", "helloworld-review-database", "helloworld-provisioner")
    assert not [each for each in plan.resources if each.type.startswith(kinds) and each.name.startswith(names)]
