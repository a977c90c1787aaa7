"""Which alarms a stack has. Pure, no resources."""

from infra.monitoring import part_alarms, service_alarms
from infra.monitoring.alarms import Alarm
from infra.monitoring.thresholds import Thresholds
from infra.monitoring.watched import Watched


def alarms(watched: Watched, limits: Thresholds) -> list[Alarm]:
    """The alarms of the parts that the stack has, what users feel first."""
    found = [
        service_alarms.no_healthy_target(watched),
        service_alarms.errors(watched, limits),
        service_alarms.latency(watched, limits),
        part_alarms.pending_pods(watched, limits),
    ]
    if watched.containers:
        found.append(part_alarms.restarts(watched, limits))
    if watched.certificate_arn is not None:
        found.append(service_alarms.certificate(watched.certificate_arn, limits))
    if watched.database_identifier is not None:
        found.append(part_alarms.storage(watched.database_identifier, limits))
    if watched.cache_name is not None:
        found.append(part_alarms.throttled_cache(watched.cache_name))
    return found
