"""The cluster of kubectl's current context: kind, k3d, minikube, Docker Desktop."""

import pulumi

from infra.kubernetes_provider import kubernetes_provider
from infra.platform import Platform
from infra.settings import PROJECT, Settings

EVERYWHERE = "0.0.0.0/0"


def local(settings: Settings) -> Platform:
    """Use the current context. No AWS, no balancer: the service is reached through a port that kubectl forwards.

    Whether that context may be used is asked before the program runs, by `make up`: a program that looked at the
    machine's kubeconfig would not have the same plan everywhere.
    """
    return Platform(
        provider=kubernetes_provider(),
        kubeconfig=pulumi.Output.from_input(""),
        cluster_name=pulumi.Output.from_input("local"),
        registry_url=pulumi.Output.from_input(
            f"{settings.local_registry}/{PROJECT}" if settings.local_registry else PROJECT
        ),
        client_cidrs=[EVERYWHERE],
        namespace=PROJECT,
        group=PROJECT,
    )
