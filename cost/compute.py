"""What nodes cost: instances, disks, public addresses."""

from cost.context import SUBNET, TEMPLATE, Context, Line, number
from cost.model import HOURS
from cost.prices import NoPriceError
from offline.plan import Resource

CAPACITIES = {"SPOT": "spot", "ON_DEMAND": "on-demand"}
DISK = "gp3"


def instances(group: Resource, context: Context) -> Line:
    """Their hours. Spot is the mean of the region's zones on one day, and moves."""
    capacity = CAPACITIES.get(str(group.inputs.get("capacityType", "ON_DEMAND")))
    if capacity is None:
        raise NoPriceError(f"how its nodes are paid is not known here: {group.inputs['capacityType']}")
    kind, nodes = context.kind_of(group), context.nodes_of(group)
    hourly = context.prices(group).instance(kind, capacity)
    basis = f"{nodes} {kind} on {capacity} × {HOURS} h × {hourly:g}"
    return Line("nodes", nodes.idle * HOURS * hourly, nodes.loaded * HOURS * hourly, basis)


def disks(group: Resource, context: Context) -> Line:
    """Their root disks, as the launch template has them."""
    wanted = group.inputs.get("launchTemplate") or {}
    template = context.resource(TEMPLATE, wanted.get("id"))
    if template is None:
        raise NoPriceError("the size of its nodes' disks is not known: it has no launch template here")
    volumes = [each.get("ebs") or {} for each in template.inputs.get("blockDeviceMappings") or ()]
    if not volumes or any(each.get("volumeType") != DISK for each in volumes):
        raise NoPriceError(f"cost/prices.json has prices of {DISK} disks only")
    size = sum(number(each.get("volumeSize"), "volumeSize") for each in volumes)
    nodes, price = context.nodes_of(group), context.prices(group).of("disk_gb")
    return Line("disks", nodes.idle * size * price, nodes.loaded * size * price, f"{nodes} × {size:g} GB × {price:g}")


def addresses(group: Resource, context: Context) -> Line | None:
    """One public IPv4 address for each node, where their subnets give them out."""
    subnets = [context.resource(SUBNET, each) for each in group.inputs.get("subnetIds") or ()]
    if not any(each is not None and each.inputs.get("mapPublicIpOnLaunch") is True for each in subnets):
        return None
    nodes, hourly = context.nodes_of(group), context.prices(group).of("address_hour")
    basis = f"{nodes} × {HOURS} h × {hourly:g}"
    return Line("public addresses", nodes.idle * HOURS * hourly, nodes.loaded * HOURS * hourly, basis)
