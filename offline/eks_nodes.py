"""What `eks:index:ManagedNodeGroup` makes.

It retells, for the options that the project uses:
https://github.com/pulumi/pulumi-eks/blob/v4.4.0/nodejs/eks/nodes/nodegroup.ts
"""

from collections.abc import Mapping
from typing import Any

from offline import wire
from offline.component import Answer, Component, Maker

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


def model_managed_node_group(component: Component, maker: Maker) -> Answer:
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
