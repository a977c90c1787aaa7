"""What `eks:index:Cluster` makes.

It retells, for the options that the project uses:
https://github.com/pulumi/pulumi-eks/blob/v4.4.0/nodejs/eks/cluster/cluster.ts
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from offline import wire
from offline.component import Answer, Component, Made, Maker

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


def model_cluster(component: Component, maker: Maker) -> Answer:
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


def _given(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _map(value: Any) -> dict[str, Any]:
    return dict(value) if isinstance(value, Mapping) else {}
