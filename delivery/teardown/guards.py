"""What a tear-down is refused for, before anything goes."""

from delivery.problems import DeliveryError
from delivery.teardown.cloud import Cloud
from delivery.teardown.deployment import Deployment, clusters, last_snapshots, places
from delivery.teardown.standing import Standing


def require_no_others(stack: str, standing: Standing) -> None:
    """Stop if stacks that are no review environments would lose their cluster.

    Raises:
        DeliveryError: there are some.
    """
    if standing.others:
        each = "; ".join(f"make destroy STACK={name}" for name in standing.others)
        raise DeliveryError(
            f"stack {stack} is the platform of {', '.join(standing.others)}, which would lose their cluster.\n"
            f"  cure: first {each}"
        )


def require_same_place(cloud: Cloud, deployment: Deployment) -> None:
    """Stop if the stack is in another account or region, or on another cluster, than is asked: nothing is found there.

    Raises:
        DeliveryError: it is.
    """
    regions, accounts = places(deployment)
    region, account = cloud.scope.region, cloud.scope.account
    if (regions and region not in regions) or (accounts and account not in accounts):
        there = f"{', '.join(sorted(regions or {region}))} of account {', '.join(sorted(accounts or {account}))}"
        raise DeliveryError(
            f"stack {cloud.scope.stack} is in {there}, and AWS is asked in {region} of account {account}. Nothing is "
            "deleted.\n  cure: log in to the stack's account; its region is the setting helloworld:region"
        )
    if (known := clusters(deployment)) and cloud.scope.cluster not in known:
        raise DeliveryError(
            f"stack {cloud.scope.stack} is on cluster {', '.join(sorted(known))}, and its settings say "
            f"{cloud.scope.cluster}. Nothing is deleted.\n  cure: set helloworld:platformStack as it was deployed"
        )


def require_room_for_snapshots(cloud: Cloud, deployment: Deployment) -> None:
    """Stop before anything is deleted if the last snapshot of a database could not be taken under its name.

    Raises:
        DeliveryError: there is one of that name, of an earlier database. AwsError: RDS cannot be asked.
    """
    region = cloud.scope.region
    for database, snapshot in last_snapshots(deployment):
        if cloud.living_databases(database) and cloud.has_snapshot(snapshot):
            raise DeliveryError(
                f"the last snapshot of database {database} is to be called {snapshot}, and an earlier database has "
                "left one of that name. Nothing is deleted.\n"
                "  cure: keep it under another name (aws rds copy-db-snapshot --source-db-snapshot-identifier "
                f"{snapshot} --target-db-snapshot-identifier <name> --region {region}), then delete it (aws rds "
                f"delete-db-snapshot --db-snapshot-identifier {snapshot} --region {region})"
            )
