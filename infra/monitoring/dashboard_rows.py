"""The rows of the dashboard, each of one part; none of a part that the stack has not. Pure, no resources."""

from collections.abc import Sequence

from infra.monitoring.thresholds import Thresholds
from infra.monitoring.watched import Watched
from infra.monitoring.widgets import (
    BAD,
    GOOD,
    OTHER,
    PLAIN,
    WARN,
    Widget,
    alarm_states,
    graph,
    line,
    number,
    search,
    text,
)

ELB, INSIGHTS, EKS, RDS = "AWS/ApplicationELB", "ContainerInsights", "AWS/EKS", "AWS/RDS"
GIB, DAY = 2**30, 86_400
Row = Sequence[Widget]


def introduction(name: str, watched: Watched) -> Row:
    """What to look at first."""
    words = f"""# {name}
**First:** is an alarm red? Its message says what to do.
**Then from top to bottom:** do requests still come, do they fail, are they slow; is there a healthy target; are pods
restarting, or waiting for a node; is the database or the cache full.
Logs: `kubectl -n {watched.namespace} logs deployment/{watched.workload}`. The alarms: `docs/monitoring.md`."""
    return [text(words, 4)]


def alarms(arns: Sequence[str]) -> Row:
    """The alarms' states."""
    return [alarm_states("Alarms", arns)]


def traffic(watched: Watched, limits: Thresholds) -> Row:
    """Requests, those that fail, and how long they take."""
    balancer = {"LoadBalancer": watched.load_balancer}
    requests = [line(ELB, "RequestCount", balancer, stat="Sum", label="requests", color=PLAIN)]
    errors = [
        line(ELB, "HTTPCode_Target_5XX_Count", balancer, stat="Sum", label="5xx of the service", color=BAD),
        line(ELB, "HTTPCode_ELB_5XX_Count", balancer, stat="Sum", label="5xx of the balancer", color=WARN),
        line(ELB, "HTTPCode_Target_4XX_Count", balancer, stat="Sum", label="4xx of the service", color=OTHER),
    ]
    latency = [
        line(ELB, "TargetResponseTime", balancer, stat=stat, label=stat, color=color)
        for stat, color in {"p50": GOOD, "p90": WARN, "p99": BAD}.items()
    ]
    limit = limits.latency_milliseconds / 1000
    return [
        graph("Traffic", watched.region, requests, "a minute"),
        graph("Errors", watched.region, errors, "a minute"),
        graph("Latency", watched.region, latency, "seconds", limit=limit),
    ]


def saturation(watched: Watched) -> Row:
    """How much there still is of what the service needs."""
    balancer = {"LoadBalancer": watched.load_balancer}
    connections = [
        line(ELB, "ActiveConnectionCount", balancer, stat="Sum", label="open", color=PLAIN),
        line(ELB, "RejectedConnectionCount", balancer, stat="Sum", label="refused", color=BAD),
    ]
    found = f'{{{ELB},LoadBalancer,TargetGroup}} MetricName="HealthyHostCount" LoadBalancer="{watched.load_balancer}"'
    healthy = [search(f"SEARCH('{found}', 'Minimum', 60)", "healthy", GOOD)]
    row = [
        graph("Connections", watched.region, connections, "connections"),
        graph("Healthy targets", watched.region, healthy, "pods", limit=1),
    ]
    if watched.containers:
        workload = {
            "ClusterName": watched.cluster_name,
            "Namespace": watched.namespace,
            "PodName": watched.workload,
        }
        used = [
            line(INSIGHTS, "pod_cpu_utilization", workload, stat="Average", label="CPU of a node", color=PLAIN),
            line(
                INSIGHTS, "pod_memory_utilization_over_pod_limit", workload, stat="Maximum", label="memory", color=WARN
            ),
        ]
        row.append(graph("Saturation of the pods", watched.region, used, "percent"))
    return row


