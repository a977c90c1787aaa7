"""Reads the inputs of planned resources, which may be of any form; below what is not known yet there is nothing.

Rules have to tell the two apart: `policy/values.py`.
"""

import re
from typing import Any

from offline.plan import Plan, Resource

_REFERENCE = re.compile(r"\$\{([^}]+)\.[^.}]+\}")


def at(value: Any, path: str) -> Any:
    """What stands at a dotted path below `value`; None where nothing does."""
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def map_at(value: Any, path: str) -> dict[str, Any]:
    """The map at a dotted path below `value`; an empty one where there is none, or it is not known."""
    found = at(value, path)
    return found if isinstance(found, dict) else {}


def items(value: Any) -> list[Any]:
    """The items of a list; none where it is no list."""
    return list(value) if isinstance(value, list | tuple) else []


def maps(value: Any) -> list[dict[str, Any]]:
    """Those items of a list that are maps."""
    return [item for item in items(value) if isinstance(item, dict)]


def referred(value: Any) -> str:
    """The logical name in `${<logical name>.<property>}`, or in a text that holds one; empty where there is none."""
    found = _REFERENCE.search(value) if isinstance(value, str) else None
    return found[1] if found else ""


def refers(value: Any) -> list[str]:
    """The logical names that the items of a list refer to."""
    return [name for name in map(referred, items(value)) if name]


def objects(plan: Plan, kind: str) -> list[Resource]:
    """The Kubernetes objects of a kind, of whatever group and version."""
    return [each for each in plan.resources if each.package == "kubernetes" and each.short_type == kind]


def object_name(resource: Resource) -> tuple[str, str]:
    """The namespace and name of a Kubernetes object; the logical name where none is given."""
    metadata = at(resource.inputs, "metadata")
    namespace, name = at(metadata, "namespace"), at(metadata, "name")
    return str(namespace or ""), str(name or resource.name)
