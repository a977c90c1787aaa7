"""The record of the VPC's traffic."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.ordering import after
from infra.trust import service_trust


@dataclass(frozen=True, kw_only=True)
class FlowLogsArgs:
    """What flow logs take: the VPC they watch, a name for their log group, and how many days they are kept."""

    vpc_id: pulumi.Input[str]
    log_group_name: str
    retention_days: int


class FlowLogs(pulumi.ComponentResource):
    """Every accepted and refused connection of the VPC, kept in a CloudWatch log group of ours.

    Outputs: `log_group_name`.
    """

    log_group_name: pulumi.Output[str]

    def __init__(self, name: str, args: FlowLogsArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:network:FlowLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        group = aws.cloudwatch.LogGroup(
            f"{name}-log-group", name=args.log_group_name, retention_in_days=args.retention_days, opts=child
        )
        role = aws.iam.Role(f"{name}-role", assume_role_policy=service_trust("vpc-flow-logs.amazonaws.com"), opts=child)
        policy = aws.iam.RolePolicy(f"{name}-policy", role=role.name, policy=group.arn.apply(_write_policy), opts=child)
        aws.ec2.FlowLog(
            f"{name}-flow-log",
            vpc_id=args.vpc_id,
            traffic_type="ALL",
            log_destination_type="cloud-watch-logs",
            log_destination=group.arn,
            iam_role_arn=after(role.arn, policy.id),
            max_aggregation_interval=600,
            opts=child,
        )
        self.log_group_name = group.name
        self.register_outputs({"log_group_name": self.log_group_name})


def _write_policy(log_group_arn: str) -> str:
    actions = ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"]
    statement = {"Effect": "Allow", "Action": actions, "Resource": [log_group_arn, f"{log_group_arn}:*"]}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
