"""What the end of a stack's creation waits for: nothing but what AWS itself makes wait."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from pydantic import ValidationError

from bench import creation, creation_times
from bench.creation import Creation, model
from bench.creation_times import CreationTimes
from offline.plan import Plan, Resource
from tests.conftest import PROJECT, Planner

DECISION = (PROJECT / "docs" / "decisions" / "0018-critical-path.md").read_text("utf-8")
TIMES = creation_times.load()
# What is on the way and no link of the chain. Each has its reason in the decision.
WITH_A_REASON = {"helloworld-cluster-secrets-key", "helloworld-cluster-eks-eksRole"}
PARTS = {
    "database": "true",
    "databaseMultiZone": "true",
    "cache": "true",
    "observability": "true",
    "monitoring": "true",
}
WHOLE: Mapping[str, Mapping[str, str]] = {
    "dev": {},
    "prod": {},
    # What is off in prod's own file.
    "prod with every part": {"requestsPerPod": "100"},
    "dev with prod's parts": PARTS,
}


@pytest.fixture(scope="module", params=list(WHOLE))
def whole(request: pytest.FixtureRequest, planned: Planner) -> Plan:
    return planned(request.param.split()[0], WHOLE[request.param])


@pytest.fixture
def created(whole: Plan) -> Creation:
    return model(whole, TIMES)


def is_excused(name: str) -> bool:
    return any(name.startswith(excused) for excused in WITH_A_REASON)


def test_nothing_is_on_the_critical_path_but_the_chain_and_what_has_a_reason(created: Creation) -> None:
    assert [step.name for step in created.path if step in created.chain][-1] == "balancer becomes active"
    assert [step.name for step in created.besides if not is_excused(step.name)] == []


def test_what_has_a_reason_costs_hardly_anything(created: Creation) -> None:
    assert 1.0 <= created.seconds / created.unavoidable < 1.01


def test_the_chain_goes_from_the_network_to_the_balancer_and_each_link_needs_the_one_before(created: Creation) -> None:
    kinds = [step.type.rpartition(":")[2] for step in created.chain]
    assert kinds == ["Vpc", "Subnet", "Cluster", "Addon", "NodeGroup", "Release", "Ingress", "Ingress"]
    assert all(first.end <= second.begin for first, second in zip(created.chain, created.chain[1:], strict=False))


def test_what_takes_long_beside_the_chain_could_take_longer_still(created: Creation) -> None:
    """A database or a gateway that AWS is slow to make today must not make everything wait."""
    slow = [step for step in created.steps if step.seconds >= 100 and step not in created.path]
    assert all(step.slack >= 60 for step in slow)


def test_a_reason_is_in_the_decision_and_no_other_is_left_there() -> None:
    assert all(f"`{name}`" in DECISION for name in WITH_A_REASON)


def test_a_wait_that_is_put_before_the_control_plane_is_noticed(dev: Plan) -> None:
    """The test above would be worth nothing if it could not fail."""
    [cluster] = dev.of(creation.CLUSTER)
    slow = Resource(urn="urn:slow", type="aws:rds/instance:Instance", name="slow", parent=None, inputs={})
    late = replace(cluster, depends_on=[*cluster.depends_on, slow.urn])
    moved = [slow, *(late if each is cluster else each for each in dev.resources)]
    changed = model(Plan(project="p", stack="dev", resources=moved, outputs={}), TIMES)
    assert [step.name for step in changed.besides if not is_excused(step.name)] == ["slow"]
    assert changed.seconds / changed.unavoidable > 1.3


def remote_plan() -> Plan:
    """A remote component between what it takes and what takes it, with a child that takes none of its inputs."""

    def resource(urn: str, *depends_on: str, parent: str | None = None) -> Resource:
        return Resource(urn=urn, type=f"t:{urn}", name=urn, parent=parent, inputs={}, depends_on=depends_on)

    component = replace(resource("component", "input"), custom=False, remote=True)
    made = [resource("input"), component, resource("child", parent="component"), resource("taker", "component")]
    return Plan(project="p", stack="s", resources=made, outputs={})


def test_a_remote_component_begins_after_its_inputs_and_is_done_after_its_children() -> None:
    needs = creation.needs_of(remote_plan())
    assert needs["child"] == {"component (beginning)"}
    assert needs["component (beginning)"] == {"input"}
    assert needs["component"] == {"component (beginning)", "child"}
    assert needs["taker"] == {"component"}


class TestTimes:
    def test_what_a_data_file_says_has_a_source_and_a_date(self) -> None:
        assert TIMES.dated.year >= 2026
        assert all(row.source and row.seconds > 0 for row in TIMES.rows)

    def test_every_type_of_the_data_file_is_made_by_one_of_the_stacks(self, planned: Planner) -> None:
        plans = [planned(name.split()[0], changes) for name, changes in WHOLE.items()]
        made = [each for plan in plans for each in plan.resources]
        assert made
        assert [row.type for row in TIMES.rows if not any(row.type == each.type for each in made)] == []

    def test_the_last_row_that_fits_counts(self) -> None:
        coredns = Resource(urn="u", type="t", name="n", parent=None, inputs={"addonName": "coredns", "more": 1})
        rows = (
            creation_times.Time(type="t", seconds=1, source="of all of them"),
            creation_times.Time(type="t", where={"addonName": "coredns"}, seconds=2, source="of this one"),
            creation_times.Time(type="t", where={"addonName": "other"}, seconds=3, source="of another"),
        )
        assert CreationTimes(TIMES.dated, rows, 9.0).seconds(coredns) == 2
        assert CreationTimes(TIMES.dated, rows[::-1], 9.0).seconds(coredns) == 1

    def test_what_has_no_row_takes_a_call_and_what_is_nothing_in_a_cloud_no_time(self) -> None:
        times = CreationTimes(TIMES.dated, (), 9.0)
        assert times.seconds(Resource(urn="u", type="a:b:C", name="n", parent=None, inputs={})) == 9
        assert times.seconds(Resource(urn="u", type="a:b:C", name="n", parent=None, inputs={}, custom=False)) == 0
        assert times.seconds(Resource(urn="u", type="pulumi:providers:aws", name="n", parent=None, inputs={})) == 0

    def test_a_row_without_a_source_is_refused(self) -> None:
        with pytest.raises(ValidationError, match="source"):
            creation_times.Time.model_validate({"type": "t", "seconds": 1})
