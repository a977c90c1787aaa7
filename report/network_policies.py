"""What network policies let pods do, and what they leave open."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from offline.inputs import at, items, map_at, maps, object_name, objects
from offline.plan import Plan, Resource
from report import security_groups
from report.listeners import Listener
from report.network import Network
from report.parties import (
    ANY_PORT,
    ANYONE,
    BALANCER,
    IDENTITY,
    NAMES,
    NODES,
    Party,
    Talk,
    network_party,
    party_of,
    port_list,
    store_party,
)
from report.stores import Store
from report.workloads import Workload

# https://docs.aws.amazon.com/eks/latest/userguide/pod-id-how-it-works.html
IDENTITY_AGENT = "169.254.170.23/32"


def by_policy(
    plan: Plan,
    network: Network | None,
    stores: Sequence[Store],
    workloads: Sequence[Workload],
    listener: Listener | None,
) -> Iterator[Talk]:
    """What network policies let the pods that they select do."""
    balancers, listening = _balancer_networks(plan, listener), _listening(plan, stores)
    for policy in objects(plan, "NetworkPolicy"):
        because = f"NetworkPolicy {'/'.join(filter(None, object_name(policy)))}"
        for workload in _selected(policy, workloads):
            pods = party_of(workload)
            for rule in maps(at(policy.inputs, "spec.ingress")):
                sources = _parties(rule.get("from"), balancers)
                yield from (Talk(each, pods, port_list(rule.get("ports")), because) for each in sources)
            for rule in maps(at(policy.inputs, "spec.egress")):
                near = _stores_by_network(network, stores, listening, rule.get("ports"))
                for target in _parties(rule.get("to"), near):
                    yield Talk(pods, target, _ports_to(rule.get("ports"), listening.get(target, ())), because)


def without_policy(plan: Plan, workloads: Sequence[Workload]) -> Iterator[Talk]:
    """What pods may do because no network policy limits one of their two ways."""
    policies = objects(plan, "NetworkPolicy")
    for workload in workloads:
        selecting = [each for each in policies if _selected(each, [workload])]
        for way, pair in (
            ("Ingress", (NODES, party_of(workload))),
            ("Egress", (party_of(workload), ANYONE)),
        ):
            if not any(_restricts(policy, way) for policy in selecting):
                yield Talk(*pair, ANY_PORT, f"no network policy limits the {way.lower()} of these pods")


def _restricts(policy: Resource, way: str) -> bool:
    """Without `policyTypes` a policy is about what comes in, and about what goes out where it has rules for that."""
    types = items(at(policy.inputs, "spec.policyTypes"))
    return way in types if types else way == "Ingress" or bool(at(policy.inputs, "spec.egress"))


def _selected(policy: Resource, workloads: Sequence[Workload]) -> list[Workload]:
    namespace = object_name(policy)[0]
    labels = map_at(policy.inputs, "spec.podSelector.matchLabels")
    return [each for each in workloads if each.namespace == namespace and labels.items() <= each.labels.items()]


def _balancer_networks(plan: Plan, listener: Listener | None) -> dict[str, list[Party]]:
    """The networks that the balancer's requests come from, as the stack itself says."""
    return {str(cidr): [BALANCER] for cidr in items(plan.outputs.get("clientCidrs"))} if listener else {}


def _parties(peers: Any, by_network: Mapping[str, Sequence[Party]]) -> list[Party]:
    """The peers of a rule, each party once; `by_network` says who a network stands for. No peers mean everyone."""
    if not items(peers):
        return [ANYONE]
    found: list[Party] = []
    for peer in maps(peers):
        cidr = at(peer, "ipBlock.cidr")
        if cidr is None:
            found.append(_by_labels(peer))
        elif cidr == IDENTITY_AGENT:
            found.append(IDENTITY)
        else:
            found += by_network.get(str(cidr)) or [network_party(str(cidr))]
    return list(dict.fromkeys(found))


def _by_labels(peer: Mapping[str, Any]) -> Party:
    labels = {
        **map_at(peer, "namespaceSelector.matchLabels"),
        **map_at(peer, "podSelector.matchLabels"),
    }
    if labels.get("k8s-app") == "kube-dns":
        return NAMES
    said = ", ".join(f"{key}={value}" for key, value in labels.items()) or "every label"
    return Party("pods", said, f"pods with {said}")


def _listening(plan: Plan, stores: Sequence[Store]) -> dict[Party, set[int]]:
    """The ports that each store's security groups open."""
    rules = security_groups.read(plan)
    return {
        store_party(store): {rule.first for rule in rules if rule.group in store.groups and rule.first is not None}
        for store in stores
    }


def _stores_by_network(
    network: Network | None, stores: Sequence[Store], listening: Mapping[Party, set[int]], ports: Any
) -> dict[str, list[Party]]:
    """Which stores stand in a network, and listen on one of the ports."""
    asked = {port.get("port") for port in maps(ports)}
    found: dict[str, list[Party]] = {}
    for subnet in network.subnets if network else ():
        for store in stores:
            party = store_party(store)
            if subnet.name in store.subnets and (not asked or asked & listening[party]):
                found.setdefault(subnet.cidr, []).append(party)
    return found


def _ports_to(ports: Any, listening: Collection[int]) -> str:
    """The ports of a rule that its target listens on; all of them where nothing is known of that."""
    return port_list([port for port in maps(ports) if port.get("port") in listening] or ports)
