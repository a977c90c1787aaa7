"""Kubernetes manifests of a plan, as `kubectl apply` would take them. Pure."""

from collections.abc import Mapping
from typing import Any

from offline.plan import Plan, Resource
from scan.dummies import known
from scan.finding import ScanError

# What a chart makes is known only to Helm, which needs the chart. These charts are others' programs.
CHART = "kubernetes:helm.sh/v3:Release"


def manifests(plan: Plan) -> list[tuple[str, dict[str, Any]]]:
    """File name, `<kind>-<logical name>`, and manifest of each object of a stack, without what charts make.

    Args:
        plan: the stack's.

    Raises:
        ScanError: a Kubernetes resource is neither a manifest nor a chart.
    """
    objects = [each for each in plan.resources if each.package == "kubernetes" and each.type != CHART]
    return [(f"{each.short_type}-{each.name}".lower(), _manifest(each, plan)) for each in objects]


def _manifest(resource: Resource, plan: Plan) -> dict[str, Any]:
    inputs: Mapping[str, Any] = known(resource.inputs, plan)
    if not inputs.get("apiVersion") or not inputs.get("kind"):
        raise ScanError(
            f"{resource.name} ({resource.type}) has no apiVersion or kind, so no scanner can read it\n"
            "  cure: teach scan/manifests.py what it is"
        )
    metadata = inputs.get("metadata") or {}
    # The plugin names what has no name after its logical one.
    return {**inputs, "metadata": {"name": resource.name, **metadata}}
