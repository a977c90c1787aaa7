"""A role with its boundary and its policies."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import pulumi
import pulumi_aws as aws

from bootstrap import names
from infra.ordering import after


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    """What a role takes: its name, what it is for, and its documents as JSON.

    `topics` are the keys of `policies`, known before the documents are.
    """

    role_name: str
    description: str
    trust: pulumi.Input[str]
    boundary: pulumi.Input[str]
    topics: Sequence[str]
    policies: pulumi.Output[Mapping[str, str]]


class Role(pulumi.ComponentResource):
    """An IAM role under a permissions boundary, with one managed policy for each topic.

    Names of roles and boundaries are contracts: the policies and the repository's variables name them. Outputs: `arn`
    (once the role has all its rights) and `boundary_arn`.
    """

    arn: pulumi.Output[str]
    boundary_arn: pulumi.Output[str]

    def __init__(self, name: str, args: RoleArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:bootstrap:Role", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        boundary = aws.iam.Policy(
            f"{name}-boundary",
            name=names.boundary(args.role_name),
            description=f"The most that {args.role_name}, and every role that it makes, can do",
            policy=args.boundary,
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-role",
            name=args.role_name,
            description=args.description,
            assume_role_policy=args.trust,
            permissions_boundary=boundary.arn,
            opts=child,
        )
        attachments = []
        for topic in args.topics:
            policy = aws.iam.Policy(
                f"{name}-{topic}",
                description=f"{args.role_name}: {topic}",
                policy=args.policies.apply(itemgetter(topic)),
                opts=child,
            )
            attachments.append(
                aws.iam.RolePolicyAttachment(
                    f"{name}-{topic}-attachment", role=role.name, policy_arn=policy.arn, opts=child
                )
            )
        self.arn = after(role.arn, *[each.id for each in attachments])
        self.boundary_arn = boundary.arn
        self.register_outputs({"arn": self.arn, "boundary_arn": self.boundary_arn})
