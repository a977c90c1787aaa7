"""Pods for as many requests as come: KEDA's order to scale the release by what its balancer counts."""

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_kubernetes as k8s

from infra import balancer
from infra.ordering import after
from infra.platform import Platform
from infra.release import NAME, Release
from infra.settings import PROJECT, Settings

API_VERSION = "keda.sh/v1alpha1"
# The balancer counts by the minute, and a minute's count is whole only a minute later.
PERIOD_SECONDS = 60
# Each asks CloudWatch for one metric, at a dollar for 100,000: https://aws.amazon.com/cloudwatch/pricing/
POLL_SECONDS = 30
# How many polls in a row may fail before the number of pods is that of the fallback.
FAILED_POLLS = 3
# Pods go only when none of the last minutes would have needed them, and half of them a minute at most.
SETTLED_SECONDS, LEAVING_PERCENT = 300, 50


@dataclass(frozen=True, kw_only=True)
class RequestScalingArgs:
    """What scaling by requests takes.

    `identity` is KEDA's own, handed out once KEDA runs; `deployment` is scaled, once it is rolled out; `balancer` is
    the balancer's name in CloudWatch, `app/<name>/<id>`. Replicas are numbers of pods; each should use
    `cpu_target_percent` of its CPU request, and get `requests_per_pod` a second, whichever takes more pods.
    """

    identity: pulumi.Input[str]
    namespace: pulumi.Input[str]
    deployment: pulumi.Input[str]
    balancer: pulumi.Input[str]
    region: str
    min_replicas: int
    max_replicas: int
    cpu_target_percent: int
    requests_per_pod: int


class RequestScaling(pulumi.ComponentResource):
    """A Deployment's autoscaler by CPU and by requests, in place of a HorizontalPodAutoscaler of ours.

    KEDA makes a HorizontalPodAutoscaler from it, under another name than ours has, so that each goes with what made it.
    While a stack changes from the one to the other there are both for a moment, which Kubernetes sees, and leaves the
    number of pods as it is. No outputs.
    """

    def __init__(self, name: str, args: RequestScalingArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:release:RequestScaling", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        metadata = k8s.meta.v1.ObjectMetaArgs(
            name=NAME, namespace=args.namespace, labels={"app.kubernetes.io/managed-by": "pulumi"}
        )
        identity = k8s.apiextensions.CustomResource(
            f"{name}-identity",
            api_version=API_VERSION,
            kind="TriggerAuthentication",
            metadata=metadata,
            spec={"podIdentity": {"provider": args.identity}},
            opts=child,
        )
        k8s.apiextensions.CustomResource(
            f"{name}-scaled-object",
            api_version=API_VERSION,
            kind="ScaledObject",
            metadata=metadata,
            spec=_spec(args, after(NAME, identity.id)),
            opts=child,
        )
        self.register_outputs({})


def _spec(args: RequestScalingArgs, identity: pulumi.Output[str]) -> dict[str, Any]:
    """The ScaledObject's spec: https://keda.sh/docs/2.20/reference/scaledobject-spec/"""
    leaving = {"type": "Percent", "value": LEAVING_PERCENT, "periodSeconds": 60}
    behavior = {"scaleDown": {"stabilizationWindowSeconds": SETTLED_SECONDS, "policies": [leaving]}}
    return {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": args.deployment},
        "minReplicaCount": args.min_replicas,
        "maxReplicaCount": args.max_replicas,
        "pollingInterval": POLL_SECONDS,
        "advanced": {"horizontalPodAutoscalerConfig": {"behavior": behavior}},
        # Without CloudWatch the pods that are there stay, and CPU alone adds more.
        "fallback": {
            "failureThreshold": FAILED_POLLS,
            "replicas": args.min_replicas,
            "behavior": "currentReplicasIfHigher",
        },
        "triggers": [
            {"type": "cpu", "metricType": "Utilization", "metadata": {"value": str(args.cpu_target_percent)}},
            {
                "type": "aws-cloudwatch",
                # Of all the balancer's requests, so that a pod more or less does not change what is measured:
                # https://docs.aws.amazon.com/elasticloadbalancing/latest/application/load-balancer-cloudwatch-metrics.html
                "metricType": "AverageValue",
                # Else every look of the autoscaler, four a minute, would ask CloudWatch.
                "useCachedMetrics": True,
                "authenticationRef": {"name": identity},
                "metadata": {
                    "awsRegion": args.region,
                    "namespace": "AWS/ApplicationELB",
                    "metricName": "RequestCount",
                    "dimensionName": "LoadBalancer",
                    "dimensionValue": args.balancer,
                    "metricStat": "Sum",
                    "metricStatPeriod": str(PERIOD_SECONDS),
                    "metricCollectionTime": str(2 * PERIOD_SECONDS),
                    "metricEndTimeOffset": str(PERIOD_SECONDS),
                    "targetMetricValue": str(args.requests_per_pod * PERIOD_SECONDS),
                    # A balancer without requests reports none.
                    "minMetricValue": "0",
                },
            },
        ],
    }


def scale(settings: Settings, platform: Platform, release: Release) -> None:
    """Scale the release by requests, where the platform can.

    Args:
        settings: the stack's.
        platform: what the release stands on.
        release: has no autoscaler of its own.
    """
    if platform.keda_identity is None or release.balancer_name is None:
        return
    found = balancer.metrics_name(
        release.balancer_name,
        platform.cluster_name,
        platform.group,
        pulumi.InvokeOutputOptions(provider=platform.aws_provider),
    )
    RequestScaling(
        f"{PROJECT}-request-scaling",
        RequestScalingArgs(
            identity=platform.keda_identity,
            namespace=release.namespace,
            # A roll-out that fails leaves the autoscaler that there was.
            deployment=after(NAME, release.image),
            balancer=found,
            region=settings.region,
            min_replicas=settings.replicas_min,
            max_replicas=settings.replicas_max,
            cpu_target_percent=settings.cpu_target_percent,
            requests_per_pod=settings.requests_per_pod,
        ),
        pulumi.ResourceOptions(providers={"kubernetes": platform.provider}),
    )
