"""What an operation of the engine did, and whether that is right: pure functions of its events."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal

from delivery.explanation import MARKUP

MOST_LINES = 12

INGRESS = "kubernetes:networking.k8s.io/v1:Ingress"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"
CONTROLLER = "kubernetes:helm.sh/v3:Release"
NODES = "aws:eks/nodeGroup:NodeGroup"
CLUSTER = "aws:eks/cluster:Cluster"
NAT = "aws:ec2/natGateway:NatGateway"
INTERNET = "aws:ec2/internetGateway:InternetGateway"
VPC = "aws:ec2/vpc:Vpc"
ACCESS = "aws:eks/accessEntry:AccessEntry"
CERTIFICATE = "aws:acm/certificate:Certificate"
LOGS = "aws:cloudwatch/logGroup:LogGroup"

# Every stack has these, and each goes before the next: the other way round something in AWS or the cluster hangs.
DELETION_CHAIN = (INGRESS, CONTROLLER, NODES, CLUSTER, INTERNET, VPC)
# Where a stack has both, the first goes before the second.
DELETION_PAIRS = (
    (INGRESS, CERTIFICATE),
    (DEPLOYMENT, ACCESS),
    (CONTROLLER, ACCESS),
    (NODES, NAT),
    (CLUSTER, NAT),
    (NAT, INTERNET),
)


@dataclass(frozen=True)
class Event:
    """One event of an operation on a resource: the operation, and the resource's type and URN."""

    kind: Literal["start", "done", "failed"]
    operation: str
    type: str
    urn: str


@dataclass(frozen=True, kw_only=True)
class Operation:
    """A preview, up or destroy that has ended. `errors` are the engine's own, a text each."""

    succeeded: bool
    events: Sequence[Event] = ()
    errors: Sequence[str] = ()
    outputs: Mapping[str, Any] | None = None

    @property
    def changes(self) -> Counter[str]:
        """How many resources were changed, or would be, by kind of operation."""
        return Counter(each.operation for each in changes(self.events))


def changes(events: Iterable[Event]) -> list[Event]:
    """The last event of each change; what stays the same is none."""
    last = {(each.urn, each.operation): each for each in events if each.operation not in ("same", "read", "refresh")}
    return list(last.values())


def described(counts: Mapping[str, int]) -> str:
    """Changes in words, e.g. `2 update, 1 create`."""
    return ", ".join(f"{number} {operation}" for operation, number in sorted(counts.items())) or "nothing changed"


def named(events: Iterable[Event]) -> list[str]:
    """Each event on a line, e.g. `update aws:ec2/vpc:Vpc helloworld-network-vpc`."""
    return [f"{each.operation} {each.type} {each.urn.rpartition('::')[2]}" for each in events]


def not_deleted(events: Sequence[Event]) -> list[str]:
    """What every stack has and was not deleted."""
    return [f"no {type_} was deleted" for type_ in DELETION_CHAIN if not _at(events, type_, "done")]


def out_of_order(events: Sequence[Event]) -> list[str]:
    """What was deleted too early; nothing if the order was right."""
    early = []
    for first, second in [*pairwise(DELETION_CHAIN), *DELETION_PAIRS]:
        begun, ends, starts = (_at(events, *of) for of in ((first, "start"), (first, "done"), (second, "start")))
        whole = len(ends) >= len(begun)
        if starts and (begun or ends) and (not whole or min(starts) < max(ends)):
            early.append(f"{second} began to be deleted before {first} was gone")
    return early


def _at(events: Sequence[Event], type_: str, kind: str) -> list[int]:
    return [
        index
        for index, each in enumerate(events)
        if each.type == type_ and each.kind == kind and each.operation.startswith("delete")
    ]


def error_lines(messages: Iterable[str]) -> list[str]:
    """The engine's errors as lines to show: without colour marks, empty lines and repetition, and not too many."""
    lines = [line.rstrip() for message in messages for line in MARKUP.sub("", message).splitlines() if line.strip()]
    lines = list(dict.fromkeys(lines))
    if len(lines) <= MOST_LINES:
        return lines
    return [*lines[:MOST_LINES], f"… {len(lines) - MOST_LINES} lines more"]
