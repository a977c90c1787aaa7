"""The topic that alarms are told to, and who hears of them."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.ordering import after

PUBLISHERS = ("cloudwatch.amazonaws.com", "budgets.amazonaws.com")


@dataclass(frozen=True, kw_only=True)
class AlertsArgs:
    """What alerts take.

    `topic_name` is the topic's name in AWS; `alarm_prefix` begins the names of the alarms that may tell it; `emails`
    are addresses; `pager_duty` is the address of an integration, a secret, or None.
    """

    region: str
    topic_name: str
    alarm_prefix: str
    emails: Sequence[str]
    pager_duty: pulumi.Output[str] | None


class Alerts(pulumi.ComponentResource):
    """An encrypted topic that this account's alarms and budgets may tell, and nobody else, with its subscribers.

    Outputs: `topic_arn` (once it may be told).
    """

    topic_arn: pulumi.Output[str]

    def __init__(self, name: str, args: AlertsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:alerts:Alerts", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        account = aws.get_caller_identity_output(opts=pulumi.InvokeOutputOptions(parent=self)).account_id
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Encrypts what is told to {args.topic_name}",
            policy=account.apply(key_policy),
            enable_key_rotation=True,
            deletion_window_in_days=7,
            opts=child,
        )
        # The name is a contract with the deploy role, whose rights name it.
        topic = aws.sns.Topic(f"{name}-topic", name=args.topic_name, kms_master_key_id=key.arn, opts=child)
        policy = aws.sns.TopicPolicy(
            f"{name}-topic-policy",
            arn=topic.arn,
            policy=pulumi.Output.all(account, topic.arn).apply(
                lambda known: topic_policy(known[0], known[1], f"{_alarms(args.region, known[0])}:{args.alarm_prefix}*")
            ),
            opts=child,
        )
        for email in args.emails:
            aws.sns.TopicSubscription(
                f"{name}-email-{_key(email)}", topic=topic.arn, protocol="email", endpoint=email, opts=child
            )
        if args.pager_duty is not None:
            aws.sns.TopicSubscription(
                f"{name}-pager-duty",
                topic=topic.arn,
                protocol="https",
                endpoint=args.pager_duty,
                endpoint_auto_confirms=True,
                opts=child,
            )
        self.topic_arn = after(topic.arn, policy.id)
        self.register_outputs({"topic_arn": self.topic_arn})


def key_policy(account: str) -> str:
    """The key policy, as JSON: the account says who may do what, and the publishers may encrypt what they tell.

    https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html#compatibility-with-aws-services

    Args:
        account: the id of the account, whose alarms and budgets they must be.
    """
    owner = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": ["kms:*"],
        # Of a key policy, this is the key.
        "Resource": ["*"],
    }
    publishers = {
        "Effect": "Allow",
        "Principal": {"Service": list(PUBLISHERS)},
        "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
        "Resource": ["*"],
        "Condition": {"StringEquals": {"aws:SourceAccount": account}},
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [owner, publishers]})


def topic_policy(account: str, topic_arn: str, alarms: str) -> str:
    """The topic's policy, as JSON: who may publish.

    https://docs.aws.amazon.com/cost-management/latest/userguide/budgets-sns-policy.html

    Args:
        account: the id of the account.
        topic_arn: the topic's.
        alarms: a pattern of the ARNs of the alarms.
    """
    sources = dict(zip(PUBLISHERS, (alarms, f"arn:aws:budgets::{account}:*"), strict=True))
    statements = [
        {
            "Effect": "Allow",
            "Principal": {"Service": publisher},
            "Action": ["sns:Publish"],
            "Resource": [topic_arn],
            "Condition": {"StringEquals": {"aws:SourceAccount": account}, "ArnLike": {"aws:SourceArn": source}},
        }
        for publisher, source in sources.items()
    ]
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


def _alarms(region: str, account: str) -> str:
    return f"arn:aws:cloudwatch:{region}:{account}:alarm"


def _key(email: str) -> str:
    """A name for an address that no other has and that does not depend on its place in the list. Not the address
    itself: a logical name must not name the stack, as an address may.
    """
    return hashlib.sha256(email.encode()).hexdigest()[:8]
