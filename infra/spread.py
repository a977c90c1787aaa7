"""How the pods of add-ons and charts are kept apart, so that one node or zone that is lost takes one of two. Pure."""

from collections.abc import Mapping
from typing import Any

ZONE, NODE = "topology.kubernetes.io/zone", "kubernetes.io/hostname"


def constraints(labels: Mapping[str, str]) -> list[dict[str, Any]]:
    """Topology spread constraints, as Kubernetes writes them, that prefer other zones and other nodes.

    Args:
        labels: what the pods that are kept apart have in common.
    """
    return [
        {
            "maxSkew": 1,
            "topologyKey": key,
            # A preference: with one node or zone left, all pods together are better than fewer pods.
            "whenUnsatisfiable": "ScheduleAnyway",
            "labelSelector": {"matchLabels": dict(labels)},
        }
        for key in (ZONE, NODE)
    ]
