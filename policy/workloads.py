"""Finds the pods in what a cluster is given."""

from collections.abc import Iterator, Mapping
from typing import Any

from policy.model import Planned
from policy.values import as_maps, at, is_unknown

POD, CHART = "kubernetes:core/v1:Pod", "kubernetes:helm.sh/v3:Release"
_PARENTS = ("kubernetes:apps/", "kubernetes:batch/")
_TO_SPEC = (("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"))


def pod_specs(resource: Planned) -> list[Mapping[str, Any]]:
    """The pods' specifications that a resource makes, as far as they are known."""
    if resource.type == POD:
        return as_maps([resource.inputs.get("spec")])
    if not resource.type.startswith(_PARENTS):
        return []
    return as_maps([at(resource.inputs, *path) for path in _TO_SPEC])


def containers(
    spec: Mapping[str, Any], kinds: tuple[str, ...] = ("initContainers", "containers")
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and container, of the pod's containers of these kinds."""
    for kind in kinds:
        for container in as_maps(spec.get(kind)):
            name = container.get("name")
            yield (kind if is_unknown(name) or name is None else str(name)), container
