"""Whose everything is: the tags of project, stack and tool.

The offline preview sees the default tags of the provider; the engine hands over what the provider has made of them, the
`tagsAll` of each resource that takes tags:
https://github.com/pulumi/pulumi-aws/blob/master/provider/tags.go
"""

import json
from collections.abc import Iterator
from typing import Any

from policy.model import Context, Planned, Rule, stack_of
from policy.values import as_list, as_map, at, is_unknown
from policy.workloads import CHARTS

PROVIDER, TEMPLATE = "pulumi:providers:aws", "aws:ec2/launchTemplate:LaunchTemplate"
CONTROLLER = "aws-load-balancer-controller"
TOOL = "pulumi"
LAUNCHED = ("instance", "volume")


def tagged(resource: Planned, _: Context) -> Iterator[str]:
    inputs = resource.inputs
    if resource.type == PROVIDER:
        yield from _wrong(resource, _default_tags(inputs.get("defaultTags")), "what it makes")
    elif resource.type.startswith("aws:") and "tagsAll" in inputs:
        yield from _wrong(resource, inputs.get("tagsAll"), "it")
    elif resource.type.startswith("aws:") and not is_unknown(inputs.get("tags")):
        given = as_map(inputs.get("tags"))
        yield from _wrong(resource, {**_wanted(resource), **given}, "it")
    if resource.type == TEMPLATE:
        yield from _launched(resource)
    if resource.type in CHARTS and inputs.get("chart") == CONTROLLER:
        yield from _wrong(resource, at(inputs, "values", "defaultTags"), "each balancer of it")


def _launched(resource: Planned) -> Iterator[str]:
    """Default tags end at the template: what it launches has what it says."""
    said = as_list(resource.inputs.get("tagSpecifications"))
    tags = {str(at(each, "resourceType")): at(each, "tags") for each in said}
    known = not any(map(is_unknown, (resource.inputs.get("tagSpecifications"), *tags)))
    for kind in LAUNCHED:
        if known or kind in tags:
            yield from _wrong(resource, tags.get(kind), f"each {kind} of it")


def _wanted(resource: Planned) -> dict[str, str]:
    project, stack = stack_of(resource.urn)
    return {"project": project, "stack": stack, "managed-by": TOOL}


def _wrong(resource: Planned, tags: Any, what: str) -> Iterator[str]:
    if is_unknown(tags):
        return
    for key, wanted in _wanted(resource).items():
        given = as_map(tags).get(key)
        if given is None:
            yield f"{what} has no tag {key}"
        elif given != wanted and not is_unknown(given):
            yield f"{what} has the tag {key} of something else ({given})"


def _default_tags(given: Any) -> Any:
    """The tags in a provider's `defaultTags`, which are JSON in a text."""
    if isinstance(given, str) and not is_unknown(given):
        try:
            given = json.loads(given)
        except (ValueError, RecursionError):
            return None
    return at(given, "tags")


RULES = (
    Rule(
        name="tagged",
        check=tagged,
        asks="what AWS can tag says its project, its stack, and that Pulumi manages it",
        why="costs are told apart by them, rights are bound to them, and the tear-down looks for what is left by them",
        cure="give the provider the tags in defaultTags, and what it does not reach (launch templates, "
        "the controller's defaultTags) the same; leave the three alone elsewhere",
    ),
)
