"""What remote components make: one model for each kind.

A remote component's code runs in a plugin, which the preview has not; a model retells which resources it registers. An
option that makes more than its model tells is reported as a warning.
"""

from collections.abc import Callable, Mapping

from offline.component import Answer, Component, Maker
from offline.eks_cluster import model_cluster
from offline.eks_nodes import model_managed_node_group

MODELS: Mapping[str, Callable[[Component, Maker], Answer]] = {
    "eks:index:Cluster": model_cluster,
    "eks:index:ManagedNodeGroup": model_managed_node_group,
}


def construct(component: Component, maker: Maker) -> Answer:
    """Record what `component` makes, and return its outputs; an unknown one makes nothing, with a warning."""
    model = MODELS.get(component.type)
    if model is None:
        maker.say(
            "warning",
            f"What {component.type} makes is not modelled: add it to MODELS in offline/remote.py.",
            component.urn,
        )
        return Answer()
    return model(component, maker)
