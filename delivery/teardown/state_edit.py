"""A stack's state without what keeps it from being destroyed: a lost cluster's objects, and protection. Pure.

A state is what `pulumi stack export` says under `deployment`.
"""

from collections.abc import Mapping, Sequence
from copy import deepcopy
from typing import Any

Deployment = Mapping[str, Any]

REPOSITORY = "aws:ecr/repository:Repository"
DATABASE = "aws:rds/instance:Instance"
AWS, KUBERNETES = "pulumi:providers:aws", "pulumi:providers:kubernetes"
ARN_PARTS = 6


def resources(deployment: Deployment) -> Sequence[Mapping[str, Any]]:
    """What is in it; nothing in a state that was never written."""
    return deployment.get("resources") or ()


def is_empty(deployment: Deployment) -> bool:
    """Whether nothing is in it, and nothing was begun that may be there all the same."""
    return not resources(deployment) and not deployment.get("pending_operations")


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


def held(deployment: Deployment) -> list[str]:
    """The names of what its state says is protected."""
    return sorted(
        _name(each)
        for each in resources(deployment)
        if each.get("protect")
        or (each.get("inputs") or {}).get("deletionProtection") is True
        or (each["type"] == REPOSITORY and not (each.get("inputs") or {}).get("forceDelete"))
    )


def places(deployment: Deployment) -> tuple[set[str], set[str]]:
    """The regions that its ARNs and its AWS provider name, and the accounts that its ARNs name, those of IAM too."""
    arns = [str((each.get("outputs") or {}).get("arn", "")).split(":", 5) for each in resources(deployment)]
    arns = [each for each in arns if len(each) == ARN_PARTS]
    asked_in = [each["inputs"].get("region", "") for each in resources(deployment) if each["type"] == AWS]
    return {*(each[3] for each in arns), *asked_in} - {""}, {each[4] for each in arns} - {"", "aws"}


def clusters(deployment: Deployment) -> set[str]:
    """The names of the clusters that its Kubernetes providers reach: infra/kubernetes_provider.py gives them."""
    providers = [each["inputs"] for each in resources(deployment) if each["type"] == KUBERNETES]
    return {str(each["clusterIdentifier"]) for each in providers if each.get("clusterIdentifier")}


def last_snapshots(deployment: Deployment) -> list[tuple[str, str]]:
    """Each database that is deleted with a last snapshot, and the name that this gets."""
    return [
        (str(each["inputs"].get("identifier", "")), str(each["inputs"]["finalSnapshotIdentifier"]))
        for each in resources(deployment)
        if each["type"] == DATABASE
        and not each["inputs"].get("skipFinalSnapshot")
        and each["inputs"].get("finalSnapshotIdentifier")
    ]


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


def _name(resource: Mapping[str, Any]) -> str:
    kind, _, name = str(resource["urn"]).rpartition("::")
    return f"{kind.rpartition('::')[2].rpartition('$')[2]} {name}"
