"""What security groups let in, in whichever of the three forms that a plan can say it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offline.inputs import items, maps, referred
from offline.plan import Plan

RULE, OLD_RULE = (
    "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    "aws:ec2/securityGroupRule:SecurityGroupRule",
)
GROUPS = ("aws:ec2/securityGroup:SecurityGroup", "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")


@dataclass(frozen=True)
class GroupRule:
    """Connections into `group` from `source`, a logical name of a group, or else from `cidr`; `ports` in words."""

    name: str
    group: str
    source: str
    cidr: str
    first: int | None
    ports: str


def read(plan: Plan) -> list[GroupRule]:
    """The rules of a plan."""
    found = [
        rule
        for each in plan.of(RULE)
        for rule in _rules(each.name, referred(each.inputs.get("securityGroupId")), each.inputs, _sources(each.inputs))
    ]
    for each in plan.of(OLD_RULE):
        if each.inputs.get("type") == "ingress":
            group = referred(each.inputs.get("securityGroupId"))
            found += _rules(each.name, group, each.inputs, _listed(each.inputs, group))
    for kind in GROUPS:
        for each in plan.of(kind):
            for inline in maps(each.inputs.get("ingress")):
                found += _rules(each.name, each.name, inline, _listed(inline, each.name))
    return found


def _sources(inputs: Mapping[str, Any]) -> list[tuple[str, str]]:
    source = referred(inputs.get("referencedSecurityGroupId"))
    return [(source, "" if source else str(inputs.get("cidrIpv4") or inputs.get("cidrIpv6") or ""))]


def _listed(inputs: Mapping[str, Any], own: str) -> list[tuple[str, str]]:
    groups = [*items(inputs.get("securityGroups")), inputs.get("sourceSecurityGroupId")]
    found = [(name, "") for name in map(referred, groups) if name]
    found += [("", str(cidr)) for key in ("cidrBlocks", "ipv6CidrBlocks") for cidr in items(inputs.get(key))]
    return [*found, *([(own, "")] if inputs.get("self") else [])]


def _rules(name: str, group: str, inputs: Mapping[str, Any], sources: list[tuple[str, str]]) -> Iterator[GroupRule]:
    first, last = inputs.get("fromPort"), inputs.get("toPort")
    protocol = inputs.get("ipProtocol") or inputs.get("protocol")
    if protocol in ("-1", "all") or first is None:
        ports = "all ports"
    else:
        ports = f"{protocol} {first}" if first == last else f"{protocol} {first} to {last}"
    for source, cidr in sources:
        yield GroupRule(name, group, source, cidr, first if isinstance(first, int) else None, ports)
