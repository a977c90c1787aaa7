"""What keeps a protected stack from being deleted, at AWS and in its state: lifted once its name was typed."""

from delivery.aws_tags import tags_of
from delivery.console import Console
from delivery.problems import DeliveryError
from delivery.teardown.cloud import Cloud
from delivery.teardown.scope import proof
from delivery.teardown.state_edit import without_protection
from delivery.workspace import Workspace

UPDATE_ENDED, UPDATE_DONE = ("Successful", "Failed", "Cancelled"), "Successful"


def unprotect(console: Console, workspace: Workspace, cloud: Cloud | None) -> None:
    """Lift the deletion protection of the stack's cluster and database, if they are there and have it, and the state's.

    Args:
        console: where it is told.
        workspace: the stack.
        cloud: AWS; None if the stack has nothing there, or nobody can be asked: then only the state's is lifted.

    Raises:
        DeliveryError: AWS or the engine refuses. Again is safe.
    """
    if cloud is not None and cloud.scope.creates:
        _lift_of_cluster(console, cloud)
        _lift_of_database(console, cloud)
    if workspace.edit(without_protection):
        console.say(f"The state of {workspace.name} has nothing protected any more.")


def _lift_of_database(console: Console, cloud: Cloud) -> None:
    for each in cloud.living_databases(cloud.scope.name):
        if each["DeletionProtection"]:
            name = each["DBInstanceIdentifier"]
            _require_ours(cloud, f"database {name}", tags_of(each.get("TagList")))
            cloud.clients.call(
                "rds", "modify_db_instance", DBInstanceIdentifier=name, DeletionProtection=False, ApplyImmediately=True
            )
            console.say(f"Deletion protection of database {name} is lifted.")


def _lift_of_cluster(console: Console, cloud: Cloud) -> None:
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
    console.say(f"Deletion protection of cluster {name} is lifted.")


def _require_ours(cloud: Cloud, what: str, tags: dict[str, str]) -> None:
    if proof(tags, cloud.scope) == "none":
        raise DeliveryError(
            f"{what} has not the tags project and stack of {cloud.scope.stack}, so its protection stays.\n"
            "  cure: if it is the stack's, lift its deletion protection by hand, then again"
        )
