"""Who is told of alarms, and what may tell them."""

import json
from typing import Any

import pulumi
import pytest
from pulumi.runtime import config as runtime_config

from infra.monitoring.alerts import Alerts, AlertsArgs, key_policy
from offline import stackfile
from offline.evaluate import evaluate, record
from offline.plan import Plan, Resource
from tests.conftest import PROJECT, Planner
from tests.graph import before
from tests.iam import allowed
from tests.sight import SECRET, bare, whole

TOPIC, SUBSCRIPTION = "aws:sns/topic:Topic", "aws:sns/topicSubscription:TopicSubscription"
ALARM, BUDGET = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:budgets/budget:Budget"
SLACK = "aws:chatbot/slackChannelConfiguration:SlackChannelConfiguration"
ACCOUNT = "123456789012"
WATCHING = ("sns", "cloudwatch/metricAlarm", "cloudwatch/dashboard", "budgets", "chatbot")


@pytest.fixture(scope="module")
def watched(planned: Planner) -> Plan:
    return whole(planned)


def topic(plan: Plan) -> Resource:
    return plan.one(TOPIC, "helloworld-alerts-topic")


def topic_statements(plan: Plan) -> dict[str, dict[str, Any]]:
    policy = plan.one("aws:sns/topicPolicy:TopicPolicy", "helloworld-alerts-topic-policy").inputs["policy"]
    return {each["Principal"]["Service"]: each for each in json.loads(policy)["Statement"]}


def subscribers(plan: Plan) -> dict[str, str]:
    return {each.name: each.inputs["protocol"] for each in plan.of(SUBSCRIPTION)}


def messages(plan: Plan, severity: str) -> str:
    return " ".join(each.text for each in plan.messages if each.severity == severity)


def test_without_the_setting_nothing_watches(dev: Plan) -> None:
    assert dev.resources
    assert [each.urn for each in dev.resources if any(f"aws:{kind}" in each.type for kind in WATCHING)] == []


def test_the_topic_is_encrypted_with_a_key_that_turns(watched: Plan) -> None:
    key = watched.one("aws:kms/key:Key", "helloworld-alerts-key")
    assert key.name in topic(watched).inputs["kmsMasterKeyId"]
    assert key.inputs["enableKeyRotation"] is True


def test_alarms_and_budgets_of_this_account_may_use_the_key_and_no_other() -> None:
    document = json.loads(key_policy(ACCOUNT))
    service = next(each for each in document["Statement"] if "Service" in each["Principal"])
    assert set(service["Principal"]["Service"]) == {"cloudwatch.amazonaws.com", "budgets.amazonaws.com"}
    assert set(service["Action"]) == {"kms:Decrypt", "kms:GenerateDataKey"}
    assert service["Condition"] == {"StringEquals": {"aws:SourceAccount": ACCOUNT}}


def test_this_stacks_alarms_and_this_accounts_budgets_may_tell_the_topic(watched: Plan) -> None:
    statements = topic_statements(watched)
    sources = {who: each["Condition"]["ArnLike"]["aws:SourceArn"] for who, each in statements.items()}
    assert sources == {
        "cloudwatch.amazonaws.com": f"arn:aws:cloudwatch:us-west-2:{ACCOUNT}:alarm:helloworld-prod/*",
        "budgets.amazonaws.com": f"arn:aws:budgets::{ACCOUNT}:*",
    }
    for each in statements.values():
        assert each["Action"] == ["sns:Publish"]
        assert each["Condition"]["StringEquals"] == {"aws:SourceAccount": ACCOUNT}
        assert each["Resource"] == [f"arn:aws:sns:us-west-2:{ACCOUNT}:helloworld-prod-alerts"]


def test_whoever_tells_the_topic_is_made_once_it_may_be_told(watched: Plan) -> None:
    policy = watched.one("aws:sns/topicPolicy:TopicPolicy", "helloworld-alerts-topic-policy")
    tellers = [*watched.of(ALARM), *watched.of(BUDGET), *watched.of(SLACK)]
    assert len(tellers) >= 10
    assert [each.name for each in tellers if not before(watched, policy, each)] == []


def test_alarms_are_made_after_the_release_they_watch(watched: Plan) -> None:
    ingress = watched.one("kubernetes:networking.k8s.io/v1:Ingress", "helloworld-release-ingress")
    assert before(watched, ingress, watched.one(ALARM, "helloworld-alarms-errors"))


def test_every_address_gets_mail_whatever_the_order_of_the_list(planned: Planner) -> None:
    there = whole(planned, {"alertEmails": '["ops@example.com", "dev@example.com"]'})
    back = whole(planned, {"alertEmails": '["dev@example.com", "ops@example.com"]'})
    mails = {each.urn: each.inputs["endpoint"] for each in there.of(SUBSCRIPTION)}
    assert set(mails.values()) == {"ops@example.com", "dev@example.com"}
    assert mails == {each.urn: each.inputs["endpoint"] for each in back.of(SUBSCRIPTION)}


