"""What pods may do on their node, how much they take, and how one sees that they are well."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from policy.model import Context, Planned, Rule
from policy.values import as_list, as_map, as_maps, as_texts, at, is_missing, is_on, is_partly_unknown, is_unknown
from policy.workloads import CHARTS, containers, pod_specs

NAMESPACE = "kubernetes:core/v1:Namespace"
ENFORCE = "pod-security.kubernetes.io/enforce"
HOST = ("hostNetwork", "hostPID", "hostIPC")
# Volumes, SELinux types and sysctls of the `restricted` standard: https://kubernetes.io/docs/concepts/security/pod-security-standards/
VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SELINUX_TYPES = ("container_t", "container_init_t", "container_kvm_t", "container_engine_t")
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_syncookies",
}
# Of a chart's values.
PRIVILEGES = ("privileged", "allowPrivilegeEscalation", "hostPath")
ROOT: Mapping[str, Sequence[object]] = {"runAsUser": (0, "0"), "runAsNonRoot": (False, "false")}
MAY_BE_ADDED = ("NET_BIND_SERVICE",)
ALWAYS = "Always"
PROBES = ("readinessProbe", "livenessProbe")
# A limit of 0 is none.
_ZERO = re.compile(r"0+(\.0*)?[A-Za-z]*")


def restricted(resource: Planned, _: Context) -> Iterator[str]:
    for spec in pod_specs(resource):
        yield from (f"its pods have {key}" for key in HOST if is_on(spec.get(key)))
        for sysctl in as_maps(at(spec, "securityContext", "sysctls")):
            if not is_unknown(sysctl.get("name")) and sysctl.get("name") not in SYSCTLS:
                yield f"its pods set what is their node's ({sysctl.get('name')})"
        for volume in as_maps(spec.get("volumes")):
            for kind in sorted(volume.keys() - VOLUMES - {"name"}):
                yield f"its volume {volume.get('name')} is of a kind that reaches out of the pod ({kind})"
        for name, container in containers(spec):
            yield from (f"container {name} {what}" for what in _beyond(container, spec))
    if resource.type in CHARTS:
        yield from (f"its values ask for {path}" for path in _privileges(resource.inputs.get("values")))


def _beyond(container: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[str]:
    """What a container may do beyond the standard, by what it says alone or with its pod."""
    if not is_unknown(container.get("securityContext")) and not is_unknown(spec.get("securityContext")):
        own = as_map(container.get("securityContext"))
        for broken, what in _demands(own, {**as_map(spec.get("securityContext")), **own}):
            if broken:
                yield what
    for port in as_maps(container.get("ports")):
        if port.get("hostPort") and not is_unknown(port.get("hostPort")):
            yield f"takes a port of its node ({port.get('hostPort')})"


def _demands(own: Mapping[str, Any], both: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """What a container's security context must not say, alone or with its pod's."""
    dropped, added = (at(own, "capabilities", key) for key in ("drop", "add"))
    more = [each for each in as_texts(added) if each not in MAY_BE_ADDED and not is_unknown(each)]
    keeps = not is_partly_unknown(dropped) and "ALL" not in as_texts(dropped)
    yield is_on(own.get("privileged")), "is privileged"
    yield _is_not(both.get("runAsNonRoot"), True), "may run as root (runAsNonRoot)"
    yield both.get("runAsUser") == 0, "runs as user 0"
    yield _is_not(own.get("allowPrivilegeEscalation"), False), "may gain rights (allowPrivilegeEscalation)"
    yield keeps, "keeps capabilities (capabilities.drop)"
    yield bool(more), f"has capabilities that it was not to have ({', '.join(more)})"
    yield _is_not(at(both, "seccompProfile", "type"), "RuntimeDefault", "Localhost"), "has no seccomp profile"
    yield _is_not(own.get("readOnlyRootFilesystem"), True), "may write to its root file system"
    yield is_on(at(both, "windowsOptions", "hostProcess")), "is a process of its node (hostProcess)"
    profile = at(both, "appArmorProfile", "type")
    yield _is_not(profile, None, "RuntimeDefault", "Localhost"), "runs without AppArmor (appArmorProfile)"
    label = at(both, "seLinuxOptions", "type")
    yield _is_not(label, None, "", *SELINUX_TYPES), f"runs as SELinux's {label}"
    yield _is_not(own.get("procMount"), None, "Default"), "sees more of /proc than is its own (procMount)"


def _is_not(value: Any, *good: Any) -> bool:
    # True == 1, and a provider takes no 1 for true.
    return not is_unknown(value) and not any(value == each and type(value) is type(each) for each in good)


def _privileges(values: Any, path: str = "") -> Iterator[str]:
    """Where a chart's values turn a privilege on, or ask for root."""
    if isinstance(values, Mapping):
        for key, value in values.items():
            on = value and not is_unknown(value) and value != "false"
            if value in ROOT.get(key, ()) or (on and key in (*HOST, *PRIVILEGES)):
                yield f"{path}{key}"
            else:
                yield from _privileges(value, f"{path}{key}.")
    for index, value in enumerate(as_list(values)):
        yield from _privileges(value, f"{path}{index}.")


def namespace_restricted(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == NAMESPACE and _is_not(at(resource.inputs, "metadata", "labels", ENFORCE), "restricted"):
        yield "a pod that the program does not know may do what it likes in it"


def bounded(resource: Planned, _: Context) -> Iterator[str]:
    wanted = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
    for spec in pod_specs(resource):
        for name, container in containers(spec):
            lacking = [".".join(path) for path in wanted if _is_nothing(at(container, "resources", *path))]
            if lacking:
                yield f"container {name} has no {', '.join(lacking)}"


def _is_nothing(quantity: Any) -> bool:
    return is_missing(quantity) or _ZERO.fullmatch(str(quantity)) is not None


def probed(resource: Planned, context: Context) -> Iterator[str]:
    for spec in pod_specs(resource):
        runs_once = (spec.get("restartPolicy") or ALWAYS) != ALWAYS
        for name, container in containers(spec, () if runs_once else ("containers",)):
            wanted = [kind for kind in PROBES if not context.allows(resource, kind)]
            lacking = [kind for kind in wanted if is_missing(container.get(kind))]
            if lacking:
                yield f"container {name} has no {' and no '.join(lacking)}"


RULES = (
    Rule(
        name="pod-restricted",
        check=restricted,
        asks="pods keep to Kubernetes's `restricted` standard, and write to no root file system",
        why="a break into the service stays in its container",
        cure="give the security context of Kubernetes's `restricted` standard",
    ),
    Rule(
        name="namespace-restricted",
        check=namespace_restricted,
        asks="namespaces refuse pods beyond the `restricted` standard",
        why="pods also come from charts, from jobs and by hand",
        cure=f"label the namespace {ENFORCE}: restricted",
    ),
    Rule(
        name="pod-bounded",
        check=bounded,
        asks="containers say what they need, and how much memory they may take",
        why="a pod without a limit takes its neighbours' memory; without requests it is put where there is none",
        cure="set requests for CPU and memory, and a limit for memory",
    ),
    Rule(
        name="pod-probed",
        check=probed,
        asks="containers that serve have a readiness and a liveness probe",
        why="without them a roll-out cannot tell good from bad",
        cure="add the probes",
    ),
)
