"""What the Cluster Autoscaler may do, in the account and in the cluster. Pure data, no resources.

The measure is what version 1.35 calls: the published manifest, and the objects of dynamic resource allocation, which it
watches since 1.34 and which that manifest leaves out.
https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/aws/README.md
https://github.com/kubernetes/autoscaler/blob/cluster-autoscaler-1.35.2/cluster-autoscaler/cloudprovider/aws/examples/cluster-autoscaler-autodiscover.yaml
"""

from collections.abc import Mapping, Sequence

from infra.pod_role import Statement

NAME = "cluster-autoscaler"
# EKS tags the Auto Scaling group of every managed node group with both, the second with the value `owned`.
ENABLED_TAG, CLUSTER_TAG = f"k8s.io/{NAME}/enabled", f"k8s.io/{NAME}"

# AWS offers no resource-level permission for these reads:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2autoscaling.html
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
READS_WITHOUT_RESOURCE = (
    "autoscaling:DescribeAutoScalingGroups",
    "autoscaling:DescribeScalingActivities",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeLaunchTemplateVersions",
)

Rule = Mapping[str, Sequence[str]]
_READ = ("get", "list", "watch")


def _rule(group: str, resources: Sequence[str], verbs: Sequence[str], names: Sequence[str] = ()) -> Rule:
    named = {"resource_names": list(names)} if names else {}
    return {"api_groups": [group], "resources": list(resources), "verbs": list(verbs), **named}


CLUSTER_RULES: Sequence[Rule] = (
    _rule("", ["events"], ["create", "patch"]),
    _rule("", ["pods/eviction"], ["create"]),
    _rule("", ["pods/status"], ["update"]),
    _rule("", ["nodes"], [*_READ, "update"]),
    _rule(
        "",
        ["namespaces", "pods", "services", "replicationcontrollers", "persistentvolumeclaims", "persistentvolumes"],
        _READ,
    ),
    _rule("apps", ["daemonsets", "replicasets", "statefulsets"], _READ),
    _rule("batch", ["jobs"], _READ),
    _rule("policy", ["poddisruptionbudgets"], ["list", "watch"]),
    _rule("resource.k8s.io", ["deviceclasses", "resourceclaims", "resourceslices"], _READ),
    _rule(
        "storage.k8s.io",
        ["storageclasses", "csinodes", "csidrivers", "csistoragecapacities", "volumeattachments"],
        _READ,
    ),
)
# In its own namespace: the lock of its leader, and what it writes down about its state. Kubernetes cannot limit a
# creation to a name.
NAMESPACE_RULES: Sequence[Rule] = (
    _rule("", ["configmaps"], ["create"]),
    _rule("", ["configmaps"], ["get", "update", "delete"], [f"{NAME}-status"]),
    _rule("coordination.k8s.io", ["leases"], ["create"]),
    _rule("coordination.k8s.io", ["leases"], ["get", "update"], [NAME]),
)


def autoscaler_statements(region: str, account: str, cluster_name: str) -> list[Statement]:
    """The statements of the autoscaler's IAM policy: it sizes the node groups of this cluster, and no others.

    Args:
        region: the AWS region, e.g. `us-west-2`.
        account: the AWS account's number, twelve digits.
        cluster_name: the EKS cluster's.
    """
    # EKS calls the groups so: eks-<node group>-<id>.
    groups = f"arn:aws:autoscaling:{region}:{account}:autoScalingGroup:*:autoScalingGroupName/eks-*"
    return [
        {
            "Sid": "Look",
            "Effect": "Allow",
            "Action": list(READS_WITHOUT_RESOURCE),
            "Resource": ["*"],
            "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
        },
        {
            "Sid": "LookAtNodeGroups",
            "Effect": "Allow",
            "Action": ["eks:DescribeNodegroup"],
            "Resource": [f"arn:aws:eks:{region}:{account}:nodegroup/{cluster_name}/*/*"],
        },
        {
            "Sid": "SizeNodeGroups",
            "Effect": "Allow",
            "Action": ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
            "Resource": [groups],
            "Condition": {"StringEquals": {f"aws:ResourceTag/{CLUSTER_TAG}/{cluster_name}": "owned"}},
        },
    ]
