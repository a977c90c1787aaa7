"""What AWS still has of a stack: the tagging API's list, and the services' own, which know what it does not."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from delivery.aws import AwsError
from delivery.aws_clients import Clients
from delivery.teardown.look_balancers import look_at_balancers, look_at_target_groups
from delivery.teardown.look_ec2 import look_at_ec2
from delivery.teardown.look_names import look_at_log_groups, look_at_records, look_at_roles, look_at_snapshots
from delivery.teardown.scope import Scope
from delivery.teardown.things import Looked, Thing
from delivery.teardown.verify import arns_by_name, verified

# What belongs to no region is listed there.
GLOBAL_REGION = "us-east-1"
THREADS = 8
LOOKS: Sequence[tuple[str, Callable[[Clients, Scope], list[Thing]]]] = (
    ("balancers", look_at_balancers),
    ("target groups", look_at_target_groups),
    ("networks", look_at_ec2),
    ("log groups", look_at_log_groups),
    ("roles", look_at_roles),
    ("database snapshots", look_at_snapshots),
    ("records", look_at_records),
)


def look(clients: Clients, scope: Scope) -> Looked:
    """Ask every service that may have something of the stack. What cannot be asked is told, and stops nothing.

    Args:
        clients: of the stack's region.
        scope: whose things.
    """
    unasked: list[str] = []

    def asked(what: str, ask: Callable[[], list[Thing]]) -> list[Thing]:
        try:
            return ask()
        except AwsError as error:
            unasked.append(f"{what}: {error}")
            return []

    arns = set(arns_by_name(scope))
    for region in dict.fromkeys((scope.region, GLOBAL_REGION)):
        try:
            arns |= _listed(clients, scope, region)
        except AwsError as error:
            unasked.append(f"tagging API in {region}: {error}")
    with ThreadPoolExecutor(THREADS) as pool:
        parts = [
            *pool.map(lambda each: asked(each[0], lambda: each[1](clients, scope)), LOOKS),
            *pool.map(lambda arn: asked(arn, lambda: _as_list(verified(clients, scope, arn))), sorted(arns)),
        ]
    return Looked(things=[each for part in parts for each in part], unasked=sorted(unasked))


def _listed(clients: Clients, scope: Scope, region: str) -> set[str]:
    found: set[str] = set()
    for wanted in scope.filters:
        filters = [{"Key": key, "Values": [value]} for key, value in wanted.items()]
        for each in clients.items(
            "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", where=region, TagFilters=filters
        ):
            found.add(str(each["ResourceARN"]))
    return found


def _as_list(thing: Thing | None) -> list[Thing]:
    return [] if thing is None else [thing]
