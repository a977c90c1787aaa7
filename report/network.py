"""The network as a plan has it: zones, subnets by what leads out of them, gateways."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from offline.inputs import at, referred, refers
from offline.plan import Plan, Resource

Way = Literal["internet", "nat", "none"]
ANYWHERE = ("0.0.0.0/0", "::/0")
SUBNET_KINDS: Mapping[Way, Literal["public", "private", "isolated"]] = {
    "internet": "public",
    "nat": "private",
    "none": "isolated",
}


@dataclass(frozen=True)
class Subnet:
    """A subnet: `name` is its logical one; `nat` and `endpoints` are what its route table leads to."""

    name: str
    label: str
    zone: str
    cidr: str
    way: Way
    nat: str = ""
    endpoints: Sequence[str] = ()
    peers: Sequence[str] = ()


@dataclass(frozen=True)
class Tier:
    """The like subnets of the zones, e.g. the private ones."""

    label: str
    way: Way
    subnets: Sequence[Subnet]

    def names(self) -> set[str]:
        """The logical names of the subnets."""
        return {subnet.name for subnet in self.subnets}


@dataclass(frozen=True)
class Network:
    """A VPC. `nats` are NAT gateways by the subnet that each stands in."""

    cidr: str
    zones: Sequence[str]
    tiers: Sequence[Tier]
    internet_gateway: bool
    nats: Mapping[str, str]

    @property
    def subnets(self) -> list[Subnet]:
        """All subnets."""
        return [subnet for tier in self.tiers for subnet in tier.subnets]


def read(plan: Plan) -> Network | None:
    """The VPC that the plan makes, if it makes one."""
    vpcs = plan.of("aws:ec2/vpc:Vpc")
    if not vpcs:
        return None
    subnets = [_subnet(plan, each) for each in plan.of("aws:ec2/subnet:Subnet")]
    nats = {referred(each.inputs.get("subnetId")): each.name for each in plan.of("aws:ec2/natGateway:NatGateway")}
    return Network(
        cidr=str(vpcs[0].inputs.get("cidrBlock", "")),
        zones=sorted({subnet.zone for subnet in subnets}),
        tiers=_tiers(subnets),
        internet_gateway=bool(plan.of("aws:ec2/internetGateway:InternetGateway")),
        nats=nats,
    )


def _subnet(plan: Plan, resource: Resource) -> Subnet:
    tables = {
        referred(each.inputs.get("routeTableId"))
        for each in plan.of("aws:ec2/routeTableAssociation:RouteTableAssociation")
        if referred(each.inputs.get("subnetId")) == resource.name
    }
    routes = [
        each.inputs for each in plan.of("aws:ec2/route:Route") if referred(each.inputs.get("routeTableId")) in tables
    ]
    out = [route for route in routes if _leads_to(route) in ANYWHERE]
    nat = next((referred(route["natGatewayId"]) for route in out if route.get("natGatewayId")), "")
    way: Way = "internet" if any(route.get("gatewayId") for route in out) else "nat" if nat else "none"
    zone = str(resource.inputs.get("availabilityZone", ""))
    return Subnet(
        name=resource.name,
        label=_label(plan, resource, zone, way),
        zone=zone,
        cidr=str(resource.inputs.get("cidrBlock", "")),
        way=way,
        nat=nat,
        endpoints=[
            str(each.inputs.get("serviceName", each.name))
            for each in plan.of("aws:ec2/vpcEndpoint:VpcEndpoint")
            if tables & set(refers(each.inputs.get("routeTableIds")))
            or resource.name in refers(each.inputs.get("subnetIds"))
        ],
        peers=[_leads_to(route) for route in routes if route.get("vpcPeeringConnectionId")],
    )


def _leads_to(route: Mapping[str, Any]) -> str:
    keys = ("destinationCidrBlock", "destinationIpv6CidrBlock", "destinationPrefixListId")
    return str(next((route[key] for key in keys if route.get(key)), ""))


def _label(plan: Plan, resource: Resource, zone: str, way: Way) -> str:
    """What its tag calls it besides project, stack and zone, e.g. `data`; else what leads out of it."""
    tag = str(at(resource.inputs, "tags.Name") or "")
    label = tag.removeprefix(f"{plan.project}-{plan.stack}-").removesuffix(f"-{zone[-1:]}")
    return label if label and label != tag else SUBNET_KINDS[way]


def _tiers(subnets: Sequence[Subnet]) -> list[Tier]:
    order: list[Way] = ["internet", "nat", "none"]
    found: dict[tuple[int, str], list[Subnet]] = {}
    for subnet in sorted(subnets, key=lambda each: (order.index(each.way), each.zone, each.name)):
        found.setdefault((order.index(subnet.way), subnet.label), []).append(subnet)
    return [Tier(label, order[way], members) for (way, label), members in found.items()]
