"""What counting visits takes of a store, and what it gives."""

import uuid
from typing import NamedTuple, Protocol

from helloworld.state.batch import Source
from helloworld.state.health import Health


class Count(NamedTuple):
    """The number of visits, None if no store could be asked yet, and where the number is from."""

    visits: int | None
    source: Source


class Counter(Protocol):
    """A store that adds batches."""

    health: Health

    async def add(self, instance: uuid.UUID, sequence: int, amount: int) -> int:
        """Add a batch and return the total, or raise StoreError."""

    async def total(self) -> int | None:
        """Return the total if there is one, or raise StoreError."""


class Copy(Counter, Protocol):
    """A store that also keeps what another one has counted."""

    async def keep(self, total: int) -> None:
        """Keep the total, or raise StoreError."""
