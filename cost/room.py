"""What pods can have of a node, and how many nodes they need."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

from cost.pods import Pods
from cost.prices import NoPriceError, assumed

# What the kubelet and the system keep: memory for itself and for each pod, a share of each CPU, and what has to be free
# or pods are evicted: https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/config.go
RESERVED_MIB, RESERVED_MIB_PER_POD, EVICTION_MIB = 255, 11, 100
RESERVED_MILLI, RESERVED_MILLI_OF_MORE = (60, 10, 5, 5), 2.5


@dataclass(frozen=True)
class Room:
    """What pods can have of a node."""

    pods: int
    cpu_milli: float
    memory_mib: float


def room_of(kind: str) -> Room:
    """What pods can have of a node of that EC2 instance type.

    Raises:
        NoPriceError: the type is not in `prices.json`.
    """
    shape = assumed("types").get(kind)
    if shape is None:
        raise NoPriceError(f"cost/prices.json does not say how many pods a {kind} takes")
    most, cpus = shape["max_pods"], shape["vcpu"]
    reserved = sum(RESERVED_MILLI[:cpus]) + RESERVED_MILLI_OF_MORE * max(cpus - len(RESERVED_MILLI), 0)
    memory = shape["memory_mib"] * assumed("memory_share") - RESERVED_MIB - RESERVED_MIB_PER_POD * most - EVICTION_MIB
    return Room(most, 1000 * cpus - reserved, memory)


def nodes_needed(pods: Sequence[Pods], kind: str, *, surge: bool = False) -> int:
    """How many nodes of that type take all these pods, by their number, CPU and memory.

    It adds up what all ask for and does not place them one by one: pods are small beside a node here.

    Args:
        pods: what is to run.
        kind: the EC2 instance type.
        surge: with the pods that a roll-out adds for a while.

    Raises:
        NoPriceError: nothing fits on such a node, or as `room_of`.
    """
    room, everywhere = room_of(kind), [each for each in pods if each.each_node]
    left = Room(
        room.pods - sum(each.count for each in everywhere),
        room.cpu_milli - sum(each.count * each.cpu_milli for each in everywhere),
        room.memory_mib - sum(each.count * each.memory_mib for each in everywhere),
    )
    if min(left.pods, left.cpu_milli, left.memory_mib) <= 0:
        raise NoPriceError(f"a {kind} has no room for a pod besides those that run on every node")
    counted = [(each.count + each.surge * surge, each) for each in pods if not each.each_node]
    return max(
        1,
        ceil(sum(number for number, _ in counted) / left.pods),
        ceil(sum(number * each.cpu_milli for number, each in counted) / left.cpu_milli),
        ceil(sum(number * each.memory_mib for number, each in counted) / left.memory_mib),
    )
