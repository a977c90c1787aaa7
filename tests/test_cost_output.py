"""What is shown of the cost, and that the documents say the same."""

import io
import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from rich.console import Console

from cost import tables
from cost.compare import compare
from cost.context import PROVIDER
from cost.estimate import estimate
from cost.model import DEFAULT_LOAD, Estimate, Item, Load, Unpriced
from cost.prices import FILE
from offline import __main__ as cli
from offline import cost_text, markdown, render
from offline.against import Baseline, Revision
from offline.cost_text import signed
from offline.diff import compare as compare_plans
from offline.plan import Plan, Resource
from offline.report import Report
from tests.conftest import PROJECT, Planner

QUIET = ("--quiet",)


def report(plan: Plan, before: Plan | None = None) -> Report:
    if before is None:
        return Report(plan, estimate=estimate(plan))
    baseline = Baseline(Revision("main", "0" * 40), before)
    return Report(plan, (), baseline, compare_plans(before, plan), estimate(plan), estimate(before))


def shown(what: Report) -> str:
    console = Console(file=io.StringIO(), width=100, highlight=False)
    render.show(what, console)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def preview(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "offline", "preview", *arguments],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def item(name: str, what: str, idle: float, loaded: float) -> Item:
    return Item(urn=f"urn::{name}", name=name, what=what, idle=idle, loaded=loaded, basis="1 × 1")


def estimated(*items: Item, unpriced: tuple[Unpriced, ...] = ()) -> Estimate:
    return Estimate(region="us-west-2", dated="2026-01-01", load=DEFAULT_LOAD, items=items, unpriced=unpriced)


def between(document: str, begin: str, end: str) -> str:
    return (PROJECT / document).read_text("utf-8").split(begin)[1].split(end)[0].strip()


# What is shown


def test_the_preview_shows_the_totals_and_what_is_paid_for_the_dearest_first(dev: Plan) -> None:
    text = shown(report(dev)).split("\nCost\n")[1].split("\n\n")[0]
    found = estimate(dev)
    assert f"{found.idle:.0f} dollars a month with nobody calling, {found.loaded:.0f} at {DEFAULT_LOAD}" in text
    assert "us-west-2" in text
    assert found.dated in text
    rows = re.findall(r"^  (\w[\w ]*?)  +[\d.]+ +([\d.]+)", text, re.MULTILINE)
    assert {what for what, _ in rows} == {each.what for each in found.items}
    loaded = [float(dollars) for _, dollars in rows]
    assert loaded == sorted(loaded, reverse=True)
    assert sum(loaded) == pytest.approx(found.loaded, abs=0.05)


@pytest.mark.parametrize(
    ("form", "row"),
    [(shown, r" ([\d.]+) +([\d.]+) +{name} *$"), (markdown.render, r"\| {name} \| ([\d.]+) \| ([\d.]+) \|$")],
    ids=["text", "md"],
)
def test_each_resource_that_costs_something_stands_there_with_all_that_it_costs(
    plan: Plan, form: Callable[[Report], str], row: str
) -> None:
    text, found = form(report(plan)), estimate(plan)
    for name in {each.name for each in found.items}:
        told = re.findall(row.format(name=re.escape(name)), text, re.MULTILINE)
        items = [each for each in found.items if each.name == name]
        assert len(told) == len({each.what for each in items}), name
        assert sum(float(idle) for idle, _ in told) == pytest.approx(sum(each.idle for each in items), abs=0.03)
        assert sum(float(loaded) for _, loaded in told) == pytest.approx(sum(each.loaded for each in items), abs=0.03)


def test_what_several_pay_for_stands_with_its_sum_above_theirs() -> None:
    found = estimated(
        item("a", "keys", 1, 1), item("b", "keys", 2, 3), item("c", "disks", 9, 9), item("b", "keys", 0, 1)
    )
    assert found.rows == [("disks", "c", 9, 9), ("keys", "", 3, 5), ("", "b", 2, 4), ("", "a", 1, 1)]


