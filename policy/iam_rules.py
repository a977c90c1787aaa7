"""Who may do what in AWS.

Each rule answers what is wrong with a resource of its kind; `rules.py` says how much it weighs, and the cure.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from policy.model import Context, Planned, as_map, as_texts


def iam_wildcards(resource: Planned, context: Context) -> Iterator[str]:
    for statement in _granted(resource):
        if statement.get("Effect") != "Allow":
            continue
        actions, targets = as_texts(statement.get("Action")), as_texts(statement.get("Resource"))
        for action in actions:
            if not context.allows(resource, action):
                if "*" in action or "?" in action:
                    yield f"it allows the actions {action}"
                # A condition limits what a star in the resource stands for.
                elif "*" in targets and not statement.get("Condition"):
                    yield f"it allows {action} on every resource"
        for key in ("NotAction", "NotResource"):
            if statement.get(key):
                yield f"it allows everything but what {key} names"


def _granted(resource: Planned) -> list[Mapping[str, Any]]:
    """The statements by which a resource gives rights to a principal."""
    if resource.type in ("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"):
        return _statements(resource.inputs.get("policy"))
    if resource.type == "aws:iam/role:Role":
        inline = resource.inputs.get("inlinePolicies") or []
        return [statement for each in inline for statement in _statements(as_map(each).get("policy"))]
    return []


def open_trust(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == "aws:iam/role:Role":
        for statement in _statements(resource.inputs.get("assumeRolePolicy")):
            principal = statement.get("Principal")
            named = principal.values() if isinstance(principal, Mapping) else [principal]
            if statement.get("Effect") == "Allow" and any("*" in as_texts(each) for each in named):
                yield "everybody may assume it"


def _statements(policy: Any) -> list[Mapping[str, Any]]:
    if isinstance(policy, str):
        try:
            policy = json.loads(policy)
        except ValueError:
            return []
    statements = policy.get("Statement", []) if isinstance(policy, Mapping) else []
    return (
        [statements] if isinstance(statements, Mapping) else [each for each in statements if isinstance(each, Mapping)]
    )
