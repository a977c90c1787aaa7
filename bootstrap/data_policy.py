"""What a stack's database and cache take. Pure.

Both have names of their own; the groups around the database have not, and are known by their tags.
"""

from bootstrap import names, reads
from bootstrap.policy_document import Account, Statement, allow, owned, tagged, tagging

CHANGES_IN_DATABASE = ("rds:DeleteDBInstance", "rds:ModifyDBInstance", "rds:RebootDBInstance")
CHANGES_IN_GROUPS = (
    "rds:DeleteDBParameterGroup",
    "rds:DeleteDBSubnetGroup",
    "rds:ModifyDBParameterGroup",
    "rds:ModifyDBSubnetGroup",
    "rds:ResetDBParameterGroup",
)
CHANGES_IN_CACHE = (
    "elasticache:DeleteServerlessCache",
    "elasticache:DeleteUser",
    "elasticache:DeleteUserGroup",
    "elasticache:ModifyServerlessCache",
    "elasticache:ModifyUser",
    "elasticache:ModifyUserGroup",
)
MADE_AS_CACHE = ("elasticache:CreateServerlessCache", "elasticache:CreateUser", "elasticache:CreateUserGroup")
# What AWS does with keys of its own in the name of whoever makes a database, its secret or a cache:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html#rds-secrets-manager-permissions
USES_OF_KEYS = (
    "kms:CreateGrant",
    "kms:Decrypt",
    "kms:DescribeKey",
    "kms:GenerateDataKey",
    "kms:GenerateDataKeyWithoutPlaintext",
)
KEY_USERS = ("elasticache", "rds", "secretsmanager")
MASTER_SECRETS = "secret:rds!db-*"


def database(account: Account, stack: str) -> list[Statement]:
    """The database of a stack, and the groups around it.

    Args:
        account: where.
        stack: whose.
    """
    name, ours = f"{names.PROJECT}-{stack}", f"{names.PROJECT}-*"
    instance = account.arn("rds", f"db:{name}")
    groups = [account.arn("rds", f"{kind}:{ours}") for kind in ("subgrp", "pg")]
    options, snapshots = account.arn("rds", "og:default:*"), account.arn("rds", f"snapshot:{name}-final*")
    read = [account.arn("rds", f"{kind}:*") for kind in reads.DATABASE_KINDS]
    by_aws = {
        "StringEquals": {"kms:ViaService": [f"{service}.{account.region}.amazonaws.com" for service in KEY_USERS]},
        "ForAnyValue:StringEquals": {"kms:ResourceAliases": [f"alias/aws/{service}" for service in KEY_USERS]},
    }
    return [
        allow("LookAtDatabases", reads.DATABASES, read),
        allow("MakeDatabase", ["rds:CreateDBInstance"], [instance], tagging(stack)),
        allow("MakeDatabaseOf", ["rds:CreateDBInstance"], [*groups, options]),
        allow("MakeGroups", ["rds:CreateDBParameterGroup", "rds:CreateDBSubnetGroup"], groups, tagging(stack)),
        *owned(
            "Database",
            ["rds:AddTagsToResource"],
            ["rds:RemoveTagsFromResource"],
            [instance, *groups, snapshots],
            stack,
        ),
        # A change names the groups, too; whose they are is what the boundary says.
        allow("Database", CHANGES_IN_DATABASE, [instance, *groups, options, snapshots]),
        allow("Groups", CHANGES_IN_GROUPS, groups, tagged(stack)),
        allow("LastSnapshot", ["rds:CreateDBSnapshot"], [instance, snapshots]),
        # RDS makes the secret of its master in the caller's name; nobody who deploys may read it.
        allow(
            "MasterSecret",
            ["secretsmanager:CreateSecret", "secretsmanager:TagResource"],
            [account.arn("secretsmanager", MASTER_SECRETS)],
        ),
        allow("KeysOfAws", USES_OF_KEYS, [account.arn("kms", "key/*")], by_aws),
    ]


def cache(account: Account, stack: str) -> list[Statement]:
    """The cache of a stack, and who may use it.

    Args:
        account: where.
        stack: whose.
    """
    name = f"{names.PROJECT}-{stack}"
    parts = [account.arn("elasticache", f"{kind}:{name}") for kind in reads.CACHE_KINDS]
    endpoints = [account.arn("ec2", "vpc-endpoint/*")]
    # A serverless cache's endpoint is made in the caller's name, and gets this tag alone:
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/IAM.IdentityBasedPolicies.html
    of_service = {"StringLike": {"ec2:VpceServiceName": "com.amazonaws.elasticache.serverless.*"}}
    of_cache = {
        "StringEquals": {"ec2:CreateAction": "CreateVpcEndpoint", "aws:RequestTag/AmazonElastiCacheManaged": "true"}
    }
    return [
        # AWS asks about a snapshot to begin with, also where there is none.
        allow("MakeCache", MADE_AS_CACHE, [*parts, account.arn("elasticache", "serverlesscachesnapshot:*")]),
        *owned("Cache", ["elasticache:AddTagsToResource"], ["elasticache:RemoveTagsFromResource"], parts, stack),
        allow("Cache", [*reads.CACHES, *CHANGES_IN_CACHE], parts),
        allow("CacheEndpoint", ["ec2:CreateVpcEndpoint"], endpoints, of_service),
        allow("TagCacheEndpoint", ["ec2:CreateTags"], endpoints, of_cache),
    ]
