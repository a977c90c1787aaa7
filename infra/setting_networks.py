"""What the networks of a stack have to be, each by itself and beside the others. Pure.

A rule gets the settings by key, those that it needs valid by themselves, and answers what is wrong, or nothing.
"""

from collections.abc import Mapping
from ipaddress import IPv4Network
from typing import Any

from infra import subnets

Valid = Mapping[str, Any]

PRIVATE_RANGES = tuple(IPv4Network(text) for text in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"))


def network_cidr(valid: Valid) -> str | None:
    network: IPv4Network = valid["networkCidr"]
    if not _private(network):
        return "it is not a private network"
    if network.prefixlen > subnets.SMALLEST_PREFIX:
        return f"a /{network.prefixlen} is too small for the subnets"
    if network.prefixlen < subnets.LARGEST_PREFIX:
        return f"a /{network.prefixlen} is larger than a VPC may be"
    return None


def nat(valid: Valid) -> str | None:
    network: IPv4Network = valid["networkCidr"]
    if valid["nat"] != "none" or network.prefixlen <= subnets.SMALLEST_WITHOUT_NAT:
        return None
    return (
        f"nodes and pods would be in the public subnets, and networkCidr, {network}, has no room for them there, "
        f"which takes a /{subnets.SMALLEST_WITHOUT_NAT}"
    )


def nat_per_zone(valid: Valid) -> str | None:
    none = valid["natPerZone"] and valid["nat"] == "none"
    return "nat is none, so there is no gateway that a zone could have of its own" if none else None


def service_cidr(valid: Valid) -> str | None:
    # https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
    network: IPv4Network = valid["serviceCidr"]
    if not _private(network):
        return "it is not a private network"
    return None if 12 <= network.prefixlen <= 24 else f"a /{network.prefixlen} is not from /12 to /24"


def no_overlap(valid: Valid) -> str | None:
    vpc: IPv4Network = valid["networkCidr"]
    return f"it overlaps networkCidr, {vpc}" if vpc.overlaps(valid["serviceCidr"]) else None


def public_access_cidrs(valid: Valid) -> str | None:
    private = [str(network) for network in valid["publicAccessCidrs"] if _private(network)]
    return f"{', '.join(private)} cannot come from the internet" if private else None


def peer_vpc(valid: Valid) -> str | None:
    if valid["peerVpc"] is None:
        return None
    if valid["platform"] != "create":
        return f"platform is {valid['platform']}, which has no network of its own"
    if valid["peerCidr"] is None:
        return "peerCidr is not set, and without it there is no way there"
    return None if valid["peerRouteTables"] else "peerRouteTables is empty, and without one there is no way back"


def peer_cidr(valid: Valid) -> str | None:
    peer: IPv4Network | None = valid["peerCidr"]
    if peer is None:
        return None
    if valid["peerVpc"] is None:
        return "there is no peerVpc that has it"
    if not _private(peer):
        return "it is not a private network"
    overlaps = [f"{key}, {valid[key]}" for key in ("networkCidr", "serviceCidr") if peer.overlaps(valid[key])]
    return f"it overlaps {' and '.join(overlaps)}, so addresses would be in both" if overlaps else None


def peer_route_tables(valid: Valid) -> str | None:
    return "there is no peerVpc that has them" if valid["peerRouteTables"] and not valid["peerVpc"] else None


def _private(network: IPv4Network) -> bool:
    return any(network.subnet_of(private) for private in PRIVATE_RANGES)
