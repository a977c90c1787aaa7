"""An IAM role for pods."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.ordering import after
from infra.trust import service_trust

# Of an IAM policy; it may hold outputs.
Statement = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class PodRoleArgs:
    """What a role takes: the `statements` of its policy, and its `name` in AWS if others know it by that."""

    statements: pulumi.Input[Sequence[Statement]]
    name: str | None = None


class PodRole(pulumi.ComponentResource):
    """A role that EKS Pod Identity lends to pods, with one policy.

    Outputs: `arn` (at once: what it gives rights to may take minutes to make, and an association should be there well
    before the first pod); `granted` (the ARN, once the role has its policy: for pods, and for whoever hands it on).
    """

    arn: pulumi.Output[str]
    granted: pulumi.Output[str]

    def __init__(self, name: str, args: PodRoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:pod-role:PodRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            f"{name}-role",
            name=args.name,
            assume_role_policy=service_trust("pods.eks.amazonaws.com", pods=True),
            opts=child,
        )
        policy = aws.iam.RolePolicy(
            f"{name}-policy",
            role=role.name,
            policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": args.statements}),
            opts=child,
        )
        self.arn, self.granted = role.arn, after(role.arn, policy.id)
        self.register_outputs({"arn": self.arn})
