"""The permissions boundary of every role that the program makes, those inside remote components too."""

from collections.abc import Callable

import pulumi


def bound_roles(policy_arn: str) -> Callable[[pulumi.ResourceTransformArgs], pulumi.ResourceTransformResult | None]:
    """A transform that gives every IAM role the boundary `policy_arn`.

    A transform, because the role of the control plane is made by `pulumi_eks`, which has no word for a boundary.
    """

    def bound(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
        if args.type_ != "aws:iam/role:Role":
            return None
        return pulumi.ResourceTransformResult(props={**args.props, "permissionsBoundary": policy_arn}, opts=args.opts)

    return bound
