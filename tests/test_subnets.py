"""How a VPC is cut into subnets."""

from ipaddress import IPv4Network
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.subnets import LARGEST_PREFIX, MOST_ZONES, SMALLEST_PREFIX, SMALLEST_WITH_DATA, ZoneSubnets, cut

# AWS takes five addresses of each subnet, and a balancer wants a /27 with eight free ones.
LONGEST_PUBLIC_PREFIX = 27


def networks(smallest: int, largest: int) -> st.SearchStrategy[IPv4Network]:
    """Networks anywhere, of prefixes from `smallest` to `largest`."""
    return st.builds(
        lambda address, prefix: IPv4Network((address, prefix), strict=False),
        st.integers(0, 2**32 - 1),
        st.integers(smallest, largest),
    )


VPCS = networks(LARGEST_PREFIX, SMALLEST_PREFIX)
ZONES = st.lists(st.sampled_from("abcdef"), min_size=2, max_size=MOST_ZONES, unique=True)


def subnets(zones: tuple[ZoneSubnets, ...]) -> list[IPv4Network]:
    return [network for zone in zones for network in (zone.public, zone.private, zone.data)]


@given(VPCS, ZONES)
def test_each_zone_has_a_public_a_private_and_a_data_subnet_in_the_order_given(
    vpc: IPv4Network, zones: list[str]
) -> None:
    assert [each.zone for each in cut(vpc, zones)] == zones
    assert len(set(subnets(cut(vpc, zones)))) == 3 * len(zones)


@given(VPCS, ZONES)
def test_every_subnet_is_inside_the_vpc(vpc: IPv4Network, zones: list[str]) -> None:
    assert all(subnet.subnet_of(vpc) for subnet in subnets(cut(vpc, zones)))


@given(VPCS, ZONES)
def test_no_two_subnets_overlap(vpc: IPv4Network, zones: list[str]) -> None:
    assert not any(one.overlaps(other) for one, other in combinations(subnets(cut(vpc, zones)), 2))


@given(VPCS, ZONES)
def test_the_nodes_and_pods_have_most_of_the_room(vpc: IPv4Network, zones: list[str]) -> None:
    for zone in cut(vpc, zones):
        assert zone.private.num_addresses == vpc.num_addresses // 4
        assert zone.private.num_addresses == 4 * zone.public.num_addresses


@given(VPCS, ZONES)
def test_a_public_subnet_is_large_enough_for_a_balancer(vpc: IPv4Network, zones: list[str]) -> None:
    assert all(zone.public.prefixlen <= LONGEST_PUBLIC_PREFIX for zone in cut(vpc, zones))


def test_the_smallest_vpc_is_as_small_as_the_balancer_allows() -> None:
    zones = cut(IPv4Network(("10.0.0.0", SMALLEST_PREFIX)), "ab")
    assert {zone.public.prefixlen for zone in zones} == {LONGEST_PUBLIC_PREFIX}


@given(networks(LARGEST_PREFIX, SMALLEST_WITH_DATA), ZONES)
def test_a_data_subnet_has_room_for_a_server_that_moves_and_a_cache_that_grows(
    vpc: IPv4Network, zones: list[str]
) -> None:
    assert all(zone.data.prefixlen <= LONGEST_PUBLIC_PREFIX for zone in cut(vpc, zones))


@given(VPCS, st.permutations("abcdef"))
def test_a_third_zone_moves_neither_of_the_first_two(vpc: IPv4Network, letters: list[str]) -> None:
    assert cut(vpc, letters[:3])[:2] == cut(vpc, letters[:2])


@given(VPCS, ZONES)
def test_the_same_vpc_is_always_cut_alike(vpc: IPv4Network, zones: list[str]) -> None:
    assert cut(vpc, zones) == cut(vpc, tuple(zones))


def test_the_default_vpc_is_cut_as_it_always_was() -> None:
    # What is deployed cannot move: another cut replaces the network of every stack.
    assert [(each.zone, str(each.public), str(each.private)) for each in cut(IPv4Network("10.0.0.0/16"), "abc")] == [
        ("a", "10.0.192.0/20", "10.0.0.0/18"),
        ("b", "10.0.208.0/20", "10.0.64.0/18"),
        ("c", "10.0.224.0/20", "10.0.128.0/18"),
    ]


@given(networks(0, LARGEST_PREFIX - 1) | networks(SMALLEST_PREFIX + 1, 32), ZONES)
def test_a_vpc_of_another_size_is_refused_by_name(vpc: IPv4Network, zones: list[str]) -> None:
    with pytest.raises(ValueError, match=str(vpc)):
        cut(vpc, zones)


@pytest.mark.parametrize("zones", [[], ["a"], ["a", "a"], ["a", "b", "a"], ["a", "b", "c", "d"]], ids=str)
def test_other_than_two_or_three_different_zones_are_refused(zones: list[str]) -> None:
    with pytest.raises(ValueError, match="two or three different zones"):
        cut(IPv4Network("10.0.0.0/16"), zones)