def pods(watched: Watched, limits: Thresholds) -> Row:
    """Pods that run, restart or wait."""
    cluster = {"ClusterName": watched.cluster_name}
    waiting = [
        line(EKS, f"scheduler_pending_pods_{kind}", cluster, stat="Maximum", label=label, color=color)
        for kind, label, color in (("UNSCHEDULABLE", "no node", BAD), ("ACTIVEQ", "to be placed", PLAIN))
    ]
    row = [graph("Pods that wait", watched.region, waiting, "pods", limit=1)]
    if watched.containers:
        namespace = {**cluster, "Namespace": watched.namespace}
        pod = {**namespace, "PodName": watched.workload}
        running = [
            line(INSIGHTS, "namespace_number_of_running_pods", namespace, stat="Average", label="running", color=GOOD)
        ]
        restarts = [
            line(INSIGHTS, "pod_number_of_container_restarts", pod, stat="Sum", label="restarts", color=BAD),
        ]
        row = [
            graph("Pods", watched.region, running, "pods"),
            graph("Restarts", watched.region, restarts, "in five minutes", limit=limits.restarts, period=300),
            *row,
        ]
    return row


def nodes(watched: Watched) -> Row:
    """Nodes, and how full they are."""
    if not watched.containers:
        return []
    cluster = {"ClusterName": watched.cluster_name}
    count = [
        line(INSIGHTS, "cluster_node_count", cluster, stat="Average", label="nodes", color=PLAIN),
        line(INSIGHTS, "cluster_failed_node_count", cluster, stat="Maximum", label="failed", color=BAD),
    ]
    used = [
        line(INSIGHTS, f"node_{what}_utilization", cluster, stat="Maximum", label=label, color=color)
        for what, label, color in (("cpu", "CPU", PLAIN), ("memory", "memory", WARN), ("filesystem", "disk", OTHER))
    ]
    return [graph("Nodes", watched.region, count, "nodes"), graph("The fullest node", watched.region, used, "percent")]


def database(watched: Watched, limits: Thresholds) -> Row:
    """The database."""
    if watched.database_identifier is None:
        return []
    one = {"DBInstanceIdentifier": watched.database_identifier}
    load = [
        line(RDS, "CPUUtilization", one, stat="Average", label="CPU, percent", color=PLAIN),
        line(RDS, "DatabaseConnections", one, stat="Maximum", label="connections", color=OTHER, right=True),
    ]
    latency = [
        line(RDS, f"{kind}Latency", one, stat="Average", label=kind.lower(), color=color)
        for kind, color in {"Read": GOOD, "Write": WARN}.items()
    ]
    free = [line(RDS, "FreeStorageSpace", one, stat="Minimum", label="free", color=PLAIN)]
    limit = limits.database_gib * GIB * limits.storage_percent / 100
    return [
        graph("Database: load", watched.region, load, "percent"),
        graph("Database: latency of the disk", watched.region, latency, "seconds"),
        graph("Database: free disk", watched.region, free, "bytes", limit=limit),
    ]


def cache(watched: Watched) -> Row:
    """The cache."""
    if watched.cache_name is None:
        return []
    namespace, one = "AWS/ElastiCache", {"clusterId": watched.cache_name}
    hits = [
        line(namespace, "CacheHits", one, stat="Sum", label="hits", color=GOOD),
        line(namespace, "CacheMisses", one, stat="Sum", label="misses", color=WARN),
    ]
    work = [
        line(namespace, "ElastiCacheProcessingUnits", one, stat="Sum", label="ECPUs", color=PLAIN),
        line(namespace, "ThrottledCmds", one, stat="Sum", label="refused commands", color=BAD, right=True),
    ]
    size = [line(namespace, "BytesUsedForCache", one, stat="Maximum", label="used", color=PLAIN)]
    return [
        graph("Cache: hits", watched.region, hits, "a minute"),
        graph("Cache: work", watched.region, work, "ECPUs a minute"),
        graph("Cache: size", watched.region, size, "bytes"),
    ]


def certificate(watched: Watched) -> Row:
    """The certificate."""
    if watched.certificate_arn is None:
        return []
    of = {"CertificateArn": watched.certificate_arn}
    days = [line("AWS/CertificateManager", "DaysToExpiry", of, stat="Minimum", label="days left", color=PLAIN)]
    return [number("Certificate", watched.region, days, DAY)]
