"""What the remote components make: the one place that models `eks:index:*`.

A remote component's code runs in a plugin, which the preview has not. This retells, for the options that the project
uses, which resources it registers: https://github.com/pulumi/pulumi-eks/blob/master/nodejs/eks/cluster/cluster.ts and
nodes/nodegroup.ts. An option that makes more than is told here is reported as a warning.
"""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from offline import wire


@dataclass(frozen=True)
class Made:
    """A resource that was recorded: its URN, its id and what is known of it, secrets revealed."""

    urn: str
    id: str
    state: Mapping[str, Any]

    @property
    def reference(self) -> wire.Reference:
        """The resource as a value."""
        return wire.Reference(self.urn, self.id)


@dataclass(frozen=True, kw_only=True)
class Component:
    """A remote component as it was registered. `inputs` are as `wire.raw` returns them."""

    urn: str
    type: str
    name: str
    inputs: Mapping[str, Any]
    property_dependencies: Mapping[str, Sequence[str]]
    providers: Mapping[str, str]

    def dependencies(self, *names: str) -> list[str]:
        """The URNs that these inputs come from."""
        return [urn for name in names for urn in self.property_dependencies.get(name, ())]


@dataclass(frozen=True)
class Answer:
    """A component's outputs, and for some the URNs that they come from."""

    outputs: Mapping[str, Any] = field(default_factory=dict)
    dependencies: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Maker(Protocol):
    """Records what a component makes."""

    def make(
        self,
        type_: str,
        name: str,
        inputs: Mapping[str, Any],
        *,
        parent: str,
        custom: bool = True,
        depends_on: Sequence[str] = (),
        property_dependencies: Mapping[str, Sequence[str]] | None = None,
        provider: str | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> Made:
        """Record a resource below `parent`; an input that is None is left out."""

    def state_of(self, urn: str) -> Mapping[str, Any]:
        """What is known of a registered resource, secrets revealed."""

    def say(self, severity: str, text: str, urn: str = "") -> None:
        """Add a message to the plan."""


def construct(component: Component, maker: Maker) -> Answer:
    """Record what `component` makes, and return its outputs; an unknown one makes nothing, with a warning."""
    model = MODELS.get(component.type)
    if model is None:
        maker.say(
            "warning",
            f"What {component.type} makes is not modelled: add it to MODELS in offline/remote.py.",
            component.urn,
        )
        return Answer()
    return model(component, maker)


# Each of these makes more than is told below.
UNTOLD_OF_CLUSTER = (
    "accessEntries",
    "autoMode",
    "createInstanceRole",
    "createOidcProvider",
    "creationRoleProvider",
    "fargate",
    "instanceRole",
    "storageClasses",
)


def _cluster(component: Component, maker: Maker) -> Answer:
    name, args = component.name, component.inputs
    aws = component.providers.get("aws")
    untold = [option for option in UNTOLD_OF_CLUSTER if args.get(option)]
    if not args.get("skipDefaultNodeGroup"):
        untold.append("skipDefaultNodeGroup: false")
    if untold:
        maker.say("warning", f"What {', '.join(untold)} adds to the cluster is not modelled.", component.urn)

    role_arn, role_urns = _cluster_role(component, maker, aws)
    groups, group_urns = _cluster_security_groups(component, maker, aws)
    cluster = maker.make(
        "aws:eks/cluster:Cluster",
        f"{name}-eksCluster",
        _cluster_inputs(component, role_arn, groups),
        parent=component.urn,
        provider=aws,
        depends_on=role_urns,
        property_dependencies={
            "name": component.dependencies("name"),
            "roleArn": [*role_urns[:1], *component.dependencies("serviceRole")],
            "vpcConfig": [*group_urns, *component.dependencies("subnetIds", "publicSubnetIds", "privateSubnetIds")],
            "encryptionConfig": component.dependencies("encryptionConfigKeyArn"),
            "version": component.dependencies("version"),
            "tags": component.dependencies("tags"),
        },
        options={
            "ignoreChanges": ["accessConfig.bootstrapClusterCreatorAdminPermissions", "bootstrapSelfManagedAddons"]
        },
    )
    if not groups:
        groups = [(cluster.state.get("vpcConfig") or {}).get("clusterSecurityGroupId", wire.Unknown())]
    kubeconfig = _kubeconfig(cluster, wire.revealed(args.get("providerCredentialOpts")) or {})
    kubeconfig_json = json.dumps(kubeconfig) if cluster.id else wire.Unknown()
    kubernetes = maker.make(
        "pulumi:providers:kubernetes",
        f"{name}-eks-k8s",
        {"kubeconfig": kubeconfig_json, "enableConfigMapMutable": args.get("enableConfigMapMutable")},
        parent=component.urn,
        property_dependencies={"kubeconfig": [cluster.urn]},
    )
    access = _aws_auth(component, maker, kubernetes)
    _addons(component, maker, cluster, aws, [made.urn for made in access])
    own = [cluster.urn]
    return Answer(
        outputs={
            "eksCluster": cluster.reference,
            "kubeconfig": kubeconfig,
            "kubeconfigJson": kubeconfig_json,
            "clusterSecurityGroupId": groups[0],
            "nodeSecurityGroupId": groups[0],
            "core": {
                "cluster": cluster.reference,
                "endpoint": cluster.state.get("endpoint"),
                "kubeconfig": kubeconfig,
                "vpcId": args.get("vpcId"),
                "subnetIds": args.get("subnetIds"),
            },
            "oidcIssuer": "",
            "oidcProviderArn": "",
            "oidcProviderUrl": "",
        },
        dependencies=dict.fromkeys(
            ("eksCluster", "kubeconfig", "kubeconfigJson", "clusterSecurityGroupId", "core"), own
        ),
    )


def _cluster_inputs(component: Component, role_arn: Any, groups: Sequence[Any]) -> dict[str, Any]:
    args = component.inputs
    mode, key = args.get("authenticationMode"), args.get("encryptionConfigKeyArn")
    service_cidr, family = args.get("kubernetesServiceIpAddressRange"), args.get("ipFamily")
    subnets = args.get("subnetIds") or [*(args.get("publicSubnetIds") or []), *(args.get("privateSubnetIds") or [])]
    vpc = {
        "securityGroupIds": groups or None,
        "subnetIds": subnets,
        "endpointPrivateAccess": args.get("endpointPrivateAccess"),
        "endpointPublicAccess": args.get("endpointPublicAccess"),
        "publicAccessCidrs": args.get("publicAccessCidrs"),
    }
    network = {"serviceIpv4Cidr": service_cidr if family in (None, "ipv4") else None, "ipFamily": family or "ipv4"}
    tags = {"Name": f"{component.name}-eksCluster", **_map(args.get("clusterTags")), **_map(args.get("tags"))}
    return {
        "name": args.get("name"),
        "roleArn": role_arn,
        "version": args.get("version"),
        "bootstrapSelfManagedAddons": args.get("bootstrapSelfManagedAddons", True),
        "vpcConfig": _given(vpc),
        "kubernetesNetworkConfig": _given(network) if service_cidr or family else None,
        "enabledClusterLogTypes": args.get("enabledClusterLogTypes"),
        "encryptionConfig": {"provider": {"keyArn": key}, "resources": ["secrets"]} if key else None,
        "accessConfig": (
            {"authenticationMode": mode, "bootstrapClusterCreatorAdminPermissions": True} if mode else None
        ),
        "upgradePolicy": args.get("upgradePolicy"),
        "deletionProtection": args.get("deletionProtection"),
        "tags": tags,
    }


def _cluster_role(component: Component, maker: Maker, aws: str | None) -> tuple[Any, list[str]]:
    """The ARN of the cluster's role, and the URNs of what has to be there before the cluster."""
    given = component.inputs.get("serviceRole")
    if given is not None:
        urn = wire.reference_urn(given)
        return (maker.state_of(urn).get("arn", wire.Unknown()) if urn else wire.Unknown()), [urn] if urn else []
    service_role = maker.make(
        "eks:index:ServiceRole", f"{component.name}-eksRole", {}, parent=component.urn, custom=False
    )
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Action": ["sts:AssumeRole", "sts:TagSession"],
                "Effect": "Allow",
                "Principal": {"Service": ["eks.amazonaws.com"]},
            }
        ],
    }
    role = maker.make(
        "aws:iam/role:Role",
        f"{component.name}-eksRole-role",
        {
            "description": "Allows EKS to manage clusters on your behalf.",
            "assumeRolePolicy": json.dumps(trust),
            "tags": component.inputs.get("tags"),
        },
        parent=service_role.urn,
        provider=aws,
    )
    policy = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy"
    attachment = maker.make(
        "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        f"{component.name}-eksRole-{hashlib.sha1(policy.encode(), usedforsecurity=False).hexdigest()[:8]}",
        {"policyArn": policy, "role": role.state.get("name", wire.Unknown())},
        parent=service_role.urn,
        provider=aws,
        property_dependencies={"role": [role.urn]},
    )
    return role.state.get("arn", wire.Unknown()), [role.urn, attachment.urn]


