"""What a preview, and the daily look for drift, may do: read. Pure.

AWS's own ReadOnlyAccess is not used: it reads objects of every bucket, parameters and queues, which code from a pull
request would then read too.
"""

from collections.abc import Sequence

from bootstrap import names, reads
from bootstrap.policy_document import Account, allow, document
from bootstrap.state_access import may_read

CLUSTER_PARTS = ("cluster", "nodegroup", "addon", "access-entry", "podidentityassociation")


def preview_policies(account: Account, environments: Sequence[str]) -> dict[str, str]:
    """The policy documents of the preview role by topic, as JSON: state and resources of the environments."""
    clusters = [account.arn("eks", f"{kind}/{names.PROJECT}-*") for kind in CLUSTER_PARTS]
    resources = document(
        allow("LookAround", reads.UNSCOPED, ["*"]),
        allow("LookAtVpcs", reads.VPC, [account.arn("ec2", "vpc/*")]),
        allow("LookAtClusters", reads.CLUSTER, clusters),
        allow("LookAtLogs", reads.LOGS, [account.arn("logs", "log-group:*")]),
        allow("LookAtKeys", reads.KEYS, [account.arn("kms", "key/*")]),
        allow("LookAtRegistries", reads.REGISTRY, [account.arn("ecr", f"repository/{names.PROJECT}-*")]),
        allow("LookAtRoles", reads.ROLES, [account.iam(f"role/{names.PROJECT}-*")]),
        allow("LookAtCertificates", reads.CERTIFICATES, [account.arn("acm", "certificate/*")]),
        allow("LookAtZones", reads.ZONES, ["arn:aws:route53:::hostedzone/*"]),
        allow("LookAtChanges", reads.CHANGES, ["arn:aws:route53:::change/*"]),
        allow("BeItself", ["sts:AssumeRole"], [account.iam(f"role/{names.PREVIEW_ROLE}")]),
    )
    return {"state": document(*may_read(account, environments)), "resources": resources}
