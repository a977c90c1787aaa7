"""What runs on the cluster.

Each rule answers what is wrong with a resource of its kind; `rules.py` says how much it weighs, and the cure.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.model import Context, Planned, as_map, is_unknown


def _pod_specs(resource: Planned) -> list[Mapping[str, Any]]:
    if not resource.type.startswith(("kubernetes:apps/", "kubernetes:batch/", "kubernetes:core/v1:Pod")):
        return []
    spec = as_map(resource.inputs.get("spec"))
    if resource.type == "kubernetes:core/v1:Pod":
        return [spec]
    template = as_map(as_map(as_map(spec.get("jobTemplate")).get("spec") or spec).get("template"))
    return [as_map(template.get("spec"))] if template.get("spec") else []


def _containers(resource: Planned) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any]]]:
    """Name, container and its pod's spec, of every container."""
    for spec in _pod_specs(resource):
        for kind in ("initContainers", "containers"):
            for container in spec.get(kind) or []:
                yield str(container.get("name", kind)), as_map(container), spec


def images_by_digest(resource: Planned, _: Context) -> Iterator[str]:
    for name, container, _spec in _containers(resource):
        image = container.get("image")
        if container.get("imagePullPolicy") == "Never":
            continue
        if not is_unknown(image) and not re.search(r"@sha256:([0-9a-f]{64}|\$\{.*\})$", str(image)):
            yield f"container {name} runs {image}, which another image may be tomorrow"


def restricted(resource: Planned, _: Context) -> Iterator[str]:
    for spec in _pod_specs(resource):
        for key in ("hostNetwork", "hostPID", "hostIPC"):
            if spec.get(key):
                yield f"its pods have {key}"
    for name, container, spec in _containers(resource):
        own, pod = as_map(container.get("securityContext")), as_map(spec.get("securityContext"))
        for holds, what in _demands(own, {**pod, **own}):
            if not holds:
                yield f"container {name} {what}"


def _demands(own: Mapping[str, Any], both: Mapping[str, Any]) -> Iterator[tuple[bool, str]]:
    """What a container's security context must say, alone or with its pod's."""
    yield not own.get("privileged"), "is privileged"
    yield both.get("runAsNonRoot") is True, "may run as root (runAsNonRoot)"
    yield both.get("runAsUser") != 0, "runs as user 0"
    yield own.get("allowPrivilegeEscalation") is False, "may gain rights (allowPrivilegeEscalation)"
    yield "ALL" in (as_map(own.get("capabilities")).get("drop") or []), "keeps capabilities (capabilities.drop)"
    profile = as_map(both.get("seccompProfile")).get("type")
    yield profile in ("RuntimeDefault", "Localhost"), "has no seccomp profile"
    yield own.get("readOnlyRootFilesystem") is True, "may write to its root file system"


def bounded(resource: Planned, _: Context) -> Iterator[str]:
    for name, container, _spec in _containers(resource):
        resources = as_map(container.get("resources"))
        wanted = (("requests", "cpu"), ("requests", "memory"), ("limits", "memory"))
        missing = [f"{part}.{what}" for part, what in wanted if not as_map(resources.get(part)).get(what)]
        if missing:
            yield f"container {name} has no {', '.join(missing)}"


def probed(resource: Planned, context: Context) -> Iterator[str]:
    if resource.type.startswith("kubernetes:batch/"):
        return
    for spec in _pod_specs(resource):
        for container in spec.get("containers") or []:
            wanted = [kind for kind in ("readinessProbe", "livenessProbe") if not context.allows(resource, kind)]
            missing = [kind for kind in wanted if not container.get(kind)]
            if missing:
                yield f"container {container.get('name')} has no {' and no '.join(missing)}"
