"""Whether what runs is still mended: versions against the dates of `support.py`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from policy import support
from policy.data_rules import CACHES, DATABASE
from policy.model import Context, Planned, Rule
from policy.values import at, is_missing, is_unknown

CLUSTER, NODES, ADDON = "aws:eks/cluster:Cluster", "aws:eks/nodeGroup:NodeGroup", "aws:eks/addon:Addon"
# The engines that RDS supports for longer, at a price.
EXTENDED = ("postgres", "mysql")
KUBE_PROXY = "kube-proxy"
NOTICE = timedelta(days=60)
_MINOR = re.compile(r"v?(\d+)\.(\d+)")
_BUILD = re.compile(r"v\d+\.\d+\.\d+-eksbuild\.\d+")


@dataclass(frozen=True)
class _Version:
    """A version that a resource asks for, and its row; `key` of the input, for the reader."""

    what: str
    version: str
    key: str
    ends: support.Ends


def _versions(resource: Planned) -> Iterator[_Version]:
    """The versions of a resource that `support.py` has a table for."""
    inputs = resource.inputs
    if resource.type in (CLUSTER, NODES) and _said(inputs.get("version")):
        yield _Version("Kubernetes", _minor(inputs["version"]), "version", support.KUBERNETES)
    if resource.type == NODES and _said(inputs.get("amiType")):
        system = str(inputs["amiType"]).partition("_")[0]
        yield _Version("the node's system", system, "amiType", support.NODE_SYSTEMS)
    if resource.type == ADDON and inputs.get("addonName") == KUBE_PROXY and _said(inputs.get("addonVersion")):
        yield _Version(KUBE_PROXY, _minor(inputs["addonVersion"]), "addonVersion", support.KUBERNETES)
    if resource.type == DATABASE and inputs.get("engine") == "postgres" and _said(inputs.get("engineVersion")):
        major = str(inputs["engineVersion"]).partition(".")[0]
        yield _Version("PostgreSQL", major, "engineVersion", support.POSTGRES)
    cache_version = inputs.get("majorEngineVersion") or inputs.get("engineVersion")
    if resource.type in CACHES and inputs.get("engine") == "valkey" and _said(cache_version):
        yield _Version("Valkey", str(cache_version).partition(".")[0], "engine version", support.VALKEY)


def _said(value: Any) -> bool:
    return not is_missing(value) and not is_unknown(value)


def _minor(version: Any) -> str:
    found = _MINOR.match(str(version))
    return f"{int(found[1])}.{int(found[2])}" if found else str(version)


def in_support(resource: Planned, context: Context) -> Iterator[str]:
    for each in _versions(resource):
        if each.version not in each.ends:
            yield f"whether {each.what} {each.version} is supported, policy/support.py does not know ({each.key})"
        elif (end := each.ends[each.version]) is not None and end <= context.today:
            yield f"{each.what} {each.version} has had no standard support since {end.isoformat()} ({each.key})"
    name, version = resource.inputs.get("addonName"), resource.inputs.get("addonVersion")
    oldest = support.OLDEST_ADDONS.get(name) if resource.type == ADDON and isinstance(name, str) else None
    minor = _MINOR.match(str(version))
    if oldest and minor and (int(minor[1]), int(minor[2])) < oldest:
        yield f"{name} {version} is older than what AWS names for any Kubernetes in support ({oldest[0]}.{oldest[1]})"


def ends_soon(resource: Planned, context: Context) -> Iterator[str]:
    for each in _versions(resource):
        end: date | None = each.ends.get(each.version)
        if end is not None and timedelta(0) < end - context.today <= NOTICE:
            yield f"standard support of {each.what} {each.version} ends on {end.isoformat()} ({each.key})"


def pinned(resource: Planned, _: Context) -> Iterator[str]:
    inputs = resource.inputs
    if resource.type in (CLUSTER, NODES) and is_missing(inputs.get("version")):
        yield "which Kubernetes it gets depends on the day (version)"
    version = inputs.get("addonVersion")
    if resource.type == ADDON and not is_unknown(version) and not _BUILD.fullmatch(str(version)):
        yield "which version it gets depends on the day (addonVersion)"


def extended(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == CLUSTER:
        support_type = at(resource.inputs, "upgradePolicy", "supportType")
        if support_type != "STANDARD" and not is_unknown(support_type):
            yield "it slips into extended support, at six times the price, without a word (upgradePolicy)"
    if resource.type == DATABASE and resource.inputs.get("engine") in EXTENDED:
        lifecycle = resource.inputs.get("engineLifecycleSupport")
        if lifecycle != "open-source-rds-extended-support-disabled" and not is_unknown(lifecycle):
            yield "it slips into extended support, which costs by the core, without a word (engineLifecycleSupport)"


RULES = (
    Rule(
        name="version-pinned",
        check=pinned,
        asks="Kubernetes and its add-ons have a version each",
        why="the same commit makes the same cluster",
        cure="set the version; infra/addons.py has them by Kubernetes version",
    ),
    Rule(
        name="version-in-support",
        check=in_support,
        asks="Kubernetes, add-ons, nodes, database and cache have versions in standard support",
        why="what is out of support gets no mends, or at a price",
        cure="choose one that policy/support.py has in support, or add its row; docs/operations.md says how to upgrade",
    ),
    Rule(
        name="version-ends-soon",
        check=ends_soon,
        asks=f"no version's standard support ends within {NOTICE.days} days",
        why="an upgrade is tried in dev first, and that takes weeks",
        cure="plan the upgrade; docs/operations.md says how",
        level="advisory",
        in_production="advisory",
    ),
    Rule(
        name="version-standard",
        check=extended,
        asks="cluster and database are upgraded at the end of standard support, not kept in extended support",
        why="extended support is on by default: https://docs.aws.amazon.com/eks/latest/userguide/view-upgrade-policy.html",
        cure="set supportType to STANDARD in upgradePolicy, or engineLifecycleSupport to "
        "open-source-rds-extended-support-disabled",
    ),
)
