"""Everything a preview has to say, whatever the format."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from cost.compare import CostDifference, compare
from cost.model import Estimate
from offline import facts
from offline.against import Baseline
from offline.diff import Difference
from offline.plan import Plan
from policy.rules import Finding


@dataclass(frozen=True)
class Report:
    """A plan, the policy's findings, what it costs, and how all that differs from another revision where asked for."""

    plan: Plan
    findings: Sequence[Finding] = ()
    baseline: Baseline | None = None
    difference: Difference | None = None
    estimate: Estimate | None = None
    estimate_before: Estimate | None = None

    @property
    def cost_difference(self) -> CostDifference | None:
        """What the change costs, where another revision was asked for and could be evaluated."""
        if self.estimate is None or self.estimate_before is None:
            return None
        changes = self.difference.changes if self.difference else ()
        renamed = {each.before_urn: each.urn for each in changes if each.before_urn}
        return compare(self.estimate_before, self.estimate, renamed)

    @property
    def refused(self) -> bool:
        """Whether a mandatory rule is broken, or the program itself reported an error."""
        mandatory = any(finding.level == "mandatory" for finding in self.findings)
        return mandatory or any(message.severity == "error" for message in self.plan.messages)

    def to_json(self) -> dict[str, Any]:
        """The report as the JSON output has it."""
        document = {
            **self.plan.to_json(),
            "findings": [finding.to_json() for finding in self.findings],
            "unknown": [{"value": value, "uses": uses} for value, uses in facts.unknowns(self.plan)],
            "limits": facts.limits(self.plan),
        }
        if self.estimate is not None:
            change = self.cost_difference
            document["cost"] = self.estimate.to_json() | ({"difference": change.to_json()} if change else {})
        if self.baseline is not None:
            against: dict[str, Any] = {
                "ref": self.baseline.revision.name,
                "commit": self.baseline.revision.commit,
            }
            if self.baseline.note:
                against["error" if self.baseline.failed else "note"] = self.baseline.note
            document["against"] = against
        if self.difference is not None:
            document["changes"] = self.difference.to_json()
        return document
