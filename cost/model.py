"""What an estimate is made of."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

# Of a month, as AWS counts it in its examples: https://aws.amazon.com/ec2/pricing/on-demand/
HOURS = 730
DAYS = HOURS / 24


@dataclass(frozen=True, kw_only=True)
class Load:
    """What the service has to carry, day and night.

    `requests_per_second` with answers of `kilobytes_per_response` (thousands of bytes) to callers on the internet;
    `connections_per_request` is 1 where no caller keeps its connection, and less the more they do.
    """

    requests_per_second: float = 50
    kilobytes_per_response: float = 2
    connections_per_request: float = 0.1

    @property
    def requests(self) -> float:
        """Requests in a month."""
        return self.requests_per_second * HOURS * 3600

    def gigabytes(self, kilobytes: float) -> float:
        """What `kilobytes` for each request make in a month, in GB."""
        return self.requests * kilobytes / 1e6

    def __str__(self) -> str:
        return f"{self.requests_per_second:.7g} requests a second of {self.kilobytes_per_response:g} KB"


# More than one stack of this program can be made to carry.
MOST_REQUESTS = 1e6
DEFAULT_LOAD = Load()
NO_LOAD = Load(requests_per_second=0)


@dataclass(frozen=True, kw_only=True)
class Item:
    """What one resource costs for one thing.

    `name` is the resource's, `what` the thing. `idle` and `loaded` are dollars a month; `basis` says how they come
    about. `as_in` is the region whose price was assumed where none of the resource's own is known; mostly empty.
    """

    urn: str
    name: str
    what: str
    idle: float
    loaded: float
    basis: str
    as_in: str = ""


@dataclass(frozen=True, kw_only=True)
class Unpriced:
    """A resource that may cost something, and why nobody here can say what."""

    urn: str
    type: str
    why: str


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """What a stack costs in dollars a month of 730 hours; `dated` is the day of the price lists."""

    region: str
    dated: str
    load: Load
    items: Sequence[Item]
    unpriced: Sequence[Unpriced]

    @property
    def by_thing(self) -> Sequence[tuple[str, float, float]]:
        """What is paid for, with the dollars a month idle and at the load; the dearest first."""
        return _sums((item.what, item) for item in self.items)

    @property
    def rows(self) -> Sequence[tuple[str, str, float, float]]:
        """Each thing, the dearest first, with its resource and the dollars a month idle and at the load.

        Where several share a thing, its sum stands without a resource above theirs, which stand without the thing.
        """
        found: list[tuple[str, str, float, float]] = []
        for what, idle, loaded in self.by_thing:
            paid = [item for item in self.items if item.what == what]
            names = {item.urn: item.name for item in paid}
            if len(names) == 1:
                found.append((what, paid[0].name, idle, loaded))
                continue
            found.append((what, "", idle, loaded))
            for urn, own_idle, own_loaded in _sums((item.urn, item) for item in paid):
                found.append(("", names[urn], own_idle, own_loaded))
        return found

    @property
    def assumed(self) -> str:
        """What is in the sums at another region's prices, as a sentence without a full stop; empty if nothing is."""
        lent = [item for item in self.items if item.as_in]
        if not lent:
            return ""
        things, lenders = (sorted(set(each)) for each in zip(*((item.what, item.as_in) for item in lent), strict=True))
        return (
            f"{sum(item.loaded for item in lent):.2f} of that is for {', '.join(things)} at prices of "
            f"{', '.join(lenders)}, as none of {self.region} were found"
        )

    @property
    def nothing_priced(self) -> bool:
        """Whether there is something to pay for, and a price of none of it: the sums say nothing then."""
        return bool(self.unpriced) and not self.items

    @property
    def at_least(self) -> str:
        """What to say before a sum: that it is the least, where something has no price."""
        return "at least " if self.unpriced else ""

    @property
    def idle(self) -> float:
        """Dollars a month with nobody calling."""
        return sum(item.idle for item in self.items)

    @property
    def loaded(self) -> float:
        """Dollars a month at the load."""
        return sum(item.loaded for item in self.items)

    def to_json(self) -> dict[str, Any]:
        """The estimate as the JSON output has it, in cents and their hundredths."""
        return {
            "region": self.region,
            "dated": self.dated,
            "load": asdict(self.load),
            "idle": round(self.idle, 2),
            "loaded": round(self.loaded, 2),
            "items": [
                {**asdict(item), "idle": round(item.idle, 4), "loaded": round(item.loaded, 4)} for item in self.items
            ],
            "assumed": self.assumed,
            "unpriced": [asdict(each) for each in self.unpriced],
        }


def _sums(items: Iterable[tuple[str, Item]]) -> list[tuple[str, float, float]]:
    """What items of the same key cost together, idle and at the load; the dearest first."""
    sums: dict[str, tuple[float, float]] = {}
    for key, item in items:
        idle, loaded = sums.get(key, (0.0, 0.0))
        sums[key] = idle + item.idle, loaded + item.loaded
    return sorted(((key, *both) for key, both in sums.items()), key=lambda each: (-each[2], -each[1], each[0]))
