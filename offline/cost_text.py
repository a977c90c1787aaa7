"""What a plan costs, for a terminal."""

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from cost.compare import SMALLEST, CostDifference
from cost.model import Estimate

MOST_CHANGES = 12


def lines(estimate: Estimate) -> list[RenderableType]:
    """The totals, what is paid for by resource, and what has no price."""
    if not estimate.region:
        return [Text("nothing of it is in AWS")]
    if estimate.nothing_priced:
        return [Text(f"nothing of it has a known price in {estimate.region}"), *_unpriced(estimate)]
    total = Text.assemble(
        estimate.at_least,
        (f"{estimate.idle:.0f}", "bold"),
        " dollars a month with nobody calling, ",
        (f"{estimate.loaded:.0f}", "bold"),
        f" at {estimate.load}",
    )
    source = Text(f"list prices of {estimate.region} as of {estimate.dated}, without tax: docs/cost.md", style="dim")
    table = Table.grid(padding=(0, 2))
    table.add_row("", Text("idle", style="dim", justify="right"), Text("loaded", style="dim", justify="right"))
    for what, name, idle, loaded in estimate.rows:
        table.add_row(Text(what), _dollars(idle), _dollars(loaded), Text(name), style="" if what else "dim")
    assumed = [Text(estimate.assumed, style="dim")] if estimate.assumed else []
    return [total, source, *assumed, table, *_unpriced(estimate)]


def difference(change: CostDifference) -> list[RenderableType]:
    """What the change costs, by resource."""
    head = Text(f"{signed(change.idle)} dollars a month with nobody calling, {signed(change.loaded)} at the load")
    table = Table.grid(padding=(0, 2))
    for each in change.changes[:MOST_CHANGES]:
        what = Text(f"{each.how} {each.what}")
        table.add_row(
            what, Text(signed(each.idle), justify="right"), Text(signed(each.loaded), justify="right"), Text(each.name)
        )
    more = len(change.changes) - MOST_CHANGES
    rest = [Text(f"and {more} more; --format json has them all", style="dim")] if more > 0 else []
    rest += [Text(f"{unknown}: what the change costs there is not known") for unknown in map(_name, change.unknown)]
    return [Group(head, *([table] if change.changes else []), *rest)]


def signed(dollars: float) -> str:
    """Dollars as a difference, with the sign."""
    return "±0.00" if abs(dollars) < SMALLEST else f"{dollars:+.2f}"


def _unpriced(estimate: Estimate) -> list[RenderableType]:
    return [
        Text.assemble(("unpriced ", "yellow"), f"{each.type.rpartition(':')[2]} {_name(each.urn)}: {each.why}")
        for each in estimate.unpriced
    ]


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]


def _dollars(dollars: float) -> Text:
    return Text(f"{dollars:.2f}", justify="right")
