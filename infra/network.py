"""VPC, subnets, NAT, routes and the S3 endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

from infra.ordering import after
from infra.subnets import ZoneSubnets

Nat = Literal["gateway", "none"]


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a network takes: `cidr` of the VPC, its `subnets`, how nodes get out (`nat`), whether each zone has its own
    NAT gateway, and the names.
    """

    region: str
    name_tag: str
    cidr: str
    subnets: Sequence[ZoneSubnets]
    nat: Nat
    nat_per_zone: bool


class Network(pulumi.ComponentResource):
    """A VPC with a public and a private subnet in each zone.

    Private subnets reach the internet through NAT, one for all or one per zone, and S3 (where image layers come from)
    through a gateway endpoint. With `nat` none they lead nowhere but to S3, and nodes stand in the public subnets, each
    with a public address: docs/decisions/0015-dev-without-nat.md. Outputs: `vpc_id`; `private_subnet_ids` (usable as
    soon as they exist: the control plane's); `egress_subnet_ids` (those that lead to the internet, handed out once
    their way out works, and outlived by it on deletion: the nodes'); `route_table_ids` by name (`public`, and
    `private-<zone>` for each table of private subnets).
    """

    vpc_id: pulumi.Output[str]
    private_subnet_ids: list[pulumi.Output[str]]
    egress_subnet_ids: list[pulumi.Output[str]]
    route_table_ids: dict[str, pulumi.Output[str]]

    def __init__(self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:network:Network", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.route_table_ids = {}
        self._vpc = self._create_vpc()
        self.vpc_id = self._vpc.id
        public = {cut.zone: self._create_subnet("public", cut) for cut in args.subnets}
        private = {cut.zone: self._create_subnet("private", cut) for cut in args.subnets}
        internet = self._create_internet_gateway(public)
        ways_out = self._create_ways_out(public, private, internet)
        self.private_subnet_ids = [subnet.id for subnet in private.values()]
        leading_out = private if args.nat == "gateway" else public
        self.egress_subnet_ids = [after(subnet.id, *ways_out[zone]) for zone, subnet in leading_out.items()]
        self.register_outputs({"vpc_id": self.vpc_id})

    def _tags(self, suffix: str) -> dict[str, str]:
        return {"Name": f"{self._args.name_tag}-{suffix}"}

    def _create_vpc(self) -> aws.ec2.Vpc:
        vpc = aws.ec2.Vpc(
            f"{self._name}-vpc",
            cidr_block=self._args.cidr,
            enable_dns_hostnames=True,
            enable_dns_support=True,
            tags={"Name": self._args.name_tag},
            opts=self._child,
        )
        # Taking the default group over without rules empties it: nothing can use it by accident.
        aws.ec2.DefaultSecurityGroup(
            f"{self._name}-default-security-group", vpc_id=vpc.id, tags=self._tags("default-unused"), opts=self._child
        )
        return vpc

    def _create_subnet(self, kind: str, cut: ZoneSubnets) -> aws.ec2.Subnet:
        # The load balancer controller finds its subnets by these tags:
        # https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/
        role = {"public": "kubernetes.io/role/elb", "private": "kubernetes.io/role/internal-elb"}[kind]
        return aws.ec2.Subnet(
            f"{self._name}-{kind}-{cut.zone}-subnet",
            vpc_id=self._vpc.id,
            cidr_block=str(cut.public if kind == "public" else cut.private),
            availability_zone=f"{self._args.region}{cut.zone}",
            # EKS wants it of the subnets of nodes that have no other way out:
            # https://docs.aws.amazon.com/eks/latest/userguide/managed-node-groups.html
            map_public_ip_on_launch=kind == "public" and self._args.nat == "none",
            tags={**self._tags(f"{kind}-{cut.zone}"), role: "1"},
            opts=self._child,
        )

    def _create_route_table(self, name: str) -> aws.ec2.RouteTable:
        table = aws.ec2.RouteTable(
            f"{self._name}-{name}-routes", vpc_id=self._vpc.id, tags=self._tags(name), opts=self._child
        )
        self.route_table_ids[name] = table.id
        return table

    def _associate(self, kind: str, zone: str, subnet: aws.ec2.Subnet, table: pulumi.Input[str]) -> pulumi.Output[str]:
        return aws.ec2.RouteTableAssociation(
            f"{self._name}-{kind}-{zone}-association", subnet_id=subnet.id, route_table_id=table, opts=self._child
        ).id

    def _create_internet_gateway(self, public: dict[str, aws.ec2.Subnet]) -> pulumi.Output[str]:
        """The public subnets' way to the internet; resolves once all of them have it."""
        gateway = aws.ec2.InternetGateway(
            f"{self._name}-internet-gateway", vpc_id=self._vpc.id, tags=self._tags("internet"), opts=self._child
        )
        table = self._create_route_table("public")
        route = aws.ec2.Route(
            f"{self._name}-public-route",
            route_table_id=table.id,
            destination_cidr_block="0.0.0.0/0",
            gateway_id=gateway.id,
            opts=self._child,
        )
        associations = [self._associate("public", zone, subnet, table.id) for zone, subnet in public.items()]
        return after(gateway.id, route.id, *associations)

    def _create_ways_out(
        self, public: dict[str, aws.ec2.Subnet], private: dict[str, aws.ec2.Subnet], internet: pulumi.Output[str]
    ) -> dict[str, list[pulumi.Output[str]]]:
        """NAT, routes and the S3 endpoint; by zone, what has to be there for its nodes to get out."""
        zones = list(private) if self._args.nat_per_zone else list(private)[:1]
        tables = {zone: self._create_route_table(f"private-{zone}").id for zone in zones}
        if self._args.nat == "none":
            endpoint = self._create_s3_endpoint([*tables.values(), after(self.route_table_ids["public"], internet)])
            nat: dict[str, list[pulumi.Output[str]]] = {zone: [] for zone in zones}
        else:
            nat = {zone: self._create_nat(zone, after(public[zone].id, internet), tables[zone]) for zone in zones}
            # Adding the endpoint's routes later would break downloads that are under way, so it comes with the NAT
            # routes.
            endpoint = self._create_s3_endpoint([after(tables[zone], *nat[zone]) for zone in zones])
        ways_out = {}
        for zone, subnet in private.items():
            shared = zone if zone in tables else zones[0]
            association = self._associate("private", zone, subnet, after(tables[shared], endpoint))
            # NAT is named besides the chain that leads to it: where it alone is deleted, as when `nat` becomes none,
            # the engine looks only at what nodes name themselves, and they would lose it before they are gone.
            ways_out[zone] = [internet, endpoint] if self._args.nat == "none" else [association, *nat[shared]]
        return ways_out

    def _create_nat(
        self, zone: str, subnet_id: pulumi.Input[str], table: pulumi.Input[str]
    ) -> list[pulumi.Output[str]]:
        """A NAT gateway and the route to it: the ids of all of it."""
        address = aws.ec2.Eip(
            f"{self._name}-nat-{zone}-address", domain="vpc", tags=self._tags(f"nat-{zone}"), opts=self._child
        )
        nat = aws.ec2.NatGateway(
            f"{self._name}-nat-{zone}-gateway",
            allocation_id=address.allocation_id,
            subnet_id=subnet_id,
            tags=self._tags(f"nat-{zone}"),
            opts=self._child,
        )
        route = aws.ec2.Route(
            f"{self._name}-private-{zone}-route",
            route_table_id=table,
            destination_cidr_block="0.0.0.0/0",
            nat_gateway_id=nat.id,
            opts=self._child,
        )
        return [route.id, nat.id, address.id]

    def _create_s3_endpoint(self, tables: Sequence[pulumi.Input[str]]) -> pulumi.Output[str]:
        return aws.ec2.VpcEndpoint(
            f"{self._name}-s3-endpoint",
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{self._args.region}.s3",
            vpc_endpoint_type="Gateway",
            route_table_ids=tables,
            tags=self._tags("s3"),
            opts=self._child,
        ).id
