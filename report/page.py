"""The page: one HTML file that needs no other, and asks nobody for anything."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup, escape

from cost.compare import SMALLEST
from offline import facts
from offline.diff import Change
from offline.field_changes import ABSENT, FieldChange, is_absent
from offline.plain import plain
from offline.plan import Plan
from offline.report import Report
from report import architecture, money, permissions, tree
from report.checkout import Checkout
from report.drawing import svg
from report.layout import layout
from report.text import plural, short

TEMPLATES = Path(__file__).parent / "templates"
MOST_FIELDS = 40
# What cannot be taken back comes first.
ACTIONS = ("delete", "replace", "change", "create")


def render(report: Report, checkout: Checkout) -> str:
    """The page about a stack. The same report of the same checkout is the same bytes."""
    plan = report.plan
    built = architecture.read(plan)
    changes = report.difference.changes if report.difference else ()
    words: dict[str, Any] = {
        "checkout": checkout,
        "plan": plan,
        "report": report,
        "architecture": built,
        "counts": facts.counts(plan),
        "picture": Markup(svg(layout(built))),  # noqa: S704 - it escapes what it writes
        "style": Markup((TEMPLATES / "style.css").read_text("utf-8")),  # noqa: S704 - a file of ours
        "nodes": tree.tree(plan, changes),
        "manifests": tree.manifests(plan),
        "cost": report.estimate,
        "cost_rows": money.rows(plan, report.estimate) if report.estimate else (),
        "cost_change": report.cost_difference,
        # A resource may lack more than one price.
        "unpriced": len({each.urn for each in report.estimate.unpriced}) if report.estimate else 0,
        "principals": permissions.principals(plan),
        "on_resources": permissions.on_resources(plan),
        "cluster_access": permissions.cluster_access(plan),
        "groups": [(action, [each for each in changes if each.action == action]) for action in ACTIONS],
        "mandatory": sum(each.level == "mandatory" for each in report.findings),
        "named": {each.urn: f"{each.short_type} {each.name}" for each in plan.resources},
        "unknowns": facts.unknowns(plan),
        "limits": [*facts.limits(plan), *_limits(plan)],
    }
    return _environment().get_template("page.html").render(words)


def picture(plan: Plan) -> str:
    """The architecture alone, as an SVG file."""
    return svg(layout(architecture.read(plan)))


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_shown,
    )
    environment.filters.update(
        dollars=_dollars, more=_more, plural=plural, sides=_sides, fields=_fields, short=short, coded=_coded
    )
    return environment


def _shown(value: Any) -> Any:
    """What stands in the page for a value: nothing that turns the direction of writing, or cannot be seen."""
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _coded(text: str) -> Markup:
    """Text in which what stands between backticks is code."""
    return Markup(re.sub("`([^`]+)`", r"<code>\1</code>", str(escape(plain(text)))))  # noqa: S704 - escaped before


def _dollars(value: float) -> str:
    return f"${value:,.2f}"


def _more(value: float) -> str:
    sign = "±" if abs(value) < SMALLEST else "-" if value < 0 else "+"
    return f"{sign}${abs(value):,.2f}"


def _sides(field: FieldChange) -> tuple[str, str]:
    before, after = (ABSENT if is_absent(value) else short(value) for value in (field.before, field.after))
    return before, after


def _fields(change: Change) -> Sequence[FieldChange]:
    return change.fields[:MOST_FIELDS]


def _limits(plan: Plan) -> list[str]:
    found = [
        "Connections are told by what allows them in the plan. Whether anything listens, answers or is let in by a "
        "password is another question; network ACLs, and security groups made by controllers, are not in a plan.",
    ]
    if plan.of("aws:eks/cluster:Cluster"):
        found.append("What managed policies allow is AWS's to say, and may change; they are named here, not opened.")
    if plan.of("kubernetes:helm.sh/v3:Release"):
        found.append("Charts are shown by their values: the objects that they make are known where Helm renders them.")
    return found
