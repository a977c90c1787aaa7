"""The dashboard: what to look at when something is wrong."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.monitoring import dashboard_rows
from infra.monitoring.thresholds import Thresholds
from infra.monitoring.watched import Watched
from infra.monitoring.widgets import placed


@dataclass(frozen=True, kw_only=True)
class DashboardArgs:
    """What a dashboard takes: its name in AWS, which no other of the account has, what it shows, and where the alarms
    begin, with their ARNs.
    """

    dashboard_name: str
    watched: Watched
    limits: Thresholds
    alarm_arns: Sequence[pulumi.Input[str]]


class Dashboard(pulumi.ComponentResource):
    """One CloudWatch dashboard of the stack. A part that the stack has not has no widgets. No outputs."""

    def __init__(self, name: str, args: DashboardArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:dashboard:Dashboard", name, None, opts)
        known = pulumi.Output.all(args.watched.known(), pulumi.Output.all(*args.alarm_arns))
        aws.cloudwatch.Dashboard(
            f"{name}-dashboard",
            # The name is a contract with the deploy role, whose rights name it, and with people's bookmarks.
            dashboard_name=args.dashboard_name,
            dashboard_body=known.apply(lambda values: body(args.dashboard_name, values[0], args.limits, values[1])),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def body(name: str, watched: Watched, limits: Thresholds, alarm_arns: Sequence[str]) -> str:
    """The dashboard as JSON.

    Args:
        name: the stack's, for the title.
        watched: what it shows, every name known.
        limits: where alarms begin.
        alarm_arns: of the alarms whose states it shows.
    """
    rows: list[Sequence[Any]] = [
        dashboard_rows.introduction(name, watched),
        dashboard_rows.alarms(alarm_arns),
        dashboard_rows.traffic(watched, limits),
        dashboard_rows.saturation(watched),
        dashboard_rows.pods(watched, limits),
        dashboard_rows.nodes(watched),
        dashboard_rows.database(watched, limits),
        dashboard_rows.cache(watched),
        dashboard_rows.certificate(watched),
    ]
    return json.dumps({"start": "-PT3H", "periodOverride": "inherit", "widgets": placed([row for row in rows if row])})
