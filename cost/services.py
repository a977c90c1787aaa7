"""What the services cost that are neither node nor network."""

from collections.abc import Sequence

from cost.context import OBSERVING, Context, Line, by_hour, number
from cost.model import HOURS
from cost.prices import assumed
from offline.plan import Resource

SMALLEST_CACHE_GB = 0.1


def control_plane(cluster: Resource, context: Context) -> Line:
    return by_hour("control plane", context.prices(cluster).of("cluster_hour"))


def key(key: Resource, context: Context) -> Line:
    """One KMS key; its first two rotations cost as much again, some day."""
    return _flat("keys", context.prices(key).of("key"))


def observations(addon: Resource, context: Context) -> Line | None:
    """Container metrics; the other add-ons are pods on the nodes."""
    if addon.inputs.get("addonName") != OBSERVING:
        return None
    price, each = context.prices(addon).of("observations_million"), assumed("observations_million_per_node")
    nodes = context.nodes
    basis = f"{nodes} nodes × {each:g} million × {price:g}"
    return Line("container metrics", nodes.idle * each * price, nodes.loaded * each * price, basis)


def database(instance: Resource, context: Context) -> Line:
    zones = 2 if instance.inputs.get("multiAz") is True else 1
    hourly = context.prices(instance).database(str(instance.inputs.get("instanceClass")))
    dollars = zones * HOURS * hourly
    basis = f"{zones} {instance.inputs.get('instanceClass')} × {HOURS} h × {hourly:g}"
    return Line("database", dollars, dollars, basis)


def database_disk(instance: Resource, context: Context) -> Line:
    """Its disk, at which as much of backups is free."""
    both = "_two_zones" if instance.inputs.get("multiAz") is True else ""
    price = context.prices(instance).of(f"database_gb{both}")
    size = number(instance.inputs.get("allocatedStorage"), "allocatedStorage")
    return Line("database", size * price, size * price, f"{size:g} GB × {price:g}")


def database_secret(instance: Resource, context: Context) -> Line | None:
    """Its administrator's password, which RDS keeps in Secrets Manager."""
    if instance.inputs.get("manageMasterUserPassword") is not True:
        return None
    return _flat("database", context.prices(instance).of("secret"))


def database_bytes(instance: Resource, context: Context) -> Line:
    """Queries from pods in the other zones, charged on both sides: https://aws.amazon.com/rds/postgresql/pricing/"""
    return _between_zones("database", 2, context.prices(instance).of("between_zones_gb"), context)


def cache_data(cache: Resource, context: Context) -> Line:
    """The least that is charged; more is as much as callers make it, up to the limit."""
    price = context.prices(cache).of("cache_gb_hour")
    dollars = SMALLEST_CACHE_GB * HOURS * price
    return Line("cache", dollars, dollars, f"{SMALLEST_CACHE_GB:g} GB × {HOURS} h × {price:g}")


def cache_work(cache: Resource, context: Context) -> Line:
    price = context.prices(cache).of("cache_million")
    units = context.load.requests * assumed("cache_units_per_request") / 1e6
    return Line("cache", 0, units * price, f"0 to {units:.3g} million ECPU × {price:g}")


def cache_bytes(cache: Resource, context: Context) -> Line:
    """Commands from pods in the other zones, charged on the pods' side alone: https://aws.amazon.com/elasticache/faqs/"""
    return _between_zones("cache", 1, context.prices(cache).of("between_zones_gb"), context)


def alarm(alarm: Resource, context: Context) -> Line:
    """Each metric that it looks at; the account's ten free ones are not counted."""
    queries: Sequence[dict[str, object]] = alarm.inputs.get("metricQueries") or ()
    metrics = sum("metric" in each for each in queries) or 1
    price = context.prices(alarm).of("alarm")
    return Line("alarms", metrics * price, metrics * price, f"{metrics} × {price:g}")


def dashboard(dashboard: Resource, context: Context) -> Line:
    """The account's three free ones are not counted."""
    return _flat("dashboard", context.prices(dashboard).of("dashboard"))


def health_check(check: Resource, context: Context) -> Line:
    options = sum(
        (
            "HTTPS" in str(check.inputs.get("type")),
            check.inputs.get("requestInterval") == 10,
            check.inputs.get("measureLatency") is True,
            bool(check.inputs.get("searchString")),
        )
    )
    prices = context.prices(check)
    dollars = prices.of("health_check") + options * prices.of("health_check_option")
    basis = f"{prices.of('health_check'):g} + {options} × {prices.of('health_check_option'):g}"
    return Line("health checks", dollars, dollars, basis)


def metric_queries(scaled: Resource, context: Context) -> Line | None:
    """What KEDA asks of CloudWatch, one metric at a time."""
    spec = scaled.inputs.get("spec") or {}
    asking = [each for each in spec.get("triggers") or () if each.get("type") == "aws-cloudwatch"]
    if not asking:
        return None
    price = context.prices(scaled).of("metric_queries_thousand")
    every = number(spec.get("pollingInterval"), "its interval")
    thousands = len(asking) * HOURS * 3600 / every / 1000
    return Line("metric queries", thousands * price, thousands * price, f"{thousands:.3g} thousand × {price:g}")


def images(repository: Resource, context: Context) -> Line:
    price, size = context.prices(repository).of("image_gb"), assumed("image_gb")
    return Line("images", size * price, size * price, f"{size:g} GB × {price:g}")


def _between_zones(what: str, sides: int, price: float, context: Context) -> Line:
    zones = context.balancer_zones
    crossing = context.load.gigabytes(assumed("state_kb_per_request")) * (zones - 1) / zones
    return Line(what, 0, crossing * sides * price, f"0 to {crossing:.3g} GB between zones × {sides} × {price:g}")


def _flat(what: str, price: float) -> Line:
    return Line(what, price, price, f"1 × {price:g}")
