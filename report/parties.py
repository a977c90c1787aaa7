"""Who takes part in a connection, and what may be opened to whom."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from offline.inputs import maps
from report.network import ANYWHERE
from report.stores import Store
from report.workloads import Workload

Sort = Literal[
    "anywhere", "networks", "balancer", "nodes", "pods", "plane", "store", "names", "identity", "service", "group"
]
ANY_PORT = "all ports"
BY_PEERING, BY_GATEWAY = "route by the peering connection", "route by the internet gateway"


@dataclass(frozen=True, order=True)
class Party:
    """One side: `key` tells those of a sort apart, e.g. a workload's full name; `label` is for people."""

    sort: Sort
    key: str
    label: str


@dataclass(frozen=True)
class Talk:
    """`source` may open connections to `target` on `ports`, and `because` names what lets it."""

    source: Party
    target: Party
    ports: str
    because: str


ANYONE = Party("anywhere", "", "any address")
BALANCER = Party("balancer", "", "load balancer")
NODES = Party("nodes", "", "nodes and their pods")
PLANE = Party("plane", "", "Kubernetes API")
NAMES = Party("names", "", "the cluster's DNS")
IDENTITY = Party("identity", "", "EKS Pod Identity agent")


def party_of(workload: Workload) -> Party:
    """A workload's pods."""
    return Party("pods", workload.full_name, f"pods of {workload.full_name}")


def store_party(store: Store) -> Party:
    """A database or a cache."""
    return Party("store", store.name, store.title)


def network_party(cidr: str) -> Party:
    """A network, or everybody."""
    return ANYONE if cidr in ANYWHERE else Party("networks", cidr, cidr)


def words(talks: Iterable[Talk]) -> str:
    """Talks as sentences, one in a line."""
    return "\n".join(f"{each.source.label} to {each.target.label}: {each.ports} ({each.because})" for each in talks)


def ports(talks: Iterable[Talk]) -> str:
    """The ports of talks, each once."""
    return ", ".join(dict.fromkeys(each.ports for each in talks))


def port_list(ports: Any) -> str:
    """The ports of a rule of a network policy, in words; no ports are all of them."""
    by_protocol: dict[str, list[str]] = {}
    for port in maps(ports):
        by_protocol.setdefault(str(port.get("protocol", "TCP")).lower(), []).append(str(port.get("port", "all")))
    return ", ".join(f"{protocol} {' and '.join(numbers)}" for protocol, numbers in by_protocol.items()) or ANY_PORT
