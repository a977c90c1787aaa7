"""What the fake servers remember of a request."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

# In a status's place.
DROP_THE_CONNECTION = 0


@dataclass(frozen=True)
class Request:
    """A request that arrived; the names of its headers are in lower case."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: Any
