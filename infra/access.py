"""Who may do what on the cluster: access entries, and the same people as rows of aws-auth."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

Policy = Literal["cluster-admin", "admin", "edit", "view"]

# https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
POLICIES: dict[Policy, str] = {
    "cluster-admin": "AmazonEKSClusterAdminPolicy",
    "admin": "AmazonEKSAdminPolicy",
    "edit": "AmazonEKSEditPolicy",
    "view": "AmazonEKSViewPolicy",
}


@dataclass(frozen=True, kw_only=True)
class Grant:
    """One principal's rights: a role's or user's ARN, with a `policy` (on `namespaces`, or everywhere) or with
    `groups`.
    """

    principal: str
    policy: Policy | None = None
    groups: Sequence[str] = ()
    namespaces: Sequence[str] = ()

    @property
    def key(self) -> str:
        """A name for the principal that no other principal has and that does not depend on its place in the list."""
        name = re.sub(r"[^a-z0-9-]+", "-", self.principal.rsplit("/", 1)[-1].lower()).strip("-")
        return f"{name}-{hashlib.sha256(self.principal.encode()).hexdigest()[:6]}"

    @property
    def kubernetes_groups(self) -> list[str]:
        """The Kubernetes groups of the principal in aws-auth, which knows no access policies.

        `cluster-admin` is Kubernetes's own `system:masters`. The other policies become a group of their name, for the
        cluster's role bindings to name.
        """
        if self.policy is None:
            return list(self.groups)
        return ["system:masters"] if self.policy == "cluster-admin" else [f"helloworld:{self.policy}"]


def role_mappings(grants: Sequence[Grant]) -> list[eks.RoleMappingArgs]:
    """The rows of aws-auth for the roles among `grants`.

    aws-auth does not know a role by an ARN that has a path:
    https://docs.aws.amazon.com/eks/latest/userguide/auth-configmap.html
    """
    roles = [grant for grant in grants if ":role/" in grant.principal]
    return [
        eks.RoleMappingArgs(
            role_arn=re.sub(r":role/.*/", ":role/", grant.principal),
            username=f"{grant.key}:{{{{SessionName}}}}",
            groups=grant.kubernetes_groups,
        )
        for grant in roles
    ]


def user_mappings(grants: Sequence[Grant]) -> list[eks.UserMappingArgs]:
    """The rows of aws-auth for the users among `grants`."""
    users = [grant for grant in grants if ":user/" in grant.principal]
    return [
        eks.UserMappingArgs(user_arn=grant.principal, username=grant.key, groups=grant.kubernetes_groups)
        for grant in users
    ]


@dataclass(frozen=True, kw_only=True)
class AccessArgs:
    """What access takes: the cluster's name and the grants on it."""

    cluster_name: pulumi.Input[str]
    grants: Sequence[Grant] = field(default_factory=tuple)


class Access(pulumi.ComponentResource):
    """An access entry for each principal, and the association of its policy.

    The cluster's creator is an admin already, by EKS: a second entry for it fails. Outputs: none; what needs the access
    names this component in `depends_on`.
    """

    def __init__(self, name: str, args: AccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:access:Access", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        for grant in args.grants:
            entry = aws.eks.AccessEntry(
                f"{name}-{grant.key}-entry",
                cluster_name=args.cluster_name,
                principal_arn=grant.principal,
                # Also when empty: what is not sent stays as it was.
                kubernetes_groups=list(grant.groups),
                type="STANDARD",
                opts=child,
            )
            if grant.policy is not None:
                aws.eks.AccessPolicyAssociation(
                    f"{name}-{grant.key}-policy",
                    cluster_name=args.cluster_name,
                    principal_arn=entry.principal_arn,
                    policy_arn=f"arn:aws:eks::aws:cluster-access-policy/{POLICIES[grant.policy]}",
                    access_scope=aws.eks.AccessPolicyAssociationAccessScopeArgs(
                        type="namespace" if grant.namespaces else "cluster", namespaces=list(grant.namespaces) or None
                    ),
                    opts=child,
                )
        self.register_outputs({})
