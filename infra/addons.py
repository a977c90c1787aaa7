"""EKS add-ons: pinned versions per Kubernetes version, and their configuration."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

from infra import spread

AddonVersions = Mapping[str, str]

# One row per Kubernetes version that can be asked for, each with versions published for it
# (`aws eks describe-addon-versions --kubernetes-version 1.35`). To support the next minor, add its row.
VERSIONS: Mapping[str, AddonVersions] = {
    "1.35": {
        "vpc-cni": "v1.21.1-eksbuild.8",
        "kube-proxy": "v1.35.3-eksbuild.5",
        "coredns": "v1.14.2-eksbuild.4",
        "eks-pod-identity-agent": "v1.3.10-eksbuild.3",
        "metrics-server": "v0.8.1-eksbuild.6",
        "amazon-cloudwatch-observability": "v6.3.0-eksbuild.1",
    },
}

# The Cluster Autoscaler of each Kubernetes version, whose minor it has. By the digest of the index that the registry's
# owners promoted under this tag: https://github.com/kubernetes/autoscaler/releases
NODE_AUTOSCALERS: Mapping[str, str] = {
    "1.35": "registry.k8s.io/autoscaling/cluster-autoscaler:v1.35.2"
    "@sha256:aac369dc283927a623deb1af54696efcc722ae79255aa07788422e495bab887d",
}

CONFIGURATION: Mapping[str, Mapping[str, Any]] = {
    # Metrics-server has two pods and a budget by itself.
    "coredns": {
        "replicaCount": 2,
        # A pod of kube-system without one keeps its node from being removed by the autoscaler for an hour.
        "podDisruptionBudget": {"enabled": True, "maxUnavailable": 1},
        "topologySpreadConstraints": spread.constraints({"k8s-app": "kube-dns"}),
    },
    # Network policies are accepted but not enforced unless the CNI is told to.
    "vpc-cni": {"enableNetworkPolicy": "true"},
    # Enhanced is what is paid by the observation, not by the metric, which is less for a cluster of this size:
    # docs/monitoring.md. OpenTelemetry's would be paid besides.
    "amazon-cloudwatch-observability": {
        "containerLogs": {"enabled": True},
        "containerInsights": {"enabled": True},
        "otelContainerInsights": {"enabled": False},
        "applicationSignals": {"enabled": False},
        # Else it puts an SDK for traces into the service's pods, and starts them anew.
        "manager": {"applicationSignals": {"autoMonitor": {"monitorAllServices": False}}},
    },
}


def install(
    name: str, addon: str, versions: AddonVersions, cluster_name: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.eks.Addon:
    """Install one add-on at its pinned version.

    Args:
        name: logical name of the resource.
        addon: the add-on's name in EKS, a key of `versions`.
        versions: pinned version per add-on, a row of `VERSIONS`.
        cluster_name: the cluster's name; the add-on is installed when it is known.
        opts: resource options, with the parent.
    """
    configuration = CONFIGURATION.get(addon)
    return aws.eks.Addon(
        name,
        addon_name=addon,
        addon_version=versions[addon],
        cluster_name=cluster_name,
        configuration_values=json.dumps(configuration) if configuration else None,
        resolve_conflicts_on_create="OVERWRITE",
        resolve_conflicts_on_update="OVERWRITE",
        opts=opts,
    )
