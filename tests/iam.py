"""Reads IAM policies as AWS does, as far as the project's own go: a request is allowed or not.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

Context = Mapping[str, str | Sequence[str]]


def allowed(
    documents: Sequence[str], boundary: str | None, action: str, resource: str, context: Context | None = None
) -> bool:
    """Whether policies, within a boundary, allow an action on a resource."""
    asked = (action, resource, context or {})
    everything = [_decision(document, *asked) for document in documents]
    limit = _decision(boundary, *asked) if boundary else "Allow"
    return "Allow" in everything and limit == "Allow" and "Deny" not in everything


def assumable(trust: str, caller: Mapping[str, Any]) -> bool:
    """Whether a trust policy lets somebody take the role.

    `caller` is a workflow's token, `{"federated": <provider>, "aud": …, "sub": …}`, or `{"aws": <ARN>}`.
    """
    for statement in json.loads(trust)["Statement"]:
        principal = statement["Principal"]
        if "federated" in caller:
            issuer = caller["federated"].partition("oidc-provider/")[2]
            who = principal.get("Federated") == caller["federated"]
            context = {f"{issuer}:aud": caller["aud"], f"{issuer}:sub": caller["sub"]}
        else:
            arn = caller["aws"]
            account = f"arn:aws:iam::{arn.split(':')[4]}:root"
            who = bool({arn, account} & set(_list(principal.get("AWS", ()))))
            context = {"aws:PrincipalArn": arn}
        if who and all(_holds(*each, context) for each in _conditions(statement)):
            return True
    return False


def statements(document: str) -> list[dict[str, Any]]:
    """The statements of a document."""
    found: list[dict[str, Any]] = json.loads(document)["Statement"]
    return found


def _decision(document: str, action: str, resource: str, context: Context) -> str | None:
    effects = {each["Effect"] for each in statements(document) if _applies(each, action, resource, context)}
    return "Deny" if "Deny" in effects else next(iter(effects), None)


def _applies(statement: Mapping[str, Any], action: str, resource: str, context: Context) -> bool:
    if "NotAction" in statement:
        meant = not any(_like(each.lower(), action.lower()) for each in _list(statement["NotAction"]))
    else:
        meant = any(_like(each.lower(), action.lower()) for each in _list(statement["Action"]))
    return (
        meant
        and any(_like(each, resource) for each in _list(statement["Resource"]))
        and all(_holds(*each, context) for each in _conditions(statement))
    )


def _conditions(statement: Mapping[str, Any]) -> list[tuple[str, str, list[str]]]:
    return [
        (operator, key, _list(values))
        for operator, keys in statement.get("Condition", {}).items()
        for key, values in keys.items()
    ]


def _holds(operator: str, key: str, values: list[str], context: Context) -> bool:
    given = context.get(key)
    if operator == "Null":
        return (given is None) == (values == ["true"])
    if operator.startswith("ForAllValues:"):
        return all(_holds(operator.partition(":")[2], key, values, {key: each}) for each in _list(given or ()))
    if operator.startswith("ForAnyValue:"):
        return any(_holds(operator.partition(":")[2], key, values, {key: each}) for each in _list(given or ()))
    if operator.endswith("IfExists"):
        return given is None or _holds(operator.removesuffix("IfExists"), key, values, context)
    negated = "Not" in operator
    if given is None:
        return negated
    exact = operator in ("StringEquals", "StringNotEquals", "Bool")
    if not exact and operator not in ("StringLike", "ArnEquals", "ArnLike", "ArnNotEquals"):
        raise AssertionError(f"the reader does not know {operator}")
    met = any(each == given if exact else _like(each, str(given)) for each in values)
    return met != negated


def _like(pattern: str, text: str) -> bool:
    return re.fullmatch(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), text, re.DOTALL) is not None


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
