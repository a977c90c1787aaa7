"""A stack deleted by the engine, again where what stopped it can be put right: a lost cluster, a dead controller."""

from collections.abc import Callable

from delivery.console import Console
from delivery.explanation import LockedError
from delivery.problems import DeliveryError
from delivery.teardown.cloud import Cloud
from delivery.teardown.deployment import is_empty
from delivery.teardown.guards import require_same_place
from delivery.teardown.state_edit import without_cluster
from delivery.teardown.stuck_ingress import free_ingresses
from delivery.workspace import Workspace

ATTEMPTS = 3


def delete(console: Console, workspace: Workspace, cloud: Callable[[], Cloud] | None) -> bool:
    """Delete everything in a stack. The order is the program's; between attempts only what stopped it is removed.

    Args:
        console: where it is told.
        workspace: the stack.
        cloud: gives AWS, asked only once something fails; None if the stack has nothing there, or nobody can be asked.

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
            console.warn(str(error))
            if not _put_right(console, workspace, cloud):
                raise
            console.say("What stopped it is out of the way; going on.")
    return True


def forget_lost_cluster(console: Console, workspace: Workspace) -> bool:
    """Take the objects of a cluster that is gone out of the stack's state; only once EKS has said that it is.

    Returns:
        Whether there were any.
    """
    if not workspace.edit(without_cluster):
        return False
    console.say(f"The cluster of {workspace.name} is gone, and its objects with it: the stack forgets them.")
    return True


def _put_right(console: Console, workspace: Workspace, cloud: Callable[[], Cloud]) -> bool:
    try:
        opened = cloud()
        require_same_place(opened, workspace.deployment())
        if opened.cluster() is not None:
            return free_ingresses(console, workspace.outputs(), lambda: opened.delete_balancers(console.say))
        forgotten = forget_lost_cluster(console, workspace)
        _, deleted = opened.clear(console.say, of_cluster_only=True)
        return forgotten or deleted > 0
    except DeliveryError as error:
        console.warn(f"what stopped it could not be looked for: {error}")
        return False
