"""Logs and metrics of the containers."""

import json
from typing import Any

import pytest

from infra.addons import VERSIONS
from offline.plan import Plan, Resource
from tests.conftest import Planner
from tests.graph import before
from tests.iam import allowed

ADDON, GROUP, NAME = "aws:eks/addon:Addon", "aws:cloudwatch/logGroup:LogGroup", "helloworld-observability"
LOGS = "arn:aws:logs:us-west-2:123456789012:log-group:"


@pytest.fixture(scope="module")
def seen(planned: Planner) -> Plan:
    return planned("dev", {"observability": "true", "logRetentionDays": "14"})


def addon(plan: Plan) -> Resource:
    return plan.one(ADDON, f"{NAME}-addon")


def groups(plan: Plan) -> list[Resource]:
    return [each for each in plan.of(GROUP) if each.name.startswith(NAME)]


def configuration(plan: Plan) -> dict[str, Any]:
    return dict(json.loads(addon(plan).inputs["configurationValues"]))


def policy(plan: Plan) -> str:
    return str(plan.one("aws:iam/rolePolicy:RolePolicy", f"{NAME}-policy").inputs["policy"])


def test_without_the_setting_there_is_none(dev: Plan) -> None:
    assert dev.of(ADDON)
    assert [each.name for each in dev.resources if NAME in each.name] == []


def test_every_kubernetes_version_pins_the_add_on() -> None:
    assert all(row["amazon-cloudwatch-observability"].startswith("v") for row in VERSIONS.values())


def test_the_add_on_has_its_rights_by_a_pod_identity_that_is_tagged_as_the_stack_s(seen: Plan) -> None:
    assert addon(seen).inputs["addonName"] == "amazon-cloudwatch-observability"
    assert "podIdentityAssociations" not in addon(seen).inputs
    identity = seen.one("aws:eks/podIdentityAssociation:PodIdentityAssociation", f"{NAME}-identity-association")
    assert (identity.inputs["namespace"], identity.inputs["serviceAccount"]) == (
        "amazon-cloudwatch",
        "cloudwatch-agent",
    )
    assert f"{NAME}-role" in identity.inputs["roleArn"]
    assert before(seen, seen.one("aws:iam/rolePolicy:RolePolicy", f"{NAME}-policy"), identity)
    assert before(seen, identity, addon(seen))


def test_its_log_groups_are_there_before_it_and_go_after_it(seen: Plan) -> None:
    prefix = "/aws/containerinsights/helloworld-dev"
    kinds = ("application", "dataplane", "host", "performance")
    assert sorted(each.inputs["name"] for each in groups(seen)) == [f"{prefix}/{kind}" for kind in kinds]
    assert all(before(seen, each, addon(seen)) for each in groups(seen))


def test_logs_are_kept_as_long_as_the_settings_say(seen: Plan) -> None:
    assert {each.inputs["retentionInDays"] for each in groups(seen)} == {14}


def test_it_runs_once_there_are_nodes_and_goes_before_them(seen: Plan) -> None:
    assert before(seen, seen.one("eks:index:ManagedNodeGroup", "helloworld-nodes-group"), addon(seen))


def test_its_role_writes_to_its_own_groups_and_makes_none_that_would_outlive_the_stack(seen: Plan) -> None:
    own = f"{LOGS}/aws/containerinsights/helloworld-dev/application"
    stream = f"{own}:log-stream:node"
    assert allowed([policy(seen)], None, "logs:PutLogEvents", stream)
    assert allowed([policy(seen)], None, "logs:CreateLogStream", own)
    assert not allowed([policy(seen)], None, "logs:CreateLogGroup", own)
    assert not allowed([policy(seen)], None, "logs:PutRetentionPolicy", own)
    other = f"{LOGS}/aws/containerinsights/helloworld-prod/application:log-stream:node"
    assert not allowed([policy(seen)], None, "logs:PutLogEvents", other)


def test_what_it_may_ask_of_every_resource_ends_at_the_region(seen: Plan) -> None:
    asked = ([policy(seen)], None, "ec2:DescribeVolumes", "*")
    assert allowed(*asked, {"aws:RequestedRegion": "us-west-2"})
    assert not allowed(*asked, {"aws:RequestedRegion": "eu-west-1"})


def test_it_collects_no_traces_and_leaves_the_service_s_pods_alone(seen: Plan) -> None:
    wanted = configuration(seen)
    assert wanted["applicationSignals"] == {"enabled": False}
    assert wanted["manager"]["applicationSignals"]["autoMonitor"]["monitorAllServices"] is False


def test_it_sends_logs_and_one_kind_of_metrics(seen: Plan) -> None:
    wanted = configuration(seen)
    on = {key for key in ("containerLogs", "containerInsights", "otelContainerInsights") if wanted[key]["enabled"]}
    assert on == {"containerLogs", "containerInsights"}
