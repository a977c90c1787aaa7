"""The tables of the documents, made of the estimates themselves."""

from collections.abc import Callable, Mapping
from pathlib import Path

from cost.compare import compare
from cost.estimate import estimate
from cost.model import DEFAULT_LOAD
from offline import stackfile
from offline.plan import Plan
from offline.references import evaluate_with_references

STACKS = ("dev", "prod")
NAMED = {"hostname": "hello.example.com", "zone": "example.com"}
ALL_LOGS = '["api", "audit", "authenticator", "controllerManager", "scheduler"]'
# A setting as the table shows it, what dev is given beside it, and the setting itself.
VARIANTS: tuple[tuple[str, Mapping[str, str], Mapping[str, str]], ...] = (
    ("`nat: gateway`", {}, {"nat": "gateway"}),
    ("`natPerZone: true`, of two zones", {"nat": "gateway"}, {"natPerZone": "true"}),
    ("`zones: [a, b, c]`, and a third node", {}, {"zones": '["a", "b", "c"]', "nodeMin": "3", "nodeDesired": "3"}),
    ("`controlPlaneLogs`, all five", {}, {"controlPlaneLogs": ALL_LOGS}),
    ("`flowLogs: true`", {}, {"flowLogs": "true"}),
    ("`nodeCapacity: on-demand`", {}, {"nodeCapacity": "on-demand"}),
    ("`nodeInstanceTypes: [t4g.medium]`", {}, {"nodeInstanceTypes": '["t4g.medium"]'}),
    ("`database: true`", {}, {"database": "true"}),
    ("`databaseMultiZone: true`", {"database": "true"}, {"databaseMultiZone": "true"}),
    ("`cache: true`", {}, {"cache": "true"}),
    ("`observability: true`", {}, {"observability": "true"}),
    ("`monitoring: true`", {}, {"monitoring": "true"}),
    ("`requestsPerPod: 50`", {}, {"requestsPerPod": "50"}),
    ("`hostname`, with HTTPS", {}, NAMED),
    ("`routing: latency`", NAMED, {"routing": "latency"}),
)
# The plan of a stack with some settings changed.
Planner = Callable[[str, Mapping[str, str]], Plan]


def evaluator(project: Path) -> Planner:
    """Evaluates stacks of a project as their files have them, each but once.

    What it returns raises StackFileError, pulumi.RunError or ProgramError, as `offline.evaluate.evaluate`.
    """
    known: dict[tuple[str, tuple[tuple[str, str], ...]], Plan] = {}

    def planned(stack: str, changes: Mapping[str, str]) -> Plan:
        key = stack, tuple(sorted(changes.items()))
        if key not in known:
            changed = {f"helloworld:{setting}": value for setting, value in changes.items()}
            config = {**stackfile.load(project, stack).config, **changed}
            known[key] = evaluate_with_references(project, stack, config)
        return known[key]

    return planned


def stacks_table(planned: Planner) -> str:
    """What dev and prod pay for with nobody calling, in whole dollars a month; in the last row at the default load."""
    estimates = [estimate(planned(stack, {})) for stack in STACKS]
    by_thing = [{what: idle for what, idle, _ in each.by_thing if idle} for each in estimates]
    things = {what for each in by_thing for what in each}
    dearest = sorted(things, key=lambda what: (-sum(each.get(what, 0) for each in by_thing), what))
    rows = [[what, *(_cell(each.get(what)) for each in by_thing)] for what in dearest]
    rows.append(["**nobody calling**", *(f"**{each.idle:.0f}**" for each in estimates)])
    rows.append([f"**at {DEFAULT_LOAD}**", *(f"**{each.loaded:.0f}**" for each in estimates)])
    return _table(["", *STACKS], rows)


def settings_table(planned: Planner) -> str:
    """What each setting adds to dev, in dollars a month."""
    rows = []
    for shown, beside, changes in VARIANTS:
        added = compare(estimate(planned("dev", beside)), estimate(planned("dev", {**beside, **changes})))
        rows.append([shown, f"{added.idle:+.2f}", f"{added.loaded:+.2f}"])
    return _table(["setting", "nobody calling", "at the load"], rows)


def _cell(dollars: float | None) -> str:
    if dollars is None:
        return ""
    return f"{dollars:.0f}" if dollars >= 1 else f"{dollars:.2f}"


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
