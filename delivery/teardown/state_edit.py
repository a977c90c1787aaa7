"""A stack's state without what keeps it from being destroyed: a lost cluster's objects, and protection. Pure."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from delivery.teardown.deployment import REPOSITORY, Deployment, resources


def without_cluster(deployment: Deployment) -> Deployment:
    """The state without the objects of a Kubernetes cluster that is gone, and they with it.

    The plugin's own switch for that, PULUMI_K8S_DELETE_UNREACHABLE, leaves out Helm releases:
    https://github.com/pulumi/pulumi-kubernetes/issues/2675
    """
    gone = {each["urn"] for each in resources(deployment) if _in_cluster(each)}
    pending = [each for each in deployment.get("pending_operations") or () if not _in_cluster(each["resource"])]
    edited = {
        **deployment,
        "resources": [_without(each, gone) for each in resources(deployment) if not _in_cluster(each)],
    }
    return {**edited, "pending_operations": pending} if deployment.get("pending_operations") else edited


def without_protection(deployment: Deployment) -> Deployment:
    """The state with nothing protected: no mark of Pulumi's, no deletion protection, repositories deleted with images.

    Then the engine deletes what AWS lets it, and a later `up` of the same settings protects again.
    """
    edited = deepcopy(dict(deployment))
    for each in resources(edited):
        marked: Any = each
        marked.pop("protect", None)
        for values in (marked.get("inputs"), marked.get("outputs")):
            if isinstance(values, dict) and values.get("deletionProtection") is True:
                values["deletionProtection"] = False
            if isinstance(values, dict) and each["type"] == REPOSITORY:
                values["forceDelete"] = True
    return edited


def _in_cluster(resource: Mapping[str, Any]) -> bool:
    return str(resource["type"]).startswith("kubernetes:")


def _without(resource: Mapping[str, Any], gone: set[str]) -> Mapping[str, Any]:
    """The same without mention of what is gone: the engine takes no state that points to nothing."""
    edited = dict(resource)
    if edited.get("dependencies"):
        edited["dependencies"] = [each for each in edited["dependencies"] if each not in gone]
    if edited.get("propertyDependencies"):
        edited["propertyDependencies"] = {
            key: [each for each in urns or () if each not in gone]
            for key, urns in edited["propertyDependencies"].items()
        }
    if edited.get("deletedWith") in gone:
        del edited["deletedWith"]
    return edited
