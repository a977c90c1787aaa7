"""What keeps data: databases and caches.

Each rule answers what is wrong with a resource of its kind; `rules.py` says how much it weighs, and the cure.
"""

from collections.abc import Iterator
from typing import Any

from policy.model import Context, Planned, as_list, as_map, is_unknown

DATABASE, PARAMETERS = "aws:rds/instance:Instance", "aws:rds/parameterGroup:ParameterGroup"
CACHES = ("aws:elasticache/replicationGroup:ReplicationGroup", "aws:elasticache/cluster:Cluster")
CACHE_USER = "aws:elasticache/user:User"
LEAST_BACKUP_DAYS = 7


def database_private(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == DATABASE and _is_on(resource, "publiclyAccessible"):
        yield "it has an address that the internet can reach (publiclyAccessible)"


def database_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == DATABASE and _is_off(resource, "storageEncrypted"):
        yield "its disk and its backups are not encrypted (storageEncrypted)"


def database_tls(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == DATABASE and not resource.inputs.get("parameterGroupName"):
        yield "it has no parameters of ours, which would refuse connections without TLS"
    if resource.type == PARAMETERS and str(resource.inputs.get("family", "")).startswith("postgres"):
        given = {
            as_map(each).get("name"): as_map(each).get("value") for each in as_list(resource.inputs.get("parameters"))
        }
        forced = given.get("rds.force_ssl")
        if not is_unknown(forced) and str(forced) != "1":
            yield "its databases take connections without TLS (rds.force_ssl)"


def database_password(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == DATABASE and (resource.inputs.get("password") or _is_off(resource, "manageMasterUserPassword")):
        yield "its master's password is in the stack's state, and nobody rotates it"


def database_two_zones(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == DATABASE and _is_off(resource, "multiAz"):
        yield "it is gone while its zone is (multiAz)"


def database_backed_up(resource: Planned, _: Context) -> Iterator[str]:
    days: Any = resource.inputs.get("backupRetentionPeriod") or 0
    if resource.type == DATABASE and not is_unknown(days) and int(days) < LEAST_BACKUP_DAYS:
        yield f"a mistake that is noticed after {int(days)} days cannot be undone (backupRetentionPeriod)"


def cache_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    # A serverless cache always is.
    if resource.type in CACHES:
        for key, where in (("transitEncryptionEnabled", "on the way"), ("atRestEncryptionEnabled", "at rest")):
            if _is_off(resource, key):
                yield f"what is in it is not encrypted {where} ({key})"


def cache_login(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == CACHE_USER:
        mode = as_map(resource.inputs.get("authenticationMode")).get("type")
        if resource.inputs.get("noPasswordRequired") or mode == "no-password-required":
            yield "whoever reaches the cache is logged in"
        elif resource.inputs.get("passwords") or mode == "password":
            yield "its password is in the stack's state, and nobody rotates it"


def _is_on(resource: Planned, key: str) -> bool:
    return str(resource.inputs.get(key)).lower() == "true"


def _is_off(resource: Planned, key: str) -> bool:
    return not is_unknown(resource.inputs.get(key)) and not _is_on(resource, key)
