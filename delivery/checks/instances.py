"""Whether the nodes can be had: their types in the zones, and as many vCPUs as the account may run."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from delivery.aws_tags import tags_of
from delivery.checks.quotas import Quota, applied, judged
from delivery.checks.result import Result, fail, ok, unknown, warn
from delivery.checks.site import Site
from infra.settings import PROJECT

NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"
ARCHITECTURES = {"arm64": "arm64", "amd64": "x86_64"}
FAMILY = re.compile(r"[a-z]+")
NAMES = {"on-demand": "On-Demand", "spot": "Spot"}
RUNNING = ("pending", "running")


@dataclass(frozen=True)
class Families:
    """The families of instance types that share a quota, and its code, on demand and spot."""

    name: str
    families: Sequence[str]
    on_demand: str
    spot: str


# https://docs.aws.amazon.com/ec2/latest/instancetypes/ec2-instance-quotas.html
SHARED: Sequence[Families] = (
    Families(
        "Standard (A, C, D, H, I, M, R, T, Z)",
        ("a", "c", "d", "h", "i", "im", "is", "m", "r", "t", "z"),
        "L-1216C47A",
        "L-34B43A08",
    ),
    Families("G and VT", ("g", "gr", "vt"), "L-DB2E81BA", "L-3819A6DF"),
    Families("P", ("p",), "L-417A185B", "L-7212CCBC"),
)


def types(site: Site) -> Iterable[Result]:
    """Whether the nodes' instance types exist, are of their architecture, and are offered in every zone."""
    wanted = _types(site)
    if not wanted:
        return
    asked, named = "instance types", f"{PROJECT}:nodeInstanceTypes"
    offers = site.aws.items(
        "ec2",
        "describe_instance_type_offerings",
        "InstanceTypeOfferings",
        LocationType="availability-zone",
        Filters=[{"Name": "instance-type", "Values": list(wanted)}],
    )
    there = {(each["InstanceType"], each["Location"]) for each in offers}
    nowhere = [kind for kind in wanted if not any((kind, zone) in there for zone in site.zones)]
    if nowhere:
        yield fail(asked, f"{', '.join(nowhere)} is offered in none of the zones", f"name others in {named}")
    empty = [zone for zone in site.zones if not any((kind, zone) in there for kind in wanted)]
    missing = [f"{kind} in {zone}" for zone in site.zones for kind in wanted if (kind, zone) not in there]
    cure = f"name a type that is there in {named}, or other zones in {PROJECT}:zones"
    if not nowhere and empty:
        yield fail(asked, f"none of {', '.join(wanted)} is offered in {', '.join(empty)}", cure)
    elif not nowhere and missing:
        yield warn(asked, f"not offered: {', '.join(missing)}", cure)
    known = _described(site, [kind for kind in wanted if kind not in nowhere])
    needed = ARCHITECTURES[site.settings.node_architecture]
    wrong = [kind for kind, each in known.items() if needed not in each["ProcessorInfo"]["SupportedArchitectures"]]
    if wrong:
        yield fail(asked, f"{', '.join(wrong)} is not {site.settings.node_architecture}", f"name others in {named}")
    elif not missing:
        yield ok(asked, f"{', '.join(wanted)} ({needed}) in {', '.join(site.zones)}")


def vcpus(site: Site) -> Iterable[Result]:
    """Whether the account may run the most nodes that the stack may have, of the largest type it names."""
    wanted = _types(site)
    if not wanted:
        return
    kinds = {_family(kind): kind for kind in wanted}
    shared = [each for each in SHARED if set(each.families) & set(kinds)]
    known = {family for each in shared for family in each.families}
    for family in sorted(set(kinds) - known):
        yield unknown(f"quota: vCPUs of {kinds[family]}", "its quota is not known here", "look into Service Quotas")
    capacity, running = site.settings.node_capacity, _running(site)
    sizes = {kind: int(each["VCpuInfo"]["DefaultVCpus"]) for kind, each in _described(site, wanted).items()}
    for each in shared:
        largest = max((size for kind, size in sizes.items() if _family(kind) in each.families), default=0)
        code = each.spot if capacity == "spot" else each.on_demand
        quota = Quota(f"vCPUs, {NAMES[capacity]} {each.name}", "ec2", code)
        used = sum(_size(one) for one in running if _family(one["InstanceType"]) in each.families)
        yield judged(quota, site.region, applied(site, quota), {"": largest * _most_nodes(site)}, {"": used})


def _types(site: Site) -> list[str]:
    groups = site.plan.of(NODE_GROUP)
    return list(dict.fromkeys(kind for group in groups for kind in group.inputs["instanceTypes"]))


def _most_nodes(site: Site) -> int:
    return sum(int(group.inputs["scalingConfig"]["maxSize"]) for group in site.plan.of(NODE_GROUP))


def _described(site: Site, wanted: Sequence[str]) -> Mapping[str, Any]:
    if not wanted:
        return {}
    rows = site.aws.items(
        "ec2", "describe_instance_types", "InstanceTypes", Filters=[{"Name": "instance-type", "Values": list(wanted)}]
    )
    return {each["InstanceType"]: each for each in rows}


def _running(site: Site) -> list[Mapping[str, Any]]:
    """Instances of others that count for the same quotas: spot ones or the rest."""
    filters = [{"Name": "instance-state-name", "Values": list(RUNNING)}]
    instances = [
        instance
        for reservation in site.aws.items("ec2", "describe_instances", "Reservations", Filters=filters)
        for instance in reservation["Instances"]
    ]
    spot = site.settings.node_capacity == "spot"
    return [
        each
        for each in instances
        if (each.get("InstanceLifecycle") == "spot") == spot and not site.is_ours(tags_of(each.get("Tags")))
    ]


def _size(instance: Mapping[str, Any]) -> int:
    options = instance.get("CpuOptions", {})
    return int(options.get("CoreCount", 1)) * int(options.get("ThreadsPerCore", 1))


def _family(kind: str) -> str:
    found = FAMILY.match(kind)
    return found[0] if found else ""
