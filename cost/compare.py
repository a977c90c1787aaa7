"""What a change costs: how two estimates differ."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

from cost.model import Estimate, Item, Unpriced

How = Literal["new", "gone", "changed"]
# Below half a cent it is the arithmetic.
SMALLEST = 0.005
# Or equal differences of unequal sums would be shown a cent apart.
PLACES = 6


@dataclass(frozen=True, kw_only=True)
class Change:
    """What one resource costs more for one thing, or less: dollars a month."""

    urn: str
    name: str
    what: str
    how: How
    idle: float
    loaded: float


@dataclass(frozen=True, kw_only=True)
class CostDifference:
    """How two estimates differ, in dollars a month, and by what.

    `unknown` are the resources of which a price is missing on one side only, by URN. They are in none of the figures: a
    change to what nobody has a price of is no saving.
    """

    idle: float
    loaded: float
    changes: Sequence[Change]
    unknown: Sequence[str] = ()

    def to_json(self) -> dict[str, Any]:
        """The difference as the JSON output has it."""
        return {
            "idle": round(self.idle, 2),
            "loaded": round(self.loaded, 2),
            "changes": [
                {**asdict(each), "idle": round(each.idle, 4), "loaded": round(each.loaded, 4)} for each in self.changes
            ],
            "unknown": list(self.unknown),
        }


def compare(before: Estimate, after: Estimate, renamed: Mapping[str, str] | None = None) -> CostDifference:
    """What `after` costs more than `before`, the most expensive first.

    Args:
        before: what it was.
        after: what it is.
        renamed: the URN in `after` of each resource that has another in `before`, by that.
    """
    before = _renamed(before, renamed or {})
    old, new = _by_thing(before.items), _by_thing(after.items)
    untold, told = _whys(before.unpriced), _whys(after.unpriced)
    unknown = sorted(urn for urn in {*untold, *told} if untold.get(urn) != told.get(urn))
    changes = []
    total = {"idle": 0.0, "loaded": 0.0}
    for key in {**old, **new}:
        if key[0] in unknown:
            continue
        idle = round(_sum(new, key, "idle") - _sum(old, key, "idle"), PLACES)
        loaded = round(_sum(new, key, "loaded") - _sum(old, key, "loaded"), PLACES)
        total["idle"] += idle
        total["loaded"] += loaded
        how: How = "new" if key not in old else "gone" if key not in new else "changed"
        if max(abs(idle), abs(loaded)) >= SMALLEST:
            name = (new.get(key) or old[key])[0].name
            changes.append(Change(urn=key[0], name=name, what=key[1], how=how, idle=idle, loaded=loaded))
    changes.sort(key=lambda each: (-abs(each.loaded), -abs(each.idle), each.urn, each.what))
    rounded = {when: round(dollars, PLACES) for when, dollars in total.items()}
    return CostDifference(**rounded, changes=changes, unknown=unknown)


Key = tuple[str, str]


def _renamed(estimate: Estimate, names: Mapping[str, str]) -> Estimate:
    return replace(
        estimate,
        items=[replace(each, urn=names.get(each.urn, each.urn)) for each in estimate.items],
        unpriced=[replace(each, urn=names.get(each.urn, each.urn)) for each in estimate.unpriced],
    )


def _by_thing(items: Sequence[Item]) -> Mapping[Key, list[Item]]:
    """A resource may cost several times for the same thing, a balancer by the hour and by its use."""
    found: dict[Key, list[Item]] = {}
    for item in items:
        found.setdefault((item.urn, item.what), []).append(item)
    return found


def _whys(unpriced: Sequence[Unpriced]) -> Mapping[str, set[str]]:
    found: dict[str, set[str]] = {}
    for each in unpriced:
        found.setdefault(each.urn, set()).add(each.why)
    return found


def _sum(items: Mapping[Key, list[Item]], key: Key, when: Literal["idle", "loaded"]) -> float:
    return sum(float(getattr(item, when)) for item in items.get(key, ()))
