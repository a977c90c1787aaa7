"""Plans of stacks that are watched, for the tests of what watches them."""

from collections.abc import Mapping

from offline.plan import Plan
from tests.conftest import Planner

SECRET = "https://events.pagerduty.com/integration/0123456789abcdef0123456789abcdef/enqueue"
# Every part that can be watched.
WHOLE: Mapping[str, str] = {
    "monitoring": "true",
    "observability": "true",
    "database": "true",
    "cache": "true",
    "hostname": "hello.example.com",
    "zone": "example.com",
    "alertEmails": '["ops@example.com", "dev@example.com"]',
    "alertSlackWorkspace": "T0123456789",
    "alertSlackChannel": "C0123456789",
    "budgetDollars": "300",
}
PARTS = ("observability", "database", "cache", "hostname")


def whole(planned: Planner, changes: Mapping[str, str] | None = None) -> Plan:
    """prod with everything watched, but for `changes`."""
    return planned("prod", {**WHOLE, **(changes or {})})


def bare(planned: Planner, changes: Mapping[str, str] | None = None) -> Plan:
    """dev with nothing but monitoring, but for `changes`."""
    return planned("dev", {"monitoring": "true", **(changes or {})})
