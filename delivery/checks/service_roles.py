"""The roles by which AWS's services act for the account. Each is made once, by whoever first needs it."""

from collections.abc import Iterable

from bootstrap.changes import LINKED
from bootstrap.names import deploy_role
from delivery.aws_clients import RefusedError
from delivery.checks.result import Result, ok, warn
from delivery.checks.site import Site

# By the type of resource whose making needs it: https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html
# and the services' own guides. The key ending in :spot is asked of node groups on spot instances.
ROLES = {
    "aws:eks/cluster:Cluster": ("AWSServiceRoleForAmazonEKS", "eks.amazonaws.com"),
    "aws:eks/nodeGroup:NodeGroup": ("AWSServiceRoleForAmazonEKSNodegroup", "eks-nodegroup.amazonaws.com"),
    "aws:eks/nodeGroup:NodeGroup:scaling": ("AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com"),
    "aws:eks/nodeGroup:NodeGroup:spot": ("AWSServiceRoleForEC2Spot", "spot.amazonaws.com"),
    "kubernetes:networking.k8s.io/v1:Ingress": (
        "AWSServiceRoleForElasticLoadBalancing",
        "elasticloadbalancing.amazonaws.com",
    ),
    "aws:rds/instance:Instance": ("AWSServiceRoleForRDS", "rds.amazonaws.com"),
    "aws:elasticache/serverlessCache:ServerlessCache": ("AWSServiceRoleForElastiCache", "elasticache.amazonaws.com"),
}
ASKED = "service-linked roles"


def service_roles(site: Site) -> Iterable[Result]:
    """Whether each is there or will be made."""
    wanted = [pair for kind, pair in ROLES.items() if _needs(site, kind)]
    missing = [pair for pair in wanted if not _exists(site, pair[0])]
    if not wanted:
        return
    # What bootstrap makes may make them; of another role that is not known.
    may = (site.settings.deploy_role or "").endswith(f":role/{deploy_role(site.stack)}")
    strange = {role: service for role, service in missing if not (may and service in LINKED)}
    later = [role for role, _ in missing if role not in strange]
    if strange:
        cure = f"aws iam create-service-linked-role --aws-service-name ...; with each of {', '.join(strange.values())}"
        yield warn(ASKED, f"{', '.join(strange)} missing; whoever deploys may not be let make them", cure)
    there = len(wanted) - len(missing)
    if there or later:
        yield ok(ASKED, f"{there} exist" + (f"; the first use makes {', '.join(later)}" if later else ""))


def _needs(site: Site, kind: str) -> bool:
    base = ":".join(kind.split(":")[:3])
    on_spot = any(each.inputs.get("capacityType") == "SPOT" for each in site.plan.of(base))
    return on_spot if kind.endswith(":spot") else bool(site.plan.of(base))


def _exists(site: Site, role: str) -> bool:
    try:
        site.aws.call("iam", "get_role", RoleName=role)
    except RefusedError as error:
        if error.code != "NoSuchEntity":
            raise
        return False
    return True
