"""The containers' logs and metrics in CloudWatch."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.addons import AddonVersions, install
from infra.ordering import after
from infra.pod_role import PodRole, PodRoleArgs, Statement
from infra.service_identity import ServiceIdentity, ServiceIdentityArgs

ADDON = "amazon-cloudwatch-observability"
NAMESPACE, SERVICE_ACCOUNT = "amazon-cloudwatch", "cloudwatch-agent"
# What the add-on's agent and Fluent Bit write to:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-view-metrics.html
LOG_GROUPS = ("application", "dataplane", "host", "performance")
# What the agent asks of its node, for which AWS has no resource to name:
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonec2.html
READS_WITHOUT_RESOURCE = ("ec2:DescribeTags", "ec2:DescribeVolumes")


@dataclass(frozen=True, kw_only=True)
class ObservabilityArgs:
    """What observability takes.

    `log_group_prefix` is `/aws/containerinsights/<cluster>`; `cluster_name` is the cluster's, and
    `node_cluster_name` the same, once it has nodes; `addon_versions` maps an add-on to its pinned version.
    """

    region: str
    log_group_prefix: str
    retention_days: int
    cluster_name: pulumi.Input[str]
    node_cluster_name: pulumi.Output[str]
    addon_versions: AddonVersions


class Observability(pulumi.ComponentResource):
    """The EKS add-on that sends logs and metrics, and the log groups that it sends them to.

    The groups are ours: made before the add-on, deleted after it. Its role may not make any, as it would make one
    without an end to its logs, and again after everything is deleted. Agent and Fluent Bit make a group only where
    CloudWatch says that it is missing, so they do not miss the right. Metrics come with the logs, so it needs no right
    to put them. Outputs: `addon_id` (once the add-on runs).
    """

    addon_id: pulumi.Output[str]

    def __init__(self, name: str, args: ObservabilityArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:observability:Observability", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        # The rights name the groups, so whoever takes the role comes after them.
        statements = agent_statements(args.region, [group.arn for group in self._create_log_groups()])
        role = PodRole(name, PodRoleArgs(statements=statements), self._child)
        # Not the add-on's own association, which would have no tags, and so no owner.
        identity = ServiceIdentity(
            f"{name}-identity",
            ServiceIdentityArgs(
                cluster_name=args.cluster_name,
                namespace=NAMESPACE,
                service_account=SERVICE_ACCOUNT,
                role_arn=role.granted,
            ),
            self._child,
        )
        cluster_name = after(args.node_cluster_name, identity.service_account)
        settled = pulumi.ResourceOptions(
            parent=self, hooks=pulumi.ResourceHookBinding(before_create=[identity.settled])
        )
        addon = install(f"{name}-addon", ADDON, args.addon_versions, cluster_name, settled)
        self.addon_id = addon.id
        self.register_outputs({"addon_id": self.addon_id})

    def _create_log_groups(self) -> list[aws.cloudwatch.LogGroup]:
        # The names are a contract with the add-on.
        return [
            aws.cloudwatch.LogGroup(
                f"{self._name}-{each}-logs",
                name=f"{self._args.log_group_prefix}/{each}",
                retention_in_days=self._args.retention_days,
                opts=self._child,
            )
            for each in LOG_GROUPS
        ]


def agent_statements(region: str, log_group_arns: Sequence[pulumi.Output[str]]) -> list[Statement]:
    """The statements that let the add-on write to these log groups, and make none.

    Args:
        region: the region whose nodes it may ask for.
        log_group_arns: ARNs of the log groups, without `:*`.
    """
    streams = [pulumi.Output.concat(arn, ":*") for arn in log_group_arns]
    return [
        {
            "Effect": "Allow",
            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
            "Resource": [*log_group_arns, *streams],
        },
        {
            "Effect": "Allow",
            "Action": list(READS_WITHOUT_RESOURCE),
            "Resource": ["*"],
            "Condition": {"StringEquals": {"aws:RequestedRegion": region}},
        },
    ]
