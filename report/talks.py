"""Who may open a connection to whom, read from what a plan says: Ingresses, network policies, security groups, routes.

Nothing here is known of the project: a rule that is not in the plan is not in the answer.
"""

from collections.abc import Iterator, Sequence

from offline.inputs import items, map_at, refers
from offline.plan import Plan
from report import security_groups
from report.listeners import Listener
from report.network import ANYWHERE, Network
from report.network_policies import by_policy, without_policy
from report.parties import (
    ANY_PORT,
    ANYONE,
    BALANCER,
    BY_GATEWAY,
    BY_PEERING,
    NODES,
    PLANE,
    Party,
    Talk,
    network_party,
    store_party,
)
from report.stores import Store
from report.workloads import Workload


def read(
    plan: Plan,
    network: Network | None,
    stores: Sequence[Store],
    workloads: Sequence[Workload],
    listener: Listener | None,
) -> list[Talk]:
    """Every pair that may talk, in the order of a request's way in, then the ways out."""
    found = [
        *_through_the_balancer(listener),
        *by_policy(plan, network, stores, workloads, listener),
        *without_policy(plan, workloads),
        *_by_group(plan, stores),
        *_with_the_plane(plan),
        *(_by_route(plan, network) if network else ()),
    ]
    return list(dict.fromkeys(found))


def _through_the_balancer(listener: Listener | None) -> Iterator[Talk]:
    if listener is None:
        return
    because = f"Ingress {listener.name}"
    for source in dict.fromkeys(map(network_party, listener.open_to)):
        # A balancer inside the VPC has no address that the internet could reach.
        if source != ANYONE or listener.public:
            yield Talk(source, BALANCER, listener.ports, because)


def _by_group(plan: Plan, stores: Sequence[Store]) -> Iterator[Talk]:
    clusters = {each.name for each in plan.of("aws:eks/cluster:Cluster")}
    for rule in security_groups.read(plan):
        source = network_party(rule.cidr)
        if rule.source:
            source = NODES if rule.source in clusters else _group(rule.source)
        targets = [store_party(store) for store in stores if rule.group in store.groups]
        if rule.group in clusters:
            targets.append(PLANE)
        for target in targets or [_group(rule.group)]:
            yield Talk(source, target, rule.ports, f"security group rule {rule.name}")


def _group(name: str) -> Party:
    return Party("group", name, f"members of {name}")


def _with_the_plane(plan: Plan) -> Iterator[Talk]:
    for cluster in plan.of("aws:eks/cluster:Cluster"):
        access = map_at(cluster.inputs, "vpcConfig")
        if access.get("endpointPublicAccess"):
            cidrs = items(access.get("publicAccessCidrs")) or [ANYWHERE[0]]
            for cidr in cidrs:
                yield Talk(network_party(str(cidr)), PLANE, "tcp 443", f"public endpoint of {cluster.name}")
        # https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
        group = f"the security group that EKS makes for {cluster.name}"
        yield Talk(NODES, PLANE, ANY_PORT, group)
        yield Talk(PLANE, NODES, ANY_PORT, group)


def _by_route(plan: Plan, network: Network) -> Iterator[Talk]:
    used = {id_ for each in plan.of("aws:eks/nodeGroup:NodeGroup") for id_ in refers(each.inputs.get("subnetIds"))}
    subnets = [subnet for subnet in network.subnets if subnet.name in used]
    for nat in sorted({subnet.nat for subnet in subnets if subnet.nat}):
        yield Talk(NODES, ANYONE, ANY_PORT, f"route by {nat}")
    if any(subnet.way == "internet" for subnet in subnets):
        yield Talk(NODES, ANYONE, ANY_PORT, BY_GATEWAY)
    for cidr in sorted({cidr for subnet in subnets for cidr in subnet.peers}):
        yield Talk(NODES, network_party(cidr), ANY_PORT, BY_PEERING)
    for service in sorted({each for subnet in subnets for each in subnet.endpoints}):
        yield Talk(NODES, Party("service", service, service), "tcp 443", "VPC endpoint")
