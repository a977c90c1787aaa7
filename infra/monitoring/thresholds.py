"""Where alarms begin."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Thresholds:
    """The limits, in the units of their names; `storage_percent` is of `database_gib`, the size of the disk."""

    error_percent: int
    latency_milliseconds: int
    restarts: int
    pending_minutes: int
    certificate_days: int
    storage_percent: int
    database_gib: int
