"""What a platform has so that nodes and pods follow the load, as far as the settings ask for it."""

import pulumi

from infra import addons
from infra.scaling.keda import Keda, KedaArgs
from infra.scaling.node_autoscaler import NodeAutoscaler, NodeAutoscalerArgs
from infra.settings import PROJECT, Settings


def create(
    settings: Settings,
    cluster_name: pulumi.Input[str],
    node_cluster_name: pulumi.Output[str],
    kubeconfig: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str] | None:
    """Make what the settings ask for.

    Args:
        settings: the stack's.
        cluster_name: the cluster's.
        node_cluster_name: the same, once it has nodes.
        kubeconfig: reaches the cluster.
        opts: with the providers of AWS and of the cluster.

    Returns:
        What lets KEDA scale by a metric, once KEDA runs; None without KEDA.
    """
    if settings.node_autoscaling:
        autoscaler = NodeAutoscalerArgs(
            cluster_name=cluster_name,
            node_cluster_name=node_cluster_name,
            region=settings.region,
            image=addons.NODE_AUTOSCALERS[settings.kubernetes_version],
        )
        NodeAutoscaler(f"{PROJECT}-node-autoscaler", autoscaler, opts)
    if not settings.requests_per_pod:
        return None
    keda = KedaArgs(
        cluster_name=cluster_name,
        node_cluster_name=node_cluster_name,
        region=settings.region,
        kubeconfig=kubeconfig,
        chart_repository=settings.keda_chart_repository,
    )
    return Keda(f"{PROJECT}-keda", keda, opts).identity