def _cluster_security_groups(component: Component, maker: Maker, aws: str | None) -> tuple[list[Any], list[str]]:
    """Ids and URNs of the security groups that the cluster is given."""
    name, args = component.name, component.inputs
    given = wire.reference_urn(args.get("clusterSecurityGroup"))
    if given:
        return [maker.state_of(given).get("id", wire.Unknown())], [given]
    if args.get("skipDefaultSecurityGroups"):
        return [], []
    maker.say("warning", "The nodes' security group that the cluster makes is not modelled.", component.urn)
    tags = _map(args.get("clusterSecurityGroupTags")) | _map(args.get("tags"))
    group = maker.make(
        "aws:ec2/securityGroup:SecurityGroup",
        f"{name}-eksClusterSecurityGroup",
        {
            "vpcId": args.get("vpcId"),
            "revokeRulesOnDelete": True,
            "tags": {"Name": f"{name}-eksClusterSecurityGroup", **tags},
        },
        parent=component.urn,
        provider=aws,
        property_dependencies={"vpcId": component.dependencies("vpcId")},
    )
    group_id = group.id or wire.Unknown()
    maker.make(
        "aws:ec2/securityGroupRule:SecurityGroupRule",
        f"{name}-eksClusterInternetEgressRule",
        {
            "description": "Allow internet access.",
            "type": "egress",
            "fromPort": 0,
            "toPort": 0,
            "protocol": "-1",
            "cidrBlocks": ["0.0.0.0/0"],
            "securityGroupId": group_id,
        },
        parent=component.urn,
        provider=aws,
        property_dependencies={"securityGroupId": [group.urn]},
    )
    return [group_id], [group.urn]


