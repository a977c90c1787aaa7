"""What a stack's state says of what is in it. Pure.

A state is what `pulumi stack export` says under `deployment`.
"""

from collections.abc import Mapping, Sequence
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


def protected(deployment: Deployment) -> list[str]:
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


def _name(resource: Mapping[str, Any]) -> str:
    kind, _, name = str(resource["urn"]).rpartition("::")
    return f"{kind.rpartition('::')[2].rpartition('$')[2]} {name}"
