"""What keeps the service up and to itself: the specs of its autoscaler, disruption budget and network policy. Pure."""

from collections.abc import Sequence

import pulumi
import pulumi_kubernetes as k8s

from infra import egress, pods


def autoscaler_spec(
    deployment: str, min_replicas: int, max_replicas: int, cpu_target_percent: int
) -> k8s.autoscaling.v2.HorizontalPodAutoscalerSpecArgs:
    """Scale a Deployment between two numbers of pods so that they use that share of their CPU request on average."""
    autoscaling = k8s.autoscaling.v2
    target = autoscaling.MetricTargetArgs(type="Utilization", average_utilization=cpu_target_percent)
    return autoscaling.HorizontalPodAutoscalerSpecArgs(
        scale_target_ref=autoscaling.CrossVersionObjectReferenceArgs(
            api_version="apps/v1", kind="Deployment", name=deployment
        ),
        min_replicas=min_replicas,
        max_replicas=max_replicas,
        metrics=[
            autoscaling.MetricSpecArgs(
                type="Resource", resource=autoscaling.ResourceMetricSourceArgs(name="cpu", target=target)
            )
        ],
    )


def disruption_budget_spec() -> k8s.policy.v1.PodDisruptionBudgetSpecArgs:
    """Let a drained node take one pod at a time."""
    return k8s.policy.v1.PodDisruptionBudgetSpecArgs(
        max_unavailable=1,
        selector=k8s.meta.v1.LabelSelectorArgs(match_labels=pods.SELECTOR),
        # Else a pod that never gets ready keeps its node from being drained.
        unhealthy_pod_eviction_policy="AlwaysAllow",
    )


def network_policy_spec(
    client_cidrs: pulumi.Input[Sequence[str]],
    ways_out: Sequence[egress.Rule],
) -> k8s.networking.v1.NetworkPolicySpecArgs:
    """Let requests in from these IPv4 networks, and nothing out but by the rules of `ways_out`."""
    network = k8s.networking.v1
    return network.NetworkPolicySpecArgs(
        pod_selector=k8s.meta.v1.LabelSelectorArgs(match_labels=pods.SELECTOR),
        policy_types=["Ingress", "Egress"],
        ingress=[
            network.NetworkPolicyIngressRuleArgs(
                from_=egress.blocks(client_cidrs), ports=[network.NetworkPolicyPortArgs(protocol="TCP", port=pods.PORT)]
            )
        ],
        # Without a rule all of it is refused.
        egress=list(ways_out),
    )


def quota_spec(max_replicas: int) -> k8s.core.v1.ResourceQuotaSpecArgs:
    """Let a namespace hold that many pods of the service, twice for a roll-out, and no way in but the Ingress."""
    pod_count = 2 * max_replicas
    return k8s.core.v1.ResourceQuotaSpecArgs(
        hard={
            "pods": str(pod_count),
            "requests.cpu": f"{pod_count * pods.CPU_REQUEST_MILLI}m",
            "requests.memory": f"{pod_count * pods.MEMORY_REQUEST_MI}Mi",
            "limits.memory": f"{pod_count * pods.MEMORY_LIMIT_MI}Mi",
            "services": "1",
            "services.loadbalancers": "0",
            "services.nodeports": "0",
            "persistentvolumeclaims": "0",
        }
    )
