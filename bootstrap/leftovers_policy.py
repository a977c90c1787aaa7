"""What it takes to see what a destroyed stack has left, and to delete what is provably its own. Pure.

Its own is what carries the name of its cluster: a tag of EKS, of the balancer controller, or of the network plugin.
"""

from bootstrap import names
from bootstrap.data_policy import MASTER_SECRETS
from bootstrap.policy_document import Account, Statement, allow, tagged

# AWS offers no resource-level permission for these: each may name every resource.
# https://docs.aws.amazon.com/service-authorization/latest/reference/
UNSCOPED = (
    "ec2:DescribeVolumes",
    "elasticloadbalancing:DescribeTargetGroups",
    "iam:ListRoles",
    "tag:GetResources",
)
# Beyond the services that a boundary lets through.
IN_BOUNDARY = ("iam:ListRoles", "tag:GetResources")
SNAPSHOTS = ("rds:DescribeDBInstanceAutomatedBackups", "rds:DescribeDBSnapshots")


def leftovers(account: Account, stack: str) -> list[Statement]:
    """Everything that may be left of a stack is seen, and what its cluster has left is deleted.

    Args:
        account: where.
        stack: whose.
    """
    cluster = f"{names.PROJECT}-{stack}"

    def of_cluster(key: str) -> dict[str, dict[str, str]]:
        return {"StringEquals": {f"aws:ResourceTag/{key}": cluster}}

    interfaces = [account.arn("ec2", "network-interface/*")]
    kinds = ("loadbalancer/app", "loadbalancer/net", "targetgroup")
    balancers = [account.arn("elasticloadbalancing", f"{kind}/*") for kind in kinds]
    backups = [account.arn("rds", f"{kind}:*") for kind in ("auto-backup", "db", "snapshot")]
    return [
        allow("LookForLeftovers", UNSCOPED, ["*"]),
        allow("LookForSnapshots", SNAPSHOTS, backups),
        # What is gone has no tags, and a review environment's are its own; a refusal says of neither that it is gone.
        allow("LookForCertificates", ["acm:DescribeCertificate"], [account.arn("acm", "certificate/*")]),
        allow("LookForKeys", ["kms:DescribeKey"], [account.arn("kms", "key/*")]),
        allow("LookForImages", ["ecr:DescribeRepositories"], [account.arn("ecr", f"repository/{names.PROJECT}-*")]),
        allow("LookForSecret", ["secretsmanager:DescribeSecret"], [account.arn("secretsmanager", MASTER_SECRETS)]),
        allow(
            "LeftBalancers",
            ["elasticloadbalancing:DeleteLoadBalancer", "elasticloadbalancing:DeleteTargetGroup"],
            balancers,
            of_cluster("elbv2.k8s.aws/cluster"),
        ),
        *(
            allow(f"LeftGroupsOf{whose}", ["ec2:DeleteSecurityGroup"], [account.arn("ec2", "security-group/*")], tag)
            for whose, tag in (
                ("Cluster", of_cluster("aws:eks:cluster-name")),
                ("Controller", of_cluster("elbv2.k8s.aws/cluster")),
            )
        ),
        *(
            allow(f"LeftInterfacesOf{whose}", ["ec2:DeleteNetworkInterface"], interfaces, tag)
            for whose, tag in (
                # The network plugin's, as it was told the cluster's name, or found it out:
                # https://github.com/aws/amazon-vpc-cni-k8s/pull/2854
                ("Cluster", of_cluster("cluster.k8s.amazonaws.com/name")),
                ("Plugin", {"StringEquals": {f"aws:ResourceTag/kubernetes.io/cluster/{cluster}": "owned"}}),
                # The nodes' own, tagged by their launch template.
                ("Nodes", tagged(stack)),
            )
        ),
    ]
