"""What can be reached, and by whom.

Each rule answers what is wrong with a resource of its kind; `rules.py` says how much it weighs, and the cure.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policy.model import Context, Planned, as_map, as_texts

PUBLIC = ("0.0.0.0/0", "::/0")
LISTENERS = "alb.ingress.kubernetes.io/listen-ports"
# PostgreSQL, and Valkey with its reader port.
DATA_PORTS = (5432, 6379, 6380)
CIDR_KEYS = ("cidrBlocks", "ipv6CidrBlocks", "cidrIpv4", "cidrIpv6")


def open_ports(resource: Planned, _: Context) -> Iterator[str]:
    for rule in _ingress(resource):
        yield from (f"it lets {source} in" for source in _addresses(rule) if source in PUBLIC)


def data_by_address(resource: Planned, _: Context) -> Iterator[str]:
    for rule in _ingress(resource):
        ports = [port for port in DATA_PORTS if _admits(rule, port)]
        if ports and _addresses(rule):
            yield f"it lets {', '.join(_addresses(rule))} reach port {ports[0]}, where data is kept"


def _ingress(resource: Planned) -> list[Mapping[str, Any]]:
    """The rules of a security group that let somebody in."""
    inputs = resource.inputs
    if resource.type == "aws:ec2/securityGroup:SecurityGroup":
        return [as_map(each) for each in inputs.get("ingress") or []]
    if resource.type == "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule" or (
        resource.type == "aws:ec2/securityGroupRule:SecurityGroupRule" and inputs.get("type") == "ingress"
    ):
        return [inputs]
    return []


def _addresses(rule: Mapping[str, Any]) -> list[str]:
    return [source for key in CIDR_KEYS for source in as_texts(rule.get(key))]


def _admits(rule: Mapping[str, Any], port: int) -> bool:
    first, last = rule.get("fromPort"), rule.get("toPort")
    if str(rule.get("protocol", rule.get("ipProtocol"))) == "-1":
        return True
    # The engine has no whole numbers.
    return isinstance(first, int | float) and isinstance(last, int | float) and first <= port <= last


def api_open(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type != "aws:eks/cluster:Cluster":
        return
    vpc = as_map(resource.inputs.get("vpcConfig"))
    if vpc.get("endpointPublicAccess", True) is False:
        return
    cidrs = vpc.get("publicAccessCidrs")
    # Without a list, EKS lets everyone in.
    open_to = [cidr for cidr in PUBLIC if cidrs is None or (isinstance(cidrs, Sequence) and cidr in cidrs)]
    if open_to:
        yield f"its Kubernetes API is reachable from {open_to[0]}"


def https(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type != "kubernetes:networking.k8s.io/v1:Ingress":
        return
    annotations = as_map(as_map(resource.inputs.get("metadata")).get("annotations"))
    if '"HTTPS"' not in str(annotations.get(LISTENERS, "")):
        yield "it has no HTTPS listener"
    elif '"HTTP"' in str(annotations[LISTENERS]) and not annotations.get("alb.ingress.kubernetes.io/ssl-redirect"):
        yield "its HTTP listener does not redirect to HTTPS"
