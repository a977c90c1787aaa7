"""What is found of a stack by name, as it has no tags or is in no list by tags: log groups, roles, snapshots …"""

from typing import Any, get_args

from bootstrap import names
from delivery.aws_clients import Clients
from delivery.aws_tags import tags_of
from delivery.hosted_zones import public_zones
from delivery.teardown.scope import Scope, proof
from delivery.teardown.things import Deletion, Thing
from infra.setting_model import Routing
from infra.settings import PROJECT

LATE_LINES = "whoever wrote into it wrote once more after it was deleted, and so made it anew"
# Everything that bootstrap makes is the account's.
BOOTSTRAPPED = (names.PREVIEW_ROLE, names.REVIEW_ROLE, names.deploy_role(""))


def look_at_log_groups(clients: Clients, scope: Scope) -> list[Thing]:
    """The stack's log groups: of the program, and those that services make anew with a last line.

    Raises:
        AwsError: CloudWatch cannot be asked.
    """
    things = []
    for prefix in scope.log_groups:
        for each in clients.items("logs", "describe_log_groups", "logGroups", logGroupNamePrefix=prefix):
            name = str(each["logGroupName"])
            told = clients.find("logs", "list_tags_for_resource", resourceArn=str(each["arn"]).removesuffix(":*"))
            if told is None:
                # It went meanwhile.
                continue
            tags = told["tags"]
            # One that has been made anew has no tags at all, and its name is the cluster's.
            whose = proof(tags, scope) if tags else "cluster"
            foreign = f"its tags say that it is not of {scope.stack}"
            things.append(
                Thing(
                    kind="log group",
                    name=name,
                    why=foreign if whose == "none" else LATE_LINES,
                    costs="0.03 dollars a month for each GB",
                    cure=f"aws logs delete-log-group --log-group-name {name} --region {scope.region}",
                    proof=whose,
                    deletion=None
                    if whose == "none"
                    else Deletion(service="logs", operation="delete_log_group", arguments={"logGroupName": name}),
                )
            )
    return things


def look_at_roles(clients: Clients, scope: Scope) -> list[Thing]:
    """The roles that carry the stack's tags; the tagging API does not know IAM.

    https://docs.aws.amazon.com/resourcegroupstagging/latest/APIReference/supported-services.html

    Raises:
        AwsError: IAM cannot be asked.
    """
    things = []
    for each in clients.items("iam", "list_roles", "Roles"):
        name = str(each["RoleName"])
        if not name.startswith(f"{PROJECT}-") or name.startswith(BOOTSTRAPPED):
            continue
        found = clients.find("iam", "get_role", RoleName=name)
        if found and proof(tags_of(found["Role"].get("Tags")), scope) == "stack":
            cure = f"aws iam delete-role --role-name {name}, once its policies are detached and deleted"
            things.append(Thing(kind="role", name=name, why=f"IAM has it with the tags of {scope.stack}", cure=cure))
    return things


def look_at_snapshots(clients: Clients, scope: Scope) -> list[Thing]:
    """Snapshots of the stack's database that outlive it: the last one, and those that somebody took.

    Raises:
        AwsError: RDS cannot be asked.
    """
    asked: dict[str, Any] = {"DBInstanceIdentifier": scope.name, "SnapshotType": "manual"}
    things = []
    for each in clients.items("rds", "describe_db_snapshots", "DBSnapshots", **asked):
        name = str(each["DBSnapshotIdentifier"])
        last = name == last_snapshot(scope.name)
        things.append(
            Thing(
                kind="database snapshot",
                name=name,
                why="the last one of a protected database, taken as it was deleted" if last else "somebody took it",
                costs="0.095 dollars a month for each GB of data",
                cure=f"aws rds delete-db-snapshot --db-snapshot-identifier {name} --region {scope.region}",
                expected=True,
            )
        )
    return things


def last_snapshot(name: str) -> str:
    """What the program has the last snapshot of a database of this name be called: infra/data/database.py."""
    return f"{name}-final"


def look_at_records(clients: Clients, scope: Scope) -> list[Thing]:
    """The records of the stack's host name. Where regions share it, only those that name the stack are its own.

    Raises:
        AwsError: Route 53 cannot be asked.
    """
    if not scope.hostname or not scope.zone:
        return []
    things = []
    for zone in public_zones(clients, scope.zone):
        for each in clients.items(
            "route53", "list_resource_record_sets", "ResourceRecordSets", HostedZoneId=zone["Id"]
        ):
            if _is_own(each, scope):
                named = f"{each['Type']} {each['Name'].rstrip('.')}"
                things.append(
                    Thing(
                        kind="record",
                        name=named,
                        why=f"it is of the host name of {scope.stack}, in zone {scope.zone}",
                        cure="delete it in the Route 53 console, unless somebody else made it",
                    )
                )
    return things


def _is_own(record: Any, scope: Scope) -> bool:
    """Whether it is an address or a certificate's proof of the host name, as infra/dns.py and infra/certificate.py
    make them: where regions share the name, each record has its stack's name in its identifier.
    """
    name, kind, direct = str(record["Name"]).rstrip("."), record["Type"], f"{scope.stack}.{scope.hostname}"
    is_proof = kind == "CNAME" and name.startswith("_")
    if not is_proof and kind not in ("A", "AAAA"):
        return False
    of = name.partition(".")[2] if is_proof else name
    if scope.routing == "simple":
        return bool(of == scope.hostname)
    mine = (scope.stack, *(f"{scope.stack}-{each}" for each in get_args(Routing)))
    return of == direct or (of == scope.hostname and record.get("SetIdentifier") in mine)
