"""Alarms: their form, and their resources. Which there are is in `alarm_catalog`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import pulumi
import pulumi_aws as aws

# What no data means: https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/alarms-and-missing-data.html
Missing = Literal["breaching", "notBreaching", "ignore", "missing"]
Comparison = Literal["above", "at least", "below"]

OPERATORS: Mapping[Comparison, str] = {
    "above": "GreaterThanThreshold",
    "at least": "GreaterThanOrEqualToThreshold",
    "below": "LessThanThreshold",
}


@dataclass(frozen=True, kw_only=True)
class Metric:
    """One metric of CloudWatch: `statistic` is e.g. `Sum` or `p99`, of `seconds` each."""

    namespace: str
    name: str
    dimensions: Mapping[str, pulumi.Input[str]]
    statistic: str
    seconds: int


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """One alarm: what it compares, and its words.

    `key` names it; `means` says what is wrong, and `first` what to do about it first. It compares the last of
    `expressions` (by id; SQL of Metrics Insights, or arithmetic with ids), or without any the one metric, with
    `threshold`, and calls it an alarm when `datapoints` times of `seconds` in a row are so. `missing` is what no data
    means.
    """

    key: str
    means: str
    first: str
    metrics: Mapping[str, Metric]
    expressions: Mapping[str, pulumi.Input[str]]
    seconds: int
    comparison: Comparison
    threshold: float
    datapoints: int
    missing: Missing

    @property
    def description(self) -> str:
        """What the alarm's message says."""
        return f"{self.means} First: {self.first}"


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """What alarms take: how their names in AWS begin, the topic that is told, and which they are."""

    name_prefix: str
    topic_arn: pulumi.Input[str]
    alarms: Sequence[Alarm]


class Alarms(pulumi.ComponentResource):
    """CloudWatch's alarms; each tells the topic when it begins and when it is over. Outputs: `arns`."""

    arns: list[pulumi.Output[str]]

    def __init__(self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:alarms:Alarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.arns = [_create(f"{name}-{alarm.key}", args, alarm, child).arn for alarm in args.alarms]
        self.register_outputs({"arns": self.arns})


def _create(name: str, args: AlarmsArgs, alarm: Alarm, opts: pulumi.ResourceOptions) -> aws.cloudwatch.MetricAlarm:
    return aws.cloudwatch.MetricAlarm(
        name,
        # People get it in their mail, and the topic's policy and the deploy role's rights name how it begins.
        name=f"{args.name_prefix}{alarm.key}",
        alarm_description=alarm.description,
        metric_queries=[*_metrics(alarm), *_expressions(alarm)],
        comparison_operator=OPERATORS[alarm.comparison],
        threshold=alarm.threshold,
        evaluation_periods=alarm.datapoints,
        datapoints_to_alarm=alarm.datapoints,
        treat_missing_data=alarm.missing,
        alarm_actions=[args.topic_arn],
        ok_actions=[args.topic_arn],
        opts=opts,
    )


def _metrics(alarm: Alarm) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    return [
        aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=id_,
            metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
                namespace=metric.namespace,
                metric_name=metric.name,
                dimensions=dict(metric.dimensions),
                stat=metric.statistic,
                period=metric.seconds,
            ),
            return_data=not alarm.expressions,
        )
        for id_, metric in alarm.metrics.items()
    ]


def _expressions(alarm: Alarm) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    *_, last = alarm.expressions or (None,)
    return [
        aws.cloudwatch.MetricAlarmMetricQueryArgs(
            id=id_,
            expression=expression,
            # Arithmetic has its metrics' own.
            period=None if alarm.metrics else alarm.seconds,
            label=alarm.key if id_ == last else None,
            return_data=id_ == last,
        )
        for id_, expression in alarm.expressions.items()
    ]
