"""What keeps data: databases and caches.

A serverless cache, its snapshots and Performance Insights are always encrypted: there is nothing to ask of them.
https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/at-rest-encryption.html
"""

from collections.abc import Iterator

from policy.model import Context, Planned, Rule
from policy.values import as_list, as_number, as_texts, at, is_missing, is_off, is_on, is_unknown

DATABASE, PARAMETERS = "aws:rds/instance:Instance", "aws:rds/parameterGroup:ParameterGroup"
DATABASE_CLUSTER = "aws:rds/cluster:Cluster"
# None of them is encrypted, or protected, without a word.
KEPT = (DATABASE, DATABASE_CLUSTER, "aws:docdb/cluster:Cluster", "aws:neptune/cluster:Cluster")
REPLICATION_GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
CACHES = ("aws:elasticache/serverlessCache:ServerlessCache", REPLICATION_GROUP)
CACHES_OF_NODES = (REPLICATION_GROUP, "aws:elasticache/cluster:Cluster")
CACHE_USER = "aws:elasticache/user:User"
LEAST_BACKUP_DAYS = 7


def is_replica(resource: Planned) -> bool:
    """Whether a database follows another, which has its password, its backups and its encryption:
    https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_ReadRepl.html
    """
    return bool(resource.inputs.get("replicateSourceDb") or resource.inputs.get("replicationSourceIdentifier"))


def database_private(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type.startswith("aws:") and is_on(resource.inputs.get("publiclyAccessible")):
        yield "it has an address that the internet can reach (publiclyAccessible)"
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-modify-snapshot-attribute.html
    if resource.type.startswith("aws:rds/") and "all" in as_texts(resource.inputs.get("sharedAccounts")):
        yield "every account of AWS may make a database of it (sharedAccounts)"


def database_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type in KEPT and not is_replica(resource) and is_off(resource.inputs.get("storageEncrypted")):
        yield "its disk and its backups are not encrypted (storageEncrypted)"


def database_tls(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == DATABASE and is_missing(resource.inputs.get("parameterGroupName")):
        yield "it has no parameters of ours, which would refuse connections without TLS"
    parameters = resource.inputs.get("parameters")
    if resource.type == PARAMETERS and str(resource.inputs.get("family", "")).startswith("postgres"):
        given = {str(at(each, "name")): at(each, "value") for each in as_list(parameters)}
        forced = given.get("rds.force_ssl")
        known = not any(map(is_unknown, (parameters, forced, *given)))
        if known and as_number(forced) != 1:
            yield "its databases take connections without TLS (rds.force_ssl)"


def database_password(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type in (DATABASE, DATABASE_CLUSTER) and not is_replica(resource):
        key = "password" if resource.type == DATABASE else "masterPassword"
        if resource.inputs.get(key) or is_off(resource.inputs.get("manageMasterUserPassword")):
            yield "its master's password is in the stack's state, and nobody rotates it"


def database_two_zones(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == DATABASE and not is_replica(resource) and is_off(resource.inputs.get("multiAz")):
        yield "it is gone while its zone is (multiAz)"


def database_backed_up(resource: Planned, _: Context) -> Iterator[str]:
    given = resource.inputs.get("backupRetentionPeriod")
    days = as_number(given) or 0
    backed_up = resource.type in (DATABASE, DATABASE_CLUSTER) and not is_replica(resource)
    if backed_up and not is_unknown(given) and days < LEAST_BACKUP_DAYS:
        yield f"a mistake that is noticed after {days:.0f} days cannot be undone (backupRetentionPeriod)"


def cache_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type in CACHES_OF_NODES:
        for key, where in (("transitEncryptionEnabled", "on the way"), ("atRestEncryptionEnabled", "at rest")):
            if is_off(resource.inputs.get(key)):
                yield f"what is in it is not encrypted {where} ({key})"


def cache_login(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == CACHE_USER:
        mode = at(resource.inputs, "authenticationMode", "type")
        if is_on(resource.inputs.get("noPasswordRequired")) or mode == "no-password-required":
            yield "whoever reaches the cache is logged in"
        elif resource.inputs.get("passwords") or mode == "password":
            yield "its password is in the stack's state, and nobody rotates it"


RULES = (
    Rule(
        name="database-private",
        check=database_private,
        asks="no database has a public address, and no snapshot is everybody's",
        why="the service is in the same VPC; nobody else needs to reach it",
        cure="set publiclyAccessible to false, and name accounts in sharedAccounts",
    ),
    Rule(
        name="database-encrypted",
        check=database_encrypted,
        asks="databases and their backups are encrypted",
        why="snapshots are copied and shared",
        cure="set storageEncrypted to true; RDS makes a new database for it",
    ),
    Rule(
        name="database-tls",
        check=database_tls,
        asks="databases refuse connections without TLS",
        why="a token of IAM that is read on the way is good for fifteen minutes",
        cure="give the database a parameter group that sets rds.force_ssl to 1",
    ),
    Rule(
        name="database-password",
        check=database_password,
        asks="the master's password is kept and rotated by RDS",
        why="a password in the program is in its state, in its history and in its reviews",
        cure="set manageMasterUserPassword to true and no password: RDS keeps one in Secrets Manager, and rotates it",
    ),
    Rule(
        name="database-two-zones",
        check=database_two_zones,
        asks="production's database stands in two zones",
        why="a zone fails, and RDS is patched, without the service failing",
        cure="set helloworld:databaseMultiZone: true",
        level=None,
    ),
    Rule(
        name="database-backed-up",
        check=database_backed_up,
        asks=f"a database can be put back to any moment of {LEAST_BACKUP_DAYS} days",
        why="what is deleted on a Friday is missed on a Monday",
        cure=f"set helloworld:databaseBackupDays to {LEAST_BACKUP_DAYS} or more",
        level="advisory",
    ),
    Rule(
        name="cache-encrypted",
        check=cache_encrypted,
        asks="caches of nodes are encrypted, on the way and at rest",
        why="a serverless cache always is; one of nodes has to be told",
        cure="set both to true, or make a serverless cache",
    ),
    Rule(
        name="cache-login",
        check=cache_login,
        asks="people and pods log in to the cache by IAM",
        why="a token ends by itself, and no state has it",
        cure="let the user log in by IAM: authenticationMode of type iam",
    ),
)
