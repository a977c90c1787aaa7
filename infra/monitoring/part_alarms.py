"""The alarms on the parts that the service stands on. Pure, no resources. docs/monitoring.md argues every threshold."""

import pulumi

from infra.monitoring.alarms import Alarm, Metric
from infra.monitoring.thresholds import Thresholds
from infra.monitoring.watched import Watched

MINUTE, FIVE_MINUTES = 60, 300
GIB = 2**30


def pending_pods(watched: Watched, limits: Thresholds) -> Alarm:
    """Pods find no node."""
    # EKS sends it by itself: https://docs.aws.amazon.com/eks/latest/userguide/cloudwatch.html
    metric = Metric(
        namespace="AWS/EKS",
        name="scheduler_pending_pods_UNSCHEDULABLE",
        dimensions={"ClusterName": watched.cluster_name},
        statistic="Maximum",
        seconds=MINUTE,
    )
    return Alarm(
        key="pending-pods",
        means=f"A pod has found no node for {limits.pending_minutes} minutes; there is no room for more requests, nor "
        "for a roll-out.",
        first="kubectl get pods -A --field-selector=status.phase=Pending, and describe one: its events say what is "
        "missing. Mostly nodeMax is too small.",
        metrics={"pending": metric},
        expressions={},
        seconds=MINUTE,
        comparison="at least",
        threshold=1,
        datapoints=limits.pending_minutes,
        # EKS sends it always: without it nobody knows, and the dashboard is to say so.
        missing="missing",
    )


def restarts(watched: Watched, limits: Thresholds) -> Alarm:
    """Containers of the service restart."""
    # The service's namespace alone: a broken review environment wakes nobody.
    query = pulumi.Output.concat(
        "SELECT SUM(pod_number_of_container_restarts) FROM SCHEMA(ContainerInsights, ClusterName, Namespace, PodName) "
        "WHERE ClusterName = '",
        watched.cluster_name,
        f"' AND Namespace = '{watched.namespace}'",
    )
    return Alarm(
        key="restarts",
        means=f"Containers of the service restarted {limits.restarts} times or more in five minutes: they crash, or "
        "are killed for their memory.",
        first=f"kubectl -n {watched.namespace} describe pods (the last state says why), and logs --previous.",
        metrics={},
        expressions={"restarts": query},
        seconds=FIVE_MINUTES,
        comparison="at least",
        threshold=limits.restarts,
        datapoints=1,
        # The agent sends zeros: without any it is the agent that is away.
        missing="missing",
    )


def storage(identifier: pulumi.Input[str], limits: Thresholds) -> Alarm:
    """The database's disk is nearly full."""
    # https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-metrics.html
    metric = Metric(
        namespace="AWS/RDS",
        name="FreeStorageSpace",
        dimensions={"DBInstanceIdentifier": identifier},
        statistic="Minimum",
        seconds=FIVE_MINUTES,
    )
    return Alarm(
        key="database-storage",
        means=f"Less than {limits.storage_percent} percent of {limits.database_gib} GiB is free on the database's "
        "disk. A full one takes no more writes.",
        first="raise databaseStorageGiB and deploy, which stops nothing; then look for the table that grows.",
        metrics={"free": metric},
        expressions={},
        seconds=FIVE_MINUTES,
        comparison="below",
        threshold=limits.database_gib * GIB * limits.storage_percent / 100,
        datapoints=3,
        # Of a database that is stopped or fails over there is none for a while; the disk is not fuller for it.
        missing="missing",
    )


def throttled_cache(name: pulumi.Input[str]) -> Alarm:
    """The cache refuses commands."""
    # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/serverless-metrics-events-redis.html
    metric = Metric(
        namespace="AWS/ElastiCache",
        name="ThrottledCmds",
        dimensions={"clusterId": name},
        statistic="Sum",
        seconds=FIVE_MINUTES,
    )
    return Alarm(
        key="cache-throttled",
        means="The cache refuses commands for a quarter of an hour, as they are more than it may do: the service asks "
        "the database instead, and is slower.",
        first="raise cacheMaxEcpu and deploy, if the dashboard shows as many requests as you expect.",
        metrics={"throttled": metric},
        expressions={},
        seconds=FIVE_MINUTES,
        comparison="above",
        threshold=0,
        datapoints=3,
        missing="notBreaching",
    )
