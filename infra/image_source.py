"""Which image is released: one that is named, one that another registry has, or one built from the source."""

from dataclasses import dataclass
from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra import promotion
from infra.image import Image, ImageArgs
from infra.local_image import load
from infra.platform import Platform
from infra.settings import PROJECT, Settings

CONTEXT = Path("app")


@dataclass(frozen=True, kw_only=True)
class ImageSource:
    """`reference` is what pods run. `before_rollout` brings it to the registry that nodes pull it from or, if it is not
    `pulled`, to the nodes.
    """

    reference: pulumi.Input[str]
    pulled: bool = True
    before_rollout: tuple[pulumi.ResourceHook, ...] = ()


def choose(settings: Settings, home: Platform) -> ImageSource:
    """The image of the stack, built into the registry of its platform unless one is named.

    Args:
        settings: the stack's.
        home: where it is deployed.
    """
    if settings.image is not None:
        return ImageSource(reference=settings.image)
    if settings.image_from is not None and home.aws_provider is not None:
        return _promoted(settings.image_from, home.registry_url, settings.region, home.aws_provider)
    if settings.promote_from is not None:
        stack = pulumi.get_stack()
        pulumi.log.warn(
            f"No image is set, so one is built. `make promote STACK={stack}` deploys the one that "
            f"{settings.promote_from} runs."
        )
    return _built(settings, home)


def _promoted(source: str, registry_url: pulumi.Output[str], region: str, aws_provider: aws.Provider) -> ImageSource:
    opts = pulumi.InvokeOutputOptions(provider=aws_provider)
    passwords = {
        each: aws.ecr.get_authorization_token_output(region=each, opts=opts).password
        for each in sorted({region, promotion.region_of(source) or region})
    }
    hook = promotion.bring(f"{PROJECT}-image-bring", source, registry_url, passwords)
    return ImageSource(reference=promotion.own_reference(registry_url, source), before_rollout=(hook,))


def _built(settings: Settings, home: Platform) -> ImageSource:
    pushed = home.aws_provider is not None or settings.local_registry is not None
    image = Image(
        f"{PROJECT}-image",
        ImageArgs(
            repository_url=home.registry_url,
            context=CONTEXT,
            # A local cluster runs on this machine, so what its Docker builds by itself is right.
            architecture=settings.node_architecture if home.aws_provider is not None else None,
            source_url=settings.source_url,
            push=pushed,
        ),
        pulumi.ResourceOptions(providers=[home.aws_provider]) if home.aws_provider is not None else None,
    )
    if pushed:
        return ImageSource(reference=image.reference)
    hook = load(f"{PROJECT}-image-load", image.reference)
    return ImageSource(reference=image.reference, pulled=False, before_rollout=(hook,))
