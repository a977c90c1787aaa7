"""The plans that the rules are tried on: the committed stacks, a review and the account, each with all there is."""

from collections.abc import Iterable, Mapping
from datetime import date
from functools import cache
from typing import Any

from bootstrap import names
from offline import stackfile
from offline.evaluate import evaluate
from offline.plan import Plan, Resource
from offline.references import evaluate_with_references
from policy import rules
from tests.conftest import PROJECT

TODAY = date(2026, 11, 21)
EVERYTHING = {
    "database": "true",
    "databaseMultiZone": "true",
    "cache": "true",
    "observability": "true",
    "monitoring": "true",
    "alertEmails": '["team@example.com"]',
    "nodeAutoscaling": "true",
    "requestsPerPod": "50",
}
ROLE = "arn:aws:iam::123456789012:role"
FENCED = {
    "reviewRole": f"{ROLE}/review",
    "previewRole": f"{ROLE}/preview",
    "access": f'[{{"principal": "{ROLE}/people", "policy": "view"}}]',
}
REVIEW = {
    "platform": "reference",
    "platformStack": "dev",
    "deployRole": f"{ROLE}/review",
    "hostname": "pr-7.dev.example.com",
    "zone": "example.com",
}
ACCOUNT = names.BOOTSTRAP_STACK
STACKS = ("dev", "prod", "pr-7", "local", ACCOUNT)


def _settings(changes: Mapping[str, str]) -> dict[str, str]:
    return {f"helloworld:{key}": value for key, value in changes.items()}


@cache
def planned(stack: str) -> Plan:
    """The plan of a stack with all that its settings can turn on."""
    if stack == ACCOUNT:
        repository = {f"{names.BOOTSTRAP_PROJECT}:repository": "octo@1/hello@2"}
        return evaluate(PROJECT / "bootstrap", stack, repository)
    if stack == "pr-7":
        return evaluate_with_references(PROJECT, stack, _settings(REVIEW))
    config = dict(stackfile.load(PROJECT, stack).config)
    more = {"dev": {**EVERYTHING, **FENCED}, "prod": EVERYTHING}.get(stack, {})
    return evaluate_with_references(PROJECT, stack, {**config, **_settings(more)})


def check(resources: Iterable[rules.Planned], stack: str, **more: Any) -> list[rules.Finding]:
    """The findings, on a day that stays."""
    return rules.check(resources, stack, **{"today": TODAY, **more})


def found(type_: str, inputs: Mapping[str, Any], stack: str = "prod", **more: Any) -> dict[str, str]:
    """Level by rule of what is found about one resource alone, save what it lacks beside it."""
    urn = f"urn:pulumi:{stack}::helloworld::{type_}::it"
    resource = Resource(urn=urn, type=type_, name="it", parent=None, inputs=inputs)
    alone = [rule for rule in rules.RULES if not rule.of_stack]
    return {finding.rule: finding.level for finding in check([resource], stack, **{"rules": alone, **more})}
