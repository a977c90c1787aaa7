"""What a plan costs, in Markdown. The words are the program's own, the names are not."""

from collections.abc import Callable

from cost.compare import CostDifference
from cost.model import Estimate
from offline.cost_text import signed

Escape = Callable[[str], str]


def summary(estimate: Estimate, change: CostDifference | None) -> str:
    """One line: what it costs, and what the change does to that."""
    line = (
        f"Cost: {estimate.at_least}**{estimate.idle:.0f}** dollars a month with nobody calling, "
        f"**{estimate.loaded:.0f}** at {estimate.load}"
    )
    if not estimate.region:
        line = "Cost: nothing of it is in AWS"
    elif estimate.nothing_priced:
        line = f"Cost: nothing of it has a known price in {estimate.region}"
    if change is None or not (estimate.region or change.changes or change.unknown):
        return f"{line}."
    unknown = f", and {len(change.unknown)} resources more or less whose price is not known" if change.unknown else ""
    return f"{line}; the change makes **{signed(change.idle)}** and **{signed(change.loaded)}** of that{unknown}."


def details(estimate: Estimate, change: CostDifference | None, escape: Escape) -> str:
    """What is paid for and what the change costs, both by resource, and what has no price."""
    rows = "\n".join(
        f"| {what} | {escape(name)} | {idle:.2f} | {loaded:.2f} |" for what, name, idle, loaded in estimate.rows
    )
    total = f"| **all** | | **{estimate.idle:.2f}** | **{estimate.loaded:.2f}** |"
    table = f"| for | resource | idle | at load |\n|---|---|---:|---:|\n{rows}\n{total}"
    parts = [] if estimate.nothing_priced else [table]
    if change is not None and change.changes:
        rows = "\n".join(
            f"| {each.how} | {each.what} | {escape(each.name)} | {signed(each.idle)} | {signed(each.loaded)} |"
            for each in change.changes
        )
        parts.append(f"| | for | resource | idle | at load |\n|---|---|---|---:|---:|\n{rows}")
    if estimate.unpriced:
        parts.append(
            "\n".join(
                f"- unpriced: {escape(each.urn.rpartition('::')[2])}, {escape(each.why)}" for each in estimate.unpriced
            )
        )
    assumed = f" {escape(estimate.assumed)}." if estimate.assumed else ""
    parts.append(f"List prices of {escape(estimate.region)} as of {estimate.dated}, without tax.{assumed}")
    return "\n\n".join(parts)
