"""The network: what can reach what, and what outlives what."""

from ipaddress import IPv4Network

import pytest

from offline.diff import compare
from offline.plan import Plan, Resource
from tests.conftest import Planner
from tests.graph import before

NAT, ROUTE, TABLE = "aws:ec2/natGateway:NatGateway", "aws:ec2/route:Route", "aws:ec2/routeTable:RouteTable"
EIP, ENDPOINT = "aws:ec2/eip:Eip", "aws:ec2/vpcEndpoint:VpcEndpoint"
INTERNET, GROUP = "aws:ec2/internetGateway:InternetGateway", "aws:eks/nodeGroup:NodeGroup"
SUBNET, ASSOCIATION = "aws:ec2/subnet:Subnet", "aws:ec2/routeTableAssociation:RouteTableAssociation"


@pytest.fixture(scope="module")
def one_nat(planned: Planner) -> Plan:
    """Dev with a NAT gateway."""
    return planned("dev", {"nat": "gateway"})


def nodes_of(plan: Plan) -> Resource:
    return plan.one(GROUP, "helloworld-nodes-group")


def test_dev_pays_for_no_nat_and_prod_has_one_for_each_zone(dev: Plan, prod: Plan) -> None:
    assert dev.of(INTERNET)
    assert not dev.of(NAT)
    assert not dev.of(EIP)
    assert sorted(nat.name for nat in prod.of(NAT)) == [f"helloworld-network-nat-{zone}-gateway" for zone in "abc"]


def test_a_stack_that_has_nat_and_does_not_say_more_has_one_for_all_zones(one_nat: Plan) -> None:
    assert [nat.name for nat in one_nat.of(NAT)] == ["helloworld-network-nat-a-gateway"]


def test_without_nat_nodes_stand_where_they_get_a_public_address_and_else_where_they_cannot(
    dev: Plan, one_nat: Plan
) -> None:
    for plan, kind in ((dev, "public"), (one_nat, "private")):
        subnets = {f"${{{each.name}.id}}": each for each in plan.of(SUBNET)}
        of_nodes = [subnets[each] for each in nodes_of(plan).inputs["subnetIds"]]
        assert [each.name for each in of_nodes] == [f"helloworld-network-{kind}-{zone}-subnet" for zone in "ab"]
        assert {each.inputs["mapPublicIpOnLaunch"] for each in of_nodes} == {kind == "public"}


def test_without_nat_the_control_plane_stays_in_subnets_that_lead_nowhere(dev: Plan) -> None:
    control_plane = dev.one("aws:eks/cluster:Cluster", "helloworld-cluster-eks-eksCluster")
    assert control_plane.inputs["vpcConfig"]["subnetIds"] == [
        f"${{helloworld-network-private-{zone}-subnet.id}}" for zone in "ab"
    ]
    (route,) = dev.of(ROUTE)
    assert route.inputs["routeTableId"] == "${helloworld-network-public-routes.id}"


def test_nothing_outside_may_open_a_connection_to_a_node(planned: Planner) -> None:
    """They have public addresses, and all that guards them is the cluster's security group."""
    plan = planned("dev", {"database": "true", "cache": "true"})
    rules = plan.of("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")
    assert rules
    assert not any("cidrIpv4" in each.inputs or "cidrIpv6" in each.inputs for each in rules)
    template = plan.one("aws:ec2/launchTemplate:LaunchTemplate", "helloworld-nodes-template").inputs
    assert not {"networkInterfaces", "vpcSecurityGroupIds", "keyName"} & set(template)
    assert "remoteAccess" not in nodes_of(plan).inputs


@pytest.mark.parametrize(("before_it", "after_it"), [("gateway", "none"), ("none", "gateway")])
def test_nat_can_be_turned_off_and_on_under_a_living_cluster(planned: Planner, before_it: str, after_it: str) -> None:
    difference = compare(planned("dev", {"nat": before_it}), planned("dev", {"nat": after_it}))
    replaced = {change.type for change in difference.changes if change.action == "replace"}
    gone = {change.type for change in difference.changes if change.action == "delete"}
    assert replaced == {GROUP}
    assert gone == ({NAT, EIP, ROUTE} if after_it == "none" else set())


def test_nodes_name_their_way_out_themselves_so_that_it_outlives_them_where_it_alone_is_deleted(
    dev: Plan, one_nat: Plan
) -> None:
    """The engine orders what it deletes by what each names, not by what is named by those that stay."""
    of_nat = [*one_nat.of(NAT), *one_nat.of(EIP), one_nat.one(ROUTE, "helloworld-network-private-a-route")]
    for plan, way_out in ((one_nat, of_nat), (dev, [*dev.of(INTERNET), *dev.of(ROUTE)])):
        named = set(nodes_of(plan).property_dependencies["subnetIds"])
        assert way_out
        assert {each.urn for each in way_out} <= named


def test_each_zone_has_a_public_and_a_private_subnet_inside_the_vpc(plan: Plan) -> None:
    vpc = IPv4Network(plan.one("aws:ec2/vpc:Vpc", "helloworld-network-vpc").inputs["cidrBlock"])
    subnets = [subnet for subnet in plan.of(SUBNET) if subnet.name.startswith("helloworld-network-")]
    zones = {subnet.inputs["availabilityZone"] for subnet in subnets}
    assert len(subnets) == 2 * len(zones)
    assert all(IPv4Network(subnet.inputs["cidrBlock"]).subnet_of(vpc) for subnet in subnets)


