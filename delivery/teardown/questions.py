"""How each service is asked whether something is there, by the service and the kind in its ARN. Pure data."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from infra.monitoring.slack import SERVICE_REGION


@dataclass(frozen=True)
class Question:
    """One kind of thing.

    Args:
        shown: what people call it.
        service: boto3's name of whom to ask.
        operation: the question.
        arguments: of the operation, from the ARN and the name in it.
        delete: the CLI's command that deletes it, up to its name; ACCOUNT stands for the account's number.
        costs: what it costs; empty: nothing.
        listed: the answer's list, where one that is gone is no error but an empty list.
        where: the region where it is asked, if that is not the stack's.
    """

    shown: str
    service: str
    operation: str
    arguments: Callable[[str, str], Mapping[str, Any]]
    delete: str
    costs: str = ""
    listed: str = ""
    where: str | None = None


def _by_name(argument: str) -> Callable[[str, str], Mapping[str, Any]]:
    return lambda _, name: {argument: name}


def _by_arn(argument: str) -> Callable[[str, str], Mapping[str, Any]]:
    return lambda arn, _: {argument: arn}


# By the service and the kind in the ARN.
QUESTIONS: Mapping[tuple[str, str], Question] = {
    ("acm", "certificate"): Question(
        "certificate",
        "acm",
        "describe_certificate",
        _by_arn("CertificateArn"),
        "acm delete-certificate --certificate-arn",
    ),
    ("budgets", "budget"): Question(
        "budget",
        "budgets",
        "describe_budget",
        lambda arn, name: {"AccountId": arn.split(":")[4], "BudgetName": name},
        "budgets delete-budget --account-id ACCOUNT --budget-name",
    ),
    ("chatbot", "chat-configuration"): Question(
        "Slack channel",
        "chatbot",
        "describe_slack_channel_configurations",
        _by_arn("ChatConfigurationArn"),
        "chatbot delete-slack-channel-configuration --chat-configuration-arn",
        listed="SlackChannelConfigurations",
        where=SERVICE_REGION,
    ),
    ("cloudwatch", "alarm"): Question(
        "alarm",
        "cloudwatch",
        "describe_alarms",
        lambda _, name: {"AlarmNames": [name]},
        "cloudwatch delete-alarms --alarm-names",
        "0.10 dollars a month",
        "MetricAlarms",
    ),
    ("cloudwatch", "dashboard"): Question(
        "dashboard",
        "cloudwatch",
        "get_dashboard",
        _by_name("DashboardName"),
        "cloudwatch delete-dashboards --dashboard-names",
        "3 dollars a month beyond the third of the account",
    ),
    ("ecr", "repository"): Question(
        "image repository",
        "ecr",
        "describe_repositories",
        lambda _, name: {"repositoryNames": [name]},
        "ecr delete-repository --force --repository-name",
        "0.10 dollars a month for each GB",
    ),
    ("eks", "cluster"): Question(
        "cluster",
        "eks",
        "describe_cluster",
        _by_name("name"),
        "eks delete-cluster --name",
        "73 dollars a month",
    ),
    ("elasticache", "serverlesscache"): Question(
        "cache",
        "elasticache",
        "describe_serverless_caches",
        _by_name("ServerlessCacheName"),
        "elasticache delete-serverless-cache --serverless-cache-name",
        "from 6 dollars a month",
    ),
    ("elasticache", "user"): Question(
        "cache user", "elasticache", "describe_users", _by_name("UserId"), "elasticache delete-user --user-id"
    ),
    ("elasticache", "usergroup"): Question(
        "cache user group",
        "elasticache",
        "describe_user_groups",
        _by_name("UserGroupId"),
        "elasticache delete-user-group --user-group-id",
    ),
    ("kms", "key"): Question(
        "key",
        "kms",
        "describe_key",
        _by_arn("KeyId"),
        "kms schedule-key-deletion --pending-window-in-days 7 --key-id",
        "1 dollar a month",
    ),
    ("rds", "auto-backup"): Question(
        "automated backups",
        "rds",
        "describe_db_instance_automated_backups",
        # By its argument of that name it tells of existing databases only.
        lambda _, name: {"Filters": [{"Name": "db-instance-id", "Values": [name]}]},
        "rds describe-db-instance-automated-backups, then delete-db-instance-automated-backup; of",
        "0.095 dollars a month for each GB",
        "DBInstanceAutomatedBackups",
    ),
    ("rds", "db"): Question(
        "database",
        "rds",
        "describe_db_instances",
        _by_name("DBInstanceIdentifier"),
        "rds delete-db-instance --skip-final-snapshot --db-instance-identifier",
        "from 14 dollars a month",
    ),
    ("rds", "pg"): Question(
        "parameter group",
        "rds",
        "describe_db_parameter_groups",
        _by_name("DBParameterGroupName"),
        "rds delete-db-parameter-group --db-parameter-group-name",
    ),
    ("rds", "subgrp"): Question(
        "subnet group",
        "rds",
        "describe_db_subnet_groups",
        _by_name("DBSubnetGroupName"),
        "rds delete-db-subnet-group --db-subnet-group-name",
    ),
    ("route53", "healthcheck"): Question(
        "health check",
        "route53",
        "get_health_check",
        _by_name("HealthCheckId"),
        "route53 delete-health-check --health-check-id",
        "up to 1.50 dollars a month",
    ),
    ("secretsmanager", "secret"): Question(
        "secret",
        "secretsmanager",
        "describe_secret",
        _by_arn("SecretId"),
        "secretsmanager delete-secret --secret-id",
        "0.40 dollars a month",
    ),
    ("sns", ""): Question("topic", "sns", "get_topic_attributes", _by_arn("TopicArn"), "sns delete-topic --topic-arn"),
}
