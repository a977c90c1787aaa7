"""What AWS asks: the figures of `prices.json`, and nothing where it has none."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
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
    """The prices of one region, in dollars."""

    region: str

    def of(self, key: str) -> float:
        """A price by its name in the file.

        Raises:
            NoPriceError: it is not known for the region; no other region's is taken.
        """
        return float(self._find(key))

    def instance(self, kind: str, capacity: str) -> float:
        """Dollars an hour of an EC2 instance type; `capacity` is on-demand or spot.

        Raises:
            NoPriceError: as `of`.
        """
        return self._in("instances", kind, f"{kind} on {capacity}", capacity)

    def database(self, kind: str) -> float:
        """Dollars an hour of an RDS instance type in one zone, for PostgreSQL.

        Raises:
            NoPriceError: as `of`.
        """
        return self._in("databases", kind, kind)

    def _in(self, table: str, kind: str, told: str, *keys: str) -> float:
        found: Any = data()["regions"].get(self.region, {}).get(table, {}).get(kind)
        for key in keys:
            found = (found or {}).get(key)
        if found is None:
            raise NoPriceError(f"cost/prices.json has no price of {told} in {self.region or 'no region'}")
        return float(found)

    def _find(self, key: str) -> Any:
        for table in (data()["everywhere"], data()["regions"].get(self.region, {})):
            if key in table and self.region in data()["regions"]:
                return table[key]
        raise NoPriceError(f"cost/prices.json has no price of {key} in {self.region or 'no region'}")
