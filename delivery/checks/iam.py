"""Whether what the stack needs of IAM exists: a boundary, the roles and users it names, the roles of services."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bootstrap.changes import LINKED
from bootstrap.names import deploy_role
from delivery.checks.result import Result, fail, ok, unknown, warn
from delivery.checks.site import Site
from infra.settings import PROJECT

BOUNDARY, PRINCIPALS, SERVICES = "permissions boundary", "principals", "service-linked roles"
NODE_GROUP = "aws:eks/nodeGroup:NodeGroup"


@dataclass(frozen=True)
class ServiceRole:
    """A service-linked role: the type of resource whose making needs it, its name, and the service that takes it.

    `on_spot`: only a node group on spot instances needs it.
    """

    kind: str
    name: str
    service: str
    on_spot: bool = False


# https://docs.aws.amazon.com/IAM/latest/UserGuide/using-service-linked-roles.html and the services' own guides.
ROLES: Sequence[ServiceRole] = (
    ServiceRole("aws:eks/cluster:Cluster", "AWSServiceRoleForAmazonEKS", "eks.amazonaws.com"),
    ServiceRole(NODE_GROUP, "AWSServiceRoleForAmazonEKSNodegroup", "eks-nodegroup.amazonaws.com"),
    ServiceRole(NODE_GROUP, "AWSServiceRoleForAutoScaling", "autoscaling.amazonaws.com"),
    ServiceRole(NODE_GROUP, "AWSServiceRoleForEC2Spot", "spot.amazonaws.com", on_spot=True),
    ServiceRole(
        "kubernetes:networking.k8s.io/v1:Ingress",
        "AWSServiceRoleForElasticLoadBalancing",
        "elasticloadbalancing.amazonaws.com",
    ),
    ServiceRole("aws:rds/instance:Instance", "AWSServiceRoleForRDS", "rds.amazonaws.com"),
    ServiceRole(
        "aws:elasticache/serverlessCache:ServerlessCache", "AWSServiceRoleForElastiCache", "elasticache.amazonaws.com"
    ),
)


def boundary(site: Site) -> Iterable[Result]:
    """Whether the policy that bounds every role is there."""
    arn = site.settings.permissions_boundary
    if not arn:
        return
    setting = f"{PROJECT}:permissionsBoundary"
    if arn.split(":")[4] not in (site.account, "aws"):
        yield fail(BOUNDARY, f"{arn} is another account's", f"set {setting} to a policy of {site.account}")
    elif site.aws.find("iam", "get_policy", PolicyArn=arn) is None:
        yield fail(BOUNDARY, f"{arn} does not exist", f"make bootstrap, or correct {setting}")
    else:
        yield ok(BOUNDARY, arn)


def principals(site: Site) -> Iterable[Result]:
    """Whether each exists, under that very ARN.

    An access entry takes an existing principal only, and a path belongs to its ARN:
    https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
    """
    good = []
    for arn, key in _named(site).items():
        account, kind, name = _parts(arn)
        if account != site.account:
            yield unknown(
                f"{key}: {name}", f"{arn} is of another account, which cannot be asked", "look whether it exists there"
            )
            continue
        there = _arn_of(site, kind, name)
        if there is None:
            yield fail(f"{key}: {name}", f"{arn} does not exist", f"make it first, or correct {PROJECT}:{key}")
        elif there != arn:
            yield fail(f"{key}: {name}", f"{arn} does not exist; {there} does", f"write that into {PROJECT}:{key}")
        else:
            good.append(name)
    if good:
        yield ok(PRINCIPALS, f"{', '.join(good)} exist" if len(good) > 1 else f"{good[0]} exists")


def _named(site: Site) -> Mapping[str, str]:
    """ARN to the setting that names it. The deploy role is looked at before."""
    settings = site.settings
    roles = {"reviewRole": settings.review_role, "previewRole": settings.preview_role}
    found = {arn: key for key, arn in roles.items() if arn}
    return {**{each.principal: "access" for each in settings.access}, **found}


def _parts(arn: str) -> tuple[str, str, str]:
    """The account, the kind (role or user) and the name, without its path."""
    account, named = arn.split(":", 5)[4:]
    kind, _, path = named.partition("/")
    return account, kind, path.rpartition("/")[2]


def service_roles(site: Site) -> Iterable[Result]:
    """Whether each is there or will be made."""
    wanted = [role for role in ROLES if _needs(site, role)]
    if not wanted:
        return
    missing = [role for role in wanted if site.aws.find("iam", "get_role", RoleName=role.name) is None]
    # What bootstrap makes may make them; of another role that is not known.
    may = (site.settings.deploy_role or "").endswith(f":role/{deploy_role(site.stack)}")
    later = [role.name for role in missing if may and role.service in LINKED]
    strange = [role for role in missing if role.name not in later]
    if strange:
        services, names = ", ".join(role.service for role in strange), ", ".join(role.name for role in strange)
        cure = f"aws iam create-service-linked-role --aws-service-name ...; with each of {services}"
        yield warn(SERVICES, f"{names} missing; whoever deploys may not be let make them", cure)
    there = len(wanted) - len(missing)
    if there or later:
        yield ok(SERVICES, f"{there} exist" + (f"; the first use makes {', '.join(later)}" if later else ""))


def _needs(site: Site, role: ServiceRole) -> bool:
    made = site.plan.of(role.kind)
    return any(each.inputs.get("capacityType") == "SPOT" for each in made) if role.on_spot else bool(made)


def _arn_of(site: Site, kind: str, name: str) -> str | None:
    """The ARN of the role or user of that name, which an account has once, whatever its path; None if it has none."""
    if kind == "user":
        user = site.aws.find("iam", "get_user", UserName=name)
        return str(user["User"]["Arn"]) if user else None
    role = site.aws.find("iam", "get_role", RoleName=name)
    return str(role["Role"]["Arn"]) if role else None
