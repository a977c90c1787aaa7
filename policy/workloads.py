"""Finds the pods in what a cluster is given."""

from collections.abc import Iterator, Mapping
from typing import Any

from policy.model import Planned
from policy.values import as_list, as_maps, is_unknown

CHARTS = ("kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart", "kubernetes:helm.sh/v4:Chart")
CONTAINERS = ("initContainers", "containers")


def pod_specs(resource: Planned) -> Iterator[Mapping[str, Any]]:
    """The pods' specifications that a resource makes, as far as they are known: whatever its kind, also a list."""
    if resource.type.startswith("kubernetes:") and resource.type not in CHARTS:
        yield from _within(resource.inputs)


def _within(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, Mapping):
        if any(kind in value for kind in CONTAINERS):
            yield value
        else:
            for each in value.values():
                yield from _within(each)
    for each in as_list(value):
        yield from _within(each)


def containers(spec: Mapping[str, Any], kinds: tuple[str, ...] = CONTAINERS) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Name and container, of the pod's containers of these kinds."""
    for kind in kinds:
        for container in as_maps(spec.get(kind)):
            name = container.get("name")
            yield (kind if is_unknown(name) or name is None else str(name)), container
