"""Alarms in a Slack channel."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.ordering import after
from infra.trust import service_trust

# The service is one for all regions, and has an endpoint in few of them:
# https://docs.aws.amazon.com/general/latest/gr/chatbot.html
SERVICE_REGION = "us-east-2"
# The most that may be done from the channel, whatever the role may do. Without it, it would be everything:
# https://docs.aws.amazon.com/chatbot/latest/adminguide/understanding-permissions.html
GUARDRAIL = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
# What draws an alarm's graph, for which AWS has no resource to name:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
READS_WITHOUT_RESOURCE = ("cloudwatch:GetMetricData", "cloudwatch:GetMetricWidgetImage")


@dataclass(frozen=True, kw_only=True)
class SlackArgs:
    """What the channel takes: a name in AWS, the ids of workspace and channel, the topic, the region of the alarms, and
    how their names begin.
    """

    region: str
    configuration_name: str
    alarm_prefix: str
    workspace: str
    channel: str
    topic_arn: pulumi.Input[str]


class Slack(pulumi.ComponentResource):
    """What the topic is told, in a Slack channel, with the alarm's graph. From the channel nothing can be changed.

    AWS must have been let into the workspace once, by hand. No outputs.
    """

    def __init__(self, name: str, args: SlackArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:slack:Slack", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        role = aws.iam.Role(f"{name}-role", assume_role_policy=service_trust("chatbot.amazonaws.com"), opts=child)
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=account.apply(lambda known: graph_policy(args.region, known, args.alarm_prefix)),
            opts=child,
        )
        aws.chatbot.SlackChannelConfiguration(
            f"{name}-channel",
            region=SERVICE_REGION,
            # The name is a contract with the deploy role, whose rights name it.
            configuration_name=args.configuration_name,
            slack_team_id=args.workspace,
            slack_channel_id=args.channel,
            iam_role_arn=after(role.arn, policy.id),
            guardrail_policy_arns=[GUARDRAIL],
            # Else the service makes a log group that is nobody's.
            logging_level="NONE",
            sns_topic_arns=[args.topic_arn],
            opts=child,
        )
        self.register_outputs({})


def graph_policy(region: str, account: str, alarm_prefix: str) -> str:
    """The policy document, as JSON, that lets the channel show an alarm and its graph.

    Args:
        region: of the alarms.
        account: the id of their account.
        alarm_prefix: how their names begin.
    """
    alarm = {
        "Effect": "Allow",
        "Action": ["cloudwatch:DescribeAlarms"],
        "Resource": [f"arn:aws:cloudwatch:{region}:{account}:alarm:{alarm_prefix}*"],
    }
    graph = {
        "Effect": "Allow",
        "Action": list(READS_WITHOUT_RESOURCE),
        "Resource": ["*"],
        "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [alarm, graph]})
