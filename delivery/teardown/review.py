"""A review environment, deleted and forgotten."""

from functools import cache

from delivery.configuration import settings_of
from delivery.context import Context
from delivery.identity import as_deployer
from delivery.problems import DeliveryError
from delivery.teardown.cloud import Cloud, open_cloud
from delivery.teardown.deletion import delete
from delivery.workspace import Workspace
from infra.settings import PROJECT


def delete_and_forget(context: Context, stack: str) -> None:
    """Delete everything in a review environment's stack, as its deploy role, then the stack and its history.

    Args:
        context: the command's.
        stack: its name; it has a file.

    Raises:
        DeliveryError: it does not exist, is protected, or it fails.
    """
    settings = settings_of(context, stack)
    if settings.protect:
        raise DeliveryError(f"stack {stack} is protected ({PROJECT}:protect = true): a review environment is not")
    deployer = as_deployer(context, stack, settings)
    workspace = Workspace.open(deployer, stack, create=False)

    @cache
    def cloud() -> Cloud:
        return open_cloud(deployer, stack, settings)

    delete(context, workspace, cloud)
    workspace.remove()
