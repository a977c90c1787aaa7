"""Whose a thing in AWS is: what proves that it came with one stack, and with no other. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from delivery.aws_tags import BALANCER_CLUSTER, BALANCER_GROUP
from infra.settings import PROJECT, Settings

# What EKS and what runs on a cluster tag what they make with; the last is the CNI's, on network interfaces.
# https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html
# https://github.com/aws/amazon-vpc-cni-k8s#cluster_name
CLUSTER_NAMES = (BALANCER_CLUSTER, "aws:eks:cluster-name", "eks:cluster-name", "cluster.k8s.amazonaws.com/name")
OWNED = "owned"
# RDS tags the secret of a database's master with it.
OF_DATABASE = "aws:rds:primaryDBInstanceArn"

Proof = Literal["cluster", "stack", "none"]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """What is known of a stack without asking anybody.

    `name` is the stack's in AWS and that of its group of Ingresses; `cluster` that of the cluster it runs on, which is
    its own if `creates`; `account` is the account's number. `hostname`, `zone` and `routing` are its settings.
    """

    stack: str
    region: str
    account: str
    cluster: str
    creates: bool
    hostname: str | None = None
    zone: str | None = None
    routing: str = "simple"

    @property
    def name(self) -> str:
        return f"{PROJECT}-{self.stack}"

    @property
    def database_arn(self) -> str:
        """The ARN of its database, whether it has one or not."""
        return f"arn:aws:rds:{self.region}:{self.account}:db:{self.name}"

    @property
    def log_groups(self) -> Sequence[str]:
        """How the names of its log groups begin: those of the program, and those that AWS makes anew."""
        if not self.creates:
            return ()
        return (
            f"/aws/eks/{self.name}/",
            f"/aws/containerinsights/{self.name}/",
            f"/aws/rds/instance/{self.name}/",
            f"/{self.name}/vpc-flow-logs",
        )

    @property
    def own_tags(self) -> Mapping[str, str]:
        """What the program tags everything with that it makes."""
        return {"project": PROJECT, "stack": self.stack}

    @property
    def group_tags(self) -> Mapping[str, str]:
        """What the controller tags the balancer of the stack's own group of Ingresses with."""
        return {BALANCER_CLUSTER: self.cluster, BALANCER_GROUP: self.name}

    @property
    def filters(self) -> Sequence[Mapping[str, str]]:
        """Sets of tags, one of which everything has that may be this stack's."""
        return (self.own_tags, *(self.cluster_tags if self.creates else (self.group_tags,)))

    @property
    def cluster_tags(self) -> Sequence[Mapping[str, str]]:
        """Sets of tags, one of which everything has that others made for its cluster, or for its database."""
        return (
            *({key: self.cluster} for key in CLUSTER_NAMES),
            {f"kubernetes.io/cluster/{self.cluster}": OWNED},
            {OF_DATABASE: self.database_arn},
        )

    def of_review(self, stack: str) -> "Scope":
        """The scope of a review environment on this stack's cluster."""
        hostname = f"{stack}.{self.hostname}" if self.hostname else None
        return replace(self, stack=stack, creates=False, hostname=hostname, routing="simple")

    def of_own_group(self) -> "Scope":
        """The same, but of the balancers on its cluster only those of its own group of Ingresses are its own."""
        return replace(self, creates=False)


def scope_of(stack: str, settings: Settings, account: str) -> Scope:
    """The scope of a stack with these settings."""
    creates = settings.platform == "create"
    return Scope(
        stack=stack,
        region=settings.region,
        account=account,
        cluster=f"{PROJECT}-{stack if creates else settings.platform_stack}",
        creates=creates,
        hostname=settings.hostname,
        zone=settings.zone,
        routing=settings.routing,
    )


def proof(tags: Mapping[str, str], scope: Scope) -> Proof:
    """What proves that a thing with these tags came with the stack: its cluster's name on it, or the stack's own tags.

    A thing that says of itself that it is another project's or stack's is not this one's, whatever else it says. Only a
    review environment's balancer may: the controller that made it is the platform's, and tags it so.
    """
    if not scope.creates and _has(tags, scope.group_tags):
        return "cluster"
    if tags.get("project", PROJECT) != PROJECT or tags.get("stack", scope.stack) != scope.stack:
        return "none"
    if scope.creates and any(_has(tags, each) for each in scope.cluster_tags):
        return "cluster"
    return "stack" if _has(tags, scope.own_tags) else "none"


def _has(tags: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(tags.get(key) == value for key, value in wanted.items())
