"""The container registry."""

import json
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

UNTAGGED_DAYS = 7
KEPT_IMAGES = 50


@dataclass(frozen=True, kw_only=True)
class RegistryArgs:
    """What a registry takes: the repository's name, and whether it is deletable while it holds images."""

    repository_name: str
    force_delete: bool


class Registry(pulumi.ComponentResource):
    """An ECR repository whose tags cannot be moved, whose images are scanned, and which forgets old ones.

    Outputs: `url` (registry host and repository, no tag).
    """

    url: pulumi.Output[str]

    def __init__(self, name: str, args: RegistryArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("helloworld:registry:Registry", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        repository = aws.ecr.Repository(
            f"{name}-repository",
            name=args.repository_name,
            image_tag_mutability="IMMUTABLE",
            image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(scan_on_push=True),
            encryption_configurations=[aws.ecr.RepositoryEncryptionConfigurationArgs(encryption_type="AES256")],
            force_delete=args.force_delete,
            opts=child,
        )
        aws.ecr.LifecyclePolicy(
            f"{name}-lifecycle", repository=repository.name, policy=json.dumps(_lifecycle()), opts=child
        )
        self.url = repository.repository_url
        self.register_outputs({"url": self.url})


def _lifecycle() -> dict[str, object]:
    untagged = {
        "rulePriority": 1,
        "description": f"Untagged images go after {UNTAGGED_DAYS} days",
        "selection": {
            "tagStatus": "untagged",
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": UNTAGGED_DAYS,
        },
        "action": {"type": "expire"},
    }
    many = {
        "rulePriority": 2,
        "description": f"The newest {KEPT_IMAGES} stay, for rolling back",
        "selection": {"tagStatus": "any", "countType": "imageCountMoreThan", "countNumber": KEPT_IMAGES},
        "action": {"type": "expire"},
    }
    return {"rules": [untagged, many]}
