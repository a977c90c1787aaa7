"""How much the stack may cost in a month."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

# What was spent, and what AWS expects to be spent by the end of the month, in percent of the budget.
ACTUAL_PERCENT, FORECAST_PERCENT = 80, 100


@dataclass(frozen=True, kw_only=True)
class BudgetArgs:
    """What a budget takes: its name in AWS, which no other of the account has; the value of the tag `stack` whose costs
    it counts; dollars a month; and the topic that is told.
    """

    budget_name: str
    stack: str
    dollars: int
    topic_arn: pulumi.Input[str]


class Budget(pulumi.ComponentResource):
    """A monthly budget of what carries the stack's tag. It tells, and stops nothing.

    It counts nothing before `stack` is a cost allocation tag of the account:
    https://docs.aws.amazon.com/awsaccountbilling/latest/aboutv2/activating-tags.html. No outputs.
    """

    def __init__(self, name: str, args: BudgetArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:budget:Budget", name, None, opts)
        thresholds = {"ACTUAL": ACTUAL_PERCENT, "FORECASTED": FORECAST_PERCENT}
        aws.budgets.Budget(
            f"{name}-monthly",
            # The name is a contract with the deploy role, whose rights name it.
            name=args.budget_name,
            budget_type="COST",
            limit_amount=str(args.dollars),
            limit_unit="USD",
            time_unit="MONTHLY",
            cost_filters=[aws.budgets.BudgetCostFilterArgs(name="TagKeyValue", values=[f"user:stack${args.stack}"])],
            notifications=[
                aws.budgets.BudgetNotificationArgs(
                    notification_type=kind,
                    comparison_operator="GREATER_THAN",
                    threshold=percent,
                    threshold_type="PERCENTAGE",
                    subscriber_sns_topic_arns=[args.topic_arn],
                )
                for kind, percent in thresholds.items()
            ],
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})
