"""How a VPC's address range is cut into subnets. Pure arithmetic, no resources."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network

# AWS takes a VPC of /16 to /28. Below /23 a public subnet would be smaller than the /27 that a load balancer needs:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html#subnets-load-balancer
LARGEST_PREFIX, SMALLEST_PREFIX = 16, 23
# Below it a subnet for data would have too few addresses for a database that moves, and a cache that grows: AWS keeps
# five of each subnet's for itself (https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html).
SMALLEST_WITH_DATA = 21
# Below it a public subnet, a sixteenth of the VPC, has not the addresses for nodes and pods besides the balancer: here
# 123, of which a node of the smallest kind takes 12.
SMALLEST_WITHOUT_NAT = 21
MOST_ZONES = 3


@dataclass(frozen=True, kw_only=True)
class ZoneSubnets:
    """One zone's share of the VPC: `zone` is the letter, the rest are IPv4 networks."""

    zone: str
    public: IPv4Network
    private: IPv4Network
    data: IPv4Network


def cut(cidr: IPv4Network, zones: Sequence[str]) -> tuple[ZoneSubnets, ...]:
    """Cut a VPC into a private, a public and a data subnet per zone.

    Each private subnet (nodes and pods) is a quarter of the VPC. The last quarter is cut into four: three are for the
    public ones (balancer, NAT; nodes where there is no NAT), and the last is cut once more for the data ones (database,
    cache). The zone's place in the list decides, so adding a third zone moves neither of the first two.

    Args:
        cidr: the VPC's network, /16 to /23.
        zones: two or three zone letters, in order.

    Returns:
        One entry per zone, in the order given.

    Raises:
        ValueError: a network or number of zones out of range.
    """
    if not LARGEST_PREFIX <= cidr.prefixlen <= SMALLEST_PREFIX:
        raise ValueError(f"{cidr} is not between /{LARGEST_PREFIX} and /{SMALLEST_PREFIX}")
    if not 2 <= len(zones) <= MOST_ZONES or len(set(zones)) != len(zones):
        raise ValueError(f"{list(zones)} are not two or three different zones")
    *private, rest = cidr.subnets(prefixlen_diff=2)
    *public, last = rest.subnets(prefixlen_diff=2)
    data = list(last.subnets(prefixlen_diff=2))
    return tuple(
        ZoneSubnets(zone=zone, public=public[index], private=private[index], data=data[index])
        for index, zone in enumerate(zones)
    )
