"""What the network costs: NAT, addresses, the balancer, bytes."""

from cost.context import Context, Line, by_hour
from cost.logs import container_gigabytes
from cost.model import HOURS, Load
from cost.prices import NoPriceError, assumed
from offline.plan import Resource

INGRESS, NAT = "kubernetes:networking.k8s.io/v1:Ingress", "aws:ec2/natGateway:NatGateway"
GROUP_NAME, SCHEME = "alb.ingress.kubernetes.io/group.name", "alb.ingress.kubernetes.io/scheme"
# What one capacity unit takes of each; the dearest counts:
# https://aws.amazon.com/elasticloadbalancing/pricing/
UNIT_NEW, UNIT_OPEN, UNIT_GB_PER_HOUR = 25, 3000, 1


def nat_hours(nat: Resource, context: Context) -> Line:
    return by_hour("NAT gateways", context.prices(nat).of("nat_hour"))


def nat_bytes(nat: Resource, context: Context) -> Line | None:
    """What nodes send out through it: logs, as answers leave by the balancer and images come by the S3 endpoint."""
    share = len(context.plan.of(NAT))
    idle, loaded = (container_gigabytes(context, load) / share for load in context.loads)
    if not loaded:
        return None
    price = context.prices(nat).of("nat_gb")
    return Line("NAT gateways", idle * price, loaded * price, f"{idle:.3g} to {loaded:.3g} GB × {price:g}")


def address(eip: Resource, context: Context) -> Line:
    return by_hour("public addresses", context.prices(eip).of("address_hour"))


def endpoint(endpoint: Resource, _: Context) -> None:
    """A gateway endpoint is free."""
    if endpoint.inputs.get("vpcEndpointType") != "Gateway":
        raise NoPriceError("only gateway endpoints, which are free, are known here")


def service(service: Resource, _: Context) -> None:
    """A Service is an entry in the cluster, unless it asks for a balancer of its own."""
    if (service.inputs.get("spec") or {}).get("type") == "LoadBalancer":
        raise NoPriceError("it makes a Network Load Balancer, which has no price here")


def balancer_hours(ingress: Resource, context: Context) -> Line | None:
    if not _makes_balancer(ingress, context):
        return None
    return by_hour("balancer", context.prices(ingress).of("balancer_hour"))


def balancer_addresses(ingress: Resource, context: Context) -> Line | None:
    """One public IPv4 address in each zone."""
    if not _makes_balancer(ingress, context) or not _faces_internet(ingress):
        return None
    zones, hourly = context.balancer_zones, context.prices(ingress).of("address_hour")
    dollars = zones * HOURS * hourly
    return Line("public addresses", dollars, dollars, f"{zones} zones × {HOURS} h × {hourly:g}")


def balancer_units(ingress: Resource, context: Context) -> Line | None:
    if not _makes_balancer(ingress, context):
        return None
    hourly, units = context.prices(ingress).of("balancer_unit_hour"), _units(context.load)
    return Line("balancer", 0, units * HOURS * hourly, f"0 to {units:.3g} capacity units × {HOURS} h × {hourly:g}")


def bytes_out(ingress: Resource, context: Context) -> Line | None:
    """Answers to callers on the internet. Between the balancer and its targets no zone is charged."""
    if not _makes_balancer(ingress, context) or not _faces_internet(ingress):
        return None
    free, price = assumed("free_out_gb"), context.prices(ingress).of("out_gb")
    sent = context.load.gigabytes(context.load.kilobytes_per_response)
    paid = max(sent - free, 0)
    return Line("bytes out", 0, paid * price, f"{sent:.3g} GB, less {free} free per account, × {price:g}")


def _units(load: Load) -> float:
    new = load.requests_per_second * load.connections_per_request
    kilobytes: float = load.kilobytes_per_response + assumed("request_kb")
    per_hour = load.requests_per_second * 3600 * kilobytes / 1e6
    held: float = new * assumed("connection_seconds")
    return max(new / UNIT_NEW, held / UNIT_OPEN, per_hour / UNIT_GB_PER_HOUR)


def _makes_balancer(ingress: Resource, context: Context) -> bool:
    """Ingresses of one group share a balancer, which is counted at the first."""
    return ingress == next(each for each in context.plan.of(INGRESS) if _group(each) == _group(ingress))


def _group(ingress: Resource) -> str:
    return str(_annotations(ingress).get(GROUP_NAME, ingress.urn))


def _faces_internet(ingress: Resource) -> bool:
    return _annotations(ingress).get(SCHEME) == "internet-facing"


def _annotations(ingress: Resource) -> dict[str, object]:
    return dict((ingress.inputs.get("metadata") or {}).get("annotations") or {})
