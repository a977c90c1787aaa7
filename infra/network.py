"""VPC, subnets, NAT, routes and the S3 endpoint."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.ordering import after
from infra.subnets import ZoneSubnets


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    """What a network takes: `cidr` of the VPC, its `subnets`, whether each zone has its own NAT gateway, and the
    names.
    """

    region: str
    name_tag: str
    cidr: str
    subnets: Sequence[ZoneSubnets]
    nat_per_zone: bool


class Network(pulumi.ComponentResource):
    """A VPC with a public and a private subnet in each zone.

    Private subnets reach the internet through NAT, one for all or one per zone, and S3 (where image layers come from)
    through a gateway endpoint. Outputs: `vpc_id`; `private_subnet_ids` (usable as soon as they exist: the control
    plane's); `egress_subnet_ids` (the same subnets, handed out once their way out works, and outlived by it on
    deletion: the nodes'); `route_table_ids` by name (`public`, and `private-<zone>` for each NAT gateway).
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
        self.egress_subnet_ids = [after(subnet.id, ways_out[zone]) for zone, subnet in private.items()]
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
            map_public_ip_on_launch=False,
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
    ) -> dict[str, pulumi.Output[str]]:
        """NAT, routes and the S3 endpoint of the private subnets; by zone, what resolves once its subnet has all of
        them.
        """
        nat_zones = list(private) if self._args.nat_per_zone else list(private)[:1]
        tables: dict[str, pulumi.Output[str]] = {}
        routes: dict[str, pulumi.Output[str]] = {}
        for zone in nat_zones:
            address = aws.ec2.Eip(
                f"{self._name}-nat-{zone}-address", domain="vpc", tags=self._tags(f"nat-{zone}"), opts=self._child
            )
            nat = aws.ec2.NatGateway(
                f"{self._name}-nat-{zone}-gateway",
                allocation_id=address.allocation_id,
                subnet_id=after(public[zone].id, internet),
                tags=self._tags(f"nat-{zone}"),
                opts=self._child,
            )
            tables[zone] = self._create_route_table(f"private-{zone}").id
            routes[zone] = aws.ec2.Route(
                f"{self._name}-private-{zone}-route",
                route_table_id=tables[zone],
                destination_cidr_block="0.0.0.0/0",
                nat_gateway_id=nat.id,
                opts=self._child,
            ).id
        endpoint = aws.ec2.VpcEndpoint(
            f"{self._name}-s3-endpoint",
            vpc_id=self._vpc.id,
            service_name=f"com.amazonaws.{self._args.region}.s3",
            vpc_endpoint_type="Gateway",
            # Adding the endpoint's routes later would break downloads that are under way, so it comes with the NAT
            # routes.
            route_table_ids=[after(tables[zone], routes[zone]) for zone in nat_zones],
            tags=self._tags("s3"),
            opts=self._child,
        )
        return {
            zone: self._associate(
                "private", zone, subnet, after(tables[zone if zone in tables else nat_zones[0]], endpoint.id)
            )
            for zone, subnet in private.items()
        }
