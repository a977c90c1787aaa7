"""The balancer that the load balancer controller has made, looked up."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

# No balancer has this name, as theirs have slashes: a metric of it has no data, which its alarm may call an alarm.
NONE = "none"


def metrics_name(
    balancer_name: pulumi.Input[str],
    cluster_name: pulumi.Input[str],
    group: str,
    opts: pulumi.InvokeOutputOptions,
) -> pulumi.Output[str]:
    """The name that CloudWatch has for the balancer, which only the controller and AWS know.

    It is found by the tags that the controller itself finds it by:
    https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#resource-tags
    A look-up that finds nothing answers with an empty list, so it fails neither a preview nor an `up`: somebody may
    have deleted the balancer, and the controller makes another one. Target groups are not looked up: one is replaced
    when its port or protocol changes. Ask for their metrics by the balancer.

    Args:
        balancer_name: the balancer's DNS name. It is asked for after this is known, and so after the Ingress.
        cluster_name: the cluster's.
        group: the Ingress group's name.
        opts: the provider that asks.

    Returns:
        `app/<name>/<id>`, the dimension `LoadBalancer` of `AWS/ApplicationELB`; `NONE` without a balancer.
    """
    tags = pulumi.Output.all(cluster_name, balancer_name).apply(
        lambda known: {"elbv2.k8s.aws/cluster": known[0], "ingress.k8s.aws/stack": group}
    )
    return aws.lb.get_lbs_output(tags=tags, opts=opts).arns.apply(_metrics_name)


def _metrics_name(arns: Sequence[str] | None) -> str:
    # Sorted, so that the answer is the same while the balancers are.
    names = sorted(arn.partition(":loadbalancer/")[2] for arn in arns or ())
    return next((name for name in names if name.startswith("app/")), NONE)