def _kubeconfig(cluster: Made, credentials: Mapping[str, Any]) -> Any:
    if not cluster.id:
        return wire.Unknown()
    region = cluster.state["arn"].split(":")[3]
    arguments = ["--region", region, "eks", "get-token", "--cluster-name", cluster.state["name"], "--output", "json"]
    if role := credentials.get("roleArn"):
        arguments += ["--role", role]
    info = {"name": "KUBERNETES_EXEC_INFO", "value": '{"apiVersion": "client.authentication.k8s.io/v1beta1"}'}
    execution = {
        "apiVersion": "client.authentication.k8s.io/v1beta1",
        "command": "aws",
        "args": arguments,
        "env": [info],
    }
    certificate = cluster.state["certificateAuthority"]["data"]
    return {
        "apiVersion": "v1",
        "clusters": [
            {
                "cluster": {"server": cluster.state["endpoint"], "certificate-authority-data": certificate},
                "name": "kubernetes",
            }
        ],
        "contexts": [{"context": {"cluster": "kubernetes", "user": "aws"}, "name": "aws"}],
        "current-context": "aws",
        "kind": "Config",
        "users": [{"name": "aws", "user": {"exec": execution}}],
    }


def _aws_auth(component: Component, maker: Maker, kubernetes: Made) -> list[Made]:
    args = component.inputs
    if args.get("authenticationMode") == "API":
        return []
    role_urns = [urn for each in args.get("instanceRoles") or [] if (urn := wire.reference_urn(each))]
    nodes = [
        {
            "roleArn": maker.state_of(urn).get("arn", wire.UNKNOWN),
            "username": "system:node:{{EC2PrivateDNSName}}",
            "groups": ["system:bootstrappers", "system:nodes"],
        }
        for urn in role_urns
    ]
    roles, users = wire.plain(args.get("roleMappings")) or [], wire.plain(args.get("userMappings")) or []
    data = {"mapRoles": _rows([*roles, *nodes], "roleArn")}
    if users:
        data["mapUsers"] = _rows(users, "userArn")
    config_map = maker.make(
        "kubernetes:core/v1:ConfigMap",
        f"{component.name}-nodeAccess",
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "immutable": False,
            "metadata": {
                "name": "aws-auth",
                "namespace": "kube-system",
                "annotations": {"pulumi.com/patchForce": "true"},
            },
            "data": data,
        },
        parent=component.urn,
        provider=kubernetes.urn,
        depends_on=[kubernetes.urn],
        property_dependencies={
            "data": [*role_urns, *component.dependencies("roleMappings", "userMappings", "instanceRoles")]
        },
    )
    return [config_map]


def _rows(mappings: Sequence[Mapping[str, Any]], arn: str) -> str:
    import yaml

    rows = [
        {arn.lower(): row.get(arn), "username": row.get("username"), "groups": row.get("groups")} for row in mappings
    ]
    return yaml.safe_dump(rows, sort_keys=False)


