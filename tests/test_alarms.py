"""The alarms: which there are, when they begin, and what they say."""

import json
from typing import Any

import pytest

from offline.plan import Plan
from tests.conftest import PROJECT, Planner
from tests.sight import PARTS, bare, whole

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
ALWAYS = {"no-healthy-target", "errors", "latency", "pending-pods"}
OF_PARTS = {
    "observability": "restarts",
    "hostname": "certificate",
    "database": "database-storage",
    "cache": "cache-throttled",
}


@pytest.fixture(scope="module")
def watched(planned: Planner) -> Plan:
    return whole(planned)


def alarms(plan: Plan) -> dict[str, dict[str, Any]]:
    return {each.name.removeprefix("helloworld-alarms-"): dict(each.inputs) for each in plan.of(ALARM)}


def metrics(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    return [query["metric"] for query in alarm["metricQueries"] if query.get("metric")]


def expressions(alarm: dict[str, Any]) -> list[str]:
    return [query["expression"] for query in alarm["metricQueries"] if query.get("expression")]


def test_a_stack_with_every_part_has_every_alarm(watched: Plan) -> None:
    assert set(alarms(watched)) == ALWAYS | set(OF_PARTS.values())


def test_a_stack_without_parts_has_those_of_the_service_and_its_nodes(planned: Planner) -> None:
    assert set(alarms(bare(planned))) == ALWAYS


@pytest.mark.parametrize("part", PARTS)
def test_the_alarm_of_a_part_is_there_with_the_part(planned: Planner, part: str) -> None:
    changes = {"hostname": "hello.example.com", "zone": "example.com"} if part == "hostname" else {part: "true"}
    assert set(alarms(bare(planned, changes))) == ALWAYS | {OF_PARTS[part]}


def test_every_alarm_tells_the_topic_when_it_begins_and_when_it_is_over(watched: Plan) -> None:
    for alarm in alarms(watched).values():
        assert len(alarm["alarmActions"]) == 1
        assert alarm["alarmActions"] == alarm["okActions"]
        assert alarm["alarmActions"][0].endswith(":helloworld-prod-alerts")
        assert alarm.get("actionsEnabled") is not False


def test_every_alarm_says_what_is_wrong_and_what_to_do_first(watched: Plan) -> None:
    descriptions = [alarm["alarmDescription"] for alarm in alarms(watched).values()]
    assert len(set(descriptions)) == len(descriptions)
    for description in descriptions:
        means, first, cure = description.partition(" First: ")
        assert first
        assert min(len(means), len(cure)) > 30
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        assert len(description) <= 1024


def test_the_docs_say_of_every_alarm_what_it_means(watched: Plan) -> None:
    text = (PROJECT / "docs" / "monitoring.md").read_text("utf-8")
    assert [key for key in alarms(watched) if f"`{key}`" not in text] == []


@pytest.mark.parametrize(
    ("setting", "value", "alarm", "threshold"),
    [
        ("alarmErrorPercent", "7", "errors", 7),
        ("alarmLatencyMilliseconds", "250", "latency", 0.25),
        ("alarmRestarts", "9", "restarts", 9),
        ("alarmCertificateDays", "30", "certificate", 30),
        ("alarmStoragePercent", "25", "database-storage", 5 * 2**30),
    ],
)
def test_thresholds_come_from_the_settings(
    planned: Planner, setting: str, value: str, alarm: str, threshold: float
) -> None:
    changes = {setting: value, "databaseStorageGiB": "20"}
    assert alarms(whole(planned, changes))[alarm]["threshold"] == threshold


def test_a_pod_may_be_pending_as_many_minutes_as_the_settings_say(planned: Planner) -> None:
    alarm = alarms(whole(planned, {"alarmPendingMinutes": "17"}))["pending-pods"]
    (metric,) = metrics(alarm)
    assert alarm["evaluationPeriods"] == alarm["datapointsToAlarm"] == 17
    assert metric["period"] == 60


@pytest.mark.parametrize(
    ("alarm", "missing"),
    [
        ("no-healthy-target", "breaching"),  # No target, no metric.
        ("errors", "notBreaching"),  # No requests, no metric.
        ("latency", "notBreaching"),
        ("cache-throttled", "notBreaching"),
        ("pending-pods", "missing"),  # Sent always: without it nobody knows.
        ("restarts", "missing"),
        ("database-storage", "missing"),
        ("certificate", "ignore"),  # Sent no more once the certificate has ended.
    ],
)
def test_what_no_data_means_is_decided_for_each(watched: Plan, alarm: str, missing: str) -> None:
    assert alarms(watched)[alarm]["treatMissingData"] == missing


def test_a_single_failed_request_of_a_quiet_hour_is_no_alarm(watched: Plan) -> None:
    (expression,) = expressions(alarms(watched)["errors"])
    assert expression.startswith("IF((FILL(balancer, 0) + FILL(targets, 0)) >= 5, ")
    assert expression.endswith(", 0)")


def test_the_error_rate_counts_what_the_balancer_answers_itself(watched: Plan) -> None:
    alarm = alarms(watched)["errors"]
    counted = {"HTTPCode_ELB_5XX_Count", "HTTPCode_Target_5XX_Count", "RequestCount"}
    assert {metric["metricName"] for metric in metrics(alarm)} == counted
    assert "/ (FILL(requests, 0) + FILL(balancer, 0))" in expressions(alarm)[0]


def test_metrics_are_asked_for_by_the_dimensions_that_aws_sends_them_with(watched: Plan) -> None:
    found = {
        f"{metric['namespace']} {metric['metricName']}": set(metric["dimensions"])
        for alarm in alarms(watched).values()
        for metric in metrics(alarm)
    }
    assert found == {
        "AWS/ApplicationELB HTTPCode_ELB_5XX_Count": {"LoadBalancer"},
        "AWS/ApplicationELB HTTPCode_Target_5XX_Count": {"LoadBalancer"},
        "AWS/ApplicationELB RequestCount": {"LoadBalancer"},
        "AWS/ApplicationELB TargetResponseTime": {"LoadBalancer"},
        "AWS/EKS scheduler_pending_pods_UNSCHEDULABLE": {"ClusterName"},
        "AWS/CertificateManager DaysToExpiry": {"CertificateArn"},
        "AWS/RDS FreeStorageSpace": {"DBInstanceIdentifier"},
        "AWS/ElastiCache ThrottledCmds": {"clusterId"},
    }


def test_a_replaced_target_group_does_not_blind_the_alarm(watched: Plan) -> None:
    (query,) = expressions(alarms(watched)["no-healthy-target"])
    assert "targetgroup/" not in json.dumps(alarms(watched))
    assert query.endswith("WHERE LoadBalancer = 'app/${balancer(helloworld-prod).name}'")


def test_a_broken_review_environment_does_not_ring_for_restarts(watched: Plan) -> None:
    (query,) = expressions(alarms(watched)["restarts"])
    assert query.endswith("WHERE ClusterName = 'helloworld-prod' AND Namespace = 'helloworld'")


def test_exactly_one_line_of_each_alarm_is_compared(watched: Plan) -> None:
    for alarm in alarms(watched).values():
        assert [query["returnData"] for query in alarm["metricQueries"]].count(True) == 1


def test_alarms_of_two_stacks_share_no_name_nor_its_beginning(watched: Plan, planned: Planner) -> None:
    prod = {alarm["name"] for alarm in alarms(watched).values()}
    dev = {alarm["name"] for alarm in alarms(bare(planned)).values()}
    assert all(name.startswith("helloworld-prod/") for name in prod)
    assert not prod & dev
