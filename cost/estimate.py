"""What a plan costs in a month: each resource priced, known to be free, or said to be unpriced."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from cost import compute, logs, network, services
from cost.context import Context, Line
from cost.free import why_free
from cost.model import DEFAULT_LOAD, Estimate, Item, Load, Unpriced
from cost.prices import NoPriceError, data
from offline.plan import Plan, Resource

Pricing = Callable[[Resource, Context], Line | None]

PRICED: Mapping[str, Sequence[Pricing]] = {
    "aws:cloudwatch/dashboard:Dashboard": (services.dashboard,),
    "aws:cloudwatch/logGroup:LogGroup": (logs.taken_in,),
    "aws:cloudwatch/metricAlarm:MetricAlarm": (services.alarm,),
    "aws:ec2/eip:Eip": (network.address,),
    "aws:ec2/natGateway:NatGateway": (network.nat_hours, network.nat_bytes),
    "aws:ec2/vpcEndpoint:VpcEndpoint": (network.endpoint,),
    "aws:ecr/repository:Repository": (services.images,),
    "aws:eks/addon:Addon": (services.observations,),
    "aws:eks/cluster:Cluster": (services.control_plane,),
    "aws:eks/nodeGroup:NodeGroup": (compute.instances, compute.disks, compute.addresses),
    "aws:elasticache/serverlessCache:ServerlessCache": (services.cache_data, services.cache_work, services.cache_bytes),
    "aws:kms/key:Key": (services.key,),
    "aws:rds/instance:Instance": (
        services.database,
        services.database_disk,
        services.database_secret,
        services.database_bytes,
    ),
    "aws:route53/healthCheck:HealthCheck": (services.health_check,),
    "kubernetes:core/v1:Service": (network.service,),
    "kubernetes:keda.sh/v1alpha1:ScaledObject": (services.metric_queries,),
    "kubernetes:networking.k8s.io/v1:Ingress": (
        network.balancer_hours,
        network.balancer_units,
        network.balancer_addresses,
        network.bytes_out,
    ),
}


def estimate(plan: Plan, load: Load = DEFAULT_LOAD) -> Estimate:
    """What the resources of a plan cost.

    Args:
        plan: as `offline.references.evaluate_with_references` gives it.
        load: what the service has to carry; the estimate has the cost with nobody calling besides.

    Returns:
        The items in the plan's order. A resource of a type that nobody has looked at, or without a price in its region,
        is among the unpriced, once for each reason. Nothing is raised for what a plan has in it.
    """
    context = Context(plan, load)
    items: list[Item] = []
    unpriced: list[Unpriced] = []
    for resource in plan.resources:
        if resource.external or not context.region:
            continue
        for found in dict.fromkeys(_priced(resource, context)):
            if isinstance(found, Line):
                items.append(Item(urn=resource.urn, name=resource.name, **vars(found)))
            else:
                unpriced.append(Unpriced(urn=resource.urn, type=resource.type, why=found))
    return Estimate(region=context.region, dated=data()["dated"], load=load, items=items, unpriced=unpriced)


def _priced(resource: Resource, context: Context) -> Iterator[Line | str]:
    """The lines of a resource, and why it has not more."""
    if resource.type not in PRICED:
        if why_free(resource.type) is None:
            yield "nobody here has looked up what resources of this type cost"
        return
    for price in PRICED[resource.type]:
        context.lenders.clear()
        try:
            line = price(resource, context)
        except NoPriceError as error:
            yield str(error)
        except (ArithmeticError, AttributeError, KeyError, TypeError, ValueError):
            # Inputs may be of any form: a preview tells what they would cost, and never fails by it.
            yield "what it costs cannot be told from what is known of it"
        else:
            if line is not None:
                yield replace(line, as_in=", ".join(sorted(context.lenders)))
