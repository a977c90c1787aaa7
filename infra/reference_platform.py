"""Another stack's cluster, with a namespace and a registry of the stack's own."""

from typing import Any

import pulumi
import pulumi_aws as aws

from infra.data import server as database_server
from infra.kubeconfig import as_role
from infra.kubernetes_provider import kubernetes_provider
from infra.load_balancer import INGRESS_CLASS
from infra.platform import Platform
from infra.registry import Registry, RegistryArgs
from infra.settings import PROJECT, Settings
from infra.stack_outputs import StackOutputs


def reference(settings: Settings, aws_provider: aws.Provider) -> Platform:
    """Use the cluster of `platformStack`. Nothing of that stack is changed, and all that is made goes with this one.

    Args:
        settings: the stack's.
        aws_provider: makes what is in AWS.
    """
    name, opts = f"{PROJECT}-{pulumi.get_stack()}", pulumi.ResourceOptions(providers=[aws_provider])
    other = StackOutputs(str(settings.platform_stack))
    kubeconfig = other.require("kubeconfig").apply(lambda known: as_role(known, settings.deploy_role))
    cluster_name = other.require("clusterName")
    provider = kubernetes_provider(kubeconfig=kubeconfig, cluster_identifier=f"{PROJECT}-{settings.platform_stack}")
    registry = Registry(
        f"{PROJECT}-registry", RegistryArgs(repository_name=name, force_delete=not settings.protect), opts
    )
    client_cidrs: pulumi.Output[Any] = other.require("clientCidrs")
    return Platform(
        provider=provider,
        kubeconfig=kubeconfig,
        cluster_name=cluster_name,
        registry_url=registry.url,
        client_cidrs=client_cidrs,
        namespace=name,
        shared=True,
        group=name,
        ingress_class=pulumi.Output.from_input(INGRESS_CLASS),
        aws_provider=aws_provider,
        state=database_server.accept(settings, other, cluster_name, opts) if settings.database else None,
    )
