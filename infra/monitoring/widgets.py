"""The widgets of a dashboard, and where they stand. Pure, no resources.

Their form: https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from collections.abc import Mapping, Sequence
from typing import Any

Widget = Mapping[str, Any]
COLUMNS = 24
# Of the palette that CloudWatch's own dashboards use, by what a line means.
GOOD, BAD, WARN, PLAIN, OTHER = "#2ca02c", "#d62728", "#ff7f0e", "#1f77b4", "#9467bd"


def text(markdown: str, height: int) -> Widget:
    """Words."""
    return {"type": "text", "height": height, "properties": {"markdown": markdown, "background": "transparent"}}


def alarm_states(title: str, arns: Sequence[str]) -> Widget:
    """The state of each alarm."""
    return {"type": "alarm", "height": 3, "properties": {"title": title, "alarms": list(arns)}}


def line(
    namespace: str, name: str, dimensions: Mapping[str, Any], *, stat: str, label: str, color: str, right: bool = False
) -> list[Any]:
    """One metric of a graph; `right` puts it on the other axis."""
    named = [part for pair in dimensions.items() for part in pair]
    axis = {"yAxis": "right"} if right else {}
    return [namespace, name, *named, {"stat": stat, "label": label, "color": color, **axis}]


def search(expression: str, label: str, color: str) -> list[Any]:
    """All metrics that a search finds, as one graph's lines."""
    return [{"expression": expression, "label": label, "color": color, "id": "found"}]


def graph(
    title: str, region: str, lines: Sequence[list[Any]], unit: str, *, limit: float | None = None, period: int = 60
) -> Widget:
    """A graph over time from zero up, in `unit`; `limit` draws where the alarm begins, `period` is in seconds."""
    properties: dict[str, Any] = {
        "title": title,
        "region": region,
        "view": "timeSeries",
        "stacked": False,
        "period": period,
        "metrics": list(lines),
        "yAxis": {"left": {"min": 0, "label": unit, "showUnits": False}},
    }
    if limit is not None:
        properties["annotations"] = {"horizontal": [{"label": "alarm", "value": limit, "color": BAD}]}
    return {"type": "metric", "height": 6, "properties": properties}


def number(title: str, region: str, lines: Sequence[list[Any]], period: int) -> Widget:
    """The newest value of each metric, of `period` seconds."""
    properties = {
        "title": title,
        "region": region,
        "view": "singleValue",
        "period": period,
        # Of its own: in a time shorter than the period, as the dashboard's may be, there is no value.
        "start": f"-PT{3 * period // 3600}H",
        "metrics": list(lines),
    }
    return {"type": "metric", "height": 6, "properties": properties}


def placed(rows: Sequence[Sequence[Widget]]) -> list[dict[str, Any]]:
    """The widgets with their places: those of a row share its width evenly, and rows stand below each other."""
    found, y = [], 0
    for row in rows:
        width = COLUMNS // len(row)
        found += [{**widget, "x": index * width, "y": y, "width": width} for index, widget in enumerate(row)]
        y += max(widget["height"] for widget in row)
    return found
