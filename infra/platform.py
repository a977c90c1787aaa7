"""What a release stands on, wherever it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Cluster, registry and what leads to them.

    `provider` reaches the cluster; `kubeconfig` is JSON without a secret, or empty for kubectl's own; `registry_url` is
    the image's repository; `client_cidrs` is
    where requests come from; `namespace` is the release's, and `shared` whether others live on the cluster too.
    `ingress_class` is handed out once a controller serves it, and None where there is none; `group` is the balancer's.
    `aws_provider` makes what is in AWS, and is None where there is none.
    """

    provider: k8s.Provider
    kubeconfig: pulumi.Output[str]
    cluster_name: pulumi.Output[str]
    registry_url: pulumi.Output[str]
    client_cidrs: pulumi.Input[Sequence[str]]
    namespace: str
    shared: bool = False
    group: str
    ingress_class: pulumi.Output[str] | None = None
    aws_provider: aws.Provider | None = None
