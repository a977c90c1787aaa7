"""What lies somewhere: buckets, disks, files, queues, topics, images, and the keys of all that.

Always encrypted by AWS, so that there is nothing to ask: log groups, buckets, Secrets Manager, images in ECR.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/data-protection.html,
https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html
"""

from collections.abc import Iterator

from policy.model import Context, Planned, Rule
from policy.values import as_maps, at, is_missing, is_off, is_on, is_unknown

REGISTRY, TEMPLATE = "aws:ecr/repository:Repository", "aws:ec2/launchTemplate:LaunchTemplate"
KEY, TOPIC, QUEUE = "aws:kms/key:Key", "aws:sns/topic:Topic", "aws:sqs/queue:Queue"
NODES, INSTANCE = "aws:eks/nodeGroup:NodeGroup", "aws:ec2/instance:Instance"
BUCKETS = ("aws:s3/bucket:Bucket", "aws:s3/bucketV2:BucketV2")
BUCKET_ACCESS = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
BUCKET_ACLS = ("aws:s3/bucketAcl:BucketAcl", "aws:s3/bucketAclV2:BucketAclV2")
VOLUMES = ("aws:ebs/volume:Volume", "aws:efs/fileSystem:FileSystem")
CLOSING = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")


def bucket_private(resource: Planned, context: Context) -> Iterator[str]:
    if resource.type in BUCKETS and not context.has_beside(resource, BUCKET_ACCESS, "bucket"):
        yield "a policy could open it to the world (no BucketPublicAccessBlock)"
    if resource.type in BUCKETS + BUCKET_ACLS:
        acl = str(resource.inputs.get("acl"))
        if acl.startswith("public-") or acl == "authenticated-read":
            yield f"it is open to the world (acl {acl})"
    if resource.type == BUCKET_ACCESS:
        yield from (
            f"its bucket can be opened to the world ({key})" for key in CLOSING if is_off(resource.inputs.get(key))
        )


def disks_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == INSTANCE:
        disks = {"rootBlockDevice": resource.inputs.get("rootBlockDevice")}
        disks |= {str(each.get("deviceName")): each for each in as_maps(resource.inputs.get("ebsBlockDevices"))}
        yield from (
            f"its disk {name} is not encrypted" for name, disk in disks.items() if is_off(at(disk, "encrypted"))
        )
    if resource.type == NODES and is_missing(resource.inputs.get("launchTemplate")):
        yield "its disks are encrypted only where the account's default is so (no launchTemplate)"
    if resource.type == TEMPLATE:
        mappings = resource.inputs.get("blockDeviceMappings")
        if is_missing(mappings):
            yield "its disks are encrypted only where the account's default is so (no blockDeviceMappings)"
        for mapping in as_maps(mappings):
            if is_off(at(mapping, "ebs", "encrypted")):
                yield f"its disk {mapping.get('deviceName')} is not encrypted"
    if resource.type in VOLUMES and is_off(resource.inputs.get("encrypted")):
        yield "it is not encrypted"


def messages_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    key = resource.inputs.get("kmsMasterKeyId")
    if resource.type == TOPIC and is_missing(key):
        yield "what it is told lies unencrypted until it is delivered"
    # Without a word, a queue is encrypted with a key of SQS.
    if resource.type == QUEUE and is_missing(key) and is_off(resource.inputs.get("sqsManagedSseEnabled", True)):
        yield "what is in it lies unencrypted"


def registry_encrypted(resource: Planned, _: Context) -> Iterator[str]:
    # ECR always encrypts; what is left to say is that it is said.
    if resource.type == REGISTRY and is_missing(resource.inputs.get("encryptionConfigurations")):
        yield "it does not say how its images are encrypted"


def tags_immutable(resource: Planned, _: Context) -> Iterator[str]:
    mutability = resource.inputs.get("imageTagMutability")
    if resource.type == REGISTRY and mutability != "IMMUTABLE" and not is_unknown(mutability):
        yield "its tags can be moved to other images"


def images_scanned(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type == REGISTRY and is_off(at(resource.inputs, "imageScanningConfiguration", "scanOnPush")):
        yield "nobody learns that an image of it is known to be vulnerable (scanOnPush)"


def key_rotated(resource: Planned, _: Context) -> Iterator[str]:
    symmetric = str(resource.inputs.get("customerMasterKeySpec") or "SYMMETRIC_DEFAULT") == "SYMMETRIC_DEFAULT"
    if resource.type == KEY and symmetric and is_off(resource.inputs.get("enableKeyRotation")):
        yield "its key is never rotated"


def bucket_kept(resource: Planned, _: Context) -> Iterator[str]:
    if resource.type in BUCKETS and is_on(resource.inputs.get("forceDestroy")):
        yield "it is deleted with all that is in it (forceDestroy)"


RULES = (
    Rule(
        name="bucket-private",
        check=bucket_private,
        asks="buckets are closed to the world by all four of S3's locks",
        why="with them no policy and no upload can open it by mistake",
        cure="make an aws.s3.BucketPublicAccessBlock for the bucket with all four set to true, and no public ACL",
        of_stack=True,
    ),
    Rule(
        name="bucket-kept",
        check=bucket_kept,
        asks="a bucket with something in it is not deleted",
        why="the state of every stack is in one",
        cure="leave forceDestroy off; empty the bucket by hand where that is meant",
    ),
    Rule(
        name="disks-encrypted",
        check=disks_encrypted,
        asks="disks and file systems are encrypted",
        why="a disk's copy outlives the node",
        cure="set encrypted to true, for a node's disks in the ebs of a launch template's mapping",
    ),
    Rule(
        name="messages-encrypted",
        check=messages_encrypted,
        asks="topics and queues are encrypted",
        why="alarms name what is broken",
        cure="give a KMS key in kmsMasterKeyId",
    ),
    Rule(
        name="registry-encrypted",
        check=registry_encrypted,
        asks="registries say how their images are encrypted",
        why="it cannot be changed afterwards",
        cure="set encryptionConfigurations",
    ),
    Rule(
        name="registry-scanned",
        check=images_scanned,
        asks="images are scanned when they are pushed",
        why="what is known to be vulnerable should be known here too",
        cure="set scanOnPush in imageScanningConfiguration to true",
    ),
    Rule(
        name="tags-immutable",
        check=tags_immutable,
        asks="a tag in the registry stays with its image",
        why="a tag says which commit an image is of",
        cure="set imageTagMutability to IMMUTABLE",
    ),
    Rule(
        name="key-rotated",
        check=key_rotated,
        asks="keys of KMS are rotated",
        why="it costs nothing, and less is encrypted with each",
        cure="set enableKeyRotation to true",
    ),
)
