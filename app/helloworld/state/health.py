"""What is known of a store: whether to wait for it, and since when it has been so."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

from helloworld.reasons import reason
from helloworld.state.metrics import StoreMetrics

Condition = Literal["off", "connecting", "ok", "unavailable"]

_log = logging.getLogger("helloworld.state")


class StoreError(Exception):
    """A store did not do what it was asked; what went wrong is its cause."""


class Health:
    """The condition of one store. It is logged when it changes, not at every attempt.

    A store is `connecting` until the first attempt has an outcome. While it is `unavailable` nobody waits for it: only
    its keeper tries, and calls `succeeded` when it is back.
    """

    def __init__(self, store: str, metrics: StoreMetrics, changed: Callable[[], None]) -> None:
        self.store = store
        self.condition: Condition = "connecting"
        self.broken = asyncio.Event()
        self._metrics = metrics
        self._changed = changed
        metrics.up(store, False)

    @property
    def ok(self) -> bool:
        """Whether the store answers, as far as is known."""
        return self.condition == "ok"

    @property
    def worth_waiting(self) -> bool:
        """Whether a request should wait for the store: not when it is known to be away."""
        return self.condition in ("ok", "connecting")

    def succeeded(self) -> None:
        """The store answers again."""
        self.broken.clear()
        self._become("ok", logging.INFO, {})

    @contextmanager
    def operation(self, name: str) -> Iterator[None]:
        """Time what is done with the store inside `with`; whatever fails there makes the store unavailable.

        Raises:
            StoreError: in place of any exception of the client's.
        """
        began = time.perf_counter()
        failed = True
        try:
            yield
            failed = False
        except Exception as error:
            self._failed(error)
            raise StoreError(f"{self.store}: {name} failed") from error
        finally:
            self._metrics.observe(self.store, name, time.perf_counter() - began, failed)

    def _failed(self, error: Exception) -> None:
        self.broken.set()
        self._become("unavailable", logging.WARNING, {"reason": reason(error)})

    def _become(self, condition: Condition, level: int, fields: dict[str, object]) -> None:
        if condition == self.condition:
            return
        self.condition = condition
        self._metrics.up(self.store, condition == "ok")
        _log.log(level, "%s is %s", self.store, condition, extra={"fields": {"store": self.store, **fields}})
        self._changed()
