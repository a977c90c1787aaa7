"""Whose rights a service account's pods have in AWS."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.identity_settling import Settling
from infra.ordering import after


@dataclass(frozen=True, kw_only=True)
class ServiceIdentityArgs:
    """What it takes: the cluster, the `namespace` and `service_account` of the pods, and the role that they get."""

    cluster_name: pulumi.Input[str]
    namespace: str
    service_account: str
    role_arn: pulumi.Input[str]


class ServiceIdentity(pulumi.ComponentResource):
    """An EKS Pod Identity association: https://docs.aws.amazon.com/eks/latest/userguide/pod-id-association.html

    It looks at names only, so it is made before namespace and service account.

    Outputs: `service_account` (its name, once it stands for the role; pods that take it go before the association).
    `settled` is the hook for what starts these pods.
    """

    service_account: pulumi.Output[str]
    settled: pulumi.ResourceHook

    def __init__(self, name: str, args: ServiceIdentityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:service-identity:ServiceIdentity", name, None, opts)
        settling = Settling(name)
        association = aws.eks.PodIdentityAssociation(
            f"{name}-association",
            cluster_name=args.cluster_name,
            namespace=args.namespace,
            service_account=args.service_account,
            role_arn=args.role_arn,
            opts=pulumi.ResourceOptions(parent=self, hooks=settling.association),
        )
        self.settled = settling.pods
        self.service_account = after(args.service_account, association.id)
        self.register_outputs({"service_account": self.service_account})
