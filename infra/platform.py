"""What a release stands on, wherever it comes from."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from infra.data.server import DatabaseServer
from infra.data.state import State


@dataclass(frozen=True, kw_only=True)
class Platform:
    """Cluster, registry and what leads to them.

    `provider` reaches the cluster; `kubeconfig` is JSON without a secret, or empty for kubectl's own; `registry_url` is
    the image's repository; `client_cidrs` is
    where requests come from; `namespace` is the release's, and `shared` whether others live on the cluster too.
    `ingress_class` is handed out once a controller serves it, and None where there is none; `group` is the balancer's.
    `keda_identity` is handed out once KEDA can scale by requests, and None where it is not asked to; `peer_cidr` is a
    neighbour's network.
    `aws_provider` makes what is in AWS, and is None where there is none.
    `state` is what the release's pods keep state with, `server` what databases are made on; `database_identifier` and
    `cache_name` are the names in AWS of what the stack has of these.
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
    keda_identity: pulumi.Output[str] | None = None
    peer_cidr: str | None = None
    aws_provider: aws.Provider | None = None
    state: State | None = None
    server: DatabaseServer | None = None
    database_identifier: pulumi.Input[str] | None = None
    cache_name: pulumi.Input[str] | None = None
