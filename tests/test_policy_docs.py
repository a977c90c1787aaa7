"""docs/policy.md says what the rules are."""

import re

import pytest

from policy import rules
from policy.version_rules import NOTICE
from tests.conftest import PROJECT

TEXT = (PROJECT / "docs" / "policy.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """The rows of the table below a heading, without its head."""
    part = TEXT.split(f"## {heading}\n")[1].split("\n## ")[0]
    table = re.findall(r"^\| (.*) \|$", part, re.MULTILINE)
    return [row.split(" | ") for row in table[1:]]


def test_the_table_of_rules_is_that_of_the_program() -> None:
    expected = [
        [f"`{rule.name}`", rule.level or "not asked", rule.in_production, rule.asks, rule.why] for rule in rules.RULES
    ]
    assert rows("The rules") == expected


def test_the_table_of_what_is_allowed_is_that_of_the_program() -> None:
    expected = [[f"`{row.name}`", f"`{row.what}`", row.reason] for row in rules.ALLOWED]
    assert rows("What is allowed all the same") == expected


def test_the_notice_before_the_end_of_support_is_as_long_as_it_says() -> None:
    assert f"{NOTICE.days} days before" in TEXT


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.name)
def test_every_rule_says_what_it_asks_why_and_the_cure_in_words(rule: rules.Rule) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    for text in (rule.asks, rule.why, rule.cure):
        assert len(text.split()) > 1
        assert not text.endswith(".")
        assert "|" not in text