@pytest.mark.parametrize("form", [shown, markdown.render])
def test_what_has_no_price_is_listed_with_the_reason(prod: Plan, form: Callable[[Report], str]) -> None:
    text = " ".join(form(report(prod)).split())
    assert "unpriced" in text
    assert "helloworld-database-postgresql-logs" in text
    assert "is not known" in text


@pytest.mark.parametrize("form", [shown, markdown.render])
def test_where_nothing_has_a_price_no_sum_is_shown(planned: Planner, form: Callable[[Report], str]) -> None:
    text = form(report(planned("dev", {"region": "sa-east-1"}))).replace("\\", "")
    cost = re.search(r"\nCost\n.*?\n\n(?=\S)|\nCost: .*?</details>", text, re.DOTALL)
    assert cost
    words = " ".join(cost[0].split())
    assert "nothing of it has a known price in sa-east-1" in words
    assert "has no price of cluster_hour in sa-east-1" in words
    assert not re.search(r"\b0(\.00)?\b", words)


def test_a_stack_on_this_machine_is_said_to_cost_nothing(planned: Planner) -> None:
    local = planned("local")
    assert "nothing of it is in AWS" in shown(report(local))
    assert "nothing of it is in AWS" in markdown.render(report(local))


def test_json_has_every_item_with_its_sum_and_how_it_comes_about(prod: Plan) -> None:
    cost = json.loads(json.dumps(report(prod).to_json()))["cost"]
    assert cost["idle"] == pytest.approx(sum(each["idle"] for each in cost["items"]), abs=0.02)
    assert cost["loaded"] > cost["idle"]
    assert cost["load"] == {"requests_per_second": 50, "kilobytes_per_response": 2, "connections_per_request": 0.1}
    assert all(each["urn"] in prod.by_urn and each["basis"] for each in [*cost["items"]])
    assert {each["urn"] for each in cost["unpriced"]} <= set(prod.by_urn)
    assert "difference" not in cost


def test_a_change_shows_what_it_costs_by_resource(planned: Planner, dev: Plan) -> None:
    change = report(planned("dev", {"nat": "gateway"}), dev)
    text, comment = shown(change), markdown.render(change)
    by_hand = estimate(planned("dev", {"nat": "gateway"})).idle - estimate(dev).idle
    assert f"+{by_hand:.2f} dollars a month with nobody calling" in text
    assert re.search(r"new NAT gateways +\+32\.85 +\+32\.85", text)
    assert re.search(r"gone public addresses +-7\.30", text)
    assert f"**+{by_hand:.2f}**" in comment
    assert "| new | NAT gateways | helloworld-network-nat-a-gateway | +32.85 | +32.85 |" in comment
    difference = change.to_json()["cost"]["difference"]
    assert difference["idle"] == pytest.approx(by_hand, abs=0.01)
    assert {each["how"] for each in difference["changes"]} == {"new", "gone"}


def test_a_resource_s_name_is_no_markup_in_a_comment() -> None:
    told = Unpriced(urn="urn::<b>|@all`", type="a:b:C", why="*why*")
    found = estimated(item("[x](y)", "keys", 1, 1), unpriced=(told,))
    plan = Plan(project="p", stack="s", resources=[], outputs={})
    text = markdown.render(Report(plan, estimate=found, estimate_before=estimated()))
    assert "<b>" not in text
    assert "@all" not in text
    assert "[x](y)" not in text


def test_a_resource_s_name_is_no_markup_on_a_terminal() -> None:
    console = Console(file=io.StringIO(), width=100)
    for line in cost_text.difference(compare(estimated(), estimated(item("[red]x[/]y[/z]", "keys", 1, 1)))):
        console.print(line)
    assert isinstance(console.file, io.StringIO)
    assert "[red]x[/]y[/z]" in console.file.getvalue()


@pytest.mark.parametrize("form", [shown, markdown.render])
def test_what_leaving_aws_saves_is_shown(planned: Planner, dev: Plan, form: Callable[[Report], str]) -> None:
    text = form(report(planned("local"), dev))
    assert "nothing of it is in AWS" in text
    assert f"-{estimate(dev).idle:.2f}" in text


