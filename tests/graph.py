"""The order in which an engine creates a plan, which is the reverse of the one in which it deletes."""

from offline.plan import Plan, Resource


def before(plan: Plan, first: Resource, second: Resource) -> bool:
    """Whether `first` is created before `second` starts, and deleted after it has gone."""
    return first.urn in _needs(plan, second)


def _needs(plan: Plan, resource: Resource) -> set[str]:
    """Everything that `resource` waits for, directly or not."""
    found: set[str] = set()
    waiting = [resource.urn]
    while waiting:
        each = plan.by_urn.get(waiting.pop())
        if each is None:
            continue
        direct = {*each.depends_on, *each.providers.values(), each.provider, each.parent}
        new = {urn for urn in direct if urn} - found
        found |= new
        waiting += new
    return found
