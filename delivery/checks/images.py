"""Whether the image that the settings name, or the stack that it is promoted from, has one."""

from collections.abc import Iterable
from dataclasses import replace

from delivery.aws_refusals import RefusedError
from delivery.checks.result import Result, fail, ok, unknown, warn
from delivery.checks.site import Site
from delivery.configuration import settings_of
from delivery.problems import DeliveryError
from delivery.registry import ECR
from infra.settings import PROJECT

ASKED = "image"


def image(site: Site) -> Iterable[Result]:
    """Whether it can be pulled; of registries other than ECR that is not known."""
    settings = site.settings
    for key, reference in (("image", settings.image), ("imageFrom", settings.image_from)):
        if reference:
            yield _by_digest(site, key, reference)
            return
    if settings.promote_from:
        yield from _promoted(site, settings.promote_from)


def _by_digest(site: Site, key: str, reference: str) -> Result:
    repository, _, digest = reference.partition("@")
    found = ECR.fullmatch(repository)
    if not found:
        return replace(unknown(ASKED, f"{reference} is not in ECR, and is not asked for"), mark="skipped")
    there = site.aws.find(
        "ecr",
        "describe_images",
        where=found["region"],
        registryId=found["account"],
        repositoryName=found["name"],
        imageIds=[{"imageDigest": digest}],
    )
    if there is None:
        cure = f"correct {PROJECT}:{key}; digests are in ECR's list of images"
        return fail(ASKED, f"{reference} does not exist", cure)
    return ok(ASKED, reference)


def _promoted(site: Site, other: str) -> Iterable[Result]:
    cure = f"make deploy STACK={other} first; then make promote STACK={site.stack}"
    try:
        region = settings_of(site.context, other).region
    except DeliveryError as error:
        yield unknown(ASKED, f"the settings of stack {other} cannot be read: {str(error).splitlines()[0]}", cure)
        return
    name = f"{PROJECT}-{other}"
    try:
        rows = site.aws.items("ecr", "describe_images", "imageDetails", where=region, repositoryName=name)
    except RefusedError as error:
        if not error.absent:
            raise
        rows = []
    if rows:
        yield ok(ASKED, f"{name} in {region} has {len(rows)} to promote")
    else:
        yield warn(ASKED, f"stack {other} has no image to promote yet", cure)
