"""What a stack's dashboard, alarms, budget, and the topic that tells of them take. Pure.

All of them have names of their own.
"""

from bootstrap import names, reads
from bootstrap.policy_document import Account, Statement, allow, owned, tagging

CHANGES_IN_TOPIC = ("sns:DeleteTopic", "sns:SetTopicAttributes", "sns:Subscribe")
CHANGES_IN_CHAT = ("chatbot:DeleteSlackChannelConfiguration", "chatbot:UpdateSlackChannelConfiguration")


def sight(account: Account, stack: str) -> list[Statement]:
    """Dashboard, alarms, budget and topic of a stack.

    Args:
        account: where.
        stack: whose.
    """
    name = f"{names.PROJECT}-{stack}"
    topic = account.arn("sns", f"{name}-alerts")
    alarms = [account.arn("cloudwatch", f"alarm:{name}/*")]
    budget = [account.global_arn("budgets", f"budget/{name}")]
    chat = [account.global_arn("chatbot", f"chat-configuration/slack-channel/{name}")]
    here = {"StringEquals": {"aws:RequestedRegion": account.region}}
    tag, untag = "TagResource", "UntagResource"
    return [
        allow("MakeTopic", ["sns:CreateTopic"], [topic], tagging(stack)),
        *owned("Topic", [f"sns:{tag}"], [f"sns:{untag}"], [topic], stack),
        allow("Topic", [*reads.TOPICS, *CHANGES_IN_TOPIC], [topic]),
        # A subscription is no resource of IAM. Its ARN has an id that cannot be guessed, and others' are not listed:
        # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsns.html
        allow("Subscriptions", ["sns:SetSubscriptionAttributes", "sns:Unsubscribe"], ["*"], here),
        # Looked for by name, which AWS may take for a question about every alarm.
        allow("LookAtAlarms", reads.ALARMS, [account.arn("cloudwatch", "alarm:*")]),
        allow("MakeAlarms", ["cloudwatch:PutMetricAlarm", "cloudwatch:DeleteAlarms"], alarms),
        *owned("Alarms", [f"cloudwatch:{tag}"], [f"cloudwatch:{untag}"], alarms, stack),
        allow(
            "Dashboard",
            [*reads.DASHBOARDS, "cloudwatch:DeleteDashboards", "cloudwatch:PutDashboard"],
            [account.global_arn("cloudwatch", f"dashboard/{name}")],
        ),
        allow("Budget", [*reads.BUDGETS, "budgets:ModifyBudget"], budget),
        *owned("Budget", [f"budgets:{tag}"], [f"budgets:{untag}"], budget, stack),
        # It takes no resource, but tags: https://docs.aws.amazon.com/service-authorization/latest/reference/list_chatbot.html
        allow("MakeChat", ["chatbot:CreateSlackChannelConfiguration"], ["*"], tagging(stack)),
        allow("Chat", CHANGES_IN_CHAT, chat),
        *owned("Chat", [f"chatbot:{tag}"], [f"chatbot:{untag}"], chat, stack),
    ]
