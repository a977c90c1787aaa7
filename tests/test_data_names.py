"""What a stack has to be called to have a database or a cache."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.data.names import review_role_name
from infra.problems import SettingsError
from infra.setting_types import STACK_NAME
from infra.settings import load, parse
from offline.evaluate import record

REVIEW_ROLE = "arn:aws:iam::123456789012:role/helloworld-review"
ALL = {"cache": "true", "database": "true", "reviewRole": REVIEW_ROLE}
REVIEW = {"platform": "reference", "platformStack": "dev", "database": "true"}


def check(stack: str, **values: str) -> None:
    parse({f"helloworld:{key}": value for key, value in values.items()}, stack=stack)


@pytest.mark.parametrize(
    ("key", "stack", "values"),
    [
        ("cache", "a" * 30, {"cache": "true"}),
        ("reviewRole", "a" * 38, {"database": "true", "reviewRole": REVIEW_ROLE}),
    ],
)
def test_a_name_that_makes_one_too_long_for_aws_is_refused(key: str, stack: str, values: dict[str, str]) -> None:
    with pytest.raises(SettingsError, match="1 characters too long") as refused:
        check(stack, **values)
    assert [problem.key for problem in refused.value.problems] == [f"helloworld:{key}"]
    check(stack[1:], **values)


@given(st.from_regex(STACK_NAME, fullmatch=True))
def test_every_name_that_is_taken_is_one_that_aws_takes(stack: str) -> None:
    try:
        check(stack, **ALL)
    except SettingsError:
        return
    name = f"helloworld-{stack}"
    # ElastiCache, IAM; ECR and RDS.
    assert len(name) <= 40
    assert len(review_role_name(name)) <= 64
    assert all(part.isalnum() for part in name.split("-"))


@pytest.mark.parametrize("stack", ["test", "pr-0", "pr-x", "pr-1234567890"])
def test_another_stack_s_server_has_databases_for_review_environments_only(stack: str) -> None:
    check("pr-7", **REVIEW)
    with pytest.raises(SettingsError, match="only review environments"):
        check(stack, **REVIEW)


def test_a_stack_without_either_may_have_any_name() -> None:
    check("a" * 40)
    check("a" * 40, database="true")
    check("a" * 40, reviewRole=REVIEW_ROLE)
    check("test", **{**REVIEW, "database": "false"})


def test_they_are_told_with_all_other_problems() -> None:
    with pytest.raises(SettingsError) as refused:
        record(load, stack="a" * 40, config={"helloworld:cache": "true", "helloworld:nodeMin": "x"})
    assert sorted(problem.key for problem in refused.value.problems) == ["helloworld:cache", "helloworld:nodeMin"]


def test_a_name_that_no_stack_may_have_is_told_once() -> None:
    with pytest.raises(SettingsError) as refused:
        record(load, stack="a" * 41, config={"helloworld:cache": "true"})
    assert [problem.key for problem in refused.value.problems] == ["stack"]
