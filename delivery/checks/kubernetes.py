"""Whether EKS offers what is pinned: the Kubernetes version, the add-ons, and the cluster that is referred to."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from delivery.checks.result import Result, fail, ok, warn
from delivery.checks.site import Site
from infra.settings import PROJECT

STANDARD = "STANDARD_SUPPORT"
NOTICE = timedelta(days=60)
CLUSTER, ADDON = "aws:eks/cluster:Cluster", "aws:eks/addon:Addon"


def version(site: Site, now: datetime) -> Iterable[Result]:
    """Whether the version can be had, in standard support, and for how long."""
    if not site.wants(CLUSTER):
        return
    asked, wanted = "Kubernetes version", site.settings.kubernetes_version
    rows = site.aws.items("eks", "describe_cluster_versions", "clusterVersions")
    status = {str(each["clusterVersion"]): str(each.get("versionStatus", "")) for each in rows}
    if status.get(wanted) != STANDARD:
        offered = ", ".join(sorted(name for name, each in status.items() if each == STANDARD))
        found = f"{wanted} is in {status[wanted].lower()}" if status.get(wanted) else f"EKS does not offer {wanted}"
        cure = f"set {PROJECT}:kubernetesVersion to one of {offered} that infra/addons.py has a row for"
        yield fail(asked, f"{found}; the cluster takes standard support only", cure)
        return
    end = _end_of(wanted, rows)
    if end is None:
        yield ok(asked, f"{wanted}, in standard support")
    elif end - now < NOTICE:
        yield warn(
            asked, f"{wanted}, whose standard support ends {end:%Y-%m-%d}", "plan the upgrade: docs/operations.md"
        )
    else:
        yield ok(asked, f"{wanted}, in standard support until {end:%Y-%m-%d}")


def addons(site: Site) -> Iterable[Result]:
    """Whether each pinned add-on is published for that version, in this region, for the nodes' architecture."""
    pinned = {each.inputs["addonName"]: each.inputs["addonVersion"] for each in site.plan.of(ADDON)}
    if not pinned:
        return
    wanted, good = site.settings.kubernetes_version, []
    for name, at in sorted(pinned.items()):
        asked = f"add-on {name}"
        rows = site.aws.items("eks", "describe_addon_versions", "addons", addonName=name, kubernetesVersion=wanted)
        published: Mapping[str, Any] = {row["addonVersion"]: row for each in rows for row in each["addonVersions"]}
        architectures = published.get(at, {}).get("architecture") or [site.settings.node_architecture]
        if at not in published:
            there = ", ".join(list(published)[:3]) or "none"
            yield fail(asked, f"{at} is not offered for {wanted}", f"pin one in infra/addons.py that is: {there}")
        elif site.settings.node_architecture not in architectures:
            yield fail(
                asked, f"{at} is for {', '.join(architectures)}", f"set {PROJECT}:nodeArchitecture to one of them"
            )
        else:
            good.append(f"{name} {at}")
    if good:
        yield ok("add-ons", ", ".join(good))


def platform(site: Site) -> Iterable[Result]:
    """Whether the cluster that a reference stands on is there and runs."""
    if site.settings.platform != "reference":
        return
    other = site.settings.platform_stack
    asked, name, cure = "platform", f"{PROJECT}-{other}", f"make deploy STACK={other}, and wait until it is done"
    found = site.aws.find("eks", "describe_cluster", name=name)
    if found is None:
        yield fail(asked, f"stack {other} has no cluster {name} in {site.region}", cure)
        return
    status = found["cluster"]["status"]
    yield ok(asked, f"{name} is active") if status == "ACTIVE" else fail(asked, f"{name} is {status.lower()}", cure)


def _end_of(wanted: str, rows: Iterable[Mapping[str, Any]]) -> datetime | None:
    for each in rows:
        end = each.get("endOfStandardSupportDate")
        if str(each["clusterVersion"]) == wanted and isinstance(end, datetime):
            return end
    return None
