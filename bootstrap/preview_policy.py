"""What a preview, and the daily look for drift, may do: read. Pure.

AWS's own ReadOnlyAccess is not used: it reads objects of every bucket, parameters and queues, which code from a pull
request would then read too.
"""

from collections.abc import Mapping
from dataclasses import replace

from bootstrap import names, reads
from bootstrap.policy_document import Account, Statement, allow, document
from bootstrap.state_access import may_read

CLUSTER_PARTS = ("cluster", "nodegroup", "addon", "access-entry", "podidentityassociation")


def preview_policies(account: Account, environments: Mapping[str, str]) -> dict[str, str]:
    """The policy documents of the preview role by topic, as JSON: state and resources of the environments.

    Args:
        account: where the state is.
        environments: their names, and their regions. More than one region means any: what is read has our names.
    """
    state = document(*may_read(account, list(environments)))
    regions = set(environments.values())
    there = replace(account, region=regions.pop() if len(regions) == 1 else "*")
    return {"state": state, "resources": document(*_resources(there), *_parts(there))}


def _resources(account: Account) -> list[Statement]:
    clusters = [account.arn("eks", f"{kind}/{names.PROJECT}-*") for kind in CLUSTER_PARTS]
    return [
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
        allow("LookAtHealthChecks", reads.HEALTH_CHECKS, ["arn:aws:route53:::healthcheck/*"]),
        allow("BeItself", ["sts:AssumeRole"], [account.iam(f"role/{names.PREVIEW_ROLE}")]),
    ]


def _parts(account: Account) -> list[Statement]:
    ours = f"{names.PROJECT}-*"
    databases = [account.arn("rds", f"{kind}:*") for kind in reads.DATABASE_KINDS]
    caches = [account.arn("elasticache", f"{kind}:{ours}") for kind in reads.CACHE_KINDS]
    return [
        allow("LookAtDatabases", reads.DATABASES, databases),
        allow("LookAtCaches", reads.CACHES, caches),
        allow("LookAtTopics", reads.TOPICS, [account.arn("sns", ours)]),
        allow("LookAtAlarms", reads.ALARMS, [account.arn("cloudwatch", "alarm:*")]),
        allow("LookAtDashboards", reads.DASHBOARDS, [account.global_arn("cloudwatch", f"dashboard/{ours}")]),
        allow("LookAtBudgets", reads.BUDGETS, [account.global_arn("budgets", f"budget/{ours}")]),
    ]