def test_where_nothing_was_or_is_in_aws_no_change_of_its_cost_is_told(planned: Planner) -> None:
    local = planned("local")
    assert "Cost: nothing of it is in AWS.\n" in markdown.render(report(local, local))


def test_an_estimate_never_refuses_a_preview(dev: Plan) -> None:
    told = Unpriced(urn="urn::x", type="a:b:C", why="nobody knows")
    assert not Report(dev, estimate=estimated(unpriced=(told,))).refused


# What a change costs


def test_a_difference_tells_new_gone_and_changed_and_leaves_out_what_stays() -> None:
    before = estimated(item("a", "keys", 1, 1), item("b", "nodes", 10, 12), item("c", "disks", 3, 3))
    after = estimated(item("b", "nodes", 20, 22), item("c", "disks", 3, 3), item("d", "keys", 1, 1))
    found = compare(before, after)
    assert [(each.how, each.name, each.idle) for each in found.changes] == [
        ("changed", "b", 10),
        ("gone", "a", -1),
        ("new", "d", 1),
    ]
    assert (found.idle, found.loaded) == (10, 10)


def test_a_change_to_what_has_no_price_is_not_told_as_a_saving(planned: Planner, dev: Plan) -> None:
    for change in (
        report(planned("dev", {"nodeInstanceTypes": '["m7g.16xlarge"]'}), dev),
        report(dev, planned("dev", {"nodeInstanceTypes": '["m7g.16xlarge"]'})),
    ):
        difference = change.cost_difference
        assert difference is not None
        assert (difference.idle, difference.changes) == (0, [])
        assert any(urn.endswith("helloworld-nodes-group") for urn in difference.unknown)
        assert "helloworld-nodes-group: what the change costs there is not known" in shown(change)
        assert "whose price is not known" in markdown.render(change)


@pytest.mark.parametrize("type_", ["aws:eks/cluster:Cluster", "aws:sagemaker/endpoint:Endpoint"])
def test_a_resource_that_is_only_renamed_costs_no_more_and_no_less(type_: str) -> None:
    def plan_of(name: str, **options: Any) -> Plan:
        provider = Resource(urn="p", type=PROVIDER, name="p", parent=None, inputs={"region": "us-west-2"})
        urn = f"urn:pulumi:s::p::{type_}::{name}"
        made = Resource(urn=urn, type=type_, name=name, parent=None, inputs={}, options=options)
        return Plan(project="p", stack="s", resources=[provider, made], outputs={})

    before = plan_of("old")
    renamed, another = report(plan_of("new", aliases=[{"name": "old"}]), before), report(plan_of("new"), before)
    assert renamed.cost_difference is not None
    assert another.cost_difference is not None
    assert (renamed.cost_difference.changes, renamed.cost_difference.unknown) == ([], [])
    assert len([*another.cost_difference.changes, *another.cost_difference.unknown]) == 2


def test_what_one_resource_costs_twice_for_one_thing_is_added_up() -> None:
    found = compare(estimated(), estimated(item("a", "balancer", 16, 16), item("a", "balancer", 0, 3)))
    assert [(each.what, each.idle, each.loaded) for each in found.changes] == [("balancer", 16, 19)]


@pytest.mark.parametrize("below", [0.54, 0.79, 1.04])
def test_what_adds_as_much_idle_as_at_the_load_is_shown_alike(below: float) -> None:
    old, new = item("a", "nodes", below, below + 17.8), item("a", "nodes", below + 10.725, below + 28.525)
    found = compare(estimated(old), estimated(new))
    assert [signed(each) for each in (found.idle, found.loaded)] == ["+10.72"] * 2
    assert [signed(each) for each in (found.changes[0].idle, found.changes[0].loaded)] == ["+10.72"] * 2
    assert (found.to_json()["idle"], found.to_json()["loaded"]) == (10.72, 10.72)


def test_the_changes_add_up_to_the_difference(dev: Plan, prod: Plan) -> None:
    found = compare(estimate(dev), estimate(prod))
    assert sum(each.idle for each in found.changes) == pytest.approx(found.idle, abs=0.1)
    assert compare(estimate(prod), estimate(prod)).changes == []


