"""What is edited in a stack's state, and what stays as it was."""

from copy import deepcopy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from delivery.teardown.deployment import is_empty, last_snapshots, protected
from delivery.teardown.state_edit import without_cluster, without_protection

TYPES = (
    "kubernetes:core/v1:Namespace",
    "kubernetes:helm.sh/v3:Release",
    "pulumi:providers:kubernetes",
    "aws:ec2/vpc:Vpc",
    "aws:ecr/repository:Repository",
    "aws:rds/instance:Instance",
    "helloworld:release:Release",
)
VALUES = st.fixed_dictionaries(
    {},
    optional={
        "deletionProtection": st.booleans(),
        "forceDelete": st.booleans(),
        "skipFinalSnapshot": st.booleans(),
        "finalSnapshotIdentifier": st.just("x-final"),
    },
)


@st.composite
def deployments(draw: Any) -> dict[str, Any]:
    """States of a few resources that point to each other, earlier ones only, as the engine writes them."""
    resources: list[dict[str, Any]] = []
    kinds: Any = st.lists(st.sampled_from(TYPES), max_size=7)
    for number, kind in enumerate(draw(kinds)):
        before = [each["urn"] for each in resources]
        some: Any = st.lists(st.sampled_from(before), unique=True) if before else st.just([])
        resource: dict[str, Any] = {"urn": f"urn:pulumi:dev::helloworld::{kind}::r{number}", "type": kind}
        resource |= {"inputs": draw(VALUES), "outputs": draw(VALUES), "dependencies": draw(some)}
        resource["propertyDependencies"] = {"a": draw(some)}
        if draw(st.booleans()):
            resource["protect"] = True
        if before and draw(st.booleans()):
            resource["deletedWith"] = draw(st.sampled_from(before))
        resources.append(resource)
    begun: Any = st.lists(st.sampled_from(resources)) if resources else st.just([])
    pending = [{"resource": each, "type": "creating"} for each in draw(begun)]
    return {"manifest": {"magic": "m"}, "resources": resources, "pending_operations": pending}


@given(deployments())
def test_a_lost_clusters_objects_go_and_nothing_points_to_them(deployment: dict[str, Any]) -> None:
    before = deepcopy(deployment)
    after = without_cluster(deployment)
    assert deployment == before
    kept = {each["urn"] for each in after["resources"]}
    assert kept == {each["urn"] for each in before["resources"] if not each["type"].startswith("kubernetes:")}
    for each in after["resources"]:
        pointed = {*each["dependencies"], *each["propertyDependencies"]["a"], *filter(None, [each.get("deletedWith")])}
        assert pointed <= kept
    assert all(each["resource"]["urn"] in kept for each in after["pending_operations"])
    assert without_cluster(after) == after
    assert after["manifest"] == before["manifest"]


@given(deployments())
def test_nothing_is_held_once_protection_is_taken_out_and_all_else_stays(deployment: dict[str, Any]) -> None:
    before = deepcopy(deployment)
    after = without_protection(deployment)
    assert deployment == before
    assert protected(after) == []
    assert last_snapshots(after) == last_snapshots(before)
    assert [each["urn"] for each in after["resources"]] == [each["urn"] for each in before["resources"]]
    assert without_protection(after) == after


def test_what_is_held_is_named() -> None:
    database = {
        "urn": "urn:pulumi:prod::helloworld::helloworld:database:Database$aws:rds/instance:Instance::database",
        "type": "aws:rds/instance:Instance",
        "inputs": {"deletionProtection": True, "identifier": "a", "finalSnapshotIdentifier": "a-final"},
    }
    assert protected({"resources": [database]}) == ["aws:rds/instance:Instance database"]
    assert last_snapshots({"resources": [database]}) == [("a", "a-final")]


def test_a_state_is_empty_only_if_nothing_was_begun_either() -> None:
    assert is_empty({})
    assert is_empty({"resources": None})
    assert not is_empty({"resources": [{"urn": "a"}]})
    assert not is_empty({"pending_operations": [{"resource": {"urn": "a"}, "type": "creating"}]})
