"""Whether the region and its zones can be used."""

from collections.abc import Iterable, Mapping

from delivery.checks.result import Result, fail, ok
from delivery.checks.site import Site
from infra.settings import PROJECT

# It cannot be turned off, so it says of the others whether they are.
ALWAYS_ON = "us-east-1"
# Ids of the zones in which EKS makes no control plane: https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
WITHOUT_EKS = ("use1-az3", "usw1-az2", "cac1-az3")


def enabled(site: Site) -> Iterable[Result]:
    """Whether the account has turned the region on."""
    asked, region = "region", site.region
    there = site.aws.items("ec2", "describe_regions", "Regions", where=ALWAYS_ON, AllRegions=True)
    status = {each["RegionName"]: each.get("OptInStatus", "") for each in there}
    if region not in status:
        names = ", ".join(sorted(name for name, opted in status.items() if opted != "not-opted-in"))
        yield fail(asked, f"AWS has no region {region}", f"set {PROJECT}:region to one of {names}")
    elif status[region] == "not-opted-in":
        yield fail(asked, f"the account has not turned {region} on", turn_on(region))
    else:
        yield ok(asked, f"{region} ({status[region] or 'on'})")


def turn_on(region: str) -> str:
    """How an account gets a region."""
    return f"aws account enable-region --region-name {region}, as an administrator; it takes minutes to hours"


def zones(site: Site) -> Iterable[Result]:
    """Whether the region has the zones, for this account, and EKS is in them."""
    if not site.wants("aws:ec2/vpc:Vpc"):
        return
    asked = "zones"
    found = {each["ZoneName"]: each for each in _zones(site)}
    usable = sorted(name for name, zone in found.items() if _problem(zone) is None)
    reasons = {name: _problem(found.get(name)) for name in site.zones}
    wrong = [f"{name} {reason}" for name, reason in reasons.items() if reason]
    if wrong:
        letters = ", ".join(name.removeprefix(site.region) for name in usable)
        yield fail(asked, "; ".join(wrong), f"set {PROJECT}:zones to letters out of [{letters}]")
    else:
        yield ok(asked, ", ".join(site.zones))


def _zones(site: Site) -> list[Mapping[str, str]]:
    return site.aws.items("ec2", "describe_availability_zones", "AvailabilityZones")


def _problem(zone: Mapping[str, str] | None) -> str | None:
    if zone is None:
        return "does not exist for this account"
    if zone.get("ZoneType", "availability-zone") != "availability-zone":
        return f"is a {zone['ZoneType']}"
    if zone.get("State") != "available":
        return f"is {zone.get('State')}"
    return f"({zone['ZoneId']}) has no EKS" if zone.get("ZoneId") in WITHOUT_EKS else None
