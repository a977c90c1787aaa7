"""What a stack is made of, read from its plan: all that the picture draws."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from offline.inputs import items, map_at, refers
from offline.plan import Plan
from report import listeners, network, stores, talks, workloads
from report.listeners import Listener
from report.network import Network
from report.parties import Talk
from report.stores import Store
from report.text import plural
from report.workloads import Workload

# The services of AWS that the picture, its arrows or the table of permissions are about.
DRAWN = {
    "acm", "budgets", "chatbot", "cloudwatch", "ec2", "ecr", "eks", "elasticache", "iam", "kms", "rds", "route53",
    "sns", "vpc",
}  # fmt: skip


@dataclass(frozen=True)
class Thing:
    """A part with a title and lines below it."""

    title: str
    lines: Sequence[str] = ()


@dataclass(frozen=True)
class Nodes:
    """The node groups: which machines, how many, and the logical names of the subnets that they stand in."""

    machines: str
    number: str
    subnets: frozenset[str]


@dataclass(frozen=True)
class Architecture:
    """A stack's parts. `nodes`, `network` and `plane` are there where the stack makes its own platform."""

    stack: str
    project: str
    region: str
    network: Network | None
    nodes: Nodes | None
    plane: Thing | None
    listener: Listener | None
    address: Thing | None
    workloads: Sequence[Workload]
    addons: Sequence[str]
    stores: Sequence[Store]
    services: Sequence[Thing]
    talks: Sequence[Talk]

    @property
    def served(self) -> list[Workload]:
        """The workloads that a Service stands in front of."""
        return [each for each in self.workloads if each.served]

    @property
    def others(self) -> list[Workload]:
        """The other workloads."""
        return [each for each in self.workloads if not each.served]


def read(plan: Plan) -> Architecture:
    """The architecture that a plan stands for."""
    vpc, listener = network.read(plan), listeners.read(plan)
    running, kept = workloads.read(plan), stores.read(plan)
    providers = plan.of("pulumi:providers:aws")
    return Architecture(
        stack=plan.stack,
        project=plan.project,
        region=str(providers[0].inputs.get("region", "")) if providers else "",
        network=vpc,
        nodes=_nodes(plan),
        plane=_plane(plan),
        listener=listener,
        address=_address(plan, listener),
        workloads=running,
        addons=[str(each.inputs.get("addonName", each.name)) for each in plan.of("aws:eks/addon:Addon")],
        stores=kept,
        services=_services(plan),
        talks=talks.read(plan, vpc, kept, running, listener),
    )


def _nodes(plan: Plan) -> Nodes | None:
    groups = plan.of("aws:eks/nodeGroup:NodeGroup")
    if not groups:
        return None
    machines, bounds, capacities = [], [], []
    for inputs in (group.inputs for group in groups):
        sizes, types = map_at(inputs, "scalingConfig"), ", ".join(map(str, items(inputs.get("instanceTypes"))))
        machines.append(f"{sizes.get('desiredSize')} \N{MULTIPLICATION SIGN} {types}")
        bounds.append(f"{sizes.get('minSize')} to {sizes.get('maxSize')}")
        capacities.append(str(inputs.get("capacityType", "on-demand")).lower().replace("_", "-"))
    return Nodes(
        " + ".join(machines),
        f"{' + '.join(dict.fromkeys(capacities))} · {' + '.join(bounds)} nodes",
        frozenset(name for group in groups for name in refers(group.inputs.get("subnetIds"))),
    )


def _plane(plan: Plan) -> Thing | None:
    clusters = plan.of("aws:eks/cluster:Cluster")
    if not clusters:
        return None
    inputs = clusters[0].inputs
    access = map_at(inputs, "vpcConfig")
    ways = [name for name in ("public", "private") if access.get(f"endpoint{name.capitalize()}Access")]
    return Thing(
        "EKS control plane",
        [
            str(inputs.get("name", clusters[0].name)),
            f"Kubernetes {inputs.get('version', '')}",
            f"endpoint: {' and '.join(ways) or 'none'}",
            *(["secrets encrypted by KMS"] if inputs.get("encryptionConfig") else []),
            *(["deletion protected"] if inputs.get("deletionProtection") else []),
        ],
    )


def _address(plan: Plan, listener: Listener | None) -> Thing | None:
    records = [
        str(each.inputs.get("name", ""))
        for each in plan.of("aws:route53/record:Record")
        if each.inputs.get("aliases") or each.inputs.get("type") in ("A", "AAAA")
    ]
    names = list(dict.fromkeys([*records, *(listener.hosts if listener else ())]))
    if not names:
        return None
    certified = plan.of("aws:acm/certificate:Certificate")
    return Thing("Route 53", [*names[:2], *(["certificate by ACM, proven by DNS"] if certified else [])])


def _services(plan: Plan) -> list[Thing]:
    found = [
        Thing("ECR registry", [str(each.inputs.get("name", each.name)), _tags(each.inputs.get("imageTagMutability"))])
        for each in plan.of("aws:ecr/repository:Repository")
    ]
    logs, alarms = plan.of("aws:cloudwatch/logGroup:LogGroup"), plan.of("aws:cloudwatch/metricAlarm:MetricAlarm")
    if logs or alarms:
        told = [plural(len(logs), "log group"), *([plural(len(alarms), "alarm")] if alarms else [])]
        found.append(Thing("CloudWatch", [", ".join(told)]))
    if keys := plan.of("aws:kms/key:Key"):
        found.append(Thing("KMS", [plural(len(keys), "key")]))
    if topics := plan.of("aws:sns/topic:Topic"):
        subscribers = plan.of("aws:sns/topicSubscription:TopicSubscription")
        found.append(Thing("SNS", [f"{plural(len(topics), 'topic')}, {plural(len(subscribers), 'subscriber')}"]))
    others = Counter(each.type.split(":")[1].partition("/")[0] for each in plan.resources if each.package == "aws")
    if lines := [f"{name}: {plural(others[name], 'resource')}" for name in sorted(others.keys() - DRAWN)]:
        found.append(Thing("Also in the plan", lines))
    return found


def _tags(mutability: object) -> str:
    return "tags never move" if mutability == "IMMUTABLE" else "tags can move"
