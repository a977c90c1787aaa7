"""What AWS deletes late is waited for, and what is left behind though provably the stack's is deleted."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from delivery.aws import AwsError
from delivery.aws_clients import Clients
from delivery.aws_refusals import RefusedError
from delivery.teardown.things import Looked, Thing

# A balancer's interfaces and a Lambda function's may take this long to go:
# https://docs.aws.amazon.com/elasticloadbalancing/latest/application/application-load-balancers.html
MOST_SECONDS, EVERY_SECONDS = 900.0, 10.0


@dataclass(frozen=True, kw_only=True)
class Patience:
    """How long to wait, how long between looks, in seconds, and by which clock."""

    most: float = MOST_SECONDS
    every: float = EVERY_SECONDS
    now: Callable[[], float] = field(default=time.monotonic)
    sleep: Callable[[float], None] = field(default=time.sleep)


def clear(
    clients: Clients,
    look: Callable[[], Looked],
    may_delete: Callable[[Thing], bool],
    say: Callable[[str], None],
    patience: Patience,
) -> tuple[Looked, int]:
    """Look, delete, wait and look again, until nothing is left that may be deleted or that AWS is deleting.

    Args:
        clients: delete what may be deleted.
        look: what is there now.
        may_delete: of a thing with a `deletion`, whether it may go.
        say: told what is deleted and what is waited for, once each.
        patience: how long.

    Returns:
        What was there at the last look, and how many things were deleted.
    """
    end, deleted, told = patience.now() + patience.most, 0, set[str]()
    refused = set[str]()

    def once(line: str) -> None:
        if line not in told:
            told.add(line)
            say(line)

    while True:
        looked = look()
        mine = [each for each in looked.things if each.deletion and may_delete(each) and each.name not in refused]
        late = [each for each in looked.things if each.late]
        if not mine and not late:
            return looked, deleted
        for each in mine:
            outcome = _delete(clients, each, once)
            deleted += outcome == "deleted"
            if outcome == "refused":
                refused.add(each.name)
        if patience.now() >= end:
            once(f"Waited {patience.most / 60:.0f} minutes; what is still there is listed.")
            return look(), deleted
        for each in late:
            once(f"Waiting for AWS: {each.kind} {each.name} ({each.why})")
        patience.sleep(patience.every)


def _delete(clients: Clients, thing: Thing, say: Callable[[str], None]) -> Literal["deleted", "refused", "later"]:
    call, what = thing.deletion, f"{thing.kind} {thing.name}"
    if call is None:
        return "refused"
    try:
        clients.call(call.service, call.operation, **call.arguments)
    except AwsError as error:
        if "NotFound" in error.code:
            return "later"
        # What is in use is so by what goes next; a right that is missing does not come by waiting.
        denied = isinstance(error, RefusedError) and error.denied
        say(f"{'Not allowed to delete' if denied else 'Not yet'}: {what}: {str(error).splitlines()[0]}")
        return "refused" if denied else "later"
    say(f"Deleted: {what}")
    return "deleted"
