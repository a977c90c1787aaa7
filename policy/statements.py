"""Reads IAM documents, as far as rules go."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from policy.values import UNKNOWN, as_map, as_maps, as_texts, is_unknown

# What holds only of what is named. With …IfExists and ForAllValues it also holds of requests that lack the key:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html
_NAMING = re.compile(r"(ForAnyValue:)?(String(Equals|EqualsIgnoreCase|Like)|Arn(Equals|Like)|IpAddress)", re.IGNORECASE)


def statements(document: Any) -> list[Mapping[str, Any]]:
    """The statements of a document, given as JSON or as what it says; none of one that is not known yet."""
    if isinstance(document, str):
        try:
            document = json.loads(document)
        except (ValueError, RecursionError):
            return []
    found = as_map(document).get("Statement")
    return [found] if isinstance(found, Mapping) else as_maps(found)


def allowing(document: Any) -> list[Mapping[str, Any]]:
    """The statements of a document that allow something."""
    return [each for each in statements(document) if each.get("Effect") == "Allow"]


def principals(statement: Mapping[str, Any]) -> list[str]:
    """Who a statement is about, whatever the kind: ARNs, services, `*`."""
    principal = statement.get("Principal")
    named = list(principal.values()) if isinstance(principal, Mapping) else [principal]
    return [text for each in named for text in as_texts(each)]


def compared(statement: Mapping[str, Any]) -> Iterator[tuple[str, list[str]]]:
    """The keys, in small letters, to which a statement's condition names values, with the values: one is enough.

    Of a condition that is not known yet, key or values are `UNKNOWN`.
    """
    condition = statement.get("Condition")
    if is_unknown(condition):
        yield UNKNOWN, [UNKNOWN]
    for operator, keys in as_map(condition).items():
        if is_unknown(keys):
            yield UNKNOWN, [UNKNOWN]
        if _NAMING.fullmatch(operator):
            yield from ((key.lower(), as_texts(values)) for key, values in as_map(keys).items())


def is_everybody(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about everybody, or everybody but some."""
    return "NotPrincipal" in statement or "*" in principals(statement)