def _addons(component: Component, maker: Maker, cluster: Made, aws: str | None, after: Sequence[str]) -> None:
    name, args = component.name, component.inputs

    def install(addon: str, inputs: Mapping[str, Any], parent: str) -> None:
        maker.make(
            "aws:eks/addon:Addon",
            f"{name}-{addon}",
            inputs,
            parent=parent,
            property_dependencies={"clusterName": [cluster.urn]},
            provider=aws,
        )

    def inputs(addon: str, options: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "clusterName": cluster.state.get("name", wire.Unknown()),
            "addonName": addon,
            "addonVersion": options.get("version") or options.get("addonVersion") or "${latest}",
            "resolveConflictsOnCreate": options.get("resolveConflictsOnCreate", "OVERWRITE"),
            "resolveConflictsOnUpdate": options.get("resolveConflictsOnUpdate", "OVERWRITE"),
            "tags": args.get("tags"),
        }

    proxy = args.get("kubeProxyAddonOptions") or {}
    if proxy.get("enabled", True):
        install("kube-proxy", {**inputs("kube-proxy", proxy), "preserve": True}, component.urn)
    if not args.get("useDefaultVpcCni"):
        options = args.get("vpcCniOptions") or {}
        cni = maker.make(
            "eks:index:VpcCniAddon", f"{name}-vpc-cni", {}, parent=component.urn, custom=False, depends_on=after
        )
        install("vpc-cni", inputs("vpc-cni", options), cni.urn)
    dns = args.get("corednsAddonOptions") or {}
    wanted = dns.get("enabled") is True or dns.get("configurationValues")
    if wanted or (not args.get("skipDefaultNodeGroup") and dns.get("enabled", True)):
        install("coredns", {**inputs("coredns", dns), "preserve": True}, component.urn)


# What these ask for goes into a launch template of the component's own.
OWN_TEMPLATE = (
    "kubeletExtraArgs",
    "bootstrapExtraArgs",
    "bottlerocketSettings",
    "nodeadmExtraOptions",
    "enableIMDSv2",
    "userData",
    "amiId",
    "enableEfaSupport",
)
NOT_OF_THE_GROUP = {"cluster", "ignoreScalingChanges", "nodeRole", "operatingSystem", "gpu", *OWN_TEMPLATE}


def _managed_node_group(component: Component, maker: Maker) -> Answer:
    name, args = component.name, component.inputs
    aws = component.providers.get("aws")
    dependencies = {key: list(urns) for key, urns in component.property_dependencies.items()}
    inputs = {key: value for key, value in args.items() if key not in NOT_OF_THE_GROUP}
    cluster_urn = _cluster_of(args.get("cluster"), maker)
    if "clusterName" not in args:
        state = maker.state_of(cluster_urn) if cluster_urn else {}
        inputs["clusterName"] = state.get("name", wire.Unknown())
        dependencies["clusterName"] = [cluster_urn] if cluster_urn else []
    if "nodeRoleArn" not in args and (role := wire.reference_urn(args.get("nodeRole"))):
        inputs["nodeRoleArn"] = maker.state_of(role).get("arn", wire.Unknown())
        dependencies["nodeRoleArn"] = [role]
    scaling = args.get("scalingConfig") or {}
    inputs["scalingConfig"] = {
        "desiredSize": scaling.get("desiredSize", 2),
        "minSize": scaling.get("minSize", 1),
        "maxSize": scaling.get("maxSize", 2),
    }
    if any(args.get(option) is not None for option in OWN_TEMPLATE):
        imds = args.get("enableIMDSv2")
        metadata = {
            "httpTokens": "required" if imds else "optional",
            "httpPutResponseHopLimit": 2,
            "httpEndpoint": "enabled",
        }
        template = maker.make(
            "aws:ec2/launchTemplate:LaunchTemplate",
            f"{name}-launchTemplate",
            {"metadataOptions": metadata if imds is not None else None},
            parent=component.urn,
            provider=aws,
        )
        version = template.state.get("latestVersion")
        inputs["launchTemplate"] = {
            "id": template.id or wire.Unknown(),
            "version": wire.Unknown() if version is None else str(version),
        }
        dependencies["launchTemplate"] = [template.urn]
    group = maker.make(
        "aws:eks/nodeGroup:NodeGroup",
        name,
        inputs,
        parent=component.urn,
        provider=aws,
        property_dependencies={key: urns for key, urns in dependencies.items() if key in inputs},
        options={"ignoreChanges": ["scalingConfig.desiredSize"]} if args.get("ignoreScalingChanges") else {},
    )
    return Answer(
        outputs={"nodeGroup": group.reference, "placementGroupName": ""},
        dependencies={"nodeGroup": [group.urn]},
    )


def _cluster_of(value: Any, maker: Maker) -> str | None:
    """The URN of the AWS cluster of what a node group was given: the component, or its `core`."""
    urn = wire.reference_urn(value)
    if urn:
        return wire.reference_urn(maker.state_of(urn).get("eksCluster"))
    return wire.reference_urn(value.get("cluster")) if isinstance(value, Mapping) else None


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _map(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}


MODELS: Mapping[str, Callable[[Component, Maker], Answer]] = {
    "eks:index:Cluster": _cluster,
    "eks:index:ManagedNodeGroup": _managed_node_group,
}
