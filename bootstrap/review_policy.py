"""What the role behind review environments may do: a registry, a certificate, records and a login each, on another's
cluster.

Its rights on Kubernetes are the cluster's to give: infra/fenced_access.py. Pure.
"""

from collections.abc import Sequence

from bootstrap import names, reads
from bootstrap.address_policy import address
from bootstrap.changes import CHANGES_IN_REGISTRY
from bootstrap.policy_document import Account, Statement, allow, document, owned, tagged, tagging
from bootstrap.state_access import may_read, may_write

UNSCOPED = ("ecr:GetAuthorizationToken", "route53:ListHostedZones", "route53:ListHostedZonesByName")
# The host name of a review environment, and the proof of its certificate.
RECORD_NAMES = (f"{names.REVIEW_STACKS}.*", f"_*.{names.REVIEW_STACKS}.*")


def review_policies(account: Account, hosted_zones: Sequence[str]) -> dict[str, str]:
    """The policy documents of the review role by topic, as JSON.

    Args:
        account: where.
        hosted_zones: ids of the zones that records are written in; none means all of the account.
    """
    repositories = [account.arn("ecr", f"repository/{names.PROJECT}-{names.REVIEW_STACKS}")]
    cluster = [account.arn("eks", f"cluster/{names.PROJECT}-{names.REVIEW_PLATFORM}")]
    resources = document(
        allow("LookAround", UNSCOPED, ["*"]),
        allow("FindCluster", ["eks:DescribeCluster"], cluster),
        allow("Registry", [*reads.REGISTRY, *reads.PULLS, *CHANGES_IN_REGISTRY], repositories),
        *_database(account, cluster),
        allow("BeItself", ["sts:AssumeRole"], [account.iam(f"role/{names.REVIEW_ROLE}")]),
    )
    # The sweep lists the stacks, and the engine's list opens every state of the project.
    state = document(*may_read(account, ["*"]), *may_write(account, names.REVIEW_STACKS))
    where = document(*address(account, names.REVIEW_STACKS, hosted_zones, RECORD_NAMES))
    return {"state": state, "resources": resources, "address": where}


def _database(account: Account, cluster: list[str]) -> list[Statement]:
    """The association by which pods of a review environment log in to a database: its own, to one role, on dev's
    cluster. EKS has no condition on the namespace; what the role opens goes by it (infra/service_identity.py).
    """
    associations = [account.arn("eks", f"podidentityassociation/{names.PROJECT}-{names.REVIEW_PLATFORM}/*")]
    role = [account.iam(f"role/{names.REVIEW_DATABASE_ROLE}")]
    to_pods = {"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}}
    changes = [f"eks:{verb}PodIdentityAssociation" for verb in ("Delete", "Describe", "Update")]
    return [
        allow("Associate", ["eks:CreatePodIdentityAssociation"], cluster, tagging(names.REVIEW_STACKS)),
        allow("FindAssociation", ["eks:ListPodIdentityAssociations"], cluster),
        *owned("Association", ["eks:TagResource"], ["eks:UntagResource"], associations, names.REVIEW_STACKS),
        allow("Association", changes, associations, tagged(names.REVIEW_STACKS)),
        # https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html
        allow("LookAtRole", ["iam:GetRole"], role),
        allow("PassRole", ["iam:PassRole"], role, to_pods),
    ]
