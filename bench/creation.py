"""The modelled time to create a stack: published creation times along the dependency graph of its plan."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bench.creation_times import CreationTimes
from bench.schedule import Span, critical_path, earliest, slack
from offline.plan import Plan, Resource

CLUSTER, NODES = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup"
CNI, CHART = "vpc-cni", "aws-load-balancer-controller"


@dataclass(frozen=True)
class Step:
    """Something that is made: its name and type, when it begins and ends, and by how much longer it could take without
    the end being later; in seconds.
    """

    name: str
    type: str
    begin: float
    end: float
    slack: float

    @property
    def seconds(self) -> float:
        """How long it takes."""
        return self.end - self.begin


@dataclass(frozen=True)
class Creation:
    """How a stack is created: `steps` are all, the `path` is what the end had to wait for, and the `chain` what no
    program can shorten.
    """

    steps: Sequence[Step]
    path: Sequence[Step]
    chain: Sequence[Step]

    @property
    def seconds(self) -> float:
        """From the first call until the service can be reached."""
        return self.path[-1].end if self.path else 0.0

    @property
    def unavoidable(self) -> float:
        """What the chain alone takes, each after the one before."""
        return sum(step.seconds for step in self.chain)

    @property
    def besides(self) -> list[Step]:
        """What is on the path and not on the chain, and takes time."""
        return [step for step in self.path if step not in self.chain]


def model(plan: Plan, times: CreationTimes) -> Creation:
    """Create a plan in the model: everything as soon as the engine lets it begin.

    The engine is taken as it is at best: no limit to what it does at once, and no time of its own. Nor have hooks any:
    those before pods wait until ten seconds after an association that was made minutes before.

    Args:
        plan: of a stack that makes its own platform.
        times: how long each resource takes.
    """
    seconds = {each.urn: times.seconds(each) for each in plan.resources}
    needs = needs_of(plan)
    for each in plan.resources:
        if (row := times.row(each)) and row.then:
            needs[_then(each)] = {each.urn}
            seconds[_then(each)] = row.then.seconds
    chain = _chain(plan, needs)
    spans = earliest(needs, seconds, chain)
    spare = slack(needs, seconds, spans)
    steps = {urn: _step(urn, plan, times, span, spare[urn]) for urn, span in spans.items()}
    path = [steps[urn] for urn in critical_path(spans)]
    return Creation(list(steps.values()), [step for step in path if step.seconds], [steps[urn] for urn in chain])


def needs_of(plan: Plan) -> dict[str, set[str]]:
    """What each resource of a plan waits for, by URN.

    Those that it depends on, its provider, and its parent. A remote component is made by a plugin, which is asked once
    all its inputs are there, and answers when all that it has made is done: so its children wait for its beginning,
    which is a row of its own, and what needs the component waits for all of them.
    """
    needs: dict[str, set[str]] = {}
    for each in plan.resources:
        direct = {*each.depends_on, *(urn for urns in each.property_dependencies.values() for urn in urns)}
        direct |= {*each.providers.values(), *filter(None, [each.provider])}
        if each.remote:
            needs[_beginning(each.urn)], direct = direct, {_beginning(each.urn)}
            direct |= {child.urn for child in plan.descendants(each.urn)}
        needs[each.urn] = direct | _parent(plan, each)
    return {urn: {need for need in direct if need in needs and need != urn} for urn, direct in needs.items()}


def _parent(plan: Plan, resource: Resource) -> set[str]:
    parent = plan.by_urn.get(resource.parent or "")
    if parent is None:
        return set()
    return {_beginning(parent.urn) if parent.remote else parent.urn}


def _chain(plan: Plan, needs: Mapping[str, set[str]]) -> list[str]:
    """The steps of which each needs the one before in AWS, whatever the program: control plane, CNI, nodes, controller,
    balancer, and before them the network that a control plane has to be in.
    """
    [cluster], [nodes] = plan.of(CLUSTER), plan.of(NODES)
    [cni] = [each for each in plan.of("aws:eks/addon:Addon") if each.inputs["addonName"] == CNI]
    [chart] = [each for each in plan.of("kubernetes:helm.sh/v3:Release") if each.inputs["chart"] == CHART]
    [ingress] = plan.of("kubernetes:networking.k8s.io/v1:Ingress")
    [vpc] = plan.of("aws:ec2/vpc:Vpc")
    subnet = min(urn for urn in cluster.depends_on if plan.by_urn[urn].type == "aws:ec2/subnet:Subnet")
    after = [_then(ingress)] if _then(ingress) in needs else []
    return [vpc.urn, subnet, *(each.urn for each in (cluster, cni, nodes, chart, ingress)), *after]


def _beginning(urn: str) -> str:
    return f"{urn} (beginning)"


def _then(resource: Resource) -> str:
    return f"{resource.urn} (then)"


def _step(urn: str, plan: Plan, times: CreationTimes, span: Span, spare: float) -> Step:
    known, _, suffix = urn.partition(" (")
    resource = plan.by_urn[known]
    row = times.row(resource)
    name = row.then.what if suffix == "then)" and row and row.then else resource.name
    return Step(name, resource.type, span.begin, span.end, spare)
