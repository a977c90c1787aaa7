"""Which stacks use the cluster of another one, and would lose it."""

from collections.abc import Sequence
from dataclasses import dataclass

from bootstrap.names import REVIEW_PLATFORM
from delivery.context import Context
from delivery.review_stack import pull_request_of
from delivery.workspace import Workspace, stacks
from infra.settings import PROJECT

# What the engine calls it in a stack's history.
DESTROYED = "destroy"
PLATFORM_STACK = f"{PROJECT}:platformStack"


@dataclass(frozen=True)
class Standing:
    """The pull requests whose review environments stand on a stack, and its other stacks."""

    reviews: Sequence[int]
    others: Sequence[str]


def standing_on(context: Context, platform: str) -> Standing:
    """The stacks whose last update used the cluster of stack `platform`, and that are not empty.

    A review environment whose last update cannot be read stands where they all do. One that was destroyed and is still
    known counts, too: it was to be forgotten, and what was to do that was stopped.

    Raises:
        DeliveryError: the backend cannot be read.
    """
    reviews, others = [], []
    for each in stacks(context):
        number, empty = pull_request_of(each.name), each.resource_count == 0
        if each.name == platform or (empty and number is None):
            continue
        history = Workspace.open(context, each.name, create=False).history()
        if empty and not (history and history[0].kind == DESTROYED):
            # It is being made.
            continue
        setting = history[0].config.get(PLATFORM_STACK) if history else None
        unread = not history and number is not None and platform == REVIEW_PLATFORM
        if unread or (setting and setting.value == platform):
            reviews += [] if number is None else [number]
            others += [each.name] if number is None else []
    return Standing(sorted(reviews), sorted(others))
