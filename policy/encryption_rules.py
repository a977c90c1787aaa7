"""What is encrypted, with which key, and what else the same resources must keep to.

Each rule answers what is wrong with a resource of its kind; `rules.py` says how much it weighs, and the cure.
"""

from collections.abc import Iterator

from policy.model import Context, Planned, as_map, is_unknown

REGISTRY, TEMPLATE = "aws:ecr/repository:Repository", "aws:ec2/launchTemplate:LaunchTemplate"


def secrets_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == "aws:eks/cluster:Cluster" and not resource.inputs.get("encryptionConfig"):
        yield "its Kubernetes secrets are not encrypted with a key of ours"


def registry_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    # ECR always encrypts; what is left to say is that it is said.
    if resource.type == REGISTRY and not resource.inputs.get("encryptionConfigurations"):
        yield "it does not say how its images are encrypted"


def tags_immutable(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == REGISTRY and resource.inputs.get("imageTagMutability") != "IMMUTABLE":
        yield "its tags can be moved to other images"


def disks_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == TEMPLATE:
        for mapping in resource.inputs.get("blockDeviceMappings") or []:
            if str(as_map(as_map(mapping).get("ebs")).get("encrypted")).lower() != "true":
                yield f"its disk {as_map(mapping).get('deviceName')} is not encrypted"


def metadata_by_token(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == TEMPLATE:
        tokens = as_map(resource.inputs.get("metadataOptions")).get("httpTokens")
        if tokens != "required" and not is_unknown(tokens):
            yield "its nodes answer metadata requests without a token (IMDSv1)"


def key_rotated(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == "aws:kms/key:Key" and not resource.inputs.get("enableKeyRotation"):
        yield "its key is never rotated"


def topic_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == "aws:sns/topic:Topic" and not resource.inputs.get("kmsMasterKeyId"):
        yield "what it is told lies unencrypted until it is delivered"
