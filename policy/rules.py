"""The rules, pure: a resource's type, name and inputs in, findings out.

A rule is a function in one of the modules beside this one. To add one: write it, add it to `RULES` with its level and
its cure, and a test that breaks it. Values that are not known yet (`${…}`, `[unknown]`, `[secret]`) break no rule.
"""

from collections.abc import Iterable, Sequence

from policy import data_rules as data
from policy import encryption_rules as encryption
from policy import iam_rules as iam
from policy import network_rules as network
from policy import pod_rules as pods
from policy import upkeep_rules as upkeep
from policy.model import Allowed, Context, Finding, Planned, Rule

__all__ = ["ALLOWED", "RULES", "Allowed", "Context", "Finding", "Planned", "Rule", "check", "is_production"]

PRODUCTION = "prod"
NO_RESOURCE = "AWS offers no resource-level permission for these reads"

ALLOWED: tuple[Allowed, ...] = (
    *(
        Allowed("*-load-balancer-policy", action, NO_RESOURCE)
        for action in ("ec2:Describe*", "elasticloadbalancing:Describe*", "acm:ListCertificates")
    ),
    Allowed("*-provisioner-deployment", "livenessProbe", "it serves nobody; a new pod reaches the database no better"),
)


def is_production(stack: str) -> bool:
    """Whether a stack is production: `prod`, or `prod-…` where there are several, one for each region."""
    return stack == PRODUCTION or stack.startswith(f"{PRODUCTION}-")


def check(
    resources: Iterable[Planned],
    stack: str,
    *,
    allowed: Sequence[Allowed] = ALLOWED,
    rules: Sequence[Rule] | None = None,
) -> list[Finding]:
    """Every finding about the resources of a stack.

    Args:
        resources: the plan's.
        stack: the stack's name, which says whether it is production.
        allowed: what resources may do though a rule forbids it.
        rules: those to ask; None asks all.
    """
    context = Context(is_production(stack), allowed)
    findings = []
    for resource in resources:
        for rule in RULES if rules is None else rules:
            level = rule.in_production if context.production else rule.level
            if level is None:
                continue
            findings += [
                Finding(rule.name, level, resource.urn, reason, rule.cure) for reason in rule.check(resource, context)
            ]
    return findings


RULES: tuple[Rule, ...] = (
    Rule(
        "iam-no-wildcards",
        iam.iam_wildcards,
        "name actions and resources, limit the statement by a condition, or add a row with its reason to ALLOWED",
    ),
    Rule("trust-closed", iam.open_trust, "name who may assume the role"),
    Rule("ports-closed", network.open_ports, "name the networks or the security group that may come in"),
    Rule("data-by-group", network.data_by_address, "name the security group that may come in, and no network"),
    Rule("image-by-digest", pods.images_by_digest, "refer to the image as <repository>@sha256:<digest>"),
    Rule("pod-restricted", pods.restricted, "give the security context of Kubernetes's `restricted` standard"),
    Rule("pod-bounded", pods.bounded, "set requests for CPU and memory, and a limit for memory"),
    Rule("pod-probed", pods.probed, "add the probes: without them a roll-out cannot tell good from bad"),
    Rule(
        "api-not-open",
        network.api_open,
        "name your own networks in helloworld:publicAccessCidrs, or give [] to turn the public endpoint off",
        level="advisory",
    ),
    Rule("secrets-encrypted", encryption.secrets_encrypted, "give the cluster a KMS key in encryptionConfig"),
    Rule("registry-encrypted", encryption.registry_encrypted, "set encryptionConfigurations"),
    Rule("tags-immutable", encryption.tags_immutable, "set imageTagMutability to IMMUTABLE"),
    Rule("disks-encrypted", encryption.disks_encrypted, "set encrypted to true in the mapping's ebs"),
    Rule("metadata-by-token", encryption.metadata_by_token, "set httpTokens to required in metadataOptions"),
    Rule("key-rotated", encryption.key_rotated, "set enableKeyRotation to true"),
    Rule("topic-encrypted", encryption.topic_encrypted, "give the topic a KMS key in kmsMasterKeyId"),
    Rule("database-private", data.database_private, "set publiclyAccessible to false"),
    Rule(
        "database-encrypted", data.database_encrypted, "set storageEncrypted to true; RDS makes a new database for it"
    ),
    Rule("database-tls", data.database_tls, "give the database a parameter group that sets rds.force_ssl to 1"),
    Rule(
        "database-password",
        data.database_password,
        "set manageMasterUserPassword to true and no password: RDS keeps one in Secrets Manager, and rotates it",
    ),
    Rule("database-two-zones", data.database_two_zones, "set helloworld:databaseMultiZone: true", level=None),
    Rule(
        "database-backed-up",
        data.database_backed_up,
        f"set helloworld:databaseBackupDays to {data.LEAST_BACKUP_DAYS} or more",
        level="advisory",
    ),
    Rule("cache-encrypted", data.cache_encrypted, "set both to true, or make a serverless cache"),
    Rule("cache-login", data.cache_login, "let the user log in by IAM: authenticationMode of type iam"),
    Rule("logs-expire", upkeep.logs_expire, "set retentionInDays", level="advisory"),
    Rule("alarm-told", upkeep.alarm_told, "name the topic in alarmActions, and leave actionsEnabled on"),
    Rule("https", network.https, "set helloworld:hostname and helloworld:zone", level=None),
    Rule("kept", upkeep.kept, "set helloworld:protect: true", level=None),
)
