"""Sight of a stack: its dashboard, its alarms, and who is told of them."""

import pulumi

from infra import balancer
from infra.address import Address
from infra.monitoring.alarm_catalog import alarms
from infra.monitoring.alarms import Alarms, AlarmsArgs
from infra.monitoring.alerts import Alerts, AlertsArgs
from infra.monitoring.budget import Budget, BudgetArgs
from infra.monitoring.dashboard import Dashboard, DashboardArgs
from infra.monitoring.slack import Slack, SlackArgs
from infra.monitoring.thresholds import Thresholds
from infra.monitoring.watched import Watched
from infra.platform import Platform
from infra.release import NAME, Release
from infra.settings import PROJECT, Settings


def watch(settings: Settings, home: Platform, site: Address, release: Release) -> None:
    """Watch the stack, if the settings ask for it; a log message says what they leave unwatched.

    Args:
        settings: the stack's.
        home: the platform, with the parts that it has.
        site: the address, with its certificate if it has one.
        release: the service behind the balancer; its Ingress is made first.
    """
    if not settings.monitoring or home.aws_provider is None or release.balancer_name is None:
        return
    name, opts = f"{PROJECT}-{pulumi.get_stack()}", pulumi.ResourceOptions(providers=[home.aws_provider])
    _say_what_is_missing(settings)
    alarm_prefix = f"{name}/"
    topic = Alerts(
        f"{PROJECT}-alerts",
        AlertsArgs(
            region=settings.region,
            topic_name=f"{name}-alerts",
            alarm_prefix=alarm_prefix,
            emails=settings.alert_emails,
            pager_duty=pulumi.Output.secret(settings.alert_pager_duty) if settings.alert_pager_duty else None,
        ),
        opts,
    ).topic_arn
    if settings.alert_slack_workspace is not None and settings.alert_slack_channel is not None:
        Slack(
            f"{PROJECT}-slack",
            SlackArgs(
                region=settings.region,
                configuration_name=name,
                alarm_prefix=alarm_prefix,
                workspace=settings.alert_slack_workspace,
                channel=settings.alert_slack_channel,
                topic_arn=topic,
            ),
            opts,
        )
    if settings.budget_dollars:
        args = BudgetArgs(budget_name=name, stack=pulumi.get_stack(), dollars=settings.budget_dollars, topic_arn=topic)
        Budget(f"{PROJECT}-budget", args, opts)
    lookup = pulumi.InvokeOutputOptions(provider=home.aws_provider)
    watched = Watched(
        region=settings.region,
        cluster_name=home.cluster_name,
        namespace=home.namespace,
        workload=NAME,
        load_balancer=balancer.metrics_name(release.balancer_name, home.cluster_name, home.group, lookup),
        containers=settings.observability,
        certificate_arn=site.certificate_arn,
        database_identifier=home.database_identifier,
        cache_name=home.cache_name,
    )
    limits = _limits(settings)
    alarm_args = AlarmsArgs(name_prefix=alarm_prefix, topic_arn=topic, alarms=alarms(watched, limits))
    arns = Alarms(f"{PROJECT}-alarms", alarm_args, opts).arns
    dashboard_args = DashboardArgs(dashboard_name=name, watched=watched, limits=limits, alarm_arns=arns)
    Dashboard(f"{PROJECT}-dashboard", dashboard_args, opts)


def _limits(settings: Settings) -> Thresholds:
    return Thresholds(
        error_percent=settings.alarm_error_percent,
        latency_milliseconds=settings.alarm_latency_milliseconds,
        restarts=settings.alarm_restarts,
        pending_minutes=settings.alarm_pending_minutes,
        certificate_days=settings.alarm_certificate_days,
        storage_percent=settings.alarm_storage_percent,
        database_gib=settings.database_storage_gib,
    )


def _say_what_is_missing(settings: Settings) -> None:
    wanted = {
        "restarts": ("observability", settings.observability),
        "certificate": ("hostname", settings.hostname),
        "database-storage": ("database", settings.database),
        "cache-throttled": ("cache", settings.cache),
        "the budget": ("budgetDollars", settings.budget_dollars),
    }
    missing = [f"{alarm} ({key})" for alarm, (key, value) in wanted.items() if not value]
    if missing:
        pulumi.log.info(f"Alarms that are not there, for want of a setting: {', '.join(missing)}.")
    if not (settings.alert_emails or settings.alert_slack_channel or settings.alert_pager_duty):
        pulumi.log.warn("Nobody is told of alarms: set alertEmails, alertSlackChannel or alertPagerDuty.")
