"""`after`: a value that is handed out only once other resources exist."""

from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_aws as aws
import pytest

from infra.ordering import after
from offline.evaluate import ProgramError, record
from offline.plan import Plan

SECOND = "aws:ec2/subnet:Subnet"


class _RefusedError(Exception):
    """What comes first fails."""


def planned(value_of: Callable[[aws.ec2.Vpc, aws.ec2.Vpc], Any], *, unknowns: bool = False) -> Plan:
    """The plan of a subnet that takes its VPC from `value_of`, given the resources `own` and `first`."""

    def program() -> None:
        own, first = (aws.ec2.Vpc(name, cidr_block="10.0.0.0/16") for name in ("own", "first"))
        value = value_of(own, first)
        aws.ec2.Subnet("second", vpc_id=value)
        pulumi.export("value", value)

    return record(program, unknowns=unknowns)


def vpc_id(plan: Plan) -> Any:
    return plan.one(SECOND, "second").inputs.get("vpcId")


def waits_for(plan: Plan) -> set[str]:
    """The names of the resources that the second one depends on, and of those that its input is made of."""
    second = plan.one(SECOND, "second")
    assert sorted(second.property_dependencies.get("vpcId", ())) == sorted(second.depends_on)
    return {plan.by_urn[urn].name for urn in second.depends_on}


def test_a_plain_value_waits_for_what_comes_first() -> None:
    plan = planned(lambda own, first: after("vpc-1", first.id))
    assert vpc_id(plan) == "vpc-1"
    assert waits_for(plan) == {"first"}


def test_an_output_keeps_its_own_dependencies_and_gets_those_of_what_comes_first() -> None:
    plan = planned(lambda own, first: after(own.id, first.id))
    assert vpc_id(plan) == "${own.id}"
    assert waits_for(plan) == {"own", "first"}


def test_several_may_come_first() -> None:
    plan = planned(lambda own, first: after("vpc-1", own.arn, first.id))
    assert waits_for(plan) == {"own", "first"}


def test_nothing_need_come_first() -> None:
    plan = planned(lambda own, first: after(own.id))
    assert (vpc_id(plan), waits_for(plan)) == ("${own.id}", {"own"})


def test_what_waits_for_something_that_waits_waits_for_all() -> None:
    plan = planned(lambda own, first: after(after("vpc-1", own.id), first.id))
    assert waits_for(plan) == {"own", "first"}


def test_a_value_stays_known_when_what_comes_first_is_not() -> None:
    plan = planned(lambda own, first: after("vpc-1", first.id), unknowns=True)
    assert vpc_id(plan) == "vpc-1"
    assert plan.outputs["value"] == "vpc-1"
    assert waits_for(plan) == {"first"}


def test_an_apply_in_its_place_would_not_keep_the_value_known() -> None:
    plan = planned(lambda own, first: pulumi.Output.all("vpc-1", first.id).apply(lambda both: both[0]), unknowns=True)
    assert vpc_id(plan) != "vpc-1"


def test_a_value_that_is_unknown_stays_unknown() -> None:
    plan = planned(lambda own, first: after(own.id, pulumi.Output.from_input("known")), unknowns=True)
    assert vpc_id(plan) == vpc_id(planned(lambda own, first: own.id, unknowns=True)) == "[unknown]"


def test_a_secret_stays_secret_and_what_comes_first_makes_none() -> None:
    secret = planned(lambda own, first: after(pulumi.Output.secret("vpc-1"), first.id))
    assert vpc_id(secret) == "[secret]"
    assert waits_for(secret) == {"first"}
    public = planned(lambda own, first: after("vpc-1", pulumi.Output.secret("token")))
    assert vpc_id(public) == "vpc-1"


def test_an_output_within_the_value_is_resolved() -> None:
    def tags(own: aws.ec2.Vpc, first: aws.ec2.Vpc) -> pulumi.Output[str]:
        return after({"vpc": own.id}, first.id).apply(lambda found: found["vpc"])

    plan = planned(tags)
    assert vpc_id(plan) == "${own.id}"
    assert waits_for(plan) == {"own", "first"}


def noted(where: list[str], value: str) -> str:
    where.append(value)
    return value


def fail(_: Any) -> Any:
    raise _RefusedError("the first one failed")


def test_it_fails_when_what_comes_first_fails() -> None:
    with pytest.raises(ProgramError, match="the first one failed"):
        planned(lambda own, first: after("vpc-1", first.id.apply(fail)))


def test_it_fails_when_the_value_fails() -> None:
    with pytest.raises(ProgramError, match="the first one failed"):
        planned(lambda own, first: after(own.id.apply(fail), first.id))


@pytest.mark.parametrize("fails", [0, 1])
def test_the_value_is_not_handed_out_when_one_of_those_before_it_fails(fails: int) -> None:
    handed_out: list[str] = []

    def value(own: aws.ec2.Vpc, first: aws.ec2.Vpc) -> pulumi.Output[str]:
        before = [own.id, first.id]
        before[fails] = before[fails].apply(fail)
        return after("vpc-1", *before).apply(lambda found: noted(handed_out, found))

    with pytest.raises(ProgramError):
        planned(value)
    assert handed_out == []


def test_the_value_is_handed_out_last() -> None:
    order: list[str] = []

    def value(own: aws.ec2.Vpc, first: aws.ec2.Vpc) -> pulumi.Output[str]:
        slow = first.id.apply(lambda _: noted(order, "first"))
        return after("vpc-1", slow).apply(lambda found: noted(order, found))

    planned(value)
    assert order == ["first", "vpc-1"]
