"""A stack's state as the engine exports it: what is in it, and what has to be done to it. Pure."""

import json
from collections.abc import Mapping
from typing import Any

from bootstrap import trust
from delivery.problems import DeliveryError

# The engine marks a value so: sdk/go/common/resource/sig in pulumi/pulumi.
SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - it marks them.


def resources(deployment: Mapping[str, Any]) -> dict[str, str]:
    """The resources of a state: URN to id."""
    return {each["urn"]: str(each.get("id", "")) for each in deployment.get("resources") or ()}


def pending(deployment: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The operations of which a killed engine did not hear the end."""
    return list(deployment.get("pending_operations") or ())


def bucket_of(deployment: Mapping[str, Any]) -> str | None:
    """The name of the state bucket that a state is about."""
    known = [*(deployment.get("resources") or ()), *(each["resource"] for each in pending(deployment))]
    names = [each.get("inputs", {}).get("bucket") for each in known if each["type"] == "aws:s3/bucket:Bucket"]
    return str(names[0]) if names else None


def adopted(deployment: Mapping[str, Any], account: str) -> dict[str, Any]:
    """The state with every resource in it that may have been made when the engine was killed.

    AWS may have made what the engine asked for, and would refuse to make it again under the same name. So what has a
    fixed name is taken for made: a refresh then finds it, or finds that it is not there and drops it. What AWS names is
    made anew.
    """
    made = []
    for operation in pending(deployment):
        resource = operation["resource"]
        identity = _identity(resource, account) if operation["type"] == "creating" else None
        if identity and resource["urn"] not in resources(deployment):
            made.append({**resource, "id": identity, "outputs": {}})
    return {**deployment, "resources": [*(deployment.get("resources") or ()), *made], "pending_operations": []}


def _identity(resource: Mapping[str, Any], account: str) -> str | None:
    """The id that a resource has in AWS if it is there, as far as its inputs say."""
    inputs, kind = resource.get("inputs", {}), resource["type"]
    if kind == "aws:s3/bucket:Bucket":
        return str(inputs["bucket"])
    if kind in ("aws:iam/role:Role", "aws:kms/alias:Alias"):
        return str(inputs["name"])
    if kind == "aws:iam/policy:Policy" and "name" in inputs:
        return f"arn:aws:iam::{account}:policy/{inputs['name']}"
    if kind == "aws:iam/openIdConnectProvider:OpenIdConnectProvider":
        return trust.provider_arn(account)
    return None


def portable(deployment: Mapping[str, Any]) -> dict[str, Any]:
    """The state as another backend takes it, under whichever key that one encrypts.

    Raises:
        DeliveryError: it holds a secret, which would be lost.
    """
    if SECRET_MARK in json.dumps(deployment):
        raise DeliveryError(
            "the local state of bootstrap holds a secret, which cannot be moved to another key unread.\n"
            "  cure: no resource of bootstrap/ may have a secret input or output; take it out, and run it again"
        )
    return {key: value for key, value in deployment.items() if key != "secrets_providers"}
