"""What breaks each rule about the cluster's own objects: one field of an object that a stack really has."""

from collections.abc import Mapping, Sequence
from typing import Any

from tests.policy_changes import (
    CHART,
    DEPLOYMENT,
    INGRESS,
    NAMESPACE,
    RBAC,
    REMOVED,
    SERVICE,
    WEB,
    Added,
    Break,
    Change,
)

_POD = ("spec", "template", "spec")
_CONTAINER = (*_POD, "containers", 0)
_ALB = "alb.ingress.kubernetes.io"


def _pod(path: Sequence[str | int], value: Any) -> Change:
    return Change(DEPLOYMENT, (*_POD, *path), value, name=WEB)


def _container(path: Sequence[str | int], value: Any) -> Change:
    return Change(DEPLOYMENT, (*_CONTAINER, *path), value, name=WEB)


def _ingress(annotation: str, value: Any) -> Change:
    return Change(INGRESS, ("metadata", "annotations", f"{_ALB}/{annotation}"), value)


BREAKS: Mapping[str, Sequence[Break]] = {
    "rbac-no-wildcards": (
        *(
            Change(f"{RBAC}ClusterRole", ("rules", 0, key), ["*"])
            for key in ("verbs", "resources", "apiGroups", "nonResourceURLs")
        ),
        *(Change(f"{RBAC}Role", ("rules", 0, "verbs"), [verb]) for verb in ("escalate", "bind", "impersonate")),
    ),
    "rbac-named-subjects": (
        *(
            Change(f"{RBAC}ClusterRoleBinding", ("subjects", 0, "name"), group)
            for group in ("system:authenticated", "system:anonymous", "system:unauthenticated", "system:masters")
        ),
        Change(f"{RBAC}RoleBinding", ("roleRef", "name"), "cluster-admin"),
    ),
    "https": (
        _ingress("listen-ports", '[{"HTTP": 80}]'),
        _ingress("listen-ports", REMOVED),
        _ingress("certificate-arn", REMOVED),
        _ingress("ssl-redirect", REMOVED),
    ),
    "tls-modern": (
        _ingress("ssl-policy", REMOVED),
        _ingress("ssl-policy", "ELBSecurityPolicy-2016-08"),
        _ingress("ssl-policy", "ELBSecurityPolicy-TLS13-1-0-2021-06"),
        _ingress("ssl-policy", "ELBSecurityPolicy-TLS13-1-2-Ext2-2021-06"),
    ),
    "by-ingress": (
        Change(SERVICE, ("spec", "type"), "LoadBalancer"),
        Change(SERVICE, ("spec", "type"), "NodePort", "local"),
        Added("aws:lb/loadBalancer:LoadBalancer", {"loadBalancerType": "network"}),
    ),
    "pod-restricted": (
        *(_pod((key,), True) for key in ("hostNetwork", "hostPID", "hostIPC")),
        _pod(("volumes", 0), {"name": "tmp", "hostPath": {"path": "/"}}),
        _pod(("securityContext", "seccompProfile"), {"type": "Unconfined"}),
        _pod(("securityContext", "appArmorProfile"), {"type": "Unconfined"}),
        _pod(("securityContext", "sysctls"), [{"name": "kernel.msgmax", "value": "1"}]),
        _container(("securityContext", "seLinuxOptions"), {"type": "spc_t"}),
        _container(("securityContext", "windowsOptions"), {"hostProcess": True}),
        _container(("securityContext", "privileged"), True),
        _container(("securityContext", "runAsNonRoot"), False),
        _container(("securityContext", "runAsUser"), 0),
        _container(("securityContext", "allowPrivilegeEscalation"), REMOVED),
        _container(("securityContext", "capabilities", "drop"), ["NET_RAW"]),
        _container(("securityContext", "capabilities", "add"), ["SYS_ADMIN"]),
        _container(("securityContext", "readOnlyRootFilesystem"), False),
        _container(("securityContext", "procMount"), "Unmasked"),
        _container(("ports", 0, "hostPort"), 80),
        Change(CHART, ("values", "hostNetwork"), True),
        Change(CHART, ("values", "securityContext"), {"privileged": True}),
        Change(CHART, ("values", "podSecurityContext"), {"runAsUser": 0}),
        Change(CHART, ("values", "podSecurityContext"), {"runAsNonRoot": False}),
        Change(CHART, ("values", "securityContext"), {"allowPrivilegeEscalation": True}),
        Change(CHART, ("values", "extraVolumes"), [{"name": "root", "hostPath": {"path": "/"}}]),
    ),
    "namespace-restricted": (
        Change(NAMESPACE, ("metadata", "labels", "pod-security.kubernetes.io/enforce"), REMOVED),
        Change(NAMESPACE, ("metadata", "labels", "pod-security.kubernetes.io/enforce"), "baseline"),
    ),
    "pod-bounded": (
        _container(("resources", "requests", "cpu"), REMOVED),
        _container(("resources", "requests", "memory"), REMOVED),
        _container(("resources", "limits"), REMOVED),
        _container(("resources", "limits", "memory"), "0Mi"),
        _container(("resources", "requests", "cpu"), "0"),
    ),
    "pod-probed": (
        _container(("readinessProbe",), REMOVED),
        _container(("livenessProbe",), REMOVED),
    ),
    "image-by-digest": (
        _container(("image",), "123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld-prod:1.0"),
        _container(("image",), "123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld-prod@sha256:abc"),
    ),
    "image-ours": (
        _container(("image",), f"ghcr.io/somebody/helloworld@sha256:{'a' * 64}"),
        _container(("image",), f"123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld-dev@sha256:{'a' * 64}"),
        _container(("image",), f"helloworld-prod@sha256:{'a' * 64}"),
    ),
    "chart-pinned": (
        Change(CHART, ("version",), REMOVED),
        Change(CHART, ("version",), ">=3.0.0"),
        Change(CHART, ("repositoryOpts", "repo"), "http://aws.github.io/eks-charts"),
        Change(CHART, ("repositoryOpts", "repo"), "http://127.0.0.1.example.com/charts"),
        Change(CHART, ("repositoryOpts", "repo"), "http://localhost@example.com/charts"),
    ),
    "chart-known": (Change(CHART, ("chart",), "wordpress", name="helloworld-keda-chart"),),
}
