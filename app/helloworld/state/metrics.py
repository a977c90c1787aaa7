"""What Prometheus is told of the stores."""

from collections.abc import Callable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

# Around the budget of a request, which is 0.25 s by default.
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class StoreMetrics:
    """Series of each store that is set (`store` is `database` or `cache`), and the visits that no store has yet."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._up = Gauge("helloworld_store_up", "1 while the store answers, else 0.", ["store"], registry=registry)
        self._errors = Counter(
            "helloworld_store_errors", "Operations that failed.", ["store", "operation"], registry=registry
        )
        self._duration = Histogram(
            "helloworld_store_operation_seconds",
            "Time of an operation, failed ones included.",
            ["store", "operation"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._connections = Gauge(
            "helloworld_store_connections_in_use", "Connections that work right now.", ["store"], registry=registry
        )
        self._pending = Gauge(
            "helloworld_visits_pending", "Visits counted here that no store has acknowledged.", registry=registry
        )

    def up(self, store: str, is_up: bool) -> None:
        """Say whether a store answers."""
        self._up.labels(store).set(is_up)

    def observe(self, store: str, operation: str, seconds: float, failed: bool) -> None:
        """Count and time one operation."""
        self._duration.labels(store, operation).observe(seconds)
        # Also when it did not fail: a counter that first appears with its first error has no rate then.
        self._errors.labels(store, operation).inc(failed)

    def watch_connections(self, store: str, in_use: Callable[[], int]) -> None:
        """Take the number of connections in use from `in_use` whenever somebody asks."""
        self._connections.labels(store).set_function(in_use)

    def watch_pending(self, pending: Callable[[], int]) -> None:
        """Take the number of pending visits from `pending` whenever somebody asks."""
        self._pending.set_function(pending)
