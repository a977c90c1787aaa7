"""An estimate as rows of a table: by component, then by resource."""

from dataclasses import dataclass

from cost.model import Estimate
from offline.plan import Plan


@dataclass(frozen=True)
class Row:
    """What something costs in dollars a month; `component` rows are sums of the rows that follow."""

    name: str
    what: str
    idle: float
    loaded: float
    basis: str = ""
    component: bool = False


def rows(plan: Plan, estimate: Estimate) -> list[Row]:
    """The priced resources under their components, the dearest component first."""
    by_component: dict[str, list[Row]] = {}
    for item in estimate.items:
        row = Row(item.name, item.what, item.idle, item.loaded, item.basis)
        by_component.setdefault(_component(plan, item.urn), []).append(row)
    sums = {
        name: (sum(row.idle for row in group), sum(row.loaded for row in group)) for name, group in by_component.items()
    }
    found = []
    for name in sorted(by_component, key=lambda each: (-sums[each][0], -sums[each][1], each)):
        found.append(Row(name, "", *sums[name], component=True))
        found += by_component[name]
    return found


def _component(plan: Plan, urn: str) -> str:
    """The component right under the stack that a resource is in."""
    resource = plan.by_urn.get(urn)
    while resource and resource.parent in plan.by_urn:
        resource = plan.by_urn[str(resource.parent)]
    return resource.name if resource else urn.rpartition("::")[2]
