"""What a price is asked for: the plan, the region, the load, and what they lead to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from cost.model import HOURS, NO_LOAD, Load
from cost.pods import ADDON, pods_of
from cost.prices import NoPriceError, Prices
from cost.room import nodes_needed
from offline.inputs import map_at, referred
from offline.plan import Plan, Resource

SUBNET, GROUP, PROVIDER = "aws:ec2/subnet:Subnet", "aws:eks/nodeGroup:NodeGroup", "pulumi:providers:aws"
TEMPLATE, CLUSTER = "aws:ec2/launchTemplate:LaunchTemplate", "aws:eks/cluster:Cluster"
OBSERVING = "amazon-cloudwatch-observability"
BALANCER_ROLE = "kubernetes.io/role/elb"
FEWEST_ZONES = 2


@dataclass(frozen=True)
class Line:
    """What a resource costs for one thing, in dollars a month, and how it comes about; `as_in` as `Item` has it."""

    what: str
    idle: float
    loaded: float
    basis: str
    as_in: str = ""


@dataclass(frozen=True)
class Counts:
    """A number with nobody calling, and at the load."""

    idle: float
    loaded: float

    def __str__(self) -> str:
        return f"{self.idle:g}" if self.idle == self.loaded else f"{self.idle:g} to {self.loaded:g}"


@dataclass(frozen=True)
class Context:
    """A plan in a region under a load. In `lenders`, which is emptied before each line, are the other regions whose
    prices were taken for it.
    """

    plan: Plan
    load: Load
    lenders: set[str] = field(default_factory=set, compare=False)

    @cached_property
    def region(self) -> str:
        """The region of the stack; empty if nothing of it is in AWS."""
        regions = [str(each.inputs["region"]) for each in self.plan.of(PROVIDER) if each.inputs.get("region")]
        return regions[0] if regions else ""

    def prices(self, resource: Resource) -> Prices:
        """The prices where a resource is; those of objects in a cluster where the stack is."""
        provider = self.plan.by_urn.get(resource.provider or "")
        region = provider.inputs.get("region") if provider is not None and provider.type == PROVIDER else None
        return Prices(str(region or self.region), self.lenders)

    @property
    def loads(self) -> tuple[Load, Load]:
        """Nobody calling, and the load."""
        return NO_LOAD, self.load

    @cached_property
    def nodes(self) -> Counts:
        """Nodes of all groups."""
        groups = [self.nodes_of(group) for group in self.plan.of(GROUP)]
        return Counts(sum(each.idle for each in groups), sum(each.loaded for each in groups))

    def nodes_under(self, load: Load) -> float:
        """Nodes of all groups under one of the `loads`."""
        return self.nodes.loaded if load.requests_per_second else self.nodes.idle

    def nodes_of(self, group: Resource) -> Counts:
        """Nodes of a group: as many as are asked for; of one that is autoscaled, as many as the pods need.

        Raises:
            NoPriceError: the sizes are not known.
        """
        scaling = group.inputs.get("scalingConfig") or {}
        least, wanted, most = (number(scaling.get(key), key) for key in ("minSize", "desiredSize", "maxSize"))
        if "scalingConfig.desiredSize" not in (group.options.get("ignoreChanges") or ()):
            return Counts(wanted, wanted)
        kind = self.kind_of(group)
        idle, loaded = (nodes_needed(pods_of(self.plan, load.requests_per_second), kind) for load in self.loads)
        return Counts(min(max(idle, least), most), min(max(loaded, least), most))

    def kind_of(self, group: Resource) -> str:
        """The EC2 instance type that a group is planned for: the first, as the others stand in for it.

        Raises:
            NoPriceError: none is known.
        """
        kinds = group.inputs.get("instanceTypes")
        if not isinstance(kinds, Sequence) or isinstance(kinds, str) or not kinds:
            raise NoPriceError("its instance types are not known before the deployment")
        return str(kinds[0])

    def resource(self, type_: str, value: Any) -> Resource | None:
        """The resource of that type that an input refers to."""
        name = referred(value)
        return next((each for each in self.plan.of(type_) if each.name == name), None)

    @cached_property
    def balancer_zones(self) -> int:
        """Zones that a balancer stands in: one for each public subnet, or each network of them that another stack has;
        the fewest where those are not known.
        """
        public = [each for each in self.plan.of(SUBNET) if BALANCER_ROLE in map_at(each.inputs, "tags")]
        networks = self.plan.outputs.get("clientCidrs")
        return len(public) or (len(networks) if isinstance(networks, list) else 0) or FEWEST_ZONES

    @cached_property
    def container_logs(self) -> bool:
        """Whether an add-on sends the containers' logs to CloudWatch."""
        return any(each.inputs.get("addonName") == OBSERVING for each in self.plan.of(ADDON))


def by_hour(what: str, price: float) -> Line:
    """What costs so many dollars an hour, whatever the load."""
    return Line(what, HOURS * price, HOURS * price, f"{HOURS} h × {price:g}")


def number(value: Any, what: str) -> float:
    """`value`, which has to be a number by now.

    Raises:
        NoPriceError: it is not known before the deployment.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise NoPriceError(f"{what} is not known before the deployment")
    return value
