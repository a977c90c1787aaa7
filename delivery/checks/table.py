"""Everything that is asked, in the order in which it is told."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import partial

from delivery.checks import (
    chat,
    databases,
    dns_zone,
    iam,
    images,
    instances,
    kubernetes,
    names_taken,
    network,
    quotas,
    region,
    state,
    tools,
)
from delivery.checks.result import Result
from delivery.checks.runner import Check
from delivery.checks.site import Site
from delivery.context import Context
from infra.settings import Settings
from offline.plan import Plan


def of_machine(context: Context, settings: Settings, plan: Plan) -> list[Check]:
    """What is asked of this machine, whether anybody is logged in or not."""
    return [
        Check("AWS CLI", partial(tools.aws_cli, context, plan)),
        Check("Docker", partial(tools.docker, context, settings, plan)),
    ]


def of_account(site: Site, now: datetime) -> list[Check]:
    """What is asked of AWS and of DNS."""
    named: Sequence[tuple[str, Callable[[Site], Iterable[Result]]]] = (
        ("state", state.backend),
        ("secrets key", state.secrets_key),
        ("permissions boundary", iam.boundary),
        ("principals", iam.principals),
        ("service-linked roles", iam.service_roles),
        ("region", region.enabled),
        ("zones", region.zones),
        ("Kubernetes version", partial(kubernetes.version, now=now)),
        ("add-ons", kubernetes.addons),
        ("platform", kubernetes.platform),
        ("instance types", instances.types),
        ("database type", databases.offered),
        ("quota: vCPUs", instances.vcpus),
        *((f"quota: {each.quota.what}", partial(quotas.check, each)) for each in quotas.QUOTAS),
        *((f"names: {what}", check) for what, check in names_taken.NAMED.items()),
        ("networks", network.clashes),
        ("peer VPC", network.peer),
        ("zone", dns_zone.zone),
        ("CAA", dns_zone.certificate_authority),
        ("host name", dns_zone.taken),
        ("image", images.image),
        ("Slack workspace", chat.workspace),
    )
    return [Check(name, partial(check, site)) for name, check in named]
