"""What a peering takes with a VPC that is not the stack's. Pure."""

from bootstrap import changes, names
from bootstrap.policy_document import Account, Statement, allow

# Its owner consents by this tag, with the stack's name as value, on the VPC and on the route tables.
CONSENT = f"{names.PROJECT}-peering"
WITH_NEIGHBOUR = (
    "ec2:AcceptVpcPeeringConnection",
    "ec2:CreateRoute",
    "ec2:CreateVpcPeeringConnection",
    "ec2:DeleteRoute",
    "ec2:ModifyVpcPeeringConnectionOptions",
    "ec2:ReplaceRoute",
)


def neighbour(account: Account, stack: str) -> list[Statement]:
    """The neighbour's side of a peering, and the door in the group that EKS makes for a cluster.

    Args:
        account: where.
        stack: whose.
    """
    consenting = {"StringEquals": {f"aws:ResourceTag/{CONSENT}": stack}}
    # EKS tags its group with the cluster's name, and not with our tags.
    of_cluster = {"StringEquals": {"aws:ResourceTag/aws:eks:cluster-name": f"{names.PROJECT}-{stack}"}}
    there = [account.arn("ec2", f"{kind}/*") for kind in ("route-table", "vpc")]
    return [
        allow("Neighbour", WITH_NEIGHBOUR, there, consenting),
        allow("ClusterGroup", changes.RULES_OF_GROUPS, [account.arn("ec2", "security-group/*")], of_cluster),
    ]
