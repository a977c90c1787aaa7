"""The EKS control plane and the add-ons that nodes need before they start."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import pulumi
import pulumi_aws as aws
import pulumi_eks as eks

from infra.addons import AddonVersions, install
from infra.ordering import after

LogType = Literal["api", "audit", "authenticator", "controllerManager", "scheduler"]
LOG_TYPES: tuple[LogType, ...] = get_args(LogType)
# The add-ons that run on every node and that a node needs to become ready, hence before the first one.
NODE_ADDONS = ("vpc-cni", "kube-proxy", "eks-pod-identity-agent")


@dataclass(frozen=True, kw_only=True)
class ClusterArgs:
    """What a control plane takes.

    `cluster_name` is the name in AWS; `kubernetes_version` is `major.minor`; `addon_versions` maps an add-on to its
    pinned version; `public_access_cidrs` may reach the public endpoint (none: it is off); `log_types` are what the
    control plane writes down. `role_mappings` and
    `user_mappings` are the rows of aws-auth, `node_role` the nodes' row: written in mode API_AND_CONFIG_MAP only.
    """

    cluster_name: str
    kubernetes_version: str
    addon_versions: AddonVersions
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    service_cidr: str
    public_access_cidrs: Sequence[str]
    authentication_mode: Literal["API", "API_AND_CONFIG_MAP"]
    role_mappings: Sequence[eks.RoleMappingArgs]
    user_mappings: Sequence[eks.UserMappingArgs]
    node_role: aws.iam.Role
    deploy_role_arn: str | None
    log_types: Sequence[LogType]
    log_retention_days: int
    deletion_protection: bool
    tags: Mapping[str, str]


class Cluster(pulumi.ComponentResource):
    """An EKS control plane whose secrets are encrypted with a key of ours and whose logs go to a log group of ours.

    The log group is made first, because EKS makes one without retention if there is none. Nodes are not part of it.
    Outputs: `cluster` (for a node group); `cluster_name`; `node_cluster_name` (the same, once the add-ons that a node
    needs are there); `kubeconfig` (JSON, exec-based, without a secret).
    """

    cluster: eks.Cluster
    cluster_name: pulumi.Output[str]
    node_cluster_name: pulumi.Output[str]
    kubeconfig: pulumi.Output[str]

    def __init__(self, name: str, args: ClusterArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:cluster:Cluster", name, None, opts)
        self._name, self._args = name, args
        self._child = pulumi.ResourceOptions(parent=self)
        self.cluster = self._create_cluster(self._create_log_group(), self._create_key())
        self.cluster_name = self.cluster.eks_cluster.apply(lambda cluster: cluster.name)
        self.kubeconfig = self.cluster.kubeconfig_json
        node_addons = [
            install(f"{name}-{addon}", addon, args.addon_versions, self.cluster_name, self._child)
            for addon in NODE_ADDONS
        ]
        self.node_cluster_name = after(self.cluster_name, *[addon.id for addon in node_addons])
        self.register_outputs({"cluster_name": self.cluster_name})

    def _create_log_group(self) -> aws.cloudwatch.LogGroup:
        # The name is a contract with EKS, which writes to this one:
        # https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
        return aws.cloudwatch.LogGroup(
            f"{self._name}-logs",
            name=f"/aws/eks/{self._args.cluster_name}/cluster",
            retention_in_days=self._args.log_retention_days,
            opts=self._child,
        )

    def _create_key(self) -> aws.kms.Key:
        return aws.kms.Key(
            f"{self._name}-secrets-key",
            description=f"Encrypts the Kubernetes secrets of {self._args.cluster_name}",
            enable_key_rotation=True,
            deletion_window_in_days=7,
            opts=self._child,
        )

    def _create_cluster(self, log_group: aws.cloudwatch.LogGroup, key: aws.kms.Key) -> eks.Cluster:
        args = self._args
        maps = args.authentication_mode == "API_AND_CONFIG_MAP"
        public = bool(args.public_access_cidrs)
        return eks.Cluster(
            f"{self._name}-eks",
            name=after(args.cluster_name, log_group.id),
            version=args.kubernetes_version,
            upgrade_policy=aws.eks.ClusterUpgradePolicyArgs(support_type="STANDARD"),
            vpc_id=args.vpc_id,
            subnet_ids=args.subnet_ids,
            kubernetes_service_ip_address_range=args.service_cidr,
            endpoint_private_access=True,
            endpoint_public_access=public,
            public_access_cidrs=list(args.public_access_cidrs) if public else None,
            encryption_config_key_arn=key.arn,
            enabled_cluster_log_types=list(args.log_types),
            authentication_mode=eks.AuthenticationMode(args.authentication_mode),
            role_mappings=list(args.role_mappings) if maps else None,
            user_mappings=list(args.user_mappings) if maps else None,
            instance_roles=[args.node_role] if maps else None,
            # Always given: without it the name of the caller's AWS profile, if there is one, becomes part of the state.
            provider_credential_opts=eks.KubeconfigOptionsArgs(role_arn=args.deploy_role_arn),
            deletion_protection=args.deletion_protection,
            # The add-ons below are ours, so EKS's self-managed copies would only have to be overwritten.
            bootstrap_self_managed_addons=False,
            use_default_vpc_cni=True,
            kube_proxy_addon_options=eks.KubeProxyAddonOptionsArgs(enabled=False),
            coredns_addon_options=eks.CoreDnsAddonOptionsArgs(enabled=False),
            # Pod Identity needs no OIDC provider, and making one fetches a certificate over the network in a preview.
            create_oidc_provider=False,
            create_instance_role=False,
            skip_default_node_group=True,
            skip_default_security_groups=True,
            tags=dict(args.tags),
            opts=self._child,
        )
