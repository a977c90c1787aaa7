"""What a plan costs: sums that somebody can do by hand, and what must hold of any plan."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cost.estimate import PRICED, estimate
from cost.free import BEGINNINGS, TYPES, why_free
from cost.model import DEFAULT_LOAD, HOURS, MOST_REQUESTS, Estimate, Item, Load
from cost.prices import Prices, assumed, data
from offline.plan import Plan, Resource
from tests.conftest import Planner

GROUP, PROVIDER = "aws:eks/nodeGroup:NodeGroup", "pulumi:providers:aws"
OREGON = data()["regions"]["us-west-2"]
EVERYTHING = {
    "nat": "gateway",
    "natPerZone": "true",
    "flowLogs": "true",
    "database": "true",
    "cache": "true",
    "observability": "true",
    "monitoring": "true",
    "requestsPerPod": "20",
    "hostname": "a.example.com",
    "zone": "example.com",
    "routing": "latency",
    "budgetDollars": "10",
    "alertEmails": '["a@example.com"]',
    "alertSlackWorkspace": "T0123456789",
    "alertSlackChannel": "C0123456789",
    "authenticationMode": "API_AND_CONFIG_MAP",
    "access": '[{"principal": "arn:aws:iam::123456789012:user/a", "policy": "view"}]',
    "reviewRole": "arn:aws:iam::123456789012:role/r",
    "previewRole": "arn:aws:iam::123456789012:role/p",
}
REVIEW = {"platform": "reference", "platformStack": "dev", "nat": "gateway", "nodeAutoscaling": "false"}


def of(found: Estimate, what: str, name: str = "") -> list[Item]:
    return [item for item in found.items if item.what == what and name in item.name]


def idle(found: Estimate, what: str) -> float:
    return sum(item.idle for item in of(found, what))


def resource(type_: str, name: str, inputs: Mapping[str, Any], **more: Any) -> Resource:
    return Resource(
        urn=f"urn:pulumi:dev::p::{type_}::{name}", type=type_, name=name, parent=None, inputs=inputs, **more
    )


def planned_of(*resources: Resource, region: str = "us-west-2") -> Plan:
    provider = resource(PROVIDER, "aws", {"region": region})
    return Plan(project="p", stack="dev", resources=[provider, *resources], outputs={})


def group(**changes: Any) -> Resource:
    given = {
        "capacityType": "ON_DEMAND",
        "instanceTypes": ["t4g.medium"],
        "scalingConfig": {"minSize": 1, "desiredSize": 2, "maxSize": 4},
    }
    return resource(GROUP, "nodes", {**given, **changes})


# By hand


def test_dev_pays_for_the_control_plane_one_balancer_and_two_small_nodes_and_little_else(dev: Plan) -> None:
    small = OREGON["instances"]["t4g.small"]["spot"]
    nodes = 2 * (HOURS * small + HOURS * 0.005 + 20 * OREGON["disk_gb"])
    balancer = HOURS * OREGON["balancer_hour"] + 2 * HOURS * 0.005
    found = estimate(dev)
    rest = found.idle - (HOURS * 0.10 + balancer + nodes)
    assert 0 < rest < 1.5
    assert {item.what for item in found.items if item.idle and item.what not in ("nodes", "disks", "balancer")} == {
        *("control plane", "public addresses", "keys", "logs", "images")
    }
    assert found.idle < 120


def test_prod_pays_for_what_its_settings_say(prod: Plan) -> None:
    found = estimate(prod)
    assert idle(found, "nodes") == pytest.approx(3 * HOURS * 0.0816)
    assert idle(found, "NAT gateways") == pytest.approx(3 * HOURS * 0.045, abs=0.1)
    assert idle(found, "public addresses") == pytest.approx(6 * HOURS * 0.005)
    assert idle(found, "database") == pytest.approx(2 * HOURS * 0.016 + 20 * 0.23 + 0.40)
    assert idle(found, "cache") == pytest.approx(0.1 * HOURS * 0.084)
    assert idle(found, "keys") == pytest.approx(2)
    assert idle(found, "disks") == pytest.approx(3 * 20 * 0.08)
    assert found.idle == pytest.approx(sum(item.idle for item in found.items))


def test_at_the_load_answers_capacity_units_and_log_lines_are_paid(prod: Plan) -> None:
    found = estimate(prod, Load(requests_per_second=100, kilobytes_per_response=5, connections_per_request=1))
    requests = 100 * HOURS * 3600
    assert sum(item.loaded for item in of(found, "bytes out")) == pytest.approx((requests * 5 / 1e6 - 100) * 0.09)
    units = max(100 / 25, 100 * 60 / 3000, 100 * 3600 * 6 / 1e6)
    used = sum(item.loaded - item.idle for item in of(found, "balancer"))
    assert used == pytest.approx(units * HOURS * 0.008)
    (lines,) = of(found, "logs", "application")
    assert lines.idle == 0
    assert lines.loaded == pytest.approx(requests * 300 / 1e9 * (0.5 + 0.15 * 0.03 * 90 * 24 / HOURS))


@pytest.mark.parametrize(("what", "sides"), [("database", 2), ("cache", 1)])
def test_what_pods_ask_of_other_zones_is_paid_by_the_gigabyte(prod: Plan, what: str, sides: int) -> None:
    load = Load(requests_per_second=100)
    (crossing,) = [item for item in of(estimate(prod, load), what) if "between zones" in item.basis]
    assert crossing.idle == 0
    assert crossing.loaded == pytest.approx(100 * HOURS * 3600 / 1e6 * 2 / 3 * sides * 0.01)


def test_a_balancer_is_paid_once_for_all_ingresses_of_its_group() -> None:
    def ingress(name: str, group_name: str) -> Resource:
        annotations = {
            "alb.ingress.kubernetes.io/group.name": group_name,
            "alb.ingress.kubernetes.io/scheme": "internet-facing",
        }
        kind = "kubernetes:networking.k8s.io/v1:Ingress"
        return resource(kind, name, {"metadata": {"annotations": annotations}})

    one = estimate(planned_of(ingress("a", "g")))
    assert estimate(planned_of(ingress("a", "g"), ingress("b", "g"))).idle == one.idle > 0
    assert estimate(planned_of(ingress("a", "g"), ingress("b", "h"))).idle == pytest.approx(2 * one.idle)


def test_a_review_pays_for_a_balancer_and_its_registry_and_for_nothing_of_the_stack_it_stands_on(
    planned: Planner,
) -> None:
    found = estimate(planned("dev", REVIEW))
    assert {item.what for item in found.items} == {"balancer", "public addresses", "bytes out", "images"}
    assert found.idle == pytest.approx(HOURS * 0.0225 + 2 * HOURS * 0.005 + 0.05)


def test_a_review_s_balancer_has_an_address_in_each_zone_of_the_stack_that_it_stands_on(planned: Planner) -> None:
    (addresses,) = of(estimate(planned("dev", {**REVIEW, "platformStack": "prod"})), "public addresses")
    assert addresses.idle == pytest.approx(3 * HOURS * 0.005)


def test_a_stack_on_this_machine_costs_nothing(planned: Planner) -> None:
    found = estimate(planned("local"))
    assert planned("local").resources
    assert (found.region, found.idle, found.loaded, found.items, found.unpriced) == ("", 0, 0, [], [])


def test_nodes_in_public_subnets_pay_for_addresses_and_those_behind_nat_do_not(planned: Planner, dev: Plan) -> None:
    behind = estimate(planned("dev", {"nat": "gateway"}))
    assert of(estimate(dev), "public addresses", "nodes-group")
    assert not of(behind, "public addresses", "nodes-group")
    assert of(behind, "public addresses", "nat")
    assert behind.idle > estimate(dev).idle + 25


@pytest.mark.parametrize("kind", ["api", "audit", "authenticator", "controllerManager", "scheduler"])
def test_no_log_of_the_control_plane_is_written_for_nothing(planned: Planner, kind: str) -> None:
    assert idle(estimate(planned("dev", {"controlPlaneLogs": f'["{kind}"]'})), "logs") > 0


# Priced, free or unpriced


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_every_type_of_any_plan_is_priced_or_known_to_be_free(planned: Planner, stack: str) -> None:
    for plan in (planned(stack), planned(stack, EVERYTHING), planned("dev", REVIEW)):
        assert [each.type for each in plan.resources if each.type not in PRICED and why_free(each.type) is None] == []


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_only_what_the_database_logs_has_no_price_in_oregon(planned: Planner, stack: str) -> None:
    unpriced = estimate(planned(stack, EVERYTHING)).unpriced
    assert {each.type for each in unpriced} == {"aws:cloudwatch/logGroup:LogGroup"}
    assert all("-database-" in each.urn for each in unpriced)


def test_a_peering_whose_use_nobody_knows_is_unpriced(planned: Planner) -> None:
    peered = {"peerVpc": "vpc-0123456789abcdef0", "peerCidr": "10.50.0.0/16", "peerRouteTables": '["rtb-01234567"]'}
    assert [each.type for each in estimate(planned("dev", peered)).unpriced] == [
        "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
    ]


def test_a_type_that_nobody_has_looked_at_is_unpriced() -> None:
    (told,) = estimate(planned_of(resource("aws:sagemaker/endpoint:Endpoint", "x", {}))).unpriced
    assert "nobody" in told.why


def test_no_type_is_both_priced_and_free() -> None:
    assert not set(PRICED) & set(TYPES)
    assert not [kind for kind in PRICED if any(kind.startswith(each) for each in BEGINNINGS)]


def test_a_region_without_prices_has_none_of_another(planned: Planner) -> None:
    found = estimate(planned("dev", {"region": "sa-east-1"}))
    assert found.region == "sa-east-1"
    assert not found.items
    assert len({each.urn for each in found.unpriced}) >= 5
    assert all("sa-east-1" in each.why for each in found.unpriced)


def test_an_instance_type_without_a_price_is_unpriced_and_the_rest_of_its_group_is_not() -> None:
    template = {"blockDeviceMappings": [{"ebs": {"volumeSize": 20, "volumeType": "gp3"}}]}
    plan = planned_of(
        resource("aws:ec2/launchTemplate:LaunchTemplate", "t", template),
        group(instanceTypes=["x9.huge"], launchTemplate={"id": "${t.id}"}),
    )
    found = estimate(plan)
    assert [each.why for each in found.unpriced] == [
        "cost/prices.json has no price of x9.huge on on-demand in us-west-2"
    ]
    assert [item.what for item in found.items] == ["disks"]


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"scalingConfig": {"minSize": "${x}", "desiredSize": "${x}", "maxSize": 4}}, "minSize is not known"),
        ({"instanceTypes": "${x}"}, "instance types are not known"),
        ({"capacityType": "CAPACITY_BLOCK"}, "CAPACITY_BLOCK"),
    ],
)
def test_what_is_not_known_yet_is_unpriced_with_the_reason(changes: dict[str, Any], told: str) -> None:
    assert any(told in each.why for each in estimate(planned_of(group(**changes))).unpriced)


def test_a_resource_that_exists_already_is_not_the_stacks_to_pay() -> None:
    key = resource("aws:kms/key:Key", "k", {}, external=True)
    assert not estimate(planned_of(key)).items
    assert estimate(planned_of(replace(key, external=False))).items


def test_a_service_that_asks_for_a_balancer_of_its_own_is_unpriced() -> None:
    kind = "kubernetes:core/v1:Service"
    assert not estimate(planned_of(resource(kind, "s", {"spec": {"type": "ClusterIP"}}))).unpriced
    assert estimate(planned_of(resource(kind, "s", {"spec": {"type": "LoadBalancer"}}))).unpriced


# What holds of any plan


SIZES = st.integers(1, 50)


@given(SIZES, st.integers(0, 50), st.sampled_from(sorted(OREGON["instances"])), st.sampled_from(["SPOT", "ON_DEMAND"]))
def test_more_nodes_never_cost_less(nodes: int, more: int, kind: str, capacity: str) -> None:
    def priced(number: int) -> float:
        scaling = {"minSize": number, "desiredSize": number, "maxSize": 100}
        found = estimate(planned_of(group(scalingConfig=scaling, instanceTypes=[kind], capacityType=capacity)))
        return sum(item.idle for item in of(found, "nodes"))

    assert 0 < priced(nodes) <= priced(nodes + more)


@given(st.floats(0, 1e6), st.floats(0, 1e4), st.floats(0, 1))
def test_a_load_never_costs_less_than_nobody_calling_nor_more_load_less(
    prod: Plan, requests: float, kilobytes: float, connections: float
) -> None:
    load = Load(requests_per_second=requests, kilobytes_per_response=kilobytes, connections_per_request=connections)
    found, more = estimate(prod, load), estimate(prod, replace(load, requests_per_second=2 * requests))
    assert all(0 <= item.idle <= item.loaded + 1e-9 for item in found.items)
    assert found.loaded <= more.loaded + 1e-6
    assert found.idle == more.idle == pytest.approx(estimate(prod).idle)


@pytest.mark.parametrize(
    ("stack", "less", "more"),
    [
        ("dev", {"nat": "none"}, {"nat": "gateway"}),
        ("dev", {"nat": "gateway"}, {"nat": "gateway", "natPerZone": "true"}),
        ("prod", {"zones": '["a", "b"]'}, {"zones": '["a", "b", "c"]'}),
        ("prod", {"databaseMultiZone": "false"}, {"databaseMultiZone": "true"}),
        ("dev", {"controlPlaneLogs": "[]"}, {"controlPlaneLogs": '["authenticator"]'}),
        ("dev", {"controlPlaneLogs": '["authenticator"]'}, {"controlPlaneLogs": '["authenticator", "audit"]'}),
        ("dev", {}, {"nodeCapacity": "on-demand"}),
        ("dev", {}, {"nodeDiskGiB": "30"}),
        ("prod", {"logRetentionDays": "30"}, {"logRetentionDays": "90"}),
        ("prod", {}, {"databaseStorageGiB": "30"}),
        ("prod", {}, {"databaseInstanceType": "db.t4g.small"}),
        ("prod", {}, {"replicasMin": "60", "replicasMax": "60"}),
    ],
)
def test_who_asks_for_more_pays_more(planned: Planner, stack: str, less: dict[str, str], more: dict[str, str]) -> None:
    assert estimate(planned(stack, less)).idle < estimate(planned(stack, more)).idle


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(
    [
        *("instanceTypes", "scalingConfig", "capacityType", "launchTemplate", "subnetIds", "name", "retentionInDays"),
        *("metadata", "spec", "values", "addonName", "configurationValues", "instanceClass", "allocatedStorage"),
        *("multiAz", "metricQueries", "enabledClusterLogTypes", "tags", "logDestination", "region", "type"),
    ]
)
TYPES_OF_ANY = st.sampled_from(
    [
        *PRICED,
        *("kubernetes:apps/v1:Deployment", "kubernetes:helm.sh/v3:Release", "aws:ec2/flowLog:FlowLog", PROVIDER),
        *("kubernetes:autoscaling/v2:HorizontalPodAutoscaler", "aws:ec2/subnet:Subnet"),
    ]
)


@given(st.lists(st.tuples(TYPES_OF_ANY, st.dictionaries(KEYS, JSON, max_size=4)), max_size=5))
def test_no_form_of_input_makes_an_estimate_fail(resources: list[tuple[str, dict[str, Any]]]) -> None:
    estimate(planned_of(*[resource(kind, f"r{number}", inputs) for number, (kind, inputs) in enumerate(resources)]))


# The data


def test_every_price_has_a_source_that_has_it_for_that_very_region_and_every_source_a_price() -> None:
    regions = data()["regions"]
    sourced = {
        (place, key)
        for source in data()["sources"]
        for key, places in source["prices"].items()
        for place in (regions if places == ["all"] else places)
    }
    tables = {**regions, "everywhere": data()["everywhere"]}
    assert sourced == {(place, key) for place, table in tables.items() for key in table if key != "as_in"}
    assert all(source["where"] and source["what"] and source["prices"] for source in data()["sources"])


def test_nothing_is_taken_from_another_region_that_the_region_has_or_that_one_has_not() -> None:
    regions = data()["regions"]
    for name, table in regions.items():
        for lender, keys in table.get("as_in", {}).items():
            assert all(key in regions[lender] and key not in table for key in keys), name


def test_what_is_taken_from_another_region_is_told_with_its_sum(prod: Plan) -> None:
    found = estimate(prod)
    lent = {(item.what, item.as_in) for item in found.items if item.as_in}
    assert lent == {("container metrics", "us-east-1"), ("database", "us-east-1")}
    lent_sum = idle(found, "container metrics") + 2 * HOURS * 0.016
    assert f"{lent_sum:.2f} of that is for container metrics, database at prices of us-east-1" in found.assumed
    assert found.to_json()["assumed"] == found.assumed


@pytest.mark.parametrize("region", ["us-west-2", "us-east-1", "eu-west-1"])
@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_all_of_dev_and_prod_has_a_price_where_they_mostly_stand(planned: Planner, stack: str, region: str) -> None:
    told = [each.why for each in estimate(planned(stack, {"region": region})).unpriced]
    assert not [why for why in told if "no price" in why]


def test_a_sum_without_all_prices_is_told_as_the_least(dev: Plan, prod: Plan) -> None:
    assert estimate(dev).at_least == ""
    assert estimate(prod).at_least == "at least "


def test_a_resource_is_unpriced_once_for_each_reason() -> None:
    found = estimate(planned_of(group(instanceTypes=["x9.huge"], scalingConfig={})))
    assert len({(each.urn, each.why) for each in found.unpriced}) == len(found.unpriced)


def test_every_region_has_what_a_plan_without_extras_pays_for_by_the_hour() -> None:
    assert {"us-west-2", "us-east-1", "us-east-2", "eu-west-1", "eu-central-1", "ap-southeast-1"} <= set(
        data()["regions"]
    )
    for region in data()["regions"]:
        prices = Prices(region)
        for key in ("cluster_hour", "address_hour", "nat_hour", "balancer_hour", "disk_gb", "key"):
            assert prices.of(key) > 0
        for kind in assumed("types"):
            assert 0 < prices.instance(kind, "spot") < prices.instance(kind, "on-demand")


def test_the_default_load_is_what_is_documented() -> None:
    assert str(DEFAULT_LOAD) == "50 requests a second of 2 KB"


def test_a_load_is_told_in_full() -> None:
    assert str(Load(requests_per_second=MOST_REQUESTS)) == "1000000 requests a second of 2 KB"
    assert str(Load(requests_per_second=0.25)) == "0.25 requests a second of 2 KB"
