"""The resources as a tree, for a page: a line for each, its inputs below it."""

from collections.abc import Sequence
from dataclasses import dataclass

from offline import facts
from offline.diff import Change
from offline.inputs import object_name
from offline.plan import Plan, Resource
from report.text import as_yaml, opened


@dataclass(frozen=True)
class Node:
    """A resource with its `inputs` as YAML; `below` is how many stand under it, `action` what a change does to it."""

    resource: Resource
    facts: Sequence[str]
    inputs: str
    action: str
    children: Sequence["Node"]
    below: int


@dataclass(frozen=True)
class Manifest:
    """A Kubernetes object as YAML."""

    kind: str
    name: str
    namespace: str
    resource: str
    yaml: str


def tree(plan: Plan, changes: Sequence[Change] = ()) -> list[Node]:
    """The resources right under the stack, each with what is below it; providers come last, as in the preview."""
    children: dict[str | None, list[Resource]] = {}
    for resource in plan.resources:
        # A parent that is not in the plan, an orphan's, must not hide the resource.
        parent = resource.parent if resource.parent in plan.by_urn else None
        children.setdefault(parent, []).append(resource)
    actions = {change.urn: str(change.action) for change in changes}
    return _nodes(children, actions, None)


def _nodes(children: dict[str | None, list[Resource]], actions: dict[str, str], urn: str | None) -> list[Node]:
    found = []
    for resource in sorted(children.get(urn, ()), key=lambda each: each.type.startswith("pulumi:providers:")):
        below = _nodes(children, actions, resource.urn)
        found.append(
            Node(
                resource=resource,
                facts=facts.facts(resource),
                inputs=as_yaml(opened(dict(resource.inputs))) if resource.inputs else "",
                action=actions.get(resource.urn, ""),
                children=below,
                below=sum(1 + child.below for child in below),
            )
        )
    return found


def manifests(plan: Plan) -> list[Manifest]:
    """The Kubernetes objects, and the values of charts, by namespace, kind and name."""
    found = []
    for resource in plan.resources:
        if resource.package != "kubernetes":
            continue
        namespace, name = object_name(resource)
        chart = resource.type == "kubernetes:helm.sh/v3:Release"
        if chart:
            namespace, name = str(resource.inputs.get("namespace", "")), str(resource.inputs.get("name", name))
        kind = "Helm release" if chart else resource.short_type
        found.append(Manifest(kind, name, namespace, resource.name, as_yaml(dict(resource.inputs))))
    return sorted(found, key=lambda each: (each.namespace, each.kind, each.name, each.resource))
