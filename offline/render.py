"""The report for a terminal."""

import json
from collections.abc import Iterable
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from offline import cost_text, facts
from offline.diff import Action, Change, Difference
from offline.field_changes import ABSENT, FieldChange, is_absent
from offline.plan import Plan, Resource
from offline.report import Report
from policy.rules import Finding

MOST_UNKNOWN = 8
MOST_FIELDS = 12
STYLES: dict[Action, str] = {"create": "green", "change": "yellow", "replace": "magenta", "delete": "red"}
MARKS: dict[Action, str] = {"create": "+", "change": "~", "replace": "±", "delete": "-"}
SEVERITIES = {"info": "cyan", "warning": "yellow", "error": "bold red"}


def show(report: Report, console: Console) -> None:
    """Print the whole report."""
    plan = report.plan
    counted = ", ".join(f"{number} {name}" for name, number in facts.counts(plan))
    console.print(
        Text.assemble(
            (f"{plan.project} ", "bold"), (f"stack {plan.stack}", "bold cyan"), f"  {len(plan.resources)} resources"
        ),
        Text(counted, style="dim"),
        sep="\n",
    )
    console.print()
    console.print(_tree(plan))
    _section(console, "Known only after the deployment", _unknown(plan))
    _section(console, "The program says", [_message(each.severity, each.text) for each in plan.messages])
    _section(
        console, "Policy", [_finding(each, plan) for each in report.findings] or [Text("no findings", style="green")]
    )
    _section(console, "Cost", cost_text.lines(report.estimate) if report.estimate else [])
    _section(console, "Outputs", [_outputs(plan)] if plan.outputs else [])
    if report.baseline is not None:
        _section(
            console,
            f"Against {report.baseline.revision.name} ({report.baseline.revision.commit[:7]})",
            _against(report),
        )
    _section(console, "What this does not know", [Text(each, style="dim") for each in facts.limits(plan)])


def _section(console: Console, title: str, lines: Iterable[RenderableType]) -> None:
    content = list(lines)
    if content:
        console.print()
        console.print(Text(title, style="bold"))
        for line in content:
            console.print(Padding(line, (0, 0, 0, 2)))


def _tree(plan: Plan) -> Tree:
    root = Tree("", hide_root=True, guide_style="dim")
    _add(root, plan, None)
    return root


def _add(node: Tree, plan: Plan, urn: str | None) -> None:
    # Components tell the story and come in their order; providers are plumbing and come last.
    for resource in sorted(plan.children(urn), key=lambda each: each.type.startswith("pulumi:providers:")):
        _add(node.add(_line(resource)), plan, resource.urn)


def _line(resource: Resource) -> Text:
    is_component = not resource.custom
    mark = "~" if resource.modelled else ""
    line = Text(no_wrap=True, overflow="ellipsis")
    line.append(f"{mark}{resource.short_type} ", style="bold cyan" if is_component else "cyan")
    line.append(resource.name, style="bold" if is_component else "")
    if resource.external:
        line.append(" (exists already)", style="dim")
    for fact in facts.facts(resource):
        line.append(f"  {fact}", style="dim")
    if resource.options.get("protect"):
        line.append("  protected", style="yellow")
    return line


def _unknown(plan: Plan) -> list[RenderableType]:
    values = facts.unknowns(plan)
    if not values:
        return []
    table = Table.grid(padding=(0, 2))
    for value, uses in values[:MOST_UNKNOWN]:
        table.add_row(
            Text(value, overflow="ellipsis", no_wrap=True), Text(f"in {_plural(uses, 'resource')}", style="dim")
        )
    more = len(values) - MOST_UNKNOWN
    return [table, *([Text(f"and {more} more; --format json has them all", style="dim")] if more > 0 else [])]


def _message(severity: str, text: str) -> Text:
    return Text.assemble((f"{severity}: ", SEVERITIES.get(severity, "")), text)


def _finding(finding: Finding, plan: Plan) -> Text:
    style = "bold red" if finding.level == "mandatory" else "yellow"
    resource = plan.by_urn.get(finding.urn)
    name = f"{resource.short_type} {resource.name}" if resource else finding.urn
    return Text.assemble(
        (f"{finding.level} ", style),
        (finding.rule, "bold"),
        f"  {name}: {finding.reason}\n",
        (f"  cure: {finding.cure}", "dim"),
    )


def _outputs(plan: Plan) -> Table:
    table = Table.grid(padding=(0, 2))
    for key, value in plan.outputs.items():
        table.add_row(Text(key), Text(_value(value, 200), overflow="ellipsis", no_wrap=True, style="dim"))
    return table


def _against(report: Report) -> list[RenderableType]:
    baseline, difference = report.baseline, report.difference
    lines: list[RenderableType] = []
    if baseline is not None and baseline.note:
        lines.append(Text(baseline.note, style="bold yellow"))
    if difference is None:
        return lines
    lines.append(summary(difference))
    if report.cost_difference is not None:
        lines += cost_text.difference(report.cost_difference)
    lines += [_change(change) for change in difference.changes]
    if difference.outputs:
        lines.append(Group(Text("~ outputs", style=STYLES["change"]), *map(_field, difference.outputs)))
    if not all(change.certain for change in difference.changes):
        lines.append(Text("A change marked ? is of a type whose replacements are not known here.", style="dim"))
    return lines


def summary(difference: Difference) -> Text:
    """The counts in one line."""
    line = Text()
    for action, word in (
        ("create", "to create"),
        ("change", "to change"),
        ("replace", "to replace"),
        ("delete", "to delete"),
    ):
        number = difference.count(action)  # type: ignore[arg-type]
        line.append(f"{number} {word}", style=STYLES[action] if number else "dim")  # type: ignore[index]
        line.append(", ")
    line.append(f"{difference.unchanged} the same")
    return line


def _change(change: Change) -> RenderableType:
    head = Text(no_wrap=True, overflow="ellipsis")
    mark = MARKS[change.action] + ("" if change.certain else "?")
    head.append(f"{mark} {change.action} ", style=STYLES[change.action])
    head.append(f"{change.type.rpartition(':')[2]} {change.name}")
    if change.because:
        head.append(f"  since {change.because} is replaced", style="dim")
    if change.before_urn:
        head.append(f"  was {change.before_urn.rpartition('::')[2]}", style="dim")
    more = len(change.fields) - MOST_FIELDS
    rest = [Text(f"    and {more} more fields", style="dim")] if more > 0 else []
    return Group(head, *map(_field, change.fields[:MOST_FIELDS]), *rest)


def _field(field: FieldChange) -> Text:
    line = Text(f"    {field.path}: ")
    if field.note:
        line.append(field.note, style="dim")
    else:
        _values(field, line)
    if field.replaces:
        line.append("  replaces", style="magenta")
    return line


def _values(field: FieldChange, line: Text) -> None:
    line.append(ABSENT if is_absent(field.before) else _value(field.before), style="red")
    line.append(" -> ")
    line.append(ABSENT if is_absent(field.after) else _value(field.after), style="green")


def _value(value: Any, longest: int = 120) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def _plural(number: int, noun: str) -> str:
    return f"1 {noun}" if number == 1 else f"{number} {noun}s"
