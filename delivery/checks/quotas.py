"""Whether the account may have as many of something as the plan makes, besides what others have."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from delivery.aws_tags import BALANCER_GROUP, balancer_tags, tags_of
from delivery.checks.result import Result, fail, ok
from delivery.checks.site import Site
from offline.inputs import referred

# A count by place, where a quota is one for each zone; else the place is empty.
Counts = Mapping[str, int]
NAT, INGRESS = "aws:ec2/natGateway:NatGateway", "kubernetes:networking.k8s.io/v1:Ingress"
# One that is on its way out still counts: https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
COUNTED_GATEWAYS = ("pending", "available", "deleting")
GROUP = "alb.ingress.kubernetes.io/group.name"


@dataclass(frozen=True)
class Quota:
    """One quota by AWS's service code and quota code: https://docs.aws.amazon.com/general/latest/gr/aws-service-information.html"""

    what: str
    service: str
    code: str


@dataclass(frozen=True)
class Counted:
    """A quota, how many the plan makes, and how many others have."""

    quota: Quota
    wanted: Callable[[Site], Counts]
    used: Callable[[Site], Counts]


def check(counted: Counted, site: Site) -> Iterable[Result]:
    """Whether they fit; nothing if the plan makes none."""
    wanted = {place: number for place, number in counted.wanted(site).items() if number}
    if wanted:
        yield judged(counted.quota, site.region, applied(site, counted.quota), wanted, counted.used(site))


def judged(quota: Quota, region: str, limit: float, wanted: Counts, used: Counts) -> Result:
    """The result for the place where least is left."""
    asked = f"quota: {quota.what}"
    place = max(wanted, key=lambda each: (wanted[each] + used.get(each, 0), each))
    need = wanted[place] + used.get(place, 0)
    where = f" in {place}" if place else ""
    found = f"{used.get(place, 0)} of others and {wanted[place]} of this stack, of {limit:g}{where}"
    if need <= limit:
        return ok(asked, found)
    ask = f"--service-code {quota.service} --quota-code {quota.code} --desired-value {need} --region {region}"
    return fail(asked, found, f"aws service-quotas request-service-quota-increase {ask}; it takes hours to days")


def applied(site: Site, quota: Quota) -> float:
    """The account's quota in the region; where it never asked for another one, AWS's default."""
    which = {"ServiceCode": quota.service, "QuotaCode": quota.code}
    told = site.aws.find("service-quotas", "get_service_quota", **which)
    told = told or site.aws.call("service-quotas", "get_aws_default_service_quota", **which)
    return float(told["Quota"]["Value"])


def _made(kind: str) -> Callable[[Site], Counts]:
    return lambda site: {"": site.wants(kind)}


def _others_in_ec2(operation: str, key: str) -> Callable[[Site], Counts]:
    def used(site: Site) -> Counts:
        rows = site.aws.items("ec2", operation, key)
        return {"": sum(not site.is_ours(tags_of(each.get("Tags"))) for each in rows)}

    return used


def _gateways_by_zone(site: Site) -> Counts:
    """A gateway's zone is that of its subnet."""
    zones = {each.name: each.inputs["availabilityZone"] for each in site.plan.of("aws:ec2/subnet:Subnet")}
    return Counter(zones[referred(each.inputs["subnetId"])] for each in site.plan.of(NAT))


def _others_gateways_by_zone(site: Site) -> Counts:
    zones = {
        each["SubnetId"]: each["AvailabilityZone"] for each in site.aws.items("ec2", "describe_subnets", "Subnets")
    }
    states = [{"Name": "state", "Values": list(COUNTED_GATEWAYS)}]
    gateways = site.aws.items("ec2", "describe_nat_gateways", "NatGateways", Filter=states)
    return Counter(zones.get(each["SubnetId"], "") for each in gateways if not site.is_ours(tags_of(each.get("Tags"))))


def _others_clusters(site: Site) -> Counts:
    return {"": sum(name != site.name for name in site.aws.items("eks", "list_clusters", "clusters"))}


def _others_databases(site: Site) -> Counts:
    rows = site.aws.items("rds", "describe_db_instances", "DBInstances")
    return {"": sum(not site.is_ours(tags_of(each.get("TagList"))) for each in rows)}


def balancer_groups(site: Site) -> set[str]:
    """The names of the balancers that the controller will make for the stack."""
    annotations = (each.inputs.get("metadata", {}).get("annotations", {}) for each in site.plan.of(INGRESS))
    return {str(each[GROUP]) for each in annotations if GROUP in each}


def own_balancers(site: Site) -> set[str]:
    """The DNS names of the balancers that the stack has already."""
    return {name for name, ours in _balancers(site) if ours}


def _balancers(site: Site) -> list[tuple[str, bool]]:
    """DNS names of the region's application load balancers, and whether they are the stack's."""
    rows = site.aws.items("elbv2", "describe_load_balancers", "LoadBalancers")
    names = {each["LoadBalancerArn"]: each["DNSName"] for each in rows if each.get("Type") == "application"}
    groups, tags = balancer_groups(site), balancer_tags(site.aws, list(names))
    return [(names[arn], its.get(BALANCER_GROUP) in groups) for arn, its in tags.items()]


QUOTAS = (
    Counted(Quota("VPCs", "vpc", "L-F678F1CE"), _made("aws:ec2/vpc:Vpc"), _others_in_ec2("describe_vpcs", "Vpcs")),
    Counted(
        Quota("internet gateways", "vpc", "L-A4707A72"),
        _made("aws:ec2/internetGateway:InternetGateway"),
        _others_in_ec2("describe_internet_gateways", "InternetGateways"),
    ),
    Counted(Quota("NAT gateways in a zone", "vpc", "L-FE5A380F"), _gateways_by_zone, _others_gateways_by_zone),
    Counted(
        Quota("elastic addresses", "ec2", "L-0263D0A3"),
        _made("aws:ec2/eip:Eip"),
        _others_in_ec2("describe_addresses", "Addresses"),
    ),
    Counted(Quota("clusters", "eks", "L-1194D53C"), _made("aws:eks/cluster:Cluster"), _others_clusters),
    Counted(
        Quota("application load balancers", "elasticloadbalancing", "L-53DA6B97"),
        lambda site: {"": len(balancer_groups(site))},
        lambda site: {"": sum(not ours for _, ours in _balancers(site))},
    ),
    Counted(Quota("databases", "rds", "L-7B6409FD"), _made("aws:rds/instance:Instance"), _others_databases),
)
