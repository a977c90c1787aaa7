"""The AWS Load Balancer Controller, which turns Ingresses into balancers."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from infra import spread
from infra.interrupted_helm import forget_interrupted
from infra.load_balancer_policy import controller_policy
from infra.ordering import after
from infra.trust import service_trust

CHART, CHART_VERSION, CHART_REPOSITORY = "aws-load-balancer-controller", "3.5.0", "https://aws.github.io/eks-charts"
NAMESPACE = "kube-system"
INGRESS_CLASS = "alb"


@dataclass(frozen=True, kw_only=True)
class LoadBalancerControllerArgs:
    """What the controller takes.

    `node_cluster_name` is the cluster's name, once it has nodes; `kubeconfig` reaches it;
    `chart_repository` has the chart; `tags` are for the balancers.
    """

    cluster_name: pulumi.Input[str]
    node_cluster_name: pulumi.Input[str]
    region: str
    vpc_id: pulumi.Input[str]
    kubeconfig: pulumi.Input[str]
    chart_repository: str
    tags: Mapping[str, str]


class LoadBalancerController(pulumi.ComponentResource):
    """The controller's pinned chart, with rights from Pod Identity that end at this cluster's own balancers.

    Outputs: `ingress_class` (once the controller runs: an Ingress that takes it is made after the controller, and is
    gone, with the finalizer the controller alone can remove, before it).
    """

    ingress_class: pulumi.Output[str]

    def __init__(self, name: str, args: LoadBalancerControllerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:load-balancer:LoadBalancerController", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        service_account = self._create_identity(name, args, child)
        release = k8s.helm.v3.Release(
            f"{name}-chart",
            name=CHART,
            chart=CHART,
            version=CHART_VERSION,
            repository_opts=k8s.helm.v3.RepositoryOptsArgs(repo=args.chart_repository),
            namespace=NAMESPACE,
            # Helm waits for the pods, so that what comes next finds the webhooks answering.
            timeout=600,
            atomic=True,
            values=_values(args, service_account),
            opts=pulumi.ResourceOptions(
                parent=self, hooks=forget_interrupted(f"{name}-chart", args.kubeconfig, NAMESPACE, CHART)
            ),
        )
        self.ingress_class = after(INGRESS_CLASS, release.id)
        self.register_outputs({"ingress_class": self.ingress_class})

    def _create_identity(
        self, name: str, args: LoadBalancerControllerArgs, opts: pulumi.ResourceOptions
    ) -> pulumi.Output[str]:
        """The service account's name, once it stands for a role with all its rights."""
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        role = aws.iam.Role(
            f"{name}-role", assume_role_policy=service_trust("pods.eks.amazonaws.com", pods=True), opts=opts
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=pulumi.Output.all(account, args.vpc_id, args.cluster_name).apply(
                lambda known: controller_policy(args.region, *known)
            ),
            opts=opts,
        )
        association = aws.eks.PodIdentityAssociation(
            f"{name}-identity",
            cluster_name=args.cluster_name,
            namespace=NAMESPACE,
            service_account=CHART,
            role_arn=after(role.arn, policy.id),
            opts=opts,
        )
        return after(CHART, association.id)


def _values(args: LoadBalancerControllerArgs, service_account: pulumi.Output[str]) -> dict[str, object]:
    return {
        "clusterName": args.node_cluster_name,
        # With both named it need not ask the instance metadata service, which pods cannot reach.
        "region": args.region,
        "vpcId": args.vpc_id,
        "serviceAccount": {"create": True, "name": service_account},
        "ingressClass": INGRESS_CLASS,
        "defaultTags": dict(args.tags),
        # Else every upgrade renews the webhook's CA, and calls fail until all sides know it.
        "keepTLSSecret": True,
        # Else no Service of type LoadBalancer can be made while the controller is away.
        "enableServiceMutatorWebhook": False,
        # Unused here; while on, they are asked after for every balancer, which takes rights that it does not have.
        "enableShield": False,
        "enableWaf": False,
        "enableWafv2": False,
        "replicaCount": 2,
        "podDisruptionBudget": {"maxUnavailable": 1},
        "topologySpreadConstraints": spread.constraints({"app.kubernetes.io/name": CHART}),
        # Below 256Mi it was seen to be killed while it starts.
        "resources": {"requests": {"cpu": "50m", "memory": "256Mi"}, "limits": {"memory": "1Gi"}},
    }
