"""The policy pack for `pulumi preview --policy-pack policy`, made of the same rules as the offline preview's."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pulumi
from pulumi_policy import (
    EnforcementLevel,
    PolicyPack,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
)

# The engine runs this file by its directory, and the rules are a package beside it.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from policy import rules


@dataclass(frozen=True)
class _Planned:
    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]


def _validation(rule: rules.Rule, context: rules.Context) -> ResourceValidationPolicy:
    def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
        planned = _Planned(args.urn, args.resource_type, args.name, args.props)
        for reason in rule.check(planned, context):
            report(f"{reason}. Cure: {rule.cure}.", args.urn)

    level = rule.in_production if context.production else rule.level
    levels = {"mandatory": EnforcementLevel.MANDATORY, "advisory": EnforcementLevel.ADVISORY}
    return ResourceValidationPolicy(
        name=rule.name,
        description=rule.cure,
        validate=validate,
        enforcement_level=levels[level] if level else EnforcementLevel.DISABLED,
    )


def validations(stack: str) -> list[ResourceValidationPolicy]:
    """The rules as the engine takes them, with the levels of a stack."""
    context = rules.Context(rules.is_production(stack), rules.ALLOWED)
    return [_validation(rule, context) for rule in rules.RULES]


if __name__ == "__main__":
    PolicyPack(name="helloworld", policies=list(validations(pulumi.get_stack())))
