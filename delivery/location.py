"""Where a stack's state and cluster are found."""

from collections.abc import Iterator
from contextlib import contextmanager

from delivery.context import Context
from delivery.local import prepared
from infra.settings import Settings


@contextmanager
def located(context: Context, stack: str, settings: Settings) -> Iterator[Context]:
    """The context in which a stack is found: the given one, or, for a local stack, one with its cluster and state.

    Raises:
        DeliveryError: the stack is local, and kubectl's current context is no cluster for it.
    """
    if settings.platform != "local":
        yield context
        return
    with prepared(context, stack) as cluster:
        yield cluster.context
