"""The look-up of the balancer that the controller makes."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra import balancer
from infra.balancer import NONE, _metrics_name
from offline import cloud
from offline.evaluate import record
from offline.plan import Plan
from tests.conftest import Planner
from tests.sight import bare

ARN = "arn:aws:elasticloadbalancing:us-west-2:123456789012:loadbalancer/"
ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def test_cloudwatch_knows_a_balancer_by_the_end_of_its_arn() -> None:
    assert _metrics_name([f"{ARN}app/k8s-hello/50dc6c495c0c9188"]) == "app/k8s-hello/50dc6c495c0c9188"


@pytest.mark.parametrize("arns", [[], None, [f"{ARN}net/other/1"], ["nonsense"]])
def test_without_a_balancer_the_answer_is_none_instead_of_an_error(arns: Sequence[str] | None) -> None:
    assert _metrics_name(arns) == NONE


@given(st.permutations([f"{ARN}app/{name}/1" for name in "abc"]))
def test_the_answer_does_not_depend_on_the_order_of_the_balancers(arns: list[str]) -> None:
    assert _metrics_name(arns) == "app/a/1"


def test_it_is_found_by_the_tags_that_the_controller_gives_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[Any] = []

    def answer(query: cloud.Query) -> cloud.Outputs:
        asked.append(query.args["tags"])
        return {"id": "x", "arns": [f"{ARN}app/k8s-hello/1"]}

    monkeypatch.setattr(cloud, "DATA", {**cloud.DATA, "aws:lb/getLbs:getLbs": answer})

    def program() -> None:
        name = balancer.metrics_name("dns", "helloworld-dev", "helloworld-dev", pulumi.InvokeOutputOptions())
        pulumi.export("name", name)

    assert record(program).outputs["name"] == "app/k8s-hello/1"
    assert asked == [{"elbv2.k8s.aws/cluster": "helloworld-dev", "ingress.k8s.aws/stack": "helloworld-dev"}]


def test_it_is_not_asked_for_before_the_ingress_has_its_balancer(planned: Planner) -> None:
    unknown = bare(planned, {})
    alarm = unknown.one(ALARM, "helloworld-alarms-latency")
    assert any("helloworld-release-ingress" in urn for urn in alarm.depends_on)


def test_a_first_preview_shows_every_alarm_though_there_is_no_balancer_yet(planned: Planner) -> None:
    unknown: Plan = planned("dev", {"monitoring": "true"}, unknowns=True)
    known = bare(planned)
    assert known.of(ALARM)
    assert {each.urn for each in unknown.resources} == {each.urn for each in known.resources}
