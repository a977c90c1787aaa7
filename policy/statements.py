"""Reads IAM documents, as far as rules go."""

import json
from collections.abc import Mapping
from typing import Any

from policy.values import as_map, as_maps, as_texts


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


def is_everybody(statement: Mapping[str, Any]) -> bool:
    """Whether a statement is about everybody, or everybody but some."""
    return "NotPrincipal" in statement or "*" in principals(statement)
