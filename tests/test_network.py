"""The network: what can reach what, and what outlives what."""

from ipaddress import IPv4Network

import pytest

from offline.plan import Plan
from tests.graph import before

NAT, ROUTE, TABLE = "aws:ec2/natGateway:NatGateway", "aws:ec2/route:Route", "aws:ec2/routeTable:RouteTable"
SUBNET, ASSOCIATION = "aws:ec2/subnet:Subnet", "aws:ec2/routeTableAssociation:RouteTableAssociation"


def test_dev_has_one_nat_gateway_for_all_zones_and_prod_one_for_each(dev: Plan, prod: Plan) -> None:
    assert [nat.name for nat in dev.of(NAT)] == ["helloworld-network-nat-a-gateway"]
    assert sorted(nat.name for nat in prod.of(NAT)) == [f"helloworld-network-nat-{zone}-gateway" for zone in "abc"]


def test_each_zone_has_a_public_and_a_private_subnet_inside_the_vpc(plan: Plan) -> None:
    vpc = IPv4Network(plan.one("aws:ec2/vpc:Vpc", "helloworld-network-vpc").inputs["cidrBlock"])
    subnets = [subnet for subnet in plan.of(SUBNET) if subnet.name.startswith("helloworld-network-")]
    zones = {subnet.inputs["availabilityZone"] for subnet in subnets}
    assert len(subnets) == 2 * len(zones)
    assert all(IPv4Network(subnet.inputs["cidrBlock"]).subnet_of(vpc) for subnet in subnets)


def test_names_are_resolved_inside_the_vpc(plan: Plan) -> None:
    vpc = plan.one("aws:ec2/vpc:Vpc", "helloworld-network-vpc").inputs
    assert vpc["enableDnsHostnames"] is vpc["enableDnsSupport"] is True


def test_no_subnet_hands_out_public_addresses_by_itself(plan: Plan) -> None:
    assert plan.of(SUBNET)
    assert not any(subnet.inputs["mapPublicIpOnLaunch"] for subnet in plan.of(SUBNET))


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


def test_without_a_nat_per_zone_every_private_subnet_uses_the_one_there_is(dev: Plan) -> None:
    for zone in "ab":
        association = dev.one(ASSOCIATION, f"helloworld-network-private-{zone}-association")
        assert association.inputs["routeTableId"] == "${helloworld-network-private-a-routes.id}"


def test_image_layers_come_from_s3_without_crossing_nat(plan: Plan) -> None:
    endpoint = plan.one("aws:ec2/vpcEndpoint:VpcEndpoint", "helloworld-network-s3-endpoint")
    private = [table for table in plan.of(TABLE) if "private" in table.name]
    assert endpoint.inputs["vpcEndpointType"] == "Gateway"
    assert len(endpoint.inputs["routeTableIds"]) == len(private)


def test_the_default_security_group_lets_nothing_in_or_out(plan: Plan) -> None:
    group = plan.one("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup", "helloworld-network-default-security-group")
    assert not group.inputs.get("ingress")
    assert not group.inputs.get("egress")


@pytest.mark.parametrize("first", [NAT, ROUTE, ASSOCIATION, "aws:ec2/vpcEndpoint:VpcEndpoint"])
def test_nodes_start_after_their_way_out_works_and_go_before_it_does(plan: Plan, first: str) -> None:
    nodes = plan.one("aws:eks/nodeGroup:NodeGroup", "helloworld-nodes-group")
    needed = [each for each in plan.of(first) if each.name.startswith("helloworld-network-")]
    assert needed
    assert all(before(plan, each, nodes) for each in needed)


def test_the_control_plane_does_not_wait_for_nat(plan: Plan) -> None:
    control_plane = plan.one("aws:eks/cluster:Cluster", "helloworld-cluster-eks-eksCluster")
    assert not any(before(plan, nat, control_plane) for nat in plan.of(NAT))


def test_flow_logs_are_absent_unless_asked_for(dev: Plan, prod: Plan) -> None:
    assert dev.of("aws:ec2/vpc:Vpc")
    assert not dev.of("aws:ec2/flowLog:FlowLog")
    log = prod.one("aws:ec2/flowLog:FlowLog", "helloworld-flow-logs-flow-log")
    assert log.inputs["trafficType"] == "ALL"
    group = prod.one("aws:cloudwatch/logGroup:LogGroup", "helloworld-flow-logs-log-group")
    assert group.inputs["retentionInDays"] == 90
    policy = prod.one("aws:iam/rolePolicy:RolePolicy", "helloworld-flow-logs-policy")
    assert "logs:PutLogEvents" in policy.inputs["policy"]
