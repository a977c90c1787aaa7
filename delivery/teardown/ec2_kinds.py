"""How EC2 tells of each kind of thing that a stack may leave in it. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass

GROUP, INTERFACE, VPC = "security-group", "network-interface", "vpc"
# They have tags of their own, and go with what they belong to.
PARTS = ("security-group-rule",)


@dataclass(frozen=True)
class Kind:
    """One kind of thing.

    Args:
        shown: what people call it.
        operation: describes it.
        key: the answer's list of them.
        id: the id's key in each.
        filter: the name of the filter by id; empty: there is none, but `by_id`.
        delete: the CLI's command that deletes it, up to its id.
        costs: what it costs; empty: nothing.
        state: the path to its state in each.
        by_id: the argument that takes ids.
    """

    shown: str
    operation: str
    key: str
    id: str
    filter: str
    delete: str
    costs: str = ""
    state: tuple[str, ...] = ("State",)
    by_id: str = ""


# By what `describe_tags` calls them: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TagSpecification.html
KINDS: Mapping[str, Kind] = {
    "elastic-ip": Kind(
        "elastic IP address",
        "describe_addresses",
        "Addresses",
        "AllocationId",
        "allocation-id",
        "release-address --allocation-id",
        "3.65 dollars a month",
    ),
    "instance": Kind(
        "instance",
        "describe_instances",
        "Reservations",
        "InstanceId",
        "instance-id",
        "terminate-instances --instance-ids",
        "as a node does",
        ("State", "Name"),
    ),
    "internet-gateway": Kind(
        "internet gateway",
        "describe_internet_gateways",
        "InternetGateways",
        "InternetGatewayId",
        "internet-gateway-id",
        "delete-internet-gateway --internet-gateway-id",
    ),
    "launch-template": Kind(
        "launch template",
        "describe_launch_templates",
        "LaunchTemplates",
        "LaunchTemplateId",
        "",
        "delete-launch-template --launch-template-id",
        by_id="LaunchTemplateIds",
    ),
    "natgateway": Kind(
        "NAT gateway",
        "describe_nat_gateways",
        "NatGateways",
        "NatGatewayId",
        "nat-gateway-id",
        "delete-nat-gateway --nat-gateway-id",
        "33 dollars a month",
    ),
    INTERFACE: Kind(
        "network interface",
        "describe_network_interfaces",
        "NetworkInterfaces",
        "NetworkInterfaceId",
        "network-interface-id",
        "delete-network-interface --network-interface-id",
        state=("Status",),
    ),
    "route-table": Kind(
        "route table",
        "describe_route_tables",
        "RouteTables",
        "RouteTableId",
        "route-table-id",
        "delete-route-table --route-table-id",
    ),
    GROUP: Kind(
        "security group",
        "describe_security_groups",
        "SecurityGroups",
        "GroupId",
        "group-id",
        "delete-security-group --group-id",
    ),
    "subnet": Kind("subnet", "describe_subnets", "Subnets", "SubnetId", "subnet-id", "delete-subnet --subnet-id"),
    "volume": Kind(
        "volume",
        "describe_volumes",
        "Volumes",
        "VolumeId",
        "volume-id",
        "delete-volume --volume-id",
        "0.08 dollars a month for each GiB",
    ),
    VPC: Kind("VPC", "describe_vpcs", "Vpcs", "VpcId", "vpc-id", "delete-vpc --vpc-id"),
    "vpc-endpoint": Kind(
        "VPC endpoint",
        "describe_vpc_endpoints",
        "VpcEndpoints",
        "VpcEndpointId",
        "vpc-endpoint-id",
        "delete-vpc-endpoints --vpc-endpoint-ids",
        "nothing if it is a gateway's, else 7 dollars a month in each zone",
    ),
    "vpc-flow-log": Kind(
        "flow log",
        "describe_flow_logs",
        "FlowLogs",
        "FlowLogId",
        "",
        "delete-flow-logs --flow-log-ids",
        "what it records",
        by_id="FlowLogIds",
    ),
    "vpc-peering-connection": Kind(
        "peering",
        "describe_vpc_peering_connections",
        "VpcPeeringConnections",
        "VpcPeeringConnectionId",
        "vpc-peering-connection-id",
        "delete-vpc-peering-connection --vpc-peering-connection-id",
        state=("Status", "Code"),
    ),
}
