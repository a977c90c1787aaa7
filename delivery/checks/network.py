"""Whether the stack's networks clash with those that it is, or could be, connected to."""

from collections.abc import Iterable, Mapping
from ipaddress import IPv4Network
from typing import Any

from bootstrap.neighbour_policy import CONSENT
from delivery.aws_refusals import RefusedError
from delivery.aws_tags import tags_of
from delivery.checks.result import Result, fail, ok, warn
from delivery.checks.site import Site
from infra.settings import PROJECT

VPC = "aws:ec2/vpc:Vpc"
PEER, TABLES, AGREED, CLASH = "peer VPC", "peer route tables", "peer's consent", "networks"


def clashes(site: Site) -> Iterable[Result]:
    """Whether a network that the region's others are connected to is also this stack's.

    AWS lets two VPCs have the same addresses until somebody wants to connect them.
    """
    if not site.wants(VPC):
        return
    rows = site.aws.items("ec2", "describe_vpcs", "Vpcs")
    others = {each["VpcId"]: _networks(each) for each in rows if not site.is_ours(tags_of(each.get("Tags")))}
    found = []
    for vpc, how in _connected(site, others).items():
        same = [str(network) for network in others[vpc] if network.overlaps(site.settings.network_cidr)]
        found += [f"{vpc} ({', '.join(same)}), which has {how}"] if same else []
    if found:
        cure = f"choose another {PROJECT}:networkCidr before the first up, if they are ever to be connected"
        yield warn(CLASH, f"{site.settings.network_cidr} overlaps {'; '.join(found)}", cure)
    else:
        yield ok(CLASH, f"{site.settings.network_cidr} overlaps no connected VPC of the {len(others)} others")


def peer(site: Site) -> Iterable[Result]:
    """Whether the VPC to peer with is there, and is what the settings say."""
    settings = site.settings
    if not settings.peer_vpc:
        return
    cure = f"correct {PROJECT}:peerVpc; it is a VPC of this account in {site.region}"
    try:
        rows = site.aws.items("ec2", "describe_vpcs", "Vpcs", VpcIds=[settings.peer_vpc])
    except RefusedError as error:
        if not error.code.startswith("InvalidVpcID"):
            raise
        yield fail(PEER, f"{settings.peer_vpc} does not exist in {site.region}", cure)
        return
    networks = _networks(rows[0])
    ours = {"networkCidr": settings.network_cidr, "serviceCidr": settings.service_cidr}
    overlapping = [f"{key} {own}" for key, own in ours.items() if any(own.overlaps(each) for each in networks)]
    there = ", ".join(map(str, networks))
    if settings.peer_cidr not in networks:
        yield fail(PEER, f"{settings.peer_vpc} has {there}, not {settings.peer_cidr}", f"correct {PROJECT}:peerCidr")
    elif overlapping:
        keys = " and ".join(f"{PROJECT}:{each.partition(' ')[0]}" for each in overlapping)
        yield fail(PEER, f"{settings.peer_vpc} ({there}) overlaps {', '.join(overlapping)}", f"choose another {keys}")
    else:
        yield ok(PEER, f"{settings.peer_vpc} ({there})")
    yield from _tables(site, rows[0])


def _tables(site: Site, peer_vpc: Mapping[str, Any]) -> Iterable[Result]:
    wanted, vpc = site.settings.peer_route_tables, peer_vpc["VpcId"]
    rows = site.aws.items(
        "ec2", "describe_route_tables", "RouteTables", Filters=[{"Name": "route-table-id", "Values": list(wanted)}]
    )
    there = {each["RouteTableId"]: each for each in rows}
    missing = [each for each in wanted if each not in there]
    foreign = [each for each, table in there.items() if table["VpcId"] != vpc]
    if missing or foreign:
        said = [f"{each} does not exist" for each in missing] + [f"{each} is not of {vpc}" for each in foreign]
        yield fail(TABLES, "; ".join(said), f"correct {PROJECT}:peerRouteTables")
        return
    yield from _consent(site, {vpc: peer_vpc, **there})
    network = str(site.settings.network_cidr)
    own = {
        each["VpcPeeringConnectionId"]
        for each in site.aws.items("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections")
        if site.is_ours(tags_of(each.get("Tags")))
    }
    used = [
        name
        for name, table in there.items()
        for route in table.get("Routes", ())
        if route.get("DestinationCidrBlock") == network and route.get("VpcPeeringConnectionId") not in own
    ]
    if used:
        cure = f"choose another {PROJECT}:networkCidr, or delete that route"
        yield fail(TABLES, f"{', '.join(used)} has a route to {network} already", cure)
    else:
        yield ok(TABLES, ", ".join(wanted))


def _consent(site: Site, theirs: Mapping[str, Mapping[str, Any]]) -> Iterable[Result]:
    """Whether what is not the stack's has the tag by which its owner lets the deploy role touch it."""
    if not site.settings.deploy_role:
        return
    without = [name for name, each in theirs.items() if tags_of(each.get("Tags")).get(CONSENT) != site.stack]
    if without:
        tag = f"--tags Key={CONSENT},Value={site.stack} --region {site.region}"
        cure = f"aws ec2 create-tags --resources {' '.join(without)} {tag}"
        yield warn(
            AGREED, f"{', '.join(without)} without the tag {CONSENT}={site.stack}, which bootstrap's role needs", cure
        )
    else:
        yield ok(AGREED, f"{CONSENT}={site.stack}")


def _connected(site: Site, others: Iterable[str]) -> dict[str, str]:
    """Which of the VPCs are connected to something, and by what."""
    known, found = set(others), dict[str, str]()
    for each in site.aws.items("ec2", "describe_vpc_peering_connections", "VpcPeeringConnections"):
        if each.get("Status", {}).get("Code") == "active":
            sides = (each.get(side, {}).get("VpcId") for side in ("RequesterVpcInfo", "AccepterVpcInfo"))
            found |= {vpc: "a peering" for vpc in sides if vpc in known}
    for each in site.aws.items("ec2", "describe_transit_gateway_vpc_attachments", "TransitGatewayVpcAttachments"):
        if each.get("State") == "available" and each.get("VpcId") in known:
            found[each["VpcId"]] = "a transit gateway"
    return found


def _networks(vpc: Any) -> list[IPv4Network]:
    blocks = [each["CidrBlock"] for each in vpc.get("CidrBlockAssociationSet", ()) if _stands(each)]
    return [IPv4Network(each) for each in blocks or [vpc["CidrBlock"]]]


def _stands(block: Any) -> bool:
    return bool(block.get("CidrBlockState", {}).get("State", "associated") == "associated")
