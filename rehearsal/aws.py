"""What AWS answers in a rehearsal: as the offline preview has it, save that the cluster is there."""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from offline import cloud

CLUSTER = "aws:eks/cluster:Cluster"
PROTECTED = (CLUSTER, "aws:rds/instance:Instance")


@dataclass(frozen=True, kw_only=True)
class Aws:
    """An account whose every EKS cluster turns out to be the one at `endpoint`, with `authority` (PEM in base64)."""

    endpoint: str
    authority: str
    region: str = cloud.NO_REGION

    def outputs(self, type_: str, name: str, inputs: Mapping[str, Any]) -> dict[str, Any]:
        """Inputs and outputs of a resource that exists, `id` among them."""
        _load(type_)
        made = {**inputs, **cloud.outputs(cloud.Question(type_, name, inputs, self.region))}
        if type_ == CLUSTER:
            made |= {
                "id": made["name"],
                "endpoint": self.endpoint,
                "certificateAuthority": {"data": self.authority},
                "status": "ACTIVE",
            }
        return made

    def answer(self, token: str, args: Mapping[str, Any]) -> dict[str, Any]:
        """The answer of a data source.

        Raises:
            cloud.UnknownDataSourceError: nobody has taught it to the offline preview.
        """
        return cloud.data(cloud.Query(token, args, self.region))

    def refusal_to_delete(self, type_: str, state: Mapping[str, Any]) -> str | None:
        """What AWS says when it does not delete a resource in that state, or None if it does."""
        if state.get("deletionProtection") and type_ in PROTECTED:
            return f"{type_} {state.get('id')} has deletion protection enabled"
        return None


def _load(type_: str) -> None:
    """Load the SDK's class of the type: the offline model knows a resource's properties by it."""
    package, module, noun = type_.split(":")
    if package == "aws":
        getattr(importlib.import_module(f"pulumi_aws.{module.partition('/')[0]}"), noun, None)
