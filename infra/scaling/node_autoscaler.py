"""The Cluster Autoscaler, which adds nodes when pods find no room and removes those that are not needed."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_kubernetes as k8s

from infra.ordering import after
from infra.pod_role import PodRole, PodRoleArgs
from infra.scaling import node_autoscaler_rights as rights
from infra.scaling.node_autoscaler_pod import LABELS, SELECTOR, pod_template
from infra.service_identity import ServiceIdentity, ServiceIdentityArgs

NAME, NAMESPACE = rights.NAME, "kube-system"


@dataclass(frozen=True, kw_only=True)
class NodeAutoscalerArgs:
    """What the autoscaler takes: the cluster's name, at once and, as `node_cluster_name`, once it has nodes; an `image`
    of the cluster's Kubernetes version.
    """

    cluster_name: pulumi.Input[str]
    node_cluster_name: pulumi.Input[str]
    region: str
    image: str


class NodeAutoscaler(pulumi.ComponentResource):
    """One pod that sizes this cluster's node groups, between the sizes that each group allows.

    The pod is there after the nodes and gone before them, so it never answers their deletion with new ones, and what it
    needs is there for as long as it is. Outputs: `deployment` (the name of its Deployment, once it runs).
    """

    deployment: pulumi.Output[str]

    def __init__(self, name: str, args: NodeAutoscalerArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:nodes:NodeAutoscaler", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        account = self._create_service_account()
        identity = self._create_identity()
        rights_given = [*self._grant_in_cluster(), identity.service_account]
        budget = k8s.policy.v1.PodDisruptionBudget(
            f"{name}-disruption-budget",
            metadata=self._metadata(),
            # Of one pod it forbids nothing. It is what lets the autoscaler empty the node that it runs on itself.
            spec=k8s.policy.v1.PodDisruptionBudgetSpecArgs(
                max_unavailable=1,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=SELECTOR),
                unhealthy_pod_eviction_policy="AlwaysAllow",
            ),
            opts=self._child,
        )
        deployment = k8s.apps.v1.Deployment(
            f"{name}-deployment",
            metadata=self._metadata(),
            spec=k8s.apps.v1.DeploymentSpecArgs(
                # One is enough: while it moves, nodes stay as they are. A second would only wait for the first.
                replicas=1,
                revision_history_limit=2,
                selector=k8s.meta.v1.LabelSelectorArgs(match_labels=SELECTOR),
                template=pod_template(
                    image=args.image,
                    region=args.region,
                    cluster_name=args.node_cluster_name,
                    service_account=after(account, budget.id, *rights_given),
                ),
            ),
            opts=pulumi.ResourceOptions(
                parent=self, hooks=pulumi.ResourceHookBinding(before_create=[identity.settled])
            ),
        )
        self.deployment = after(NAME, deployment.id)
        self.register_outputs({"deployment": self.deployment})

    def _metadata(self) -> k8s.meta.v1.ObjectMetaArgs:
        # The names are a contract: with the Pod Identity association, the roles' subjects, and whoever looks for the
        # autoscaler where its documentation says that it is.
        return k8s.meta.v1.ObjectMetaArgs(name=NAME, namespace=NAMESPACE, labels=LABELS)

    def _create_service_account(self) -> pulumi.Output[str]:
        account = k8s.core.v1.ServiceAccount(
            f"{self._name}-service-account", metadata=self._metadata(), opts=self._child
        )
        return after(NAME, account.id)

    def _grant_in_cluster(self) -> list[pulumi.Output[str]]:
        """What resolves once the service account may do what it must, cluster-wide and in its namespace."""
        rbac = k8s.rbac.v1
        subject = rbac.SubjectArgs(kind="ServiceAccount", name=NAME, namespace=NAMESPACE)
        everywhere = rbac.ClusterRole(
            f"{self._name}-cluster-role",
            metadata=k8s.meta.v1.ObjectMetaArgs(name=NAME, labels=LABELS),
            rules=[rbac.PolicyRuleArgs(**rule) for rule in rights.CLUSTER_RULES],
            opts=self._child,
        )
        here = rbac.Role(
            f"{self._name}-role-in-namespace",
            metadata=self._metadata(),
            rules=[rbac.PolicyRuleArgs(**rule) for rule in rights.NAMESPACE_RULES],
            opts=self._child,
        )
        group = "rbac.authorization.k8s.io"
        return [
            rbac.ClusterRoleBinding(
                f"{self._name}-cluster-binding",
                metadata=k8s.meta.v1.ObjectMetaArgs(name=NAME, labels=LABELS),
                role_ref=rbac.RoleRefArgs(api_group=group, kind="ClusterRole", name=after(NAME, everywhere.id)),
                subjects=[subject],
                opts=self._child,
            ).id,
            rbac.RoleBinding(
                f"{self._name}-binding",
                metadata=self._metadata(),
                role_ref=rbac.RoleRefArgs(api_group=group, kind="Role", name=after(NAME, here.id)),
                subjects=[subject],
                opts=self._child,
            ).id,
        ]

    def _create_identity(self) -> ServiceIdentity:
        args = self._args
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        statements = pulumi.Output.all(account, args.cluster_name).apply(
            lambda known: rights.autoscaler_statements(args.region, *known)
        )
        role = PodRole(self._name, PodRoleArgs(statements=statements), self._child)
        return ServiceIdentity(
            f"{self._name}-identity",
            ServiceIdentityArgs(
                cluster_name=args.cluster_name, namespace=NAMESPACE, service_account=NAME, role_arn=role.granted
            ),
            self._child,
        )
