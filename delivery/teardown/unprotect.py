"""What keeps a protected stack from being deleted, at AWS: lifted once its name was typed."""

from typing import Any

from delivery.aws_tags import tags_of
from delivery.context import Context
from delivery.problems import DeliveryError
from delivery.teardown.cloud import Cloud
from delivery.teardown.scope import proof
from delivery.teardown.state_edit import Deployment, last_snapshots

UPDATE_ENDED, UPDATE_DONE = ("Successful", "Failed", "Cancelled"), "Successful"
DELETING = "deleting"


def require_room_for_snapshots(cloud: Cloud, deployment: Deployment) -> None:
    """Stop before anything is deleted if the last snapshot of a database could not be taken under its name.

    Raises:
        DeliveryError: there is one of that name, of an earlier database. AwsError: RDS cannot be asked.
    """
    region = cloud.scope.region
    for database, snapshot in last_snapshots(deployment):
        living = [each for each in _databases(cloud, database) if each["DBInstanceStatus"] != DELETING]
        if living and _found(cloud, "describe_db_snapshots", "DBSnapshots", DBSnapshotIdentifier=snapshot):
            raise DeliveryError(
                f"the last snapshot of database {database} is to be called {snapshot}, and an earlier database has "
                "left one of that name. Nothing is deleted.\n"
                "  cure: keep it under another name (aws rds copy-db-snapshot --source-db-snapshot-identifier "
                f"{snapshot} --target-db-snapshot-identifier <name> --region {region}), then delete it (aws rds "
                f"delete-db-snapshot --db-snapshot-identifier {snapshot} --region {region})"
            )


def lift(context: Context, cloud: Cloud) -> None:
    """Lift the deletion protection of the stack's cluster and database, if they are there and have it.

    Raises:
        DeliveryError: AWS refuses. Again is safe.
    """
    if not cloud.scope.creates:
        return
    _lift_of_cluster(context, cloud)
    for each in _databases(cloud, cloud.scope.name):
        if each["DeletionProtection"] and each["DBInstanceStatus"] != DELETING:
            name = each["DBInstanceIdentifier"]
            _require_ours(cloud, f"database {name}", tags_of(each.get("TagList")))
            cloud.clients.call(
                "rds", "modify_db_instance", DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True
            )
            context.console.say(f"Deletion protection of database {name} is lifted.")


def _lift_of_cluster(context: Context, cloud: Cloud) -> None:
    name = cloud.scope.cluster
    cluster = cloud.cluster()
    if cluster is None or not cluster.get("deletionProtection") or cluster["status"] == "DELETING":
        return
    _require_ours(cloud, f"cluster {name}", cluster.get("tags", {}))
    update = cloud.clients.call("eks", "update_cluster_config", name=name, deletionProtection=False)["update"]
    end = cloud.patience.now() + cloud.patience.most
    while update["status"] not in UPDATE_ENDED and cloud.patience.now() < end:
        cloud.patience.sleep(cloud.patience.every)
        update = cloud.clients.call("eks", "describe_update", name=name, updateId=update["id"])["update"]
    if update["status"] != UPDATE_DONE:
        raise DeliveryError(
            f"the deletion protection of cluster {name} could not be lifted: EKS says {update['status']}.\n"
            f"  cure: look at it (aws eks describe-update --name {name} --update-id {update['id']} "
            f"--region {cloud.scope.region}), then again"
        )
    context.console.say(f"Deletion protection of cluster {name} is lifted.")


def _require_ours(cloud: Cloud, what: str, tags: dict[str, str]) -> None:
    if proof(tags, cloud.scope) == "none":
        raise DeliveryError(
            f"{what} has not the tags project and stack of {cloud.scope.stack}, so its protection stays.\n"
            "  cure: if it is the stack's, lift its deletion protection by hand, then again"
        )


def _databases(cloud: Cloud, name: str) -> list[dict[str, Any]]:
    return _found(cloud, "describe_db_instances", "DBInstances", DBInstanceIdentifier=name)


def _found(cloud: Cloud, operation: str, key: str, **named: str) -> list[dict[str, Any]]:
    told = cloud.clients.find("rds", operation, **named)
    return list(told[key]) if told else []
