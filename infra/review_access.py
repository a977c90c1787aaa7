"""What the role behind review environments may do on a cluster that is somebody else's."""

import pulumi
import pulumi_kubernetes as k8s

from infra.access import Grant
from infra.settings import PROJECT

GROUP = f"{PROJECT}:review"
NAMESPACE_PREFIX = f"{PROJECT}-pr-"
# What a release is made of.
RULES = {
    "": ["namespaces", "serviceaccounts", "services", "resourcequotas"],
    "apps": ["deployments"],
    "autoscaling": ["horizontalpodautoscalers"],
    "policy": ["poddisruptionbudgets"],
    "networking.k8s.io": ["networkpolicies", "ingresses"],
}
# What the Kubernetes plugin and a roll-back look at. For what it may not list the plugin waits for ever, past every
# timeout: of a Deployment these are the volume claims too, though ours has none.
READS = {
    "": ["pods", "pods/log", "events", "endpoints", "persistentvolumeclaims"],
    "apps": ["replicasets", "deployments/status"],
    "events.k8s.io": ["events"],
    "discovery.k8s.io": ["endpointslices"],
}


def reviewers(role: str | None) -> list[Grant]:
    """The access entry of the role that makes review environments, if there is one."""
    return [] if role is None else [Grant(principal=role, groups=(GROUP,))]


class ReviewAccess(pulumi.ComponentResource):
    """Rights for a group that end at the namespaces of review environments.

    RBAC cannot tell namespaces apart by the beginning of their names, so it grants the kinds, and an admission policy
    refuses every change elsewhere: code from a pull request can neither change nor delete what the cluster is there
    for. It can read those kinds everywhere; Secrets are not among them. No outputs.
    """

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:review-access:ReviewAccess", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        rbac, admission = k8s.rbac.v1, k8s.admissionregistration.v1
        # Known by name to whoever looks at the cluster, so not left to autonaming.
        metadata = k8s.meta.v1.ObjectMetaArgs(name=f"{PROJECT}-review")
        policy = admission.ValidatingAdmissionPolicy(
            f"{name}-policy",
            metadata=metadata,
            spec=admission.ValidatingAdmissionPolicySpecArgs(
                failure_policy="Fail",
                match_constraints=admission.MatchResourcesArgs(
                    resource_rules=[
                        admission.NamedRuleWithOperationsArgs(
                            api_groups=["*"],
                            api_versions=["*"],
                            operations=["CREATE", "UPDATE", "DELETE", "CONNECT"],
                            resources=["*/*"],
                        )
                    ]
                ),
                match_conditions=[
                    admission.MatchConditionArgs(name="reviewers", expression=f"'{GROUP}' in request.userInfo.groups")
                ],
                validations=[
                    admission.ValidationArgs(
                        # Of a Namespace, this is its own name.
                        expression=f"request.namespace.startsWith('{NAMESPACE_PREFIX}')",
                        message=f"review environments live in namespaces whose names begin with {NAMESPACE_PREFIX}",
                    )
                ],
            ),
            opts=child,
        )
        fence = admission.ValidatingAdmissionPolicyBinding(
            f"{name}-policy-binding",
            metadata=metadata,
            spec=admission.ValidatingAdmissionPolicyBindingSpecArgs(
                policy_name=policy.metadata.name, validation_actions=["Deny"]
            ),
            opts=child,
        )
        role = rbac.ClusterRole(
            f"{name}-role",
            metadata=metadata,
            rules=[
                rbac.PolicyRuleArgs(
                    api_groups=[group],
                    resources=kinds,
                    verbs=["get", "list", "watch", "create", "update", "patch", "delete"],
                )
                for group, kinds in RULES.items()
            ]
            + [
                rbac.PolicyRuleArgs(api_groups=[group], resources=kinds, verbs=["get", "list", "watch"])
                for group, kinds in READS.items()
            ],
            opts=child,
        )
        rbac.ClusterRoleBinding(
            f"{name}-role-binding",
            metadata=metadata,
            role_ref=rbac.RoleRefArgs(
                api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=role.metadata.name
            ),
            subjects=[rbac.SubjectArgs(api_group="rbac.authorization.k8s.io", kind="Group", name=GROUP)],
            # Rights only once their limits are there, and gone before them.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[fence]),
        )
        self.register_outputs({})
