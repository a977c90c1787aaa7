"""What a stack's address takes: a certificate, and records in a zone that is the account's. Pure."""

from collections.abc import Sequence

from bootstrap import changes, reads
from bootstrap.policy_document import KEEPS_OWNER, Account, Statement, allow, tagged, tagging


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
    certificates, new = [account.arn("acm", "certificate/*")], tagging(stack)
    own = tagged(stack)
    (operator,) = own
    new_tags = {**new, f"{operator}IfExists": own[operator]}
    records: dict[str, dict[str, object]] = {
        "ForAllValues:StringEquals": {"route53:ChangeResourceRecordSetsRecordTypes": list(changes.RECORD_TYPES)}
    }
    if record_names:
        key = "route53:ChangeResourceRecordSetsNormalizedRecordNames"
        records["ForAllValues:StringLike"] = {key: list(record_names)}
    return [
        allow("RequestCertificate", ["acm:RequestCertificate"], ["*"], new),
        allow("TagNewCertificate", ["acm:AddTagsToCertificate"], certificates, new_tags),
        allow(
            "RetagCertificate",
            ["acm:AddTagsToCertificate", "acm:RemoveTagsFromCertificate"],
            certificates,
            {**own, **KEEPS_OWNER},
        ),
        allow("Certificate", [*reads.CERTIFICATES, "acm:DeleteCertificate"], certificates, own),
        allow("LookAtZones", reads.ZONES, zones),
        allow("LookAtChanges", reads.CHANGES, ["arn:aws:route53:::change/*"]),
        allow("Records", ["route53:ChangeResourceRecordSets"], zones, records),
    ]
