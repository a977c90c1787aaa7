"""The dashboard."""

import json
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.monitoring.widgets import COLUMNS, Widget, placed
from offline.plan import Plan
from tests.conftest import Planner
from tests.sight import bare, whole

DASHBOARD, ALARM = "aws:cloudwatch/dashboard:Dashboard", "aws:cloudwatch/metricAlarm:MetricAlarm"
OF_PARTS = {
    "observability": {"Saturation of the pods", "Pods", "Restarts", "Nodes", "The fullest node"},
    "database": {"Database: load", "Database: latency of the disk", "Database: free disk"},
    "cache": {"Cache: hits", "Cache: work", "Cache: size"},
    "hostname": {"Certificate"},
}
ALWAYS = {"Alarms", "Traffic", "Errors", "Latency", "Connections", "Healthy targets", "Pods that wait"}


def widgets(plan: Plan) -> list[dict[str, Any]]:
    body = plan.one(DASHBOARD, "helloworld-dashboard-dashboard").inputs["dashboardBody"]
    return list(json.loads(body)["widgets"])


def titles(plan: Plan) -> set[str]:
    return {each["properties"]["title"] for each in widgets(plan) if "title" in each["properties"]}


def cells(widget: dict[str, Any]) -> set[tuple[int, int]]:
    columns = range(widget["x"], widget["x"] + widget["width"])
    return {(x, y) for x in columns for y in range(widget["y"], widget["y"] + widget["height"])}


@pytest.fixture(scope="module")
def watched(planned: Planner) -> Plan:
    return whole(planned)


def test_a_stack_has_one_dashboard_of_its_name(watched: Plan, planned: Planner) -> None:
    """CloudWatch knows a dashboard of an account by its name alone, in every region."""
    names = [plan.of(DASHBOARD)[0].inputs["dashboardName"] for plan in (watched, bare(planned))]
    assert names == ["helloworld-prod", "helloworld-dev"]
    assert len(watched.of(DASHBOARD)) == 1


def test_it_shows_every_part_that_there_is(watched: Plan) -> None:
    assert titles(watched) == ALWAYS | set().union(*OF_PARTS.values())


@pytest.mark.parametrize("part", sorted(OF_PARTS))
def test_a_part_that_is_not_there_has_no_widgets(planned: Planner, part: str) -> None:
    changes = {"hostname": "hello.example.com", "zone": "example.com"} if part == "hostname" else {part: "true"}
    assert titles(bare(planned)) == ALWAYS
    assert titles(bare(planned, changes)) == ALWAYS | OF_PARTS[part]


@pytest.mark.parametrize("stack", ["whole", "bare"])
def test_its_widgets_lie_side_by_side_on_its_columns(planned: Planner, watched: Plan, stack: str) -> None:
    shown = widgets(watched if stack == "whole" else bare(planned))
    assert all(each["x"] >= 0 and each["x"] + each["width"] <= COLUMNS == 24 for each in shown)
    assert [
        (one["properties"], other["properties"]) for one, other in combinations(shown, 2) if cells(one) & cells(other)
    ] == []


@given(st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=6), max_size=8))
def test_widgets_never_overlap_whatever_the_rows(heights: list[list[int]]) -> None:
    rows: list[list[Widget]] = [[{"height": height} for height in row] for row in heights]
    found = placed(rows)
    assert len(found) == sum(len(row) for row in heights)
    assert sum(len(cells(each)) for each in found) == len(set().union(*[cells(each) for each in found]))
    assert all(each["x"] + each["width"] <= COLUMNS for each in found)


def test_it_begins_with_what_to_look_at_first_and_the_state_of_every_alarm(watched: Plan) -> None:
    words, states = widgets(watched)[:2]
    assert "**First:**" in words["properties"]["markdown"]
    alarms = {f"arn:aws:cloudwatch:us-west-2:123456789012:alarm:{each.inputs['name']}" for each in watched.of(ALARM)}
    assert len(alarms) == 8
    assert set(states["properties"]["alarms"]) == alarms


def test_every_graph_asks_the_stacks_own_region(planned: Planner) -> None:
    shown = widgets(whole(planned, {"region": "eu-west-1"}))
    regions = {each["properties"]["region"] for each in shown if each["type"] == "metric"}
    assert regions == {"eu-west-1"}


def test_graphs_draw_where_the_alarm_begins(planned: Planner) -> None:
    changes = {"alarmLatencyMilliseconds": "250", "alarmRestarts": "9"}
    shown = {each["properties"].get("title"): each["properties"] for each in widgets(whole(planned, changes))}
    limits = {title: shown[title]["annotations"]["horizontal"][0]["value"] for title in ("Latency", "Restarts")}
    assert limits == {"Latency": 0.25, "Restarts": 9}


def test_the_certificate_s_days_are_shown_though_they_are_counted_twice_a_day(watched: Plan) -> None:
    """A single value looks back further than its period, whatever the time that the dashboard shows."""
    (days,) = [each["properties"] for each in widgets(watched) if each["properties"].get("view") == "singleValue"]
    hours = int(days["start"].removeprefix("-PT").removesuffix("H"))
    assert hours * 3600 >= 2 * days["period"] == 2 * 86_400


def test_lines_of_one_graph_have_each_their_colour(watched: Plan) -> None:
    for each in widgets(watched):
        lines = [line[-1] for line in each["properties"].get("metrics", [])]
        assert len({line["color"] for line in lines}) == len(lines)
        assert len({line["label"] for line in lines}) == len(lines)


def test_it_is_the_same_from_run_to_run(watched: Plan) -> None:
    body = watched.one(DASHBOARD, "helloworld-dashboard-dashboard").inputs["dashboardBody"]
    again = json.dumps(json.loads(body))
    assert body == again
    assert "0x" not in body
