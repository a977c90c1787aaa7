"""What can be reached in the VPC, and by whom."""

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any

from policy.model import Context, Planned, Rule
from policy.values import as_map, as_maps, as_number, as_texts, is_missing, is_on, is_unknown

VPC, SUBNET, FLOW_LOG = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:ec2/flowLog:FlowLog"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
NODES = "aws:eks/nodeGroup:NodeGroup"
SECURITY_GROUP = "aws:ec2/securityGroup:SecurityGroup"
INGRESS_RULE = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
GROUP_RULE = "aws:ec2/securityGroupRule:SecurityGroupRule"
PREFIX_LIST = "aws:ec2/managedPrefixList:ManagedPrefixList"
PREFIX_ENTRY = "aws:ec2/managedPrefixListEntry:ManagedPrefixListEntry"
# The balancer controller looks for its public subnets by this tag.
PUBLIC_ROLE = "kubernetes.io/role/elb"
# PostgreSQL, and Valkey with its reader port.
DATA_PORTS = (5432, 6379, 6380)
CIDR_KEYS = ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6", "cidr")
LIST_KEYS = ("prefixListId", "prefixListIds")
# 10.0.0.0/8 is the largest network that is private; half of the internet is as open as all of it.
WORLD = {4: 8, 6: 7}


def is_world(cidr: str) -> bool:
    """Whether a network is as good as everybody: larger than any private one."""
    try:
        network = ipaddress.ip_network(cidr, strict=False)
    except ValueError:
        return False
    return network.prefixlen < WORLD[network.version]


def open_ports(resource: Planned, _: Context) -> Iterator[str]:
    for rule in _ingress(resource):
        yield from (f"it lets {source} in" for source in _addresses(rule) if is_world(source))
    # https://docs.aws.amazon.com/cdk/api/v2/docs/aws-cdk-lib.aws_eks.NodegroupRemoteAccess.html
    access = as_map(resource.inputs.get("remoteAccess")) if resource.type == NODES else {}
    if access.get("ec2SshKey") and is_missing(access.get("sourceSecurityGroupIds")):
        yield "EKS opens port 22 of its nodes to everybody (remoteAccess without sourceSecurityGroupIds)"


def data_by_address(resource: Planned, _: Context) -> Iterator[str]:
    for rule in _ingress(resource):
        ports = [port for port in DATA_PORTS if _admits(rule, port)]
        sources = [*_addresses(rule), *(each for key in LIST_KEYS for each in as_texts(rule.get(key)))]
        addresses = [each for each in sources if not is_unknown(each)]
        if ports and addresses:
            yield f"it lets {', '.join(addresses)} reach port {ports[0]}, where data is kept"


def _ingress(resource: Planned) -> list[Mapping[str, Any]]:
    """What lets somebody in: the rules of a security group, or the entries of a prefix list, which rules may name."""
    inputs = resource.inputs
    if resource.type in (SECURITY_GROUP, DEFAULT_GROUP):
        return as_maps(inputs.get("ingress"))
    if resource.type == PREFIX_LIST:
        return as_maps(inputs.get("entries"))
    if resource.type in (INGRESS_RULE, PREFIX_ENTRY) or (
        resource.type == GROUP_RULE and inputs.get("type") == "ingress"
    ):
        return [inputs]
    return []


def _addresses(rule: Mapping[str, Any]) -> list[str]:
    return [source for key in CIDR_KEYS for source in as_texts(rule.get(key))]


def _admits(rule: Mapping[str, Any], port: int) -> bool:
    if str(rule.get("protocol", rule.get("ipProtocol"))) in ("-1", "all"):
        return True
    first, last = as_number(rule.get("fromPort")), as_number(rule.get("toPort"))
    return first is not None and last is not None and first <= port <= last


def default_group_empty(resource: Planned, context: Context) -> Iterator[str]:
    if resource.type == VPC and not context.has_beside(resource, DEFAULT_GROUP, "vpcId"):
        yield "what is given no group can talk to each other (no DefaultSecurityGroup)"
    if resource.type == DEFAULT_GROUP:
        for key in ("ingress", "egress"):
            if as_maps(resource.inputs.get(key)):
                yield f"what is given no group has this one, and it has rules ({key})"


def flow_recorded(resource: Planned, context: Context) -> Iterator[str]:
    if resource.type == VPC and not context.has_beside(resource, FLOW_LOG, "vpcId"):
        yield "no record says who talked to whom (no FlowLog)"


def public_addresses(resource: Planned, context: Context) -> Iterator[str]:
    if resource.type != SUBNET or not is_on(resource.inputs.get("mapPublicIpOnLaunch")):
        return
    tags = resource.inputs.get("tags")
    if context.production:
        yield "what starts in it gets an address on the internet (mapPublicIpOnLaunch)"
    elif not is_unknown(tags) and PUBLIC_ROLE not in as_map(tags):
        yield "what starts in it gets an address on the internet, and it is no public subnet (mapPublicIpOnLaunch)"


RULES = (
    Rule(
        name="ports-closed",
        check=open_ports,
        asks="no security group lets the world in",
        why="the balancer's is made by its controller, for the ports of the Ingress; everything else is inside",
        cure="name the networks or the security group that may come in",
    ),
    Rule(
        name="data-by-group",
        check=data_by_address,
        asks="database and cache let in security groups, not addresses",
        why="an address in the VPC may be anybody's tomorrow",
        cure="name the security group that may come in, and no network",
    ),
    Rule(
        name="default-group-empty",
        check=default_group_empty,
        asks="each VPC's default security group is taken over, and has no rules",
        why="what is started without a group would be in one with others",
        cure="make an aws.ec2.DefaultSecurityGroup for the VPC, without ingress and egress",
        of_stack=True,
    ),
    Rule(
        name="subnets-private",
        check=public_addresses,
        asks="only public subnets give out public addresses, and in production none does",
        why="a node or a pod would be on the internet by where it happens to start",
        cure=f"set helloworld:nat to gateway; for a subnet of your own, mapPublicIpOnLaunch to false or, outside "
        f"production, the tag {PUBLIC_ROLE}",
    ),
    Rule(
        name="flow-recorded",
        check=flow_recorded,
        asks="each VPC of production has flow logs",
        why="who talked to whom can only be looked up if it was written down",
        cure="set helloworld:flowLogs: true",
        level=None,
        of_stack=True,
    ),
)
