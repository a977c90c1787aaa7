"""The roles: who may take them, and what each may do."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import pulumi

from bootstrap import names, trust
from bootstrap.boundary import boundary
from bootstrap.deploy_policies import deploy_policies
from bootstrap.policy_document import Account
from bootstrap.preview_policy import preview_policies
from bootstrap.review_policy import review_policies
from bootstrap.roles import Role, RoleArgs
from bootstrap.settings import Settings

# As many as a role takes: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
DEPLOY_TOPICS = (
    "state",
    "reads",
    "network",
    "cluster",
    "identity",
    "address",
    "database",
    "cache",
    "sight",
    "neighbour",
)
PREVIEW_TOPICS = ("state", "resources")
REVIEW_TOPICS = ("state", "resources", "address")


@dataclass(frozen=True, kw_only=True)
class Roles:
    """ARNs of the roles; of deploy roles and their boundaries by environment."""

    preview: pulumi.Output[str]
    review: pulumi.Output[str]
    deploy: Mapping[str, pulumi.Output[str]]
    boundaries: Mapping[str, pulumi.Output[str]]


def create(
    settings: Settings,
    account: pulumi.Output[str],
    key_arn: pulumi.Output[str],
    provider_arn: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> Roles:
    """The preview role, the review role, and a deploy role for each environment.

    Args:
        settings: the account's.
        account: its number.
        key_arn: of the key of Pulumi's secrets.
        provider_arn: of GitHub's OIDC provider.
        opts: options with the AWS provider.
    """
    region, regions = settings.region, {each: settings.region_of(each) for each in settings.environments}
    place = pulumi.Output.all(account, key_arn).apply(
        lambda known: Account(number=known[0], region=region, state_region=region, key_arn=known[1])
    )
    of_reviews = place.apply(lambda known: replace(known, region=regions[names.REVIEW_PLATFORM]))
    who = pulumi.Output.all(account, provider_arn)
    repository, zones = settings.repository, settings.hosted_zones

    preview = Role(
        names.PREVIEW_ROLE,
        RoleArgs(
            role_name=names.PREVIEW_ROLE,
            description=f"Previews the stacks of {names.PROJECT}; reads only",
            trust=who.apply(
                lambda known: trust.preview_trust(
                    known[0], known[1], repository, settings.default_branch, settings.operators
                )
            ),
            boundary=place.apply(lambda known: boundary(known, names.PREVIEW_ROLE, None)),
            topics=PREVIEW_TOPICS,
            policies=place.apply(lambda known: preview_policies(known, regions)),
        ),
        opts,
    )
    review = Role(
        names.REVIEW_ROLE,
        RoleArgs(
            role_name=names.REVIEW_ROLE,
            description=f"Makes and destroys the review environments of {names.PROJECT}",
            trust=who.apply(lambda known: trust.review_trust(known[0], known[1], repository, settings.operators)),
            boundary=place.apply(lambda known: boundary(known, names.REVIEW_ROLE, None)),
            topics=REVIEW_TOPICS,
            policies=of_reviews.apply(lambda known: review_policies(known, zones)),
        ),
        opts,
    )
    deploy = {
        each: _deploy(each, dict(list(regions.items())[:place_in_line]), settings, place, who, opts)
        for place_in_line, each in enumerate(regions)
    }
    return Roles(
        preview=preview.arn,
        review=review.arn,
        deploy={each: role.arn for each, role in deploy.items()},
        boundaries={each: role.boundary_arn for each, role in deploy.items()},
    )


def _deploy(
    environment: str,
    before: Mapping[str, str],
    settings: Settings,
    place: pulumi.Output[Account],
    who: pulumi.Output[list[str]],
    opts: pulumi.ResourceOptions,
) -> Role:
    role, region = names.deploy_role(environment), settings.region_of(environment)
    there = place.apply(lambda known: replace(known, region=region))
    return Role(
        role,
        RoleArgs(
            role_name=role,
            description=f"Deploys the stack {environment} of {names.PROJECT}",
            trust=who.apply(
                lambda known: trust.deploy_trust(
                    known[0], known[1], settings.repository, environment, settings.operators
                )
            ),
            boundary=there.apply(lambda known: boundary(known, role, environment)),
            topics=DEPLOY_TOPICS,
            policies=there.apply(lambda known: deploy_policies(known, environment, before, settings.hosted_zones)),
        ),
        opts,
    )
