"""The database server: who reaches it, what it keeps, and what a change of it does."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.data.database import MOST_STORAGE_GIB, most_storage
from offline.diff import compare
from offline.plan import Plan, Resource
from tests.conftest import Planner
from tests.graph import before

INSTANCE, GROUP = "aws:rds/instance:Instance", "aws:ec2/securityGroup:SecurityGroup"
RULE, LOGS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "aws:cloudwatch/logGroup:LogGroup"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"


@pytest.fixture(scope="module")
def on(planned: Planner) -> Plan:
    return planned("dev", {"database": "true"})


@pytest.fixture(scope="module")
def protected(planned: Planner) -> Plan:
    settings = {"database": "true", "databaseMultiZone": "true", "databaseBackupDays": "14"}
    return planned("prod", settings)


def instance(plan: Plan) -> Resource:
    return plan.one(INSTANCE, "helloworld-database-instance")


def inputs(plan: Plan) -> dict[str, Any]:
    return dict(instance(plan).inputs)


def test_without_the_setting_there_is_nothing_of_it(dev: Plan, planned: Planner) -> None:
    plan = planned("dev", {"database": "false", "cache": "false"})
    assert plan.of("aws:ec2/vpc:Vpc")
    for each in (plan, dev):
        assert not [found for found in each.resources if "rds" in found.type or "-data-" in found.name]


def test_it_is_reached_from_the_nodes_alone_and_by_no_address(on: Plan) -> None:
    rule = on.one(RULE, "helloworld-database-ingress-5432").inputs
    cluster = on.one("aws:eks/cluster:Cluster", "helloworld-cluster-eks-eksCluster")
    assert rule["referencedSecurityGroupId"] == f"${{{cluster.name}.clusterSecurityGroupId}}"
    assert (rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == ("tcp", 5432, 5432)
    assert not [key for each in on.of(RULE) for key in each.inputs if key.startswith(("cidr", "prefix"))]
    assert inputs(on)["vpcSecurityGroupIds"] == ["${helloworld-database-security-group.id}"]
    assert inputs(on)["publiclyAccessible"] is False


def test_it_opens_no_connection_itself(on: Plan) -> None:
    group = on.one(GROUP, "helloworld-database-security-group").inputs
    assert not group.get("egress")
    assert not group.get("ingress")
    assert not on.of("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule")


def test_it_takes_tls_only_and_tokens_of_iam(on: Plan) -> None:
    group = on.one(PARAMETERS, "helloworld-database-parameters").inputs
    parameters = {each["name"]: each["value"] for each in group["parameters"]}
    assert parameters["rds.force_ssl"] == "1"
    assert inputs(on)["iamDatabaseAuthenticationEnabled"] is True
    assert inputs(on)["caCertIdentifier"] == "rds-ca-rsa2048-g1"


def test_no_statement_is_logged_with_the_values_that_it_was_given(on: Plan) -> None:
    group = on.one(PARAMETERS, "helloworld-database-parameters").inputs
    parameters = {each["name"]: each["value"] for each in group["parameters"]}
    assert not {"log_statement", "log_min_duration_statement"} & set(parameters)
    assert group["family"] == f"postgres{inputs(on)['engineVersion']}"


def test_the_master_s_password_is_made_by_rds_and_is_nowhere_in_the_plan(on: Plan) -> None:
    assert inputs(on)["manageMasterUserPassword"] is True
    assert not [key for key in inputs(on) if "password" in key.lower() and key != "manageMasterUserPassword"]
    text = json.dumps([dict(each.inputs) for each in on.resources]) + json.dumps(dict(on.outputs), default=str)
    assert "postgresql://" in text
    assert "secret:rds!db-" in text
    assert 'masterUserSecret"' not in text


def test_its_disk_is_encrypted(on: Plan) -> None:
    assert inputs(on)["storageEncrypted"] is True


def test_minor_versions_come_by_themselves_and_are_no_difference_to_the_program(on: Plan) -> None:
    assert inputs(on)["autoMinorVersionUpgrade"] is True
    assert inputs(on)["engineVersion"].isdigit()
    assert not inputs(on).get("allowMajorVersionUpgrade")


def test_backups_and_maintenance_do_not_meet(on: Plan) -> None:
    def minutes(time: str) -> int:
        hours, _, rest = time.partition(":")
        return 60 * int(hours) + int(rest)

    backup = [minutes(time) for time in inputs(on)["backupWindow"].split("-")]
    maintenance = [minutes(time.partition(":")[2]) for time in inputs(on)["maintenanceWindow"].split("-")]
    assert backup[1] - backup[0] >= 30
    assert maintenance[1] - maintenance[0] >= 30
    assert backup[1] <= maintenance[0] or maintenance[1] <= backup[0]


def test_in_dev_nothing_stays_after_it(on: Plan) -> None:
    assert inputs(on)["deletionProtection"] is False
    assert inputs(on)["skipFinalSnapshot"] is True
    assert inputs(on)["deleteAutomatedBackups"] is True
    assert inputs(on)["multiAz"] is False


def test_a_protected_one_is_not_deleted_and_has_a_standby_and_backups(protected: Plan) -> None:
    assert inputs(protected)["deletionProtection"] is True
    assert inputs(protected)["skipFinalSnapshot"] is False
    assert inputs(protected)["finalSnapshotIdentifier"] == "helloworld-prod-final"
    assert inputs(protected)["multiAz"] is True
    assert inputs(protected)["backupRetentionPeriod"] == 14
    assert inputs(protected)["copyTagsToSnapshot"] is True


def test_it_is_in_subnets_of_its_own_in_every_zone(protected: Plan) -> None:
    group = protected.one("aws:rds/subnetGroup:SubnetGroup", "helloworld-database-subnets").inputs
    assert group["subnetIds"] == [f"${{helloworld-data-network-{zone}-subnet.id}}" for zone in "abc"]


def test_its_logs_go_to_groups_with_retention_made_before_it_and_gone_after_it(on: Plan) -> None:
    exported = inputs(on)["enabledCloudwatchLogsExports"]
    assert exported
    for log in exported:
        group = on.one(LOGS, f"helloworld-database-{log}-logs")
        assert group.inputs["name"] == f"/aws/rds/instance/{inputs(on)['identifier']}/{log}"
        assert group.inputs["retentionInDays"] == 7
        assert before(on, group, instance(on))


def test_it_is_made_while_the_cluster_is(on: Plan) -> None:
    cluster = on.one("aws:eks/cluster:Cluster", "helloworld-cluster-eks-eksCluster")
    assert not before(on, cluster, instance(on))
    assert not before(on, instance(on), cluster)


def test_pods_start_once_it_lets_them_in_and_go_before_it(on: Plan) -> None:
    for name in ("helloworld-release-deployment", "helloworld-provisioner-deployment"):
        pods = on.one("kubernetes:apps/v1:Deployment", name)
        assert before(on, instance(on), pods)
        assert before(on, on.one(RULE, "helloworld-database-ingress-5432"), pods)


def test_a_larger_type_or_disk_or_a_standby_is_a_change_in_place_and_at_once(on: Plan, planned: Planner) -> None:
    larger = {"databaseInstanceType": "db.m7g.large", "databaseStorageGiB": "100", "databaseMultiZone": "true"}
    changed = compare(on, planned("dev", {"database": "true", **larger}))
    (database,) = [each for each in changed.changes if each.name == "helloworld-database-instance"]
    assert database.action == "change"
    assert inputs(on)["applyImmediately"] is True


def test_protecting_it_later_replaces_nothing_of_it(on: Plan, planned: Planner) -> None:
    changed = compare(on, planned("dev", {"database": "true", "protect": "true"}))
    (database,) = [each for each in changed.changes if each.name == "helloworld-database-instance"]
    assert database.action == "change"


@given(st.integers(20, MOST_STORAGE_GIB))
def test_a_disk_may_grow_by_itself_by_as_much_as_rds_wants_and_no_more_than_twice(storage: int) -> None:
    most = most_storage(storage)
    if most is None:
        assert storage * 1.1 > MOST_STORAGE_GIB
    else:
        assert 1.1 * storage <= most <= min(2 * storage, MOST_STORAGE_GIB)


def test_in_a_preview_its_name_is_known(planned: Planner) -> None:
    plan = planned("dev", {"database": "true"}, unknowns=True)
    assert instance(plan).inputs["identifier"] == "helloworld-dev"
    assert {each.urn for each in plan.resources} == {
        each.urn for each in planned("dev", {"database": "true"}).resources
    }
