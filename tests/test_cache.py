"""The cache: who reaches it, what it may do, and what it costs at most."""

from typing import Any

import pytest

from offline.diff import compare
from offline.plan import Plan, Resource
from tests.conftest import PROJECT, Planner
from tests.graph import before

CACHE, USER = "aws:elasticache/serverlessCache:ServerlessCache", "aws:elasticache/user:User"
USERS, RULE = "aws:elasticache/userGroup:UserGroup", "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"


@pytest.fixture(scope="module")
def on(planned: Planner) -> Plan:
    return planned("dev", {"cache": "true"})


def cache(plan: Plan) -> Resource:
    return plan.one(CACHE, "helloworld-cache-cache")


def user(plan: Plan) -> dict[str, Any]:
    return dict(plan.one(USER, "helloworld-cache-user").inputs)


def test_without_the_setting_there_is_nothing_of_it(planned: Planner) -> None:
    plan = planned("dev", {"cache": "false", "database": "false"})
    assert plan.of("aws:ec2/vpc:Vpc")
    assert not [each for each in plan.resources if "elasticache" in each.type or "-data-" in each.name]


def test_it_needs_no_database_and_a_database_needs_no_cache(on: Plan, planned: Planner) -> None:
    assert on.of(CACHE)
    assert not on.of("aws:rds/instance:Instance")
    other = planned("dev", {"database": "true"})
    assert other.of("aws:rds/instance:Instance")
    assert not other.of(CACHE)


def test_it_is_reached_from_the_nodes_alone_and_by_no_address(on: Plan) -> None:
    assert cache(on).inputs["securityGroupIds"] == ["${helloworld-cache-security-group.id}"]
    rules = [each.inputs for each in on.of(RULE)]
    assert sorted(each["fromPort"] for each in rules) == [6379, 6380]
    assert {each["referencedSecurityGroupId"] for each in rules} == {
        "${helloworld-cluster-eks-eksCluster.clusterSecurityGroupId}"
    }
    assert not [key for each in rules for key in each if key.startswith(("cidr", "prefix"))]


def test_it_is_in_the_data_subnets(on: Plan) -> None:
    assert cache(on).inputs["subnetIds"] == [f"${{helloworld-data-network-{zone}-subnet.id}}" for zone in "ab"]


def test_its_only_user_logs_in_by_iam_under_the_name_that_is_its_id(on: Plan) -> None:
    assert user(on)["authenticationMode"] == {"type": "iam"}
    assert user(on)["userId"] == user(on)["userName"] == "helloworld-dev"
    assert not [key for key in user(on) if "password" in key.lower()]
    users = on.one(USERS, "helloworld-cache-users").inputs
    assert users["userIds"] == ["helloworld-dev"]
    assert cache(on).inputs["userGroupId"] == users["userGroupId"]


def test_the_user_may_do_nothing_but_count_in_keys_of_the_service(on: Plan) -> None:
    words = user(on)["accessString"].split()
    assert [word for word in words if word.startswith(("~", "%", "&"))] == ["~helloworld:*"]
    assert {"on", "resetchannels", "-@all"} <= set(words)
    assert words.index("-@all") < min(words.index(word) for word in words if word.startswith("+"))
    assert not {"+@all", "+@dangerous", "+@admin", "+@write", "+@keyspace", "+keys", "+flushall"} & set(words)


def test_the_service_is_tested_with_the_rights_that_it_gets(on: Plan) -> None:
    harness = (PROJECT / "app" / "redis_server.py").read_text("utf-8")
    assert f'"{user(on)["accessString"]}"' in harness


def test_what_it_costs_at_most_is_set(planned: Planner) -> None:
    limits = cache(planned("dev", {"cache": "true", "cacheMaxGiB": "3", "cacheMaxEcpu": "9000"})).inputs
    assert limits["cacheUsageLimits"] == {
        "dataStorage": {"maximum": 3, "unit": "GB"},
        "ecpuPerSeconds": [{"maximum": 9000}],
    }


def test_snapshots_are_kept_where_things_are_protected(on: Plan, planned: Planner) -> None:
    assert cache(on).inputs["snapshotRetentionLimit"] == 0
    protected = cache(planned("dev", {"cache": "true", "protect": "true"})).inputs
    assert protected["snapshotRetentionLimit"] == 1
    assert protected["dailySnapshotTime"]


def test_pods_start_once_it_lets_them_in_and_go_before_it(on: Plan) -> None:
    pods = on.one("kubernetes:apps/v1:Deployment", "helloworld-release-deployment")
    assert before(on, cache(on), pods)
    assert all(before(on, rule, pods) for rule in on.of(RULE))


def test_it_is_made_while_the_cluster_is(on: Plan) -> None:
    cluster = on.one("aws:eks/cluster:Cluster", "helloworld-cluster-eks-eksCluster")
    assert not before(on, cluster, cache(on))


def test_without_a_database_there_is_no_provisioner(on: Plan) -> None:
    assert on.of("kubernetes:apps/v1:Deployment")
    assert not [each for each in on.resources if "provisioner" in each.name]


def test_a_cache_of_other_zones_takes_the_name_of_the_one_before(on: Plan, planned: Planner) -> None:
    """Both cannot have it at once, and what it holds can be lost."""
    assert cache(on).options["deleteBeforeReplace"] is True
    changed = compare(on, planned("dev", {"cache": "true", "zones": '["a", "b", "c"]'}))
    (found,) = [each for each in changed.changes if each.name == "helloworld-cache-cache"]
    assert found.action == "replace"


def test_other_limits_are_a_change_in_place(on: Plan, planned: Planner) -> None:
    changed = compare(on, planned("dev", {"cache": "true", "cacheMaxGiB": "7"}))
    (found,) = [each for each in changed.changes if each.name == "helloworld-cache-cache"]
    assert found.action == "change"
