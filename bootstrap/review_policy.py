"""What the role behind review environments may do: a registry, a certificate and records each, on another's cluster.

Its rights on Kubernetes are the cluster's to give: infra/fenced_access.py. Pure.
"""

from collections.abc import Sequence

from bootstrap import names, reads
from bootstrap.address_policy import address
from bootstrap.changes import CHANGES_IN_REGISTRY
from bootstrap.policy_document import Account, allow, document
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
        *address(account, names.REVIEW_STACKS, hosted_zones, RECORD_NAMES),
        allow("BeItself", ["sts:AssumeRole"], [account.iam(f"role/{names.REVIEW_ROLE}")]),
    )
    # The sweep lists the stacks, and the engine's list opens every state of the project.
    state = document(*may_read(account, ["*"]), *may_write(account, names.REVIEW_STACKS))
    return {"state": state, "resources": resources}
