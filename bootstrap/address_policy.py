"""What a stack's address takes: a certificate, and records in a zone that is the account's. Pure."""

from collections.abc import Sequence

from bootstrap import changes, reads
from bootstrap.policy_document import Account, Statement, allow, owned, tagged, tagging

# It takes no resource, and no tags either: those are given afterwards.
MADE_WITHOUT_RESOURCE = ("route53:CreateHealthCheck",)


def address(
    account: Account, stack: str, hosted_zones: Sequence[str], record_names: Sequence[str] = ()
) -> list[Statement]:
    """Certificates and records of a stack (a name or a pattern).

    Args:
        account: where.
        stack: whose.
        hosted_zones: as for `deploy_policies`.
        record_names: patterns of the records' names; none means any.
    """
    zones = [f"arn:aws:route53:::hostedzone/{each}" for each in hosted_zones or ["*"]]
    certificates = [account.arn("acm", "certificate/*")]
    tag, untag = ["acm:AddTagsToCertificate"], ["acm:RemoveTagsFromCertificate"]
    records: dict[str, dict[str, object]] = {
        "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": list(changes.RECORD_TYPES)}
    }
    if record_names:
        key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
        records["ForAllValues:StringLike"] = {key: list(record_names)}
    return [
        allow("RequestCertificate", ["acm:RequestCertificate"], ["*"], tagging(stack)),
        *owned("Certificate", tag, untag, certificates, stack),
        allow("Certificate", [*reads.CERTIFICATES, "acm:DeleteCertificate"], certificates, tagged(stack)),
        allow("LookAtZones", reads.ZONES, zones),
        allow("LookAtChanges", reads.CHANGES, ["arn:aws:route53:::change/*"]),
        allow("Records", ["route53:ChangeResourceRecordSets"], zones, records),
    ]


def health() -> list[Statement]:
    """The check by which Route 53 leaves a region out.

    Health checks are of no region; AWS gives each a random id and knows no condition on their tags, so they cannot be
    told apart by stack: https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonroute53.html
    """
    made = ["route53:ChangeTagsForResource", "route53:DeleteHealthCheck", "route53:UpdateHealthCheck"]
    return [
        allow("MakeHealthCheck", [*MADE_WITHOUT_RESOURCE], ["*"]),
        allow("HealthChecks", [*reads.HEALTH_CHECKS, *made], ["arn:aws:route53:::healthcheck/*"]),
    ]
