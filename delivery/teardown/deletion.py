"""A stack deleted by the engine, again where what stopped it can be put right: a lost cluster, a dead controller."""

from collections.abc import Callable

from delivery.context import Context
from delivery.explanation import LockedError
from delivery.problems import DeliveryError
from delivery.teardown.cloud import Cloud
from delivery.teardown.state_edit import Deployment, clusters, is_empty, places, without_cluster
from delivery.teardown.stuck_ingress import free
from delivery.workspace import Workspace

ATTEMPTS = 3


def delete(context: Context, workspace: Workspace, cloud: Callable[[], Cloud] | None) -> bool:
    """Delete everything in a stack. The order is the program's; between attempts only what stopped it is removed.

    Args:
        context: acts as the stack's deploy role.
        workspace: the stack.
        cloud: gives AWS, asked only once something fails; None if the stack has nothing there.

    Returns:
        Whether there was anything in it.

    Raises:
        DeliveryError: it failed, and again would not help.
    """
    if is_empty(workspace.deployment()):
        return False
    for attempt in range(1, ATTEMPTS + 1):
        try:
            workspace.destroy()
            break
        except LockedError:
            raise
        except DeliveryError as error:
            if cloud is None or attempt == ATTEMPTS:
                raise
            context.console.warn(str(error))
            if not _helped(context, workspace, cloud):
                raise
            context.console.say("What stopped it is out of the way; going on.")
    return True


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


def forget_lost_cluster(context: Context, workspace: Workspace) -> bool:
    """Take the objects of a cluster that is gone out of the stack's state; only once EKS has said that it is.

    Returns:
        Whether there were any.
    """
    if not workspace.edit(without_cluster):
        return False
    context.console.say(f"The cluster of {workspace.name} is gone, and its objects with it: the stack forgets them.")
    return True


def _helped(context: Context, workspace: Workspace, cloud: Callable[[], Cloud]) -> bool:
    try:
        opened = cloud()
        require_same_place(opened, workspace.deployment())
        if opened.cluster() is not None:
            say = context.console.say
            return free(context, workspace.outputs(), lambda: opened.delete_balancers(say))
        forgotten = forget_lost_cluster(context, workspace)
        _, deleted = opened.clear(context.console.say, of_cluster_only=True)
        return forgotten or deleted > 0
    except DeliveryError as error:
        context.console.warn(f"what stopped it could not be looked for: {error}")
        return False