# The command line


def test_a_load_is_estimated_as_it_is_given(dev: Plan) -> None:
    done = preview("--stack", "dev", "--format", "json", "--load", "400", *QUIET)
    cost = json.loads(done.stdout)["cost"]
    assert cost["load"]["requests_per_second"] == 400
    assert cost["loaded"] == pytest.approx(estimate(dev, Load(requests_per_second=400)).loaded, abs=0.01)


@pytest.mark.parametrize("load", ["many", "-1", "nan", "inf", "1e7", "", "5 0", "0x10"])
def test_a_load_that_is_none_is_refused_as_wrong_usage(load: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["preview", "--stack", "dev", f"--load={load}"])
    assert left.value.code == cli.WRONG_USAGE
    assert "requests per second from 0 to 1000000" in capsys.readouterr().err


# The documents


@pytest.mark.parametrize(
    ("document", "begin", "end", "table"),
    [
        ("README.md", "<!-- cost: printed by python -m cost -->", "<!-- end of cost -->", tables.stacks_table),
        (
            "docs/cost.md",
            "<!-- settings: printed by python -m cost -->",
            "<!-- end of settings -->",
            tables.settings_table,
        ),
    ],
    ids=["README.md", "docs/cost.md"],
)
def test_the_documents_tables_are_what_python_m_cost_prints(
    planned: Planner, document: str, begin: str, end: str, table: Callable[[tables.Planner], str]
) -> None:
    assert between(document, begin, end) == table(planned)


def test_python_m_cost_prints_the_tables_of_the_project_s_own_files(dev: Plan) -> None:
    assert estimate(tables.evaluator(PROJECT)("dev", {})).to_json() == estimate(dev).to_json()


def test_dev_s_dollars_are_argued_one_by_one(dev: Plan) -> None:
    section = between("docs/cost.md", "## Each dollar of dev", "## What prod pays for")
    argued = sum(map(float, re.findall(r"^\| (\d+\.\d\d) \|", section, re.MULTILINE)))
    assert argued == pytest.approx(estimate(dev).idle, abs=0.05)


@pytest.mark.parametrize(
    ("what", "told"),
    [
        *(("nodes", "on demand ({})"), ("NAT gateways", "({}, and 11 for"), ("control plane", "Control plane {}.")),
        *(("database", "database is {} for"), ("cache", "cache {} for"), ("container metrics", "metrics ({})")),
        ("logs", "logs ({})"),
    ],
)
def test_prod_s_largest_sums_are_what_the_document_says(prod: Plan, what: str, told: str) -> None:
    section = " ".join(between("docs/cost.md", "## What prod pays for", "## What each setting adds").split())
    (dollars,) = (idle for thing, idle, _ in estimate(prod).by_thing if thing == what)
    assert told.format(f"{dollars:.0f}") in section


def test_what_one_larger_node_would_save_in_dev_is_what_the_document_says(planned: Planner, dev: Plan) -> None:
    one = planned("dev", {"nodeInstanceTypes": '["t4g.medium"]', "nodeMin": "1", "nodeDesired": "1"})
    saved = -compare(estimate(dev), estimate(one)).idle
    assert f"for {saved:.2f} less" in between("docs/cost.md", "## Each dollar of dev", "## What prod pays for")


# The cost of the estimate


def test_an_estimate_takes_a_preview_no_time_that_anyone_notices(prod: Plan) -> None:
    def seconds() -> float:
        begun = time.process_time()
        estimate(prod)
        return time.process_time() - begun

    assert min(seconds() for _ in range(5)) < 0.05


def test_importing_what_estimates_imports_no_sdk() -> None:
    heavy = "[each for each in ('pulumi', 'rich', 'pydantic') if each in sys.modules]"
    code = f"import sys, cost.estimate, cost.compare; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_prices_are_data_that_other_programs_can_read() -> None:
    loaded: Mapping[str, object] = json.loads(FILE.read_text("utf-8"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", str(loaded["dated"]))
