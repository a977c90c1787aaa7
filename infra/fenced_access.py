"""What the roles behind review environments and previews may do on a cluster that is there for something else."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as k8s

from infra.access import Grant
from infra.settings import PROJECT

RBAC_GROUP = "rbac.authorization.k8s.io"
REVIEWERS, PREVIEWERS = f"{PROJECT}:review", f"{PROJECT}:preview"
REVIEW_NAMESPACES = f"{PROJECT}-pr-"
READ = ("get", "list", "watch")
CHANGE = (*READ, "create", "update", "patch", "delete")
Kinds = Mapping[str, Sequence[str]]
# What a release is made of.
RELEASE: Kinds = {
    "": ["namespaces", "serviceaccounts", "services", "resourcequotas"],
    "apps": ["deployments"],
    "autoscaling": ["horizontalpodautoscalers"],
    "policy": ["poddisruptionbudgets"],
    "networking.k8s.io": ["networkpolicies", "ingresses"],
}
# What the Kubernetes plugin and a roll-back look at. For what it may not list the plugin waits for ever, past every
# timeout: of a Deployment these are the volume claims too, though ours has none.
WATCHED: Kinds = {
    "": ["pods", "pods/log", "events", "endpoints", "persistentvolumeclaims"],
    "apps": ["replicasets", "deployments/status"],
    "events.k8s.io": ["events"],
    "discovery.k8s.io": ["endpointslices"],
}
# What a reviewer's change must keep to, and what is said to one that does not. `object` is null on deletion, and of a
# Namespace `request.namespace` is its own name.
# An Ingress may name a group, and whoever joins a group adds rules to its balancer:
# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#group.name
_INGRESS = "'alb.ingress.kubernetes.io/'"
FENCE: Mapping[str, str] = {
    f"request.namespace.startsWith('{REVIEW_NAMESPACES}')": (
        f"review environments live in namespaces whose names begin with {REVIEW_NAMESPACES}"
    ),
    "object == null || object.kind != 'Namespace' || (has(object.metadata.labels) && "
    "'pod-security.kubernetes.io/enforce' in object.metadata.labels && "
    "object.metadata.labels['pod-security.kubernetes.io/enforce'] == 'restricted')": (
        "the namespace of a review environment enforces the pod security standard `restricted`"
    ),
    "object == null || object.kind != 'Ingress' || (has(object.metadata.annotations) && "
    f"({_INGRESS} + 'group.name') in object.metadata.annotations && "
    f"object.metadata.annotations[{_INGRESS} + 'group.name'] == request.namespace && "
    f"!object.metadata.annotations.exists(key, key in [{_INGRESS} + 'load-balancer-name', "
    f"{_INGRESS} + 'security-groups']))": (
        "the Ingress of a review environment has the balancer group of its namespace, and no other's name or groups"
    ),
    "object == null || object.kind != 'Service' || (object.spec.type == 'ClusterIP' && "
    "!has(object.spec.externalIPs))": "the Service of a review environment is reached through its Ingress only",
    # Pods of a class that is above theirs are evicted for it, dev's own and its provisioner's among them.
    "object == null || object.kind != 'Deployment' || !has(object.spec.template.spec.priorityClassName)": (
        "the pods of a review environment have no priority over others"
    ),
}
# What the program makes on a cluster besides a release.
FENCES: Kinds = {
    RBAC_GROUP: ["clusterroles", "clusterrolebindings", "roles", "rolebindings"],
    "admissionregistration.k8s.io": ["validatingadmissionpolicies", "validatingadmissionpolicybindings"],
    "keda.sh": ["scaledobjects", "triggerauthentications"],
}


def grants(review_role: str | None, preview_role: str | None) -> list[Grant]:
    """The access entries of the roles that there are."""
    given = ((review_role, REVIEWERS), (preview_role, PREVIEWERS))
    return [Grant(principal=role, groups=(group,)) for role, group in given if role is not None]


@dataclass(frozen=True, kw_only=True)
class FencedAccessArgs:
    """Which of the two there are: review environments, previews. `helm_namespaces`, by a name for each, have Helm's
    records of charts.
    """

    reviews: bool
    previews: bool
    helm_namespaces: Mapping[str, pulumi.Input[str]]


class FencedAccess(pulumi.ComponentResource):
    """Rights for code from pull requests.

    Reviewers: RBAC cannot tell namespaces apart by the beginning of their names, so it grants the kinds that a release
    is made of, and an admission policy refuses every change outside the namespaces of review environments, and inside
    them what reaches beyond: pods that are not `restricted` or go before others, another's balancer. They can read
    those kinds everywhere; Secrets are not among them.

    Previewers: they read what the program makes, and Helm's records of charts, which are Secrets of their namespaces.
    They change nothing; the plugin then compares without asking the API what it would make of a change.

    No outputs.
    """

    def __init__(self, name: str, args: FencedAccessArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:fenced-access:FencedAccess", name, None, opts)
        self._name, self._child = name, pulumi.ResourceOptions(parent=self)
        if args.reviews:
            fence = self._fence()
            rules = [*_rules(RELEASE, CHANGE), *_rules(WATCHED, READ)]
            # Rights only once their limits are there, and gone before them.
            self._grant("review", REVIEWERS, rules, pulumi.ResourceOptions(parent=self, depends_on=[fence]))
        if args.previews:
            rules = [rule for kinds in (RELEASE, WATCHED, FENCES) for rule in _rules(kinds, READ)]
            self._grant("preview", PREVIEWERS, rules, self._child)
            for what, namespace in args.helm_namespaces.items():
                self._grant_helm_records(what, namespace)
        self.register_outputs({})

    def _grant(
        self, what: str, group: str, rules: Sequence[k8s.rbac.v1.PolicyRuleArgs], opts: pulumi.ResourceOptions
    ) -> None:
        rbac, metadata = k8s.rbac.v1, _metadata(what)
        role = rbac.ClusterRole(f"{self._name}-{what}-role", metadata=metadata, rules=list(rules), opts=self._child)
        rbac.ClusterRoleBinding(
            f"{self._name}-{what}-role-binding",
            metadata=metadata,
            role_ref=rbac.RoleRefArgs(api_group=RBAC_GROUP, kind="ClusterRole", name=role.metadata.name),
            subjects=[_group(group)],
            opts=opts,
        )

    def _grant_helm_records(self, what: str, namespace: pulumi.Input[str]) -> None:
        rbac, metadata, name = k8s.rbac.v1, _metadata("preview", namespace), f"{self._name}-{what}"
        role = rbac.Role(f"{name}-role", metadata=metadata, rules=_rules({"": ["secrets"]}, READ), opts=self._child)
        rbac.RoleBinding(
            f"{name}-role-binding",
            metadata=metadata,
            role_ref=rbac.RoleRefArgs(api_group=RBAC_GROUP, kind="Role", name=role.metadata.name),
            subjects=[_group(PREVIEWERS)],
            opts=self._child,
        )

    def _fence(self) -> pulumi.Resource:
        admission, metadata = k8s.admissionregistration.v1, _metadata("review")
        policy = admission.ValidatingAdmissionPolicy(
            f"{self._name}-review-policy",
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
                    admission.MatchConditionArgs(
                        name="reviewers", expression=f"'{REVIEWERS}' in request.userInfo.groups"
                    )
                ],
                validations=[
                    admission.ValidationArgs(expression=expression, message=message)
                    for expression, message in FENCE.items()
                ],
            ),
            opts=self._child,
        )
        return admission.ValidatingAdmissionPolicyBinding(
            f"{self._name}-review-policy-binding",
            metadata=metadata,
            spec=admission.ValidatingAdmissionPolicyBindingSpecArgs(
                policy_name=policy.metadata.name, validation_actions=["Deny"]
            ),
            opts=self._child,
        )


def _metadata(what: str, namespace: pulumi.Input[str] | None = None) -> k8s.meta.v1.ObjectMetaArgs:
    # Known by name to whoever looks at the cluster, so not left to autonaming.
    return k8s.meta.v1.ObjectMetaArgs(name=f"{PROJECT}-{what}", namespace=namespace)


def _group(name: str) -> k8s.rbac.v1.SubjectArgs:
    return k8s.rbac.v1.SubjectArgs(api_group=RBAC_GROUP, kind="Group", name=name)


def _rules(kinds: Kinds, verbs: Sequence[str]) -> list[k8s.rbac.v1.PolicyRuleArgs]:
    return [
        k8s.rbac.v1.PolicyRuleArgs(api_groups=[group], resources=list(resources), verbs=list(verbs))
        for group, resources in kinds.items()
    ]
