"""A neighbour's VPC: the ways there and back, and what is refused."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from ipaddress import IPv4Network
from types import SimpleNamespace
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.peering import Peering, PeeringArgs, check
from infra.problems import SettingsError
from offline import cloud
from offline.evaluate import record
from offline.plan import Plan, Resource
from tests.conftest import Planner

ROUTE, CONNECTION = "aws:ec2/route:Route", "aws:ec2/vpcPeeringConnection:VpcPeeringConnection"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
POLICY = "kubernetes:networking.k8s.io/v1:NetworkPolicy"
PEER, PEER_CIDR, TABLES = "vpc-0123456789abcdef0", "10.50.0.0/16", ["rtb-0123456789abcdef0", "rtb-0123456789abcdef1"]
SETTINGS = {"peerVpc": PEER, "peerCidr": PEER_CIDR, "peerRouteTables": str(TABLES).replace("'", '"')}
ARGS = PeeringArgs(
    name_tag="helloworld-dev-peering",
    vpc_id="vpc-1",
    network_cidr=IPv4Network("10.0.0.0/16"),
    route_table_ids={"public": "rtb-1"},
    peer_vpc_id=PEER,
    peer_cidr=IPv4Network(PEER_CIDR),
    peer_route_tables=TABLES,
    cluster_security_group_id="sg-1",
)
NETWORKS = st.tuples(st.integers(0, 2**32 - 1), st.integers(8, 28)).map(lambda each: IPv4Network(each, strict=False))


@pytest.fixture(scope="module", params=["dev", "prod"])
def peered(request: pytest.FixtureRequest, planned: Planner) -> Plan:
    """The plans of both stacks, with data subnets and a neighbour."""
    plan: Plan = planned(request.param, {**SETTINGS, "database": "true"})
    return plan


def routes(plan: Plan) -> list[Resource]:
    return [each for each in plan.of(ROUTE) if each.inputs.get("vpcPeeringConnectionId")]


def answering(networks: Sequence[tuple[str, str]] | None) -> cloud.Outputs:
    found = [{"associationId": cidr, "cidrBlock": cidr, "state": state} for cidr, state in networks or ()]
    return {"id": PEER, "cidrBlockAssociations": None if networks is None else found}


def evaluated(monkeypatch: pytest.MonkeyPatch, networks: Sequence[tuple[str, str]] | None) -> Plan:
    """The plan of a peering with a VPC of these networks, each with its state."""
    monkeypatch.setitem(cloud.DATA, "aws:ec2/getVpc:getVpc", lambda _: answering(networks))
    return record(lambda: pulumi.export("connection", Peering("peering", ARGS).connection_id))


def test_without_a_neighbour_there_is_none_of_it(plan: Plan, peered: Plan) -> None:
    assert peered.of(CONNECTION)
    assert [each.name for each in plan.resources if "peering" in each.name] == []
    assert plan.of(CONNECTION) == routes(plan) == []
    policy = plan.one(POLICY, "helloworld-release-network-policy").inputs
    assert PEER_CIDR not in str(policy["spec"])


def test_the_connection_is_accepted_at_once_and_names_resolve_both_ways(peered: Plan) -> None:
    connection = peered.one(CONNECTION, "helloworld-peering-connection").inputs
    assert (connection["vpcId"], connection["peerVpcId"]) == ("${helloworld-network-vpc.id}", PEER)
    assert connection["autoAccept"] is True
    assert connection["requester"] == connection["accepter"] == {"allowRemoteVpcDnsResolution": True}


def test_every_route_table_of_ours_knows_the_way_there(peered: Plan) -> None:
    tables = {f"${{{each.name}.id}}" for each in peered.of("aws:ec2/routeTable:RouteTable")}
    there = [each.inputs for each in routes(peered) if each.inputs["destinationCidrBlock"] == PEER_CIDR]
    assert any("data" in each for each in tables)
    assert any("private" in each for each in tables)
    assert sorted(each["routeTableId"] for each in there) == sorted(tables)


def test_every_route_table_that_is_named_knows_the_way_back(peered: Plan) -> None:
    ours = peered.one("aws:ec2/vpc:Vpc", "helloworld-network-vpc").inputs["cidrBlock"]
    back = [each.inputs for each in routes(peered) if each.inputs["destinationCidrBlock"] == ours]
    assert sorted(each["routeTableId"] for each in back) == TABLES
    assert {each.inputs["vpcPeeringConnectionId"] for each in routes(peered)} == {"${helloworld-peering-connection.id}"}


def test_the_kubernetes_api_and_nothing_else_is_opened_to_the_neighbour(peered: Plan) -> None:
    rules = [each.inputs for each in peered.of(INGRESS) if each.inputs.get("cidrIpv4")]
    (rule,) = rules
    assert (rule["cidrIpv4"], rule["ipProtocol"], rule["fromPort"], rule["toPort"]) == (PEER_CIDR, "tcp", 443, 443)
    assert "clusterSecurityGroupId" in rule["securityGroupId"]


def test_the_services_pods_may_reach_the_neighbour_by_name(planned: Planner) -> None:
    policy = planned("dev", SETTINGS).one(POLICY, "helloworld-release-network-policy").inputs["spec"]
    blocks = [peer["ipBlock"]["cidr"] for rule in policy["egress"] for peer in rule["to"] if "ipBlock" in peer]
    assert blocks == [PEER_CIDR]
    assert 53 in [port["port"] for rule in policy["egress"] for port in rule["ports"]]


def test_the_order_of_the_route_tables_is_of_no_consequence(planned: Planner) -> None:
    other = {**SETTINGS, "peerRouteTables": str(TABLES[::-1]).replace("'", '"')}
    one, two = (planned("dev", each) for each in (SETTINGS, other))
    assert {each.urn: dict(each.inputs) for each in routes(one)} == {
        each.urn: dict(each.inputs) for each in routes(two)
    }
    assert len(routes(one)) > 3


def test_a_network_that_the_neighbour_has_is_peered(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = evaluated(monkeypatch, [("10.50.0.0/16", "associated"), ("10.60.0.0/16", "associated")])
    assert plan.one(CONNECTION, "peering-connection").inputs["peerVpcId"] == PEER


def test_a_network_that_the_neighbour_has_given_up_is_not_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    given_up = [("10.50.0.0/16", "associated"), ("10.0.0.0/16", "disassociated")]
    assert evaluated(monkeypatch, given_up).of(CONNECTION)


@pytest.mark.parametrize("unknown", [None, []])
def test_networks_that_are_not_known_are_no_reason_to_refuse(
    monkeypatch: pytest.MonkeyPatch, unknown: list[tuple[str, str]] | None
) -> None:
    assert evaluated(monkeypatch, unknown).of(CONNECTION)


def test_a_preview_refuses_a_network_that_the_neighbour_has_not(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SettingsError, match=r"helloworld:peerCidr = 10\.50\.0\.0/16"):
        evaluated(monkeypatch, [("10.60.0.0/16", "associated")])


def test_nothing_is_peered_before_the_neighbours_networks_were_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    order: list[str] = []

    async def slowly() -> Any:
        for _ in range(100):
            await asyncio.sleep(0)
        order.append("looked at")
        return SimpleNamespace(cidr_block_associations=[])

    def made(_: cloud.Question) -> cloud.Outputs:
        order.append("made")
        return {}

    monkeypatch.setattr(aws.ec2, "get_vpc_output", lambda **_: pulumi.Output.from_input(slowly()))
    monkeypatch.setitem(cloud.OUTPUTS, CONNECTION, made)
    record(lambda: pulumi.export("connection", Peering("peering", ARGS).connection_id))
    assert order == ["looked at", "made"]


def test_everything_that_is_wrong_is_told_at_once_with_its_reason_and_cure() -> None:
    with pytest.raises(SettingsError) as refused:
        check(ARGS, [IPv4Network("10.0.128.0/20"), IPv4Network("10.60.0.0/16")])
    message = str(refused.value)
    assert "2 problems" in message
    assert [each.key for each in refused.value.problems] == ["helloworld:peerCidr", "helloworld:networkCidr"]
    assert f"{PEER} has 10.0.128.0/20, 10.60.0.0/16" in message
    assert message.count("reason:") == message.count("cure:") == 2


@given(networks=st.lists(NETWORKS, min_size=1, max_size=5), wanted=NETWORKS)
def test_what_is_peered_is_the_neighbours_and_overlaps_nothing_of_ours(
    networks: list[IPv4Network], wanted: IPv4Network
) -> None:
    wrong = []
    if not any(wanted.subnet_of(each) for each in networks):
        wrong.append("helloworld:peerCidr")
    if any(each.overlaps(ARGS.network_cidr) for each in networks):
        wrong.append("helloworld:networkCidr")
    with pytest.raises(SettingsError) if wrong else nullcontext() as refused:
        check(replace(ARGS, peer_cidr=wanted), networks)
    assert [each.key for each in refused.value.problems] == wrong if refused else wrong == []
