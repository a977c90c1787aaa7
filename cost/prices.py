"""What AWS asks: the figures of `prices.json`, and nothing where it has none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

FILE = Path(__file__).with_name("prices.json")


class NoPriceError(Exception):
    """There is no price, or nothing to multiply it with; the message says which, for people."""


@cache
def data() -> Mapping[str, Any]:
    """The whole file: `dated`, `sources`, prices `everywhere` and by `regions`, and what is `assumed`."""
    loaded: dict[str, Any] = json.loads(FILE.read_text("utf-8"))
    return loaded


def assumed(key: str) -> Any:
    """A figure that is no price: how much of something there is where the plan does not say."""
    return data()["assumed"][key]["value"]


@dataclass(frozen=True)
class Prices:
    """The prices of one region, in dollars; `lenders` gets the regions whose prices are taken instead (`as_in`)."""

    region: str
    lenders: set[str] = field(default_factory=set, compare=False)

    def of(self, key: str) -> float:
        """A price by its name in the file.

        Raises:
            NoPriceError: it is not known for the region.
        """
        return float(self._find(key, key))

    def instance(self, kind: str, capacity: str) -> float:
        """Dollars an hour of an EC2 instance type; `capacity` is on-demand or spot.

        Raises:
            NoPriceError: as `of`.
        """
        return float(self._find(f"{kind} on {capacity}", "instances", kind, capacity))

    def database(self, kind: str) -> float:
        """Dollars an hour of an RDS instance type in one zone, for PostgreSQL.

        Raises:
            NoPriceError: as `of`.
        """
        return float(self._find(kind, "databases", kind))

    def _find(self, told: str, *keys: str) -> Any:
        regions = data()["regions"]
        own = regions.get(self.region)
        lender = next((name for name, lent in (own or {}).get("as_in", {}).items() if keys[0] in lent), None)
        found: Any = None
        if own is not None:
            found = data()["everywhere"] if keys[0] in data()["everywhere"] else regions[lender or self.region]
        for key in keys:
            found = (found or {}).get(key)
        if found is None:
            raise NoPriceError(f"cost/prices.json has no price of {told} in {self.region or 'no region'}")
        if lender is not None:
            self.lenders.add(lender)
        return found
