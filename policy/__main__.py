"""The policy pack for `pulumi preview --policy-pack policy`, made of the same rules as the offline preview's."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    Policy,
    PolicyPack,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

# The engine runs this file by its directory, and the rules are a package beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policy import rules
from policy.values import UNKNOWN


@dataclass(frozen=True)
class _Planned:
    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    property_dependencies: Mapping[str, Sequence[str]]


def plain(value: Any) -> Any:
    """What the engine hands over, as the offline preview has it: Python's own lists and maps, unknown values as a word.

    The pack's own maps and lists raise an error when an unknown value is looked at, which would end the rule.
    """
    if isinstance(value, Mapping):
        return {key: plain(_taken(value, key)) for key in value}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [plain(_taken(value, index)) for index in range(len(value))]
    return value


def _taken(holder: Any, key: Any) -> Any:
    try:
        return holder[key]
    except UnknownValueError:
        return UNKNOWN


def _of_resource(rule: rules.Rule, context: rules.Context, level: EnforcementLevel) -> Policy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        planned = _Planned(args.urn, args.resource_type, args.name, plain(args.props), {})
        for reason in rule.reasons(planned, context):
            report(_words(rule, reason), args.urn)

    return ResourceValidationPolicy(rule.name, rule.asks, validate, enforcement_level=level)


def _of_stack(rule: rules.Rule, context: rules.Context, level: EnforcementLevel) -> Policy:
    def validate(args: StackValidationArgs, report: ReportViolation) -> None:
        stack = [_beside_others(each) for each in args.resources]
        whole = rules.Context(context.production, context.allowed, context.today, stack)
        for planned in stack:
            for reason in rule.reasons(planned, whole):
                report(_words(rule, reason), planned.urn)

    return StackValidationPolicy(rule.name, rule.asks, validate, enforcement_level=level)


def _beside_others(resource: PolicyResource) -> _Planned:
    made_of = {key: [each.urn for each in found] for key, found in resource.property_dependencies.items()}
    return _Planned(resource.urn, resource.resource_type, resource.name, plain(resource.props), made_of)


def _words(rule: rules.Rule, reason: str) -> str:
    return f"{reason}. Cure: {rule.cure}."


def validations(stack: str) -> list[Policy]:
    """The rules as the engine takes them, with the levels of a stack."""
    context = rules.Context(rules.is_production(stack), rules.ALLOWED)
    levels = {"mandatory": EnforcementLevel.MANDATORY, "advisory": EnforcementLevel.ADVISORY}
    made = []
    for rule in rules.RULES:
        level = rule.level_in(context)
        make = _of_stack if rule.of_stack else _of_resource
        made.append(make(rule, context, levels[level] if level else EnforcementLevel.DISABLED))
    return made


if __name__ == "__main__":
    try:
        policies = validations(pulumi.get_stack())
    except rules.DayError as error:
        sys.exit(str(error))
    PolicyPack(name="helloworld", policies=policies)
