"""EKS add-ons: pinned versions per Kubernetes version, and their configuration."""

import json
from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_aws as aws

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
    },
}

# Network policies are accepted but not enforced unless the CNI is told to.
CONFIGURATION: Mapping[str, Mapping[str, Any]] = {"vpc-cni": {"enableNetworkPolicy": "true"}}


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