def test_addresses_that_differ_in_their_domain_alone_are_two(planned: Planner) -> None:
    plan = bare(planned, {"alertEmails": '["ops@example.com", "ops@example.org"]'})
    assert len(subscribers(plan)) == 2


def test_nobody_is_subscribed_who_is_not_in_the_settings(planned: Planner) -> None:
    plan = bare(planned)
    assert plan.of(TOPIC)
    assert subscribers(plan) == {}
    assert [*plan.of(SLACK), *plan.of(BUDGET)] == []


def test_a_topic_without_subscribers_is_warned_of(planned: Planner, watched: Plan) -> None:
    assert "Nobody is told of alarms: set alertEmails" in messages(bare(planned), "warning")
    assert "Nobody is told" not in messages(watched, "warning")


def test_a_message_says_which_alarms_are_not_there_for_want_of_which_setting(planned: Planner, watched: Plan) -> None:
    said = messages(bare(planned), "info")
    for missing in ("restarts (observability)", "certificate (hostname)", "database-storage (database)"):
        assert missing in said
    assert "want of a setting" not in messages(watched, "info")


def test_from_slack_nothing_can_be_changed(watched: Plan) -> None:
    channel = watched.one(SLACK, "helloworld-slack-channel").inputs
    assert (channel["slackTeamId"], channel["slackChannelId"]) == ("T0123456789", "C0123456789")
    assert channel["guardrailPolicyArns"] == ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]
    policy = str(watched.one("aws:iam/rolePolicy:RolePolicy", "helloworld-slack-policy").inputs["policy"])
    actions = [action for each in json.loads(policy)["Statement"] for action in each["Action"]]
    assert all(action.startswith(("cloudwatch:Get", "cloudwatch:Describe")) for action in actions)
    alarm = f"arn:aws:cloudwatch:us-west-2:{ACCOUNT}:alarm:helloworld-prod/errors"
    assert allowed([policy], None, "cloudwatch:DescribeAlarms", alarm)
    assert not allowed([policy], None, "cloudwatch:DeleteAlarms", alarm)


def test_slack_leaves_no_log_group_behind(watched: Plan) -> None:
    assert watched.one(SLACK, "helloworld-slack-channel").inputs["loggingLevel"] == "NONE"


def test_slack_is_set_up_where_the_service_has_an_endpoint(planned: Planner) -> None:
    plan = whole(planned, {"region": "eu-central-1"})
    assert plan.one(SLACK, "helloworld-slack-channel").inputs["region"] == "us-east-2"


def test_the_budget_counts_the_stacks_own_cost_and_tells_in_time(watched: Plan) -> None:
    budget = watched.one(BUDGET, "helloworld-budget-monthly").inputs
    assert (budget["name"], budget["limitAmount"], budget["timeUnit"]) == ("helloworld-prod", "300", "MONTHLY")
    assert budget["costFilters"] == [{"name": "TagKeyValue", "values": ["user:stack$prod"]}]
    told = {each["notificationType"]: (each["threshold"], each["thresholdType"]) for each in budget["notifications"]}
    assert told == {"ACTUAL": (80, "PERCENTAGE"), "FORECASTED": (100, "PERCENTAGE")}
    topics = [each["subscriberSnsTopicArns"] for each in budget["notifications"]]
    assert topics == [[f"arn:aws:sns:us-west-2:{ACCOUNT}:helloworld-prod-alerts"]] * 2


def test_the_address_of_pagerduty_is_nowhere_in_plain_text() -> None:
    def program() -> None:
        args = AlertsArgs(
            region="us-west-2",
            topic_name="helloworld-dev-alerts",
            alarm_prefix="helloworld-dev/",
            emails=[],
            pager_duty=pulumi.Output.secret(SECRET),
        )
        Alerts("helloworld-alerts", args)

    plan = record(program)
    subscription = plan.one(SUBSCRIPTION, "helloworld-alerts-pager-duty").inputs
    assert (subscription["protocol"], subscription["endpointAutoConfirms"]) == ("https", True)
    assert subscription["endpoint"] == "[secret]"
    assert SECRET not in json.dumps(plan.to_json())


def test_the_secret_of_a_settings_file_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine hands it over decrypted, and says that it is a secret."""
    monkeypatch.setattr(runtime_config, "is_config_secret", lambda _: True)
    config = dict(stackfile.load(PROJECT, "dev").config)
    plan = evaluate(PROJECT, "dev", {**config, "helloworld:monitoring": "true", "helloworld:alertPagerDuty": SECRET})
    assert plan.one(SUBSCRIPTION, "helloworld-alerts-pager-duty").inputs["endpoint"] == "[secret]"
    assert SECRET not in json.dumps(plan.to_json())
