"""What logging in to database and cache takes of IAM. Pure: the statements of policies."""

import pulumi

from infra.pod_role import Statement


def database_login(database: pulumi.Output[str], user: str) -> Statement:
    """Log in to a database server as one user.

    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.IAMPolicy.html

    Args:
        database: the ARN of its users, without the user: `arn:aws:rds-db:<region>:<account>:dbuser:<resource id>`.
        user: the database user's name.
    """
    return _allow("rds-db:connect", pulumi.Output.concat(database, "/", user))


def review_login(database: pulumi.Output[str], cluster_name: pulumi.Input[str], prefix: str) -> Statement:
    """Log in to a database server as the user that is named as the pod's namespace.

    EKS Pod Identity says as session tags which pod asks: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-abac.html

    Args:
        database: as above.
        cluster_name: the cluster that the pods are on.
        prefix: how the names of their namespaces begin.
    """
    namespace, cluster = "aws:PrincipalTag/kubernetes-namespace", "aws:PrincipalTag/eks-cluster-name"
    return {
        **_allow("rds-db:connect", pulumi.Output.concat(database, "/${", namespace, "}")),
        "Condition": {"StringLike": {namespace: f"{prefix}*"}, "StringEquals": {cluster: cluster_name}},
    }


def cache_login(cache_arn: pulumi.Output[str], user_arn: pulumi.Output[str]) -> Statement:
    """Log in to a cache as one user: https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html

    Args:
        cache_arn: the cache.
        user_arn: the user.
    """
    return _allow("elasticache:Connect", cache_arn, user_arn)


def read_secret(secret_arn: pulumi.Input[str]) -> Statement:
    """Read one secret of Secrets Manager, which decrypts it with the account's own key."""
    return _allow("secretsmanager:GetSecretValue", secret_arn)


def _allow(action: str, *resources: pulumi.Input[str]) -> Statement:
    return {"Effect": "Allow", "Action": [action], "Resource": list(resources)}
