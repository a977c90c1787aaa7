"""What a stack's own registry has: which digest a tag stands for, and which commit a digest is of."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from delivery import aws
from delivery.context import Context
from infra.image import UNKNOWN_COMMIT

ECR = re.compile(
    r"(?P<account>\d{12})\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com/(?P<name>[a-z0-9][a-z0-9._/-]*)"
)
# What `infra.image.image_tag` makes.
TAG = re.compile(rf"(?P<commit>[0-9a-f]{{7}}|{UNKNOWN_COMMIT})-(?P<content>[0-9a-f]{{12}})-[a-z0-9]+")


@dataclass(frozen=True, kw_only=True)
class Images:
    """The images of a repository: tag to digest."""

    repository: str
    tags: Mapping[str, str]
    digests: frozenset[str]

    def digest_of(self, tag: str) -> str | None:
        """The digest that a tag stands for."""
        return self.tags.get(tag)

    def commit_of(self, digest: str) -> str | None:
        """The first seven digits of the commit that an image is of, if a tag of it says so."""
        named = (TAG.fullmatch(tag) for tag, of in self.tags.items() if of == digest)
        return next((found["commit"] for found in named if found and found["commit"] != UNKNOWN_COMMIT), None)


def images(context: Context, repository: str) -> Images | None:
    """What a repository has; None if it is not one of ECR.

    Args:
        context: whose environment says who asks.
        repository: its URL, without a tag. One that is not there (any more) has no images.

    Raises:
        aws.AwsError: it cannot be read.
    """
    found = ECR.fullmatch(repository)
    if not found:
        return None
    where = ("--registry-id", found["account"], "--repository-name", found["name"])
    try:
        answer = aws.call(context, found["region"], "ecr", "describe-images", *where)
    except aws.AwsError as error:
        if error.code != "RepositoryNotFoundException":
            raise
        answer = {}
    try:
        rows = {str(row["imageDigest"]): row.get("imageTags") or () for row in (answer or {}).get("imageDetails", ())}
        tags = {str(tag): digest for digest, names in rows.items() for tag in names}
    except (AttributeError, KeyError, TypeError):
        raise aws.AwsError(f"aws ecr: the answer is no list of the images in {repository}") from None
    return Images(repository=repository, tags=tags, digests=frozenset(rows))
