"""The subnets of database and cache, which lead nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.ordering import after
from infra.subnets import ZoneSubnets


@dataclass(frozen=True, kw_only=True)
class DataNetworkArgs:
    """What it takes: the VPC, its region, how it is cut into `subnets`, and the beginning of the names."""

    region: str
    name_tag: str
    vpc_id: pulumi.Input[str]
    subnets: Sequence[ZoneSubnets]


class DataNetwork(pulumi.ComponentResource):
    """A subnet in each zone whose route table has no way out of the VPC.

    Outputs: `subnet_ids` (once none of them has another route table), in the order of the zones; `route_table_id`.
    """

    subnet_ids: list[pulumi.Output[str]]
    route_table_id: pulumi.Output[str]

    def __init__(self, name: str, args: DataNetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:data-network:DataNetwork", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        table = aws.ec2.RouteTable(
            f"{name}-routes", vpc_id=args.vpc_id, tags={"Name": f"{args.name_tag}-data"}, opts=child
        )
        self.subnet_ids = []
        for cut in args.subnets:
            subnet = aws.ec2.Subnet(
                f"{name}-{cut.zone}-subnet",
                vpc_id=args.vpc_id,
                cidr_block=str(cut.data),
                availability_zone=f"{args.region}{cut.zone}",
                map_public_ip_on_launch=False,
                tags={"Name": f"{args.name_tag}-data-{cut.zone}"},
                opts=child,
            )
            association = aws.ec2.RouteTableAssociation(
                f"{name}-{cut.zone}-association", subnet_id=subnet.id, route_table_id=table.id, opts=child
            )
            self.subnet_ids.append(after(subnet.id, association.id))
        self.route_table_id = table.id
        self.register_outputs({"route_table_id": self.route_table_id})