def test_names_are_resolved_inside_the_vpc(plan: Plan) -> None:
    vpc = plan.one("aws:ec2/vpc:Vpc", "helloworld-network-vpc").inputs
    assert vpc["enableDnsHostnames"] is vpc["enableDnsSupport"] is True


def test_no_subnet_hands_out_public_addresses_by_itself_but_those_of_nodes_without_nat(dev: Plan, prod: Plan) -> None:
    for plan, giving in ((dev, {f"helloworld-network-public-{zone}-subnet" for zone in "ab"}), (prod, set())):
        assert plan.of(SUBNET)
        assert {each.name for each in plan.of(SUBNET) if each.inputs["mapPublicIpOnLaunch"]} == giving


def test_the_load_balancer_controller_finds_the_subnets_by_their_tags(plan: Plan) -> None:
    for kind, role in (("public", "kubernetes.io/role/elb"), ("private", "kubernetes.io/role/internal-elb")):
        subnets = [subnet for subnet in plan.of(SUBNET) if f"-{kind}-" in subnet.name]
        assert subnets
        assert all(subnet.inputs["tags"][role] == "1" for subnet in subnets)


def test_a_private_subnet_leaves_through_the_nat_of_its_own_zone_where_there_is_one(prod: Plan) -> None:
    for zone in "abc":
        association = prod.one(ASSOCIATION, f"helloworld-network-private-{zone}-association")
        assert association.inputs["routeTableId"] == f"${{helloworld-network-private-{zone}-routes.id}}"
        route = prod.one(ROUTE, f"helloworld-network-private-{zone}-route")
        assert route.inputs["natGatewayId"] == f"${{helloworld-network-nat-{zone}-gateway.id}}"


def test_without_a_nat_per_zone_every_private_subnet_uses_the_one_there_is(one_nat: Plan) -> None:
    for zone in "ab":
        association = one_nat.one(ASSOCIATION, f"helloworld-network-private-{zone}-association")
        assert association.inputs["routeTableId"] == "${helloworld-network-private-a-routes.id}"


def test_image_layers_come_from_s3_without_crossing_nat(plan: Plan) -> None:
    endpoint = plan.one("aws:ec2/vpcEndpoint:VpcEndpoint", "helloworld-network-s3-endpoint")
    tables = set(endpoint.inputs["routeTableIds"])
    assert endpoint.inputs["vpcEndpointType"] == "Gateway"
    assert {f"${{{table.name}.id}}" for table in plan.of(TABLE) if "private" in table.name} <= tables
    assert ("${helloworld-network-public-routes.id}" in tables) == (not plan.of(NAT))


def test_the_default_security_group_lets_nothing_in_or_out(plan: Plan) -> None:
    group = plan.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "helloworld-network-default-security-group")
    assert not group.inputs.get("ingress")
    assert not group.inputs.get("egress")


@pytest.mark.parametrize("first", [NAT, ROUTE, ASSOCIATION, ENDPOINT])
def test_nodes_start_after_nat_works_and_go_before_it_does(one_nat: Plan, prod: Plan, first: str) -> None:
    for plan in (one_nat, prod):
        needed = [each for each in plan.of(first) if each.name.startswith("helloworld-network-")]
        assert needed
        assert all(before(plan, each, nodes_of(plan)) for each in needed)


@pytest.mark.parametrize("first", [INTERNET, ROUTE, ENDPOINT])
def test_without_nat_nodes_start_after_the_internet_is_there_and_go_before_it_does(dev: Plan, first: str) -> None:
    assert dev.of(first)
    assert all(before(dev, each, nodes_of(dev)) for each in dev.of(first))
    public = [each for each in dev.of(ASSOCIATION) if "-public-" in each.name]
    assert len(public) == 2
    assert all(before(dev, each, nodes_of(dev)) for each in public)


def test_the_control_plane_does_not_wait_for_a_way_out(plan: Plan) -> None:
    control_plane = plan.one("aws:eks/cluster:Cluster", "helloworld-cluster-eks-eksCluster")
    ways_out = [*plan.of(NAT), *plan.of(INTERNET)]
    assert ways_out
    assert not any(before(plan, each, control_plane) for each in ways_out)


def test_flow_logs_are_absent_unless_asked_for(dev: Plan, prod: Plan) -> None:
    assert dev.of("aws:ec2/vpc:Vpc")
    assert not dev.of("aws:ec2/flowLog:FlowLog")
    log = prod.one("aws:ec2/flowLog:FlowLog", "helloworld-flow-logs-flow-log")
    assert log.inputs["trafficType"] == "ALL"
    group = prod.one("aws:cloudwatch/logGroup:LogGroup", "helloworld-flow-logs-log-group")
    assert group.inputs["retentionInDays"] == 90
    policy = prod.one("aws:iam/rolePolicy:RolePolicy", "helloworld-flow-logs-policy")
    assert "logs:PutLogEvents" in policy.inputs["policy"]
