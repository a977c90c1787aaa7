"""The report as a comment on a pull request."""

import html
import json
from collections.abc import Iterator
from typing import Any

from offline import cost_markdown, facts
from offline.diff import Change
from offline.field_changes import ABSENT, FieldChange, is_absent
from offline.plan import Plan
from offline.report import Report
from policy.rules import Finding

# GitHub takes 65,536 characters.
MOST_CHARACTERS = 60_000
LONGEST_VALUE = 300


def render(report: Report) -> str:
    """The report in Markdown, cut at a section where it would get too long for a comment."""
    kept: list[str] = []
    size, cut = 0, 0
    for block in _blocks(report):
        # Blocks are whole: a cut never leaves an open fold.
        if size + len(block) > MOST_CHARACTERS:
            cut += 1
            continue
        kept.append(block)
        size += len(block) + 2
    if cut:
        sections = "1 part was" if cut == 1 else f"{cut} parts were"
        kept.append(
            f"_{sections} left out for length; `make preview STACK={_code(report.plan.stack)}` shows all of it._"
        )
    return "\n\n".join(kept) + "\n"


def _blocks(report: Report) -> Iterator[str]:
    plan, findings = report.plan, report.findings
    yield f"### Preview of `{_code(plan.stack)}`"
    mandatory = sum(finding.level == "mandatory" for finding in findings)
    yield " · ".join(
        [
            f"**{len(plan.resources)}** resources",
            *(f"{number} {name}" for name, number in facts.counts(plan)),
            f"**{mandatory}** mandatory and {len(findings) - mandatory} advisory findings",
        ]
    )
    if report.estimate is not None:
        yield cost_markdown.summary(report.estimate, report.cost_difference)
    yield from _against(report)
    if report.estimate is not None and report.estimate.region:
        yield _fold("Cost", cost_markdown.details(report.estimate, report.cost_difference, _text))
    if findings:
        rows = "\n".join(_finding(finding, plan) for finding in findings)
        yield _fold(
            "Policy findings",
            f"| level | rule | resource | reason | cure |\n|---|---|---|---|---|\n{rows}",
            mandatory > 0,
        )
    messages = [f"- **{each.severity}** {_text(each.text)}" for each in plan.messages]
    if messages:
        yield "\n".join(messages)
    if plan.outputs:
        rows = "\n".join(f"| {_text(key)} | `{_code(_value(value))}` |" for key, value in plan.outputs.items())
        yield _fold("Outputs", f"| output | value |\n|---|---|\n{rows}")
    yield _fold("All resources", "\n".join(_tree(plan, None, 0)))
    unknown = facts.unknowns(plan)
    if unknown:
        rows = "\n".join(f"- `{_code(value)}` in {uses}" for value, uses in unknown)
        yield _fold(f"Known only after the deployment ({len(unknown)})", rows)
    yield "\n".join(f"<sub>{_text(sentence)}</sub>" for sentence in facts.limits(plan))


def _against(report: Report) -> Iterator[str]:
    baseline, difference = report.baseline, report.difference
    if baseline is None:
        return
    name = f"`{_code(baseline.revision.name)}` ({baseline.revision.commit[:7]})"
    if baseline.note:
        yield f"**Against {name}:** {_text(baseline.note)}"
    if difference is None:
        return
    yield (
        f"Against {name}:\n\n| create | change | replace | delete | same |\n|---|---|---|---|---|\n"
        f"| {difference.count('create')} | {difference.count('change')} | {difference.count('replace')} "
        f"| {difference.count('delete')} | {difference.unchanged} |"
    )
    for change in difference.changes:
        yield _change(change)
    if difference.outputs:
        yield _fold("~ outputs", "\n".join(map(_field, difference.outputs)))
    if not all(change.certain for change in difference.changes):
        yield "_A change marked ? is of a type whose replacements are not known here._"


def _change(change: Change) -> str:
    mark = {"create": "🆕", "change": "✏️", "replace": "♻️", "delete": "🗑️"}[change.action]
    unsure = "" if change.certain else " ?"
    because = f", since {change.because} is replaced" if change.because else ""
    title = f"{mark} {change.action}{unsure} {change.type.rpartition(':')[2]} {change.name}{because}"
    if not change.fields:
        return _text(title)
    return _fold(title, "\n".join(map(_field, change.fields)), change.action == "replace" and not change.because)


def _field(field: FieldChange) -> str:
    replaces = " **replaces**" if field.replaces else ""
    if field.note:
        return f"- `{_code(field.path)}`: {_text(field.note)}{replaces}"
    before = ABSENT if is_absent(field.before) else _value(field.before)
    after = ABSENT if is_absent(field.after) else _value(field.after)
    return f"- `{_code(field.path)}`: `{_code(before)}` → `{_code(after)}`{replaces}"


def _finding(finding: Finding, plan: Plan) -> str:
    resource = plan.by_urn.get(finding.urn)
    cells = [finding.level, finding.rule, resource.name if resource else finding.urn, finding.reason, finding.cure]
    return f"| {' | '.join(map(_text, cells))} |"


def _tree(plan: Plan, urn: str | None, depth: int) -> Iterator[str]:
    for resource in plan.children(urn):
        told = ", ".join(facts.facts(resource))
        mark = "~" if resource.modelled else ""
        line = f"{'  ' * depth}- {mark}{_text(resource.short_type)} **{_text(resource.name)}**"
        yield f"{line} `{_code(told)}`" if told else line
        yield from _tree(plan, resource.urn, depth + 1)


def _fold(title: str, body: str, is_open: bool = False) -> str:
    return f"<details{' open' if is_open else ''}><summary>{_text(title)}</summary>\n\n{body}\n\n</details>"


def _text(text: str) -> str:
    """`text` as plain words: no HTML, no Markdown, no mention of anyone, one line."""
    flat = " ".join(str(text).split())
    escaped = html.escape(flat, quote=False)
    for character in "\\`*_[]|#~":
        escaped = escaped.replace(character, f"\\{character}")
    # A mention would notify whoever has that name.
    return escaped.replace("@", "@\u200b")


def _code(text: str) -> str:
    """`text` as it may stand between backticks, in a table too."""
    flat = " ".join("".join(each if each.isprintable() else " " for each in text).split())
    return flat.replace("`", "'").replace("|", "\\|")


def _value(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_VALUE else f"{text[: LONGEST_VALUE - 1]}…"
