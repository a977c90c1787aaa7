"""The alarms on what users feel. Pure, no resources. docs/monitoring.md argues every threshold."""

import pulumi

from infra.monitoring.alarms import Alarm, Metric
from infra.monitoring.thresholds import Thresholds
from infra.monitoring.watched import Watched

# Fewer failed requests than these in five minutes are no rate: one of ten in a quiet hour would be ten percent.
FEWEST_ERRORS = 5
MINUTE, FIVE_MINUTES, DAY = 60, 300, 86_400


def no_healthy_target(watched: Watched) -> Alarm:
    """There is no pod that the balancer takes for healthy."""
    # By the balancer, over all its target groups: they come and go. SQL, as this metric has no total of its own.
    query = pulumi.Output.concat(
        'SELECT MAX(HealthyHostCount) FROM SCHEMA("AWS/ApplicationELB", LoadBalancer, TargetGroup) '
        "WHERE LoadBalancer = '",
        watched.load_balancer,
        "'",
    )
    return Alarm(
        key="no-healthy-target",
        means="The balancer has no pod that answers its health check: users get errors, or nothing at all.",
        first=f"kubectl -n {watched.namespace} get pods; then describe and logs of one that is not ready. "
        "If a release has just gone out, make rollback. If they are all ready and users are served, the balancer was "
        "replaced: make deploy.",
        metrics={},
        expressions={"healthy": query},
        seconds=MINUTE,
        comparison="below",
        threshold=1,
        datapoints=3,
        # With no target registered there is no metric either.
        missing="breaching",
    )


def errors(watched: Watched, limits: Thresholds) -> Alarm:
    """Too many requests fail."""
    failed = "(FILL(balancer, 0) + FILL(targets, 0))"
    # What the balancer answers without asking a target is not among the requests: docs/monitoring.md.
    rate = f"100 * {failed} / (FILL(requests, 0) + FILL(balancer, 0))"
    return Alarm(
        key="errors",
        means=f"More than {limits.error_percent} percent of requests, and at least {FEWEST_ERRORS}, were answered with "
        "5xx in five minutes.",
        first=f"kubectl -n {watched.namespace} logs deployment/{watched.workload}. If it began with a release, "
        "make rollback. 502 and 504 are the balancer's: a pod went away, or was too slow.",
        metrics={
            "balancer": _balancer_metric(watched, "HTTPCode_ELB_5XX_Count", "Sum"),
            "targets": _balancer_metric(watched, "HTTPCode_Target_5XX_Count", "Sum"),
            "requests": _balancer_metric(watched, "RequestCount", "Sum"),
        },
        expressions={"rate": f"IF({failed} >= {FEWEST_ERRORS}, {rate}, 0)"},
        seconds=FIVE_MINUTES,
        comparison="above",
        threshold=limits.error_percent,
        datapoints=1,
        # Nobody asked.
        missing="notBreaching",
    )


def latency(watched: Watched, limits: Thresholds) -> Alarm:
    """Too many requests are slow."""
    return Alarm(
        key="latency",
        means=f"One request in a hundred took longer than {limits.latency_milliseconds} ms, for a quarter of an hour.",
        first="look at the dashboard: slow with many requests, raise replicasMax; slow with few, look at the database "
        "and the cache, then at what the last release changed.",
        metrics={"latency": _balancer_metric(watched, "TargetResponseTime", "p99")},
        expressions={},
        seconds=FIVE_MINUTES,
        comparison="above",
        threshold=limits.latency_milliseconds / 1000,
        datapoints=3,
        missing="notBreaching",
    )


def certificate(arn: pulumi.Input[str], limits: Thresholds) -> Alarm:
    """The certificate ends soon."""
    # https://docs.aws.amazon.com/acm/latest/userguide/cloudwatch-metrics.html
    metric = Metric(
        namespace="AWS/CertificateManager",
        name="DaysToExpiry",
        dimensions={"CertificateArn": arn},
        statistic="Minimum",
        seconds=DAY,
    )
    return Alarm(
        key="certificate",
        means=f"The certificate ends in less than {limits.certificate_days} days, and AWS, which renews it well "
        "before, has not.",
        first="compare its validation record in the ACM console with the zone, and dig NS <zone> with the zone's own "
        "NS record; then make deploy with REFRESH=yes.",
        metrics={"days": metric},
        expressions={},
        seconds=DAY,
        comparison="below",
        threshold=limits.certificate_days,
        datapoints=1,
        # It is sent once or twice a day, and no more once the certificate has ended: what was said before stands.
        missing="ignore",
    )


def _balancer_metric(watched: Watched, name: str, statistic: str) -> Metric:
    """A metric of the balancer:
    https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
    """
    dimensions = {"LoadBalancer": watched.load_balancer}
    return Metric(
        namespace="AWS/ApplicationELB", name=name, dimensions=dimensions, statistic=statistic, seconds=FIVE_MINUTES
    )
