"""The most that a role of this project can ever do, whatever is attached to it. Pure.

A boundary grants nothing: a right needs it and a policy. Each of our roles has its own, and what a deploy role makes
must have the same one. So a role that code in a pull request's reach makes cannot reach further than that code can.
"""

from bootstrap import leftovers_policy, names, reads
from bootstrap.changes import ATTACHED, CHANGES_IN_BOUNDED_ROLES, CHANGES_IN_ROLES
from bootstrap.data_policy import KEY_USERS, MASTER_SECRETS, USES_OF_KEYS
from bootstrap.policy_document import Account, Condition, Statement, allow, deny, document
from bootstrap.preflight_policy import IN_BOUNDARY

# Services of which a role may do whatever its policies say. Of IAM, KMS, S3, Secrets Manager and STS the actions are
# named below; what is named nowhere, such as organisations, billing, users and access keys, is forbidden.
SERVICES = (
    "acm",
    "autoscaling",
    "budgets",
    "chatbot",
    "cloudwatch",
    "ec2",
    "ecr",
    "eks",
    "eks-auth",
    "elasticache",
    "elasticloadbalancing",
    "logs",
    "rds",
    "rds-db",
    "route53",
    "sns",
)
ON_BOUNDED_ROLES = (*CHANGES_IN_BOUNDED_ROLES, "iam:AttachRolePolicy", "iam:CreateRole")
ON_ROLES = (*ON_BOUNDED_ROLES, *CHANGES_IN_ROLES, "iam:TagRole", "iam:UntagRole")
ON_KEYS = (
    *reads.KEYS,
    "kms:CreateGrant",
    "kms:CreateKey",
    "kms:DisableKeyRotation",
    "kms:EnableKeyRotation",
    "kms:PutKeyPolicy",
    "kms:ScheduleKeyDeletion",
    "kms:TagResource",
    "kms:UntagResource",
    "kms:UpdateKeyDescription",
)
# What one stack may see of another: nodes pull the images of review environments, a controller reads the certificates
# of their balancers, a promotion copies what ran before. Whose a role is, is seen by looking at it.
SEEN_BY_OTHERS = (
    "acm:DescribeCertificate",
    "acm:GetCertificate",
    "acm:ListTagsForCertificate",
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:DescribeImages",
    "ecr:DescribeRepositories",
    "ecr:GetDownloadUrlForLayer",
    "ec2:Describe*",
    "eks:DescribeCluster",
    "elasticloadbalancing:Describe*",
    "iam:GetRole",
)


def boundary(account: Account, role: str, stack: str | None) -> str:
    """The boundary of one of our roles and of what it makes, as JSON.

    Args:
        account: where.
        role: the name of the role, which alone has its rights on state, roles and keys; what it makes has none of them.
        stack: the environment whose resources alone may be touched; None if there is no such limit, for roles that make
            no roles.
    """
    own = {"ArnEquals": {"aws:PrincipalArn": account.iam(f"role/{role}")}}
    its_boundary = account.iam(f"policy/{names.boundary(role)}")
    bootstrapped = [
        account.iam(f"role/{each}") for each in (names.PREVIEW_ROLE, names.REVIEW_ROLE, names.deploy_role("*"))
    ]
    state = ["s3:DeleteObject", "s3:GetObject", "s3:ListBucket", "s3:PutObject"]
    statements = [
        allow("Services", [f"{service}:*" for service in SERVICES], ["*"]),
        allow("State", state, [account.bucket, f"{account.bucket}/*"], own),
        allow("Secrets", ["kms:Decrypt", "kms:Encrypt"], [account.key_arn], own),
        allow("BeItself", ["sts:AssumeRole"], [account.iam(f"role/{role}")], own),
        # The controller and the cluster's role make them, too.
        allow("ServiceLinkedRoles", ["iam:CreateServiceLinkedRole"], [account.iam("role/aws-service-role/*")]),
    ]
    if stack is None:
        looks = [allow("LookAtRolesAndKeys", [*reads.ROLES, *reads.KEYS], ["*"], own)]
        return document(*statements, *looks, *([_lends(account, own)] if role == names.REVIEW_ROLE else []))
    ours = [account.iam(f"role/{names.PROJECT}-*")]
    bounded = {"StringNotEquals": {"iam:PermissionsBoundary": its_boundary}}
    attached = [f"arn:aws:iam::aws:policy/{each}" for each in ATTACHED]
    return document(
        *statements,
        allow("Roles", [*reads.ROLES, *ON_ROLES, "iam:PassRole"], ours, own),
        allow("Keys", ON_KEYS, ["*"], own),
        allow("Preflight", [*IN_BOUNDARY, *leftovers_policy.IN_BOUNDARY], ["*"], own),
        *_master_secret(account, stack, own),
        deny("RolesWithoutBoundary", ON_BOUNDED_ROLES, ["*"], bounded),
        deny("OtherPolicies", ["iam:AttachRolePolicy"], ["*"], {"ArnNotEquals": {"iam:PolicyARN": attached}}),
        deny("BootstrappedRoles", [*ON_ROLES, "iam:PassRole"], bootstrapped),
        deny("PulumiKey", [each for each in ON_KEYS if each not in reads.KEYS], [account.key_arn]),
        {
            "Sid": "OtherStacks",
            "Effect": "Deny",
            "NotAction": list(SEEN_BY_OTHERS),
            "Resource": "*",
            "Condition": {
                "StringEquals": {"aws:ResourceTag/project": names.PROJECT},
                "StringNotEquals": {"aws:ResourceTag/stack": stack},
            },
        },
    )


def _lends(account: Account, own: Condition) -> Statement:
    """The one role that review environments' pods are given."""
    to_pods = {"StringEquals": {"iam:PassedToService": "pods.eks.amazonaws.com"}}
    return allow("PassRole", ["iam:PassRole"], [account.iam(f"role/{names.REVIEW_DATABASE_ROLE}")], {**own, **to_pods})


def _master_secret(account: Account, stack: str, own: Condition) -> list[Statement]:
    """Secrets: those that RDS makes for masters of databases; read is that of this stack's database alone."""
    secrets = [f"arn:aws:secretsmanager:*:{account.number}:{MASTER_SECRETS}"]
    ours = f"arn:aws:rds:*:{account.number}:db:{names.PROJECT}-{stack}"
    by_aws = {"StringLike": {"kms:ViaService": [f"{service}.*.amazonaws.com" for service in KEY_USERS]}}
    return [
        allow(
            "MakeMasterSecret",
            [f"secretsmanager:{each}" for each in ("CreateSecret", "DescribeSecret", "TagResource")],
            secrets,
            own,
        ),
        allow(
            "MasterSecret",
            ["secretsmanager:GetSecretValue"],
            secrets,
            # RDS sets this tag.
            {"ArnLike": {"aws:ResourceTag/aws:rds:primaryDBInstanceArn": ours}},
        ),
        allow("KeysOfAws", USES_OF_KEYS, ["*"], by_aws),
    ]
