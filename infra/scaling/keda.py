"""KEDA, which lets pods be scaled by a metric of CloudWatch."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from infra import spread
from infra.interrupted_helm import forget_interrupted
from infra.ordering import after
from infra.pod_role import PodRole, PodRoleArgs, Statement
from infra.service_identity import ServiceIdentity, ServiceIdentityArgs

KEDA_CHART_REPOSITORY = "https://kedacore.github.io/charts"
CHART, CHART_VERSION = "keda", "2.20.2"
NAMESPACE = "keda"
# What KEDA calls the rights of its own service account: https://keda.sh/docs/2.20/authentication-providers/aws/
OWN_IDENTITY = "aws"
OPERATOR, METRICS_SERVER = "keda-operator", "keda-operator-metrics-apiserver"


@dataclass(frozen=True, kw_only=True)
class KedaArgs:
    """What KEDA takes: the cluster's name, at once and, as `node_cluster_name`, once it has nodes; `kubeconfig` reaches
    it; `chart_repository` has the chart.
    """

    cluster_name: pulumi.Input[str]
    node_cluster_name: pulumi.Output[str]
    region: str
    kubeconfig: pulumi.Input[str]
    chart_repository: str


class Keda(pulumi.ComponentResource):
    """KEDA's pinned chart in a namespace of its own, with the right to read metrics and no other.

    Outputs: `identity` (the provider that a TriggerAuthentication names to use KEDA's own rights, once KEDA runs: what
    takes it is made after KEDA, and is gone, with the finalizer that KEDA alone can remove, before it).
    """

    identity: pulumi.Output[str]

    def __init__(self, name: str, args: KedaArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:release:Keda", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = PodRole(name, PodRoleArgs(statements=[read_metrics(args.region)]), child)
        identity = ServiceIdentity(
            f"{name}-identity",
            ServiceIdentityArgs(
                cluster_name=args.cluster_name, namespace=NAMESPACE, service_account=OPERATOR, role_arn=role.granted
            ),
            child,
        )
        namespace = k8s.core.v1.Namespace(
            f"{name}-namespace",
            metadata=k8s.meta.v1.ObjectMetaArgs(
                name=NAMESPACE,
                labels={
                    "app.kubernetes.io/managed-by": "pulumi",
                    "pod-security.kubernetes.io/enforce": "restricted",
                },
            ),
            opts=child,
        )
        hooks = forget_interrupted(f"{name}-chart", args.kubeconfig, NAMESPACE, CHART)
        hooks.before_create = [*(hooks.before_create or ()), identity.settled]
        release = k8s.helm.v3.Release(
            f"{name}-chart",
            name=CHART,
            chart=CHART,
            version=CHART_VERSION,
            repository_opts=k8s.helm.v3.RepositoryOptsArgs(repo=args.chart_repository),
            namespace=after(NAMESPACE, namespace.id, identity.service_account, args.node_cluster_name),
            timeout=600,
            atomic=True,
            values=VALUES,
            opts=pulumi.ResourceOptions(parent=self, hooks=hooks),
        )
        self.identity = after(OWN_IDENTITY, release.id)
        self.register_outputs({"identity": self.identity})


def read_metrics(region: str) -> Statement:
    """The IAM statement that lets metrics of one region be read. CloudWatch offers nothing narrower:
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
    """
    return {
        "Effect": "Allow",
        "Action": ["cloudwatch:GetMetricData"],
        "Resource": ["*"],
        "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
    }


_RESOURCES = {"requests": {"cpu": "50m", "memory": "100Mi"}, "limits": {"memory": "500Mi"}}
# The chart's CRDs are templates of it, so they are upgraded and go with it:
# https://github.com/kedacore/charts/tree/v2.20.2/keda/templates/crds
VALUES: Mapping[str, Any] = {
    # What it checks is written by this program and tested; a webhook less can be down.
    "webhooks": {"enabled": False},
    # Of both kinds one pod works and one is ready to take over.
    "operator": {"replicaCount": 2},
    "metricsServer": {"replicaCount": 2},
    "podDisruptionBudget": {"operator": {"maxUnavailable": 1}, "metricServer": {"maxUnavailable": 1}},
    "topologySpreadConstraints": {
        "operator": spread.constraints({"app": OPERATOR}),
        "metricsServer": spread.constraints({"app": METRICS_SERVER}),
    },
    "resources": {"operator": _RESOURCES, "metricServer": _RESOURCES},
    # Deployments alone are scaled, and no password is needed: else it may read every secret of the cluster.
    "rbac": {"enabledCustomScaledRefKinds": False},
    "permissions": {"operator": {"restrict": {"secret": True}}, "metricServer": {"restrict": {"secret": True}}},
    "image": {"pullPolicy": "IfNotPresent"},
}
