"""What Prometheus is told."""

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.process_collector import ProcessCollector

from helloworld.exchange import Exchange

__all__ = ["CONTENT_TYPE", "UNMATCHED", "Metrics"]

UNMATCHED = "unmatched"

# A client invents methods and paths freely; each new label value would be a new time series, kept for ever.
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})

_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)


class Metrics:
    """Requests by route, method and status, their latency, the build and the process, in a registry of their own.

    `registry` is for what else the service has to say.
    """

    def __init__(self, build: Mapping[str, str]) -> None:
        # The "_created" series double the size of the answer, and nothing reads them in the text format.
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "http_requests", "Requests answered.", ["route", "method", "status"], registry=self.registry
        )
        self._duration = Histogram(
            "http_request_duration_seconds",
            "Time from the request's headers to the end of the answer.",
            ["route", "method"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        # labels() costs more than counting does, so each combination is looked up once.
        self._children: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        info = Gauge("helloworld_build_info", "Always 1, for its labels.", list(build), registry=self.registry)
        info.labels(**build).set(1)
        ProcessCollector(registry=self.registry)

    def observe(self, exchange: Exchange) -> None:
        """Count one answered request."""
        _, method, _, route, status, seconds = exchange
        key = (route, method, status)
        children = self._children.get(key)
        if children is None:
            known_method = method if method in _METHODS else "other"
            children = (
                self._requests.labels(route, known_method, str(status)),
                self._duration.labels(route, known_method),
            )
            if known_method == method:
                self._children[key] = children
        counter, histogram = children
        counter.inc()
        histogram.observe(seconds)

    def render(self) -> bytes:
        """Return everything in the text format that `CONTENT_TYPE` names."""
        return generate_latest(self.registry)
