"""The rules as a whole: the stacks keep to all of them, each can be broken, and nothing is allowed for nothing."""

from functools import cache

import pytest

from offline.plan import Plan
from policy import rules
from policy.model import Allowed, Rule
from tests.policy_breaks import BREAKS
from tests.policy_changes import Break
from tests.policy_stacks import ACCOUNT, STACKS, check, planned
from tests.test_bootstrap_program import unscoped

BY_NAME = {rule.name: rule for rule in rules.RULES}
# What the deploy roles may do on every resource is listed, and tested, beside them.
FOR_THE_ACCOUNT = (
    *rules.ALLOWED,
    *(Allowed("*", action, "AWS has no resource for it") for action in unscoped()),
    Allowed("*-boundary", "*", "a boundary grants nothing"),
)
ROWS = [
    pytest.param(name, broken, id=f"{name}-{index}")
    for name, rows in BREAKS.items()
    for index, broken in enumerate(rows)
]


def allowed_in(stack: str) -> tuple[Allowed, ...]:
    return FOR_THE_ACCOUNT if stack == ACCOUNT else rules.ALLOWED


@cache
def found_in(stack: str) -> list[rules.Finding]:
    """The findings about a stack as it is."""
    return check(planned(stack).resources, stack, allowed=allowed_in(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_no_stack_breaks_a_mandatory_rule_with_all_that_its_settings_can_turn_on(stack: str) -> None:
    assert len(planned(stack).resources) > 10
    assert [each for each in found_in(stack) if each.level == "mandatory"] == []


def test_of_the_committed_stacks_dev_has_one_advisory_finding_and_production_none(dev: Plan, prod: Plan) -> None:
    assert [each.rule for each in check(dev.resources, "dev")] == ["api-not-open"]
    assert check(prod.resources, "prod") == []


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_every_rule_has_something_that_breaks_it(rule: Rule) -> None:
    assert BREAKS.get(rule.name)


def test_nothing_breaks_a_rule_that_there_is_not() -> None:
    assert BREAKS.keys() == BY_NAME.keys()
    assert len(BY_NAME) == len(rules.RULES)


@pytest.mark.parametrize(("name", "broken"), ROWS)
def test_what_breaks_a_rule_is_found_with_its_resource_and_breaks_no_other(name: str, broken: Break) -> None:
    before = found_in(broken.stack)
    after = check(broken(planned(broken.stack)), broken.stack, allowed=allowed_in(broken.stack))
    new = [each for each in after if each not in before]
    assert {each.rule for each in new} == {name}
    for finding in new:
        assert finding.level == BY_NAME[name].level_in(rules.Context(rules.is_production(broken.stack)))
        assert finding.urn.startswith("urn:pulumi:")
        assert finding.reason
        assert finding.cure == BY_NAME[name].cure


def test_each_row_of_what_is_allowed_is_needed_by_a_stack() -> None:
    plans = [planned(stack) for stack in ("dev", "prod")]
    for row in rules.ALLOWED:
        fewer = [each for each in rules.ALLOWED if each is not row]
        assert any(
            check(plan.resources, plan.stack, allowed=fewer) != check(plan.resources, plan.stack) for plan in plans
        )


def test_what_is_allowed_is_allowed_to_the_named_resources_alone() -> None:
    assert all(row.reason and row.name.strip("*") for row in rules.ALLOWED)


@pytest.mark.parametrize(
    ("stack", "production"),
    [("prod", True), ("prod-eu", True), ("prod-", True), ("production", False), ("dev", False), ("pre-prod", False)],
)
def test_production_is_prod_in_every_region(stack: str, production: bool) -> None:
    assert rules.is_production(stack) is production


def test_production_is_asked_for_no_less_than_the_others() -> None:
    weight = {None: 0, "advisory": 1, "mandatory": 2}
    assert all(weight[rule.in_production] >= weight[rule.level] for rule in rules.RULES)
