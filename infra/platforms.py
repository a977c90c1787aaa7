"""Where a platform comes from: one choice, made once."""

from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.boundary import bound_roles
from infra.create_platform import create
from infra.local_platform import local
from infra.platform import Platform
from infra.reference_platform import reference
from infra.settings import PROJECT, Settings


def platform(settings: Settings, tags: Mapping[str, str]) -> Platform:
    """The platform that the settings ask for, with the providers that reach it.

    Args:
        settings: the stack's.
        tags: of every AWS resource.
    """
    if settings.permissions_boundary is not None:
        pulumi.runtime.register_resource_transform(bound_roles(settings.permissions_boundary))
    if settings.platform == "local":
        return local(settings)
    provider = aws.Provider(f"{PROJECT}-aws", region=settings.region, default_tags={"tags": dict(tags)})
    if settings.platform == "reference":
        return reference(settings, provider)
    return create(settings, tags, provider)
