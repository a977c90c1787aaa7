"""The subnets of database and cache."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.data.names import check
from infra.problems import SettingsError
from infra.setting_types import STACK_NAME
from infra.settings import parse
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


@pytest.mark.parametrize(
    ("stack", "settings", "reason"),
    [
        ("a" * 30, {"cache": "true"}, "at most 40 characters"),
        ("a--b", {"database": "true"}, "no hyphen last, nor two in a row"),
        ("a-", {"cache": "true"}, "no hyphen last, nor two in a row"),
    ],
)
def test_a_stack_s_name_that_database_or_cache_cannot_have_is_refused(
    stack: str, settings: dict[str, str], reason: str
) -> None:
    with pytest.raises(SettingsError, match=reason) as refused:
        check(parse({f"helloworld:{key}": value for key, value in settings.items()}), stack)
    assert "cure" in str(refused.value)


@pytest.mark.parametrize(("stack", "key"), [("a" * 29, "cache"), ("a" * 40, "database"), ("prod-eu", "cache")])
def test_other_names_are_taken(stack: str, key: str) -> None:
    check(parse({f"helloworld:{key}": "true"}), stack)


@given(st.from_regex(STACK_NAME, fullmatch=True))
def test_every_name_that_is_taken_is_one_that_both_can_have(stack: str) -> None:
    try:
        check(parse({"helloworld:cache": "true", "helloworld:database": "true"}), stack)
    except SettingsError:
        return
    name = f"helloworld-{stack}"
    assert len(name) <= 40
    assert all(part.isalnum() for part in name.split("-"))


def test_another_stack_s_server_has_databases_for_review_environments_only() -> None:
    review = {"helloworld:platform": "reference", "helloworld:platformStack": "dev", "helloworld:database": "true"}
    check(parse(review), "pr-7")
    for stack in ("test", "pr-0", "pr-x", "pr-1234567890"):
        with pytest.raises(SettingsError, match="review environment"):
            check(parse(review), stack)


def test_a_stack_without_either_may_have_any_name() -> None:
    check(parse({}), "a--" + "b" * 37)
