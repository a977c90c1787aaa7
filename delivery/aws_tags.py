"""The tags on things in AWS."""

from collections.abc import Iterable, Mapping, Sequence

from delivery.aws_clients import Clients

# What the controller tags balancers with, and what goes with them: the cluster, and the group of Ingresses.
# https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/guide/ingress/annotations/#resource-tags
BALANCER_CLUSTER, BALANCER_GROUP = "elbv2.k8s.aws/cluster", "ingress.k8s.aws/stack"
# https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html
MOST_ARNS = 20


def tags_of(listed: Iterable[Mapping[str, str]] | None) -> dict[str, str]:
    """AWS's list of `Key` and `Value` as a mapping; an empty one where there is no list."""
    return {each["Key"]: each.get("Value", "") for each in listed or ()}


def balancer_tags(clients: Clients, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    """The tags of balancers, target groups and what is theirs, by ARN; what is gone meanwhile is left out.

    Raises:
        AwsError: Elastic Load Balancing cannot be asked.
    """
    found: dict[str, dict[str, str]] = {}
    for start in range(0, len(arns), MOST_ARNS):
        found |= _of_some(clients, arns[start : start + MOST_ARNS])
    return found


def _of_some(clients: Clients, arns: Sequence[str]) -> dict[str, dict[str, str]]:
    told = clients.find("elbv2", "describe_tags", ResourceArns=list(arns))
    if told is not None:
        return {str(each["ResourceArn"]): tags_of(each["Tags"]) for each in told["TagDescriptions"]}
    # One of them went meanwhile, and the answer is about none.
    return {key: tags for arn in arns for key, tags in _of_some(clients, [arn]).items()} if arns[1:] else {}
