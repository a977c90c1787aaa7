"""The worker nodes, and the add-ons that run on them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from infra.addons import AddonVersions, install
from infra.ordering import after
from infra.trust import service_trust

Architecture = Literal["arm64", "amd64"]
Capacity = Literal["on-demand", "spot"]

AMI_TYPES: Mapping[Architecture, str] = {"arm64": "AL2023_ARM_64_STANDARD", "amd64": "AL2023_x86_64_STANDARD"}
CAPACITY_TYPES: Mapping[Capacity, str] = {"on-demand": "ON_DEMAND", "spot": "SPOT"}
# What a node may do: https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
NODE_POLICIES = ("AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryPullOnly")
# The add-ons whose pods need a node: installed before there is one, they stay DEGRADED for 20 minutes.
WORKLOAD_ADDONS = ("coredns", "metrics-server")


class NodeRole(pulumi.ComponentResource):
    """The IAM role of the nodes. Outputs: `role`, and `arn` (once all its policies are attached)."""

    role: aws.iam.Role
    arn: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:nodes:NodeRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.role = aws.iam.Role(f"{name}-role", assume_role_policy=service_trust("ec2.amazonaws.com"), opts=child)
        attachments = [
            aws.iam.RolePolicyAttachment(
                f"{name}-{policy}", role=self.role.name, policy_arn=f"arn:aws:iam::aws:policy/{policy}", opts=child
            )
            for policy in NODE_POLICIES
        ]
        self.arn = after(self.role.arn, *[attachment.id for attachment in attachments])
        self.register_outputs({"arn": self.arn})


@dataclass(frozen=True, kw_only=True)
class NodesArgs:
    """What a node group takes.

    `cluster` and `cluster_name` say what it joins (the name is waited for); `subnet_ids` are subnets whose way out
    works; `disk_gib` is the root volume in GiB; the sizes are numbers of nodes. Of an `autoscaled` group the
    desired size is only where it starts.
    """

    cluster: eks.Cluster
    cluster_name: pulumi.Output[str]
    kubernetes_version: str
    addon_versions: AddonVersions
    subnet_ids: Sequence[pulumi.Input[str]]
    role_arn: pulumi.Input[str]
    architecture: Architecture
    instance_types: Sequence[str]
    capacity: Capacity
    min_size: int
    desired_size: int
    max_size: int
    autoscaled: bool = False
    disk_gib: int
    name_tag: str
    tags: Mapping[str, str]


class Nodes(pulumi.ComponentResource):
    """One managed node group with encrypted disks and IMDSv2 only, and the add-ons that need nodes.

    Outputs: `cluster_name` (once there are nodes to run on).
    """

    cluster_name: pulumi.Output[str]

    def __init__(self, name: str, args: NodesArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:nodes:Nodes", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        template = _create_launch_template(name, args, child)
        group = eks.ManagedNodeGroup(
            f"{name}-group",
            cluster=args.cluster,
            cluster_name=args.cluster_name,
            version=args.kubernetes_version,
            subnet_ids=args.subnet_ids,
            node_role_arn=args.role_arn,
            ami_type=AMI_TYPES[args.architecture],
            instance_types=list(args.instance_types),
            capacity_type=CAPACITY_TYPES[args.capacity],
            scaling_config=aws.eks.NodeGroupScalingConfigArgs(
                min_size=args.min_size, desired_size=args.desired_size, max_size=args.max_size
            ),
            # Else every change of the group would take back what the autoscaler has decided. It is an option of the
            # resource and no property, so neither turning it on nor off changes the group.
            ignore_scaling_changes=True if args.autoscaled else None,
            launch_template=aws.eks.NodeGroupLaunchTemplateArgs(
                id=template.id, version=template.latest_version.apply(str)
            ),
            tags=dict(args.tags),
            opts=child,
        )
        self.cluster_name = after(args.cluster_name, group.node_group.apply(_id))
        for addon in WORKLOAD_ADDONS:
            install(f"{name}-{addon}", addon, args.addon_versions, self.cluster_name, child)
        self.register_outputs({"cluster_name": self.cluster_name})


def _id(node_group: Any) -> Any:
    return node_group.id


def _create_launch_template(name: str, args: NodesArgs, opts: pulumi.ResourceOptions) -> aws.ec2.LaunchTemplate:
    tags = {**args.tags, "Name": args.name_tag}
    return aws.ec2.LaunchTemplate(
        f"{name}-template",
        metadata_options=aws.ec2.LaunchTemplateMetadataOptionsArgs(
            http_endpoint="enabled",
            http_tokens="required",
            # One hop keeps the node's own credentials out of reach of pods, which have Pod Identity.
            http_put_response_hop_limit=1,
        ),
        block_device_mappings=[
            aws.ec2.LaunchTemplateBlockDeviceMappingArgs(
                device_name="/dev/xvda",
                ebs=aws.ec2.LaunchTemplateBlockDeviceMappingEbsArgs(
                    volume_size=args.disk_gib, volume_type="gp3", encrypted="true", delete_on_termination="true"
                ),
            )
        ],
        # The provider's default tags reach the template but not what is launched from it.
        tag_specifications=[
            aws.ec2.LaunchTemplateTagSpecificationArgs(resource_type=kind, tags=tags)
            for kind in ("instance", "volume", "network-interface")
        ],
        update_default_version=True,
        opts=opts,
    )
