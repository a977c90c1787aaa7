"""What checks are given: the stack, what it wants, and whom to ask."""

from collections.abc import Mapping
from dataclasses import dataclass

from delivery.aws_clients import Clients
from delivery.checks.lookup import Lookup
from delivery.context import Context
from infra.settings import PROJECT, Settings
from offline.plan import Plan


@dataclass(frozen=True, kw_only=True)
class Site:
    """One stack, before it is deployed.

    Args:
        context: the command's.
        stack: its name.
        settings: its settings.
        plan: what the program makes of them, evaluated offline; what is wanted is counted in it.
        aws: clients of the stack's region, as whoever deploys, else as whoever asks.
        account: the number of the account that is asked.
        lookup: asks DNS.
    """

    context: Context
    stack: str
    settings: Settings
    plan: Plan
    aws: Clients
    account: str
    lookup: Lookup

    @property
    def name(self) -> str:
        """The stack's name in AWS."""
        return f"{PROJECT}-{self.stack}"

    @property
    def region(self) -> str:
        """The stack's region."""
        return self.settings.region

    @property
    def zones(self) -> list[str]:
        """The names of its availability zones."""
        return [f"{self.region}{letter}" for letter in self.settings.zones]

    def is_ours(self, tags: Mapping[str, str]) -> bool:
        """Whether something that is there already is this stack's own, from an `up` before."""
        return tags.get("project") == PROJECT and tags.get("stack") == self.stack

    def wants(self, kind: str) -> int:
        """How many resources of a type the program makes."""
        return len(self.plan.of(kind))


def makes_in_aws(plan: Plan) -> bool:
    """Whether the program makes anything in AWS; a local stack's does not."""
    return any(each.package in ("aws", "eks") for each in plan.resources)
