"""The subnets of database and cache."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest

from offline.plan import Plan
from tests.conftest import Planner

SUBNET, TABLE, ROUTE = "aws:ec2/subnet:Subnet", "aws:ec2/routeTable:RouteTable", "aws:ec2/route:Route"
ASSOCIATION = "aws:ec2/routeTableAssociation:RouteTableAssociation"


@pytest.fixture(scope="module", params=["database", "cache"])
def on(request: pytest.FixtureRequest, planned: Planner) -> Plan:
    return planned("dev", {"database": "false", "cache": "false", request.param: "true"})


def test_each_zone_has_one_beside_the_others(on: Plan) -> None:
    subnets = {each.name: each.inputs for each in on.of(SUBNET)}
    data = [subnets[f"helloworld-data-network-{zone}-subnet"] for zone in "ab"]
    assert [each["availabilityZone"] for each in data] == ["us-west-2a", "us-west-2b"]
    networks = [IPv4Network(each["cidrBlock"]) for each in subnets.values()]
    assert len(networks) == 6
    assert not any(one.overlaps(other) for one, other in combinations(networks, 2))


def test_nothing_leads_out_of_them(on: Plan) -> None:
    table = on.one(TABLE, "helloworld-data-network-routes")
    assert not table.inputs.get("routes")
    assert on.of(ROUTE)
    assert f"${{{table.name}.id}}" not in {each.inputs["routeTableId"] for each in on.of(ROUTE)}
    for zone in "ab":
        association = on.one(ASSOCIATION, f"helloworld-data-network-{zone}-association").inputs
        assert association["routeTableId"] == f"${{{table.name}.id}}"
        assert association["subnetId"] == f"${{helloworld-data-network-{zone}-subnet.id}}"


def test_no_balancer_is_put_into_them(on: Plan) -> None:
    data = [each for each in on.of(SUBNET) if "data-network" in each.name]
    assert data
    assert not [key for each in data for key in each.inputs["tags"] if key.startswith("kubernetes.io/")]
    assert not any(each.inputs["mapPublicIpOnLaunch"] for each in data)


def test_turning_them_on_moves_no_other_subnet(on: Plan, planned: Planner) -> None:
    off = planned("dev", {"database": "false", "cache": "false"})
    there = {each.urn: each.inputs for each in on.of(SUBNET)}
    assert off.of(SUBNET)
    assert all(there[each.urn] == each.inputs for each in off.of(SUBNET))
