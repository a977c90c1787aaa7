"""What `make preflight` asks beyond what the engine's AWS plugin does. Pure."""

from bootstrap.policy_document import Account, Statement, allow

# AWS offers no resource-level permission for these: each may name every resource.
# https://docs.aws.amazon.com/service-authorization/latest/reference/
UNSCOPED = (
    "chatbot:DescribeSlackWorkspaces",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeRegions",
    "ec2:DescribeTransitGatewayVpcAttachments",
    "eks:DescribeClusterVersions",
    "eks:ListClusters",
    "rds:DescribeOrderableDBInstanceOptions",
    "servicequotas:GetAWSDefaultServiceQuota",
    "servicequotas:GetServiceQuota",
)
# Whether principals of `access`, service-linked roles and the boundary are there: of any name.
PRINCIPALS = ("iam:GetPolicy", "iam:GetRole", "iam:GetUser")
# Beyond the services that a boundary lets through, and what else it names.
IN_BOUNDARY = (*PRINCIPALS, "servicequotas:GetAWSDefaultServiceQuota", "servicequotas:GetServiceQuota")


def preflight(account: Account) -> list[Statement]:
    """Quotas, versions and instance types on offer; whether principals and the key of Pulumi's secrets are there."""
    return [
        allow("Preflight", UNSCOPED, ["*"]),
        allow("LookAtPrincipals", PRINCIPALS, [account.iam(f"{kind}/*") for kind in ("policy", "role", "user")]),
        allow("LookAtSecretsKey", ["kms:DescribeKey"], [account.key_arn]),
    ]
