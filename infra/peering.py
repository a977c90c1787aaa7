"""The way between the stack's VPC and another one that exists."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.ordering import after
from infra.problems import Problem, SettingsError


@dataclass(frozen=True, kw_only=True)
class PeeringArgs:
    """What a peering takes.

    `vpc_id` is ours, of the network `network_cidr`, with `route_table_ids` by name. The other VPC, of the same account
    and region, is `peer_vpc_id`; `peer_cidr` is what shall be reached of it, and `peer_route_tables` are the ids of
    those of its route tables that shall know the way back. Who is in `peer_cidr` may reach the Kubernetes API, which
    `cluster_security_group_id` guards.
    """

    name_tag: str
    vpc_id: pulumi.Input[str]
    network_cidr: IPv4Network
    route_table_ids: Mapping[str, pulumi.Input[str]]
    peer_vpc_id: str
    peer_cidr: IPv4Network
    peer_route_tables: Sequence[str]
    cluster_security_group_id: pulumi.Input[str]


class Peering(pulumi.ComponentResource):
    """A peering connection with routes both ways, made once the other VPC's networks are seen to fit.

    Of the other VPC nothing is changed but the routes to ours, and they go with the stack. Outputs: `connection_id`.
    """

    connection_id: pulumi.Output[str]

    def __init__(self, name: str, args: PeeringArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:network:Peering", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        peer = aws.ec2.get_vpc_output(id=args.peer_vpc_id, opts=pulumi.InvokeOutputOptions(parent=self))
        fits = peer.cidr_block_associations.apply(lambda found: check(args, _networks(found)))
        # Instances of either side see the private address behind the other's public DNS names.
        private_names = {"allow_remote_vpc_dns_resolution": True}
        connection = aws.ec2.VpcPeeringConnection(
            f"{name}-connection",
            vpc_id=args.vpc_id,
            peer_vpc_id=after(args.peer_vpc_id, fits),
            auto_accept=True,
            requester=aws.ec2.VpcPeeringConnectionRequesterArgs(**private_names),
            accepter=aws.ec2.VpcPeeringConnectionAccepterArgs(**private_names),
            tags={"Name": args.name_tag},
            opts=child,
        )
        self.connection_id = connection.id
        ways = [
            *((table, id_, args.peer_cidr) for table, id_ in args.route_table_ids.items()),
            # An id is the only name that a route table of the other VPC has.
            *((id_, id_, args.network_cidr) for id_ in args.peer_route_tables),
        ]
        for table, id_, cidr in ways:
            aws.ec2.Route(
                f"{name}-{table}-route",
                route_table_id=id_,
                destination_cidr_block=str(cidr),
                vpc_peering_connection_id=connection.id,
                opts=child,
            )
        aws.vpc.SecurityGroupIngressRule(
            f"{name}-api-ingress",
            security_group_id=args.cluster_security_group_id,
            description="Kubernetes API from the peered network",
            ip_protocol="tcp",
            from_port=443,
            to_port=443,
            cidr_ipv4=str(args.peer_cidr),
            opts=child,
        )
        self.register_outputs({"connection_id": self.connection_id})


def _networks(associations: Sequence[Any] | None) -> list[IPv4Network]:
    return [IPv4Network(each.cidr_block) for each in associations or () if each.state == "associated"]


def check(args: PeeringArgs, networks: Sequence[IPv4Network]) -> None:
    """Look whether the two VPCs can be peered as the settings say.

    Args:
        args: what was asked for.
        networks: those of the other VPC; none where they are not known, which is no reason to refuse.

    Raises:
        SettingsError: the peer has no such network, or has one that overlaps ours, and AWS peers no two VPCs that
            overlap anywhere: https://docs.aws.amazon.com/vpc/latest/peering/vpc-peering-basics.html
    """
    has = f"{args.peer_vpc_id} has {', '.join(map(str, networks))}"
    overlapping = [str(network) for network in networks if network.overlaps(args.network_cidr)]
    problems = []
    if networks and not any(args.peer_cidr.subnet_of(network) for network in networks):
        reason = f"it is in no network of the peer: {has}"
        problems.append(Problem("helloworld:peerCidr", str(args.peer_cidr), reason, "one of these, or a part of one"))
    if overlapping:
        reason = f"it overlaps {', '.join(overlapping)}, so AWS will not peer the two: {has}"
        cure = "a network outside all of these, in a new stack; a VPC keeps the one that it was made with"
        problems.append(Problem("helloworld:networkCidr", str(args.network_cidr), reason, cure))
    if problems:
        raise SettingsError(problems)
