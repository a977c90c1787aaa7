"""IAM policies of a plan: the documents, and templates of CloudFormation around them, which scanners read. Pure."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from offline.plan import Plan, Resource
from scan.dummies import known
from scan.finding import ScanError


@dataclass(frozen=True)
class _Wrapping:
    """A CloudFormation resource, where in it the document goes, and what else it must have; whether it is a trust."""

    type: str
    property: str
    others: Mapping[str, Any]
    trust: bool = False


_IDENTITY = _Wrapping("AWS::IAM::ManagedPolicy", "PolicyDocument", {})
# Where plans have policies. None: no scanner of templates has a rule for it.
_WRAPPINGS: Mapping[tuple[str, str], _Wrapping | None] = {
    ("aws:iam/policy:Policy", "policy"): _IDENTITY,
    ("aws:iam/rolePolicy:RolePolicy", "policy"): _IDENTITY,
    ("aws:iam/role:Role", "assumeRolePolicy"): _Wrapping("AWS::IAM::Role", "AssumeRolePolicyDocument", {}, trust=True),
    ("aws:kms/key:Key", "policy"): _Wrapping("AWS::KMS::Key", "KeyPolicy", {"EnableKeyRotation": True}),
    ("aws:s3/bucketPolicy:BucketPolicy", "policy"): None,
    ("aws:sns/topicPolicy:TopicPolicy", "policy"): None,
}


@dataclass(frozen=True)
class PolicyDocument:
    """A policy document by its logical name, `-trust` added where it says who may assume a role; and its template."""

    name: str
    body: Mapping[str, Any]
    template: Mapping[str, Any] | None
    trust: bool


def policies(plan: Plan) -> list[PolicyDocument]:
    """Every policy document in the plan of a stack.

    Args:
        plan: the stack's.

    Raises:
        ScanError: a resource holds a policy in a place that is not known here, and would not be scanned.
    """
    found = []
    for resource in plan.resources:
        for key, document in _documents(resource):
            if (resource.type, key) not in _WRAPPINGS:
                raise ScanError(
                    f"{resource.name} ({resource.type}) holds a policy in {key}, which no scanner would see\n"
                    "  cure: add a row to _WRAPPINGS in scan/policies.py"
                )
            body, wrapping = known(document, plan), _WRAPPINGS[resource.type, key]
            trust = wrapping is not None and wrapping.trust
            name = f"{resource.name}-trust" if trust else resource.name
            found.append(PolicyDocument(name, body, _template(wrapping, body) if wrapping else None, trust))
    return found


def sid_at(text: str, line: int) -> str:
    """The Sid, or the number, of the statement that a line of `pretty` text is in; empty outside of statements."""
    starts = [number for number, each in enumerate(text.splitlines(), 1) if each == "  {"]
    index = sum(start <= line for start in starts)
    return str(json.loads(text)["Statement"][index - 1].get("Sid") or index) if index else ""


def pretty(body: Mapping[str, Any]) -> str:
    """A document as text that `sid_at` reads."""
    statements = body["Statement"]
    listed = [statements] if isinstance(statements, Mapping) else list(statements)
    return json.dumps({**body, "Statement": listed}, indent=1)


def _documents(resource: Resource) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The documents in a resource's inputs by the input's name, however deep."""
    if resource.package != "aws":
        return
    for key, value in resource.inputs.items():
        for document in _within(value):
            yield key, document


def _within(value: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, str) and '"Statement"' in value:
        try:
            yield from _within(json.loads(value))
        except ValueError:
            raise ScanError(f"a policy is no JSON: {value[:80]}\n  cure: write it with json.dumps") from None
    elif isinstance(value, Mapping):
        if "Statement" in value:
            yield value
        else:
            for each in value.values():
                yield from _within(each)
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _within(each)


def _template(wrapping: _Wrapping, body: Mapping[str, Any]) -> dict[str, Any]:
    properties = {**wrapping.others, wrapping.property: body}
    return {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Resources": {"Policy": {"Type": wrapping.type, "Properties": properties}},
    }
