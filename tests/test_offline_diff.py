"""What differs between two plans, and how that is told."""

import json
from collections.abc import Mapping
from typing import Any

import pytest

from offline import diff, markdown
from offline.against import Baseline, Revision
from offline.diff import compare
from offline.field_changes import is_absent
from offline.plan import Plan, Resource
from offline.report import Report
from tests.conftest import Planner

VPC, SUBNET, POLICY = "aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet", "aws:iam/rolePolicy:RolePolicy"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


def urn(type_: str, name: str, parent: str = "") -> str:
    path = f"{parent.split('::')[2]}${type_}" if parent else type_
    return f"urn:pulumi:dev::p::{path}::{name}"


def resource(type_: str, name: str, inputs: Mapping[str, Any] | None = None, **more: Any) -> Resource:
    parent = more.pop("parent", None)
    return Resource(
        urn=urn(type_, name, parent or ""), type=type_, name=name, parent=parent, inputs=inputs or {}, **more
    )


def plan(*resources: Resource, **outputs: Any) -> Plan:
    return Plan(project="p", stack="dev", resources=resources, outputs=outputs)


def told(difference: diff.Difference) -> dict[str, str]:
    return {change.name: change.action for change in difference.changes}


def fields(difference: diff.Difference) -> dict[str, tuple[Any, Any]]:
    return {field.path: (field.before, field.after) for field in difference.changes[0].fields}


class TestComparing:
    def test_plans_that_are_the_same_have_no_difference(self) -> None:
        same = plan(resource(VPC, "a", {"cidrBlock": "10.0.0.0/16"}), url="x")
        difference = compare(same, same)
        assert (difference.changes, difference.outputs, difference.unchanged) == ([], [], 1)

    def test_each_action_is_told(self) -> None:
        before = plan(
            resource(VPC, "kept", {"tags": {"a": "1"}}),
            resource(VPC, "moved", {"cidrBlock": "1"}),
            resource(VPC, "gone"),
        )
        after = plan(
            resource(VPC, "kept", {"tags": {"a": "2"}}),
            resource(VPC, "moved", {"cidrBlock": "2"}),
            resource(VPC, "new"),
        )
        assert told(compare(before, after)) == {"kept": "change", "moved": "replace", "new": "create", "gone": "delete"}

    def test_a_field_is_told_by_its_path_with_both_values(self) -> None:
        containers = [{"name": "web", "image": "a:1"}, {"name": "log", "image": "l"}]
        after = [{"name": "log", "image": "l"}, {"name": "web", "image": "a:2", "tty": True}]
        difference = compare(
            plan(resource(DEPLOYMENT, "d", {"spec": {"containers": containers}})),
            plan(resource(DEPLOYMENT, "d", {"spec": {"containers": after}})),
        )
        changed = fields(difference)
        assert changed["spec.containers[web].image"] == ("a:1", "a:2")
        assert is_absent(changed["spec.containers[web].tty"][0])
        assert len(changed) == 2

    def test_a_policy_document_differs_by_its_inner_field(self) -> None:
        def policy(action: str) -> Resource:
            statement = {"Sid": "Look", "Effect": "Allow", "Action": action, "Resource": "*"}
            return resource(POLICY, "p", {"policy": json.dumps({"Version": "1", "Statement": [statement]})})

        difference = compare(plan(policy("s3:Get")), plan(policy("s3:Put")))
        assert fields(difference) == {"policy.Statement[Look].Action": ("s3:Get", "s3:Put")}

    def test_the_same_document_written_otherwise_is_no_difference(self) -> None:
        before, after = '{"a":1,"b":2}', '{ "b": 2, "a": 1 }'
        difference = compare(
            plan(resource(POLICY, "p", {"policy": before})), plan(resource(POLICY, "p", {"policy": after}))
        )
        assert difference.changes == []

    @pytest.mark.parametrize(
        ("type_", "before", "after", "action"),
        [
            (DEPLOYMENT, {"metadata": {"name": "a"}}, {"metadata": {"name": "b"}}, "replace"),
            (DEPLOYMENT, {"metadata": {"labels": {}}}, {"metadata": {"labels": {"a": "b"}}}, "change"),
            (DEPLOYMENT, {"spec": {"selector": {"a": "1"}}}, {"spec": {"selector": {"a": "2"}}}, "replace"),
            ("aws:eks/cluster:Cluster", {"version": "1.34"}, {"version": "1.35"}, "change"),
            ("aws:eks/nodeGroup:NodeGroup", {"instanceTypes": ["a"]}, {"instanceTypes": ["b"]}, "replace"),
            ("aws:eks/nodeGroup:NodeGroup", {"launchTemplate": {"version": "1"}},
             {"launchTemplate": {"version": "2"}}, "change"),
        ],
    )  # fmt: skip
    def test_replacements_are_known(self, type_: str, before: Any, after: Any, action: str) -> None:
        assert told(compare(plan(resource(type_, "x", before)), plan(resource(type_, "x", after)))) == {"x": action}

    def test_a_type_that_is_not_known_is_marked_unsure(self) -> None:
        difference = compare(
            plan(resource("aws:new/thing:Thing", "x", {"a": 1})), plan(resource("aws:new/thing:Thing", "x", {"a": 2}))
        )
        assert not difference.changes[0].certain

    def test_a_replacement_is_followed_by_what_is_made_of_its_id(self) -> None:
        def stack(cidr: str) -> Plan:
            vpc = resource(VPC, "net", {"cidrBlock": cidr})
            subnet = resource(
                SUBNET, "sub", {"vpcId": "${net.id}"}, depends_on=[vpc.urn], property_dependencies={"vpcId": [vpc.urn]}
            )
            late = resource(
                VPC, "late", {"cidrBlock": "9"}, depends_on=[vpc.urn], property_dependencies={"cidrBlock": [vpc.urn]}
            )
            return plan(vpc, subnet, late)

        difference = compare(stack("1"), stack("2"))
        assert told(difference) == {"net": "replace", "sub": "replace"}
        assert difference.changes[1].because == "net"

    def test_an_alias_is_no_deletion(self) -> None:
        difference = compare(
            plan(resource(VPC, "old")), plan(resource(VPC, "new", options={"aliases": [{"name": "old"}]}))
        )
        assert told(difference) == {"new": "change"}
        assert difference.changes[0].before_urn.endswith("::old")

    def test_children_follow_their_parents_alias(self) -> None:
        box = "test:index:Box"
        before = plan(resource(box, "old"), resource(VPC, "old-vpc", parent=urn(box, "old")))
        after = plan(
            resource(box, "new", options={"aliases": [{"name": "old"}]}),
            resource(VPC, "new-vpc", parent=urn(box, "new")),
        )
        assert told(compare(before, after)) == {"new": "change", "new-vpc": "change"}

    def test_ignored_changes_are_not_told(self) -> None:
        ignoring = {"options": {"ignoreChanges": ["tags"]}}
        difference = compare(
            plan(resource(VPC, "a", {"tags": {"x": 1}}, **ignoring)),
            plan(resource(VPC, "a", {"tags": {"x": 2}}, **ignoring)),
        )
        assert difference.changes == []

    def test_outputs_differ_too(self) -> None:
        (field,) = compare(plan(url="a"), plan(url="b")).outputs
        assert (field.path, field.before, field.after) == ("url", "a", "b")

    @pytest.mark.parametrize(("before", "after"), [(1, True), (None, 0), ("1", 1), ([], {}), ([1, 2], [2, 1])])
    def test_what_only_looks_alike_is_a_change(self, before: Any, after: Any) -> None:
        assert compare(plan(resource(VPC, "a", {"x": before})), plan(resource(VPC, "a", {"x": after}))).changes


class TestMarkdown:
    def report(self, *resources: Resource) -> Report:
        before, after = plan(), plan(*resources)
        return Report(after, (), Baseline(Revision("main", "a" * 40), before), compare(before, after))

    def test_nothing_in_a_plan_can_become_markup_or_a_mention(self) -> None:
        report = self.report(resource(VPC, "<b>@team|`x`</b>", {"cidrBlock": "`@team` <script>|"}))
        text = markdown.render(report)
        assert "<b>" not in text
        assert "@team|" not in text
        assert "<summary>" in text
        assert "\\`x\\`" in text

    def test_a_long_report_is_cut_whole_and_says_so(self) -> None:
        text = markdown.render(self.report(*(resource(VPC, f"vpc-{n}", {"cidrBlock": "x" * 200}) for n in range(2000))))
        assert len(text) < 65_000
        assert "left out for length" in text
        assert text.count("<details") == text.count("</details>")

    def test_the_counts_come_first(self) -> None:
        assert "| 1 | 0 | 0 | 0 | 0 |" in markdown.render(self.report(resource(VPC, "a"))).split("<details")[0]


def test_another_image_changes_the_deployment_and_the_output_and_nothing_else(planned: Planner, dev: Plan) -> None:
    difference = compare(dev, planned("dev", {"sourceUrl": "https://git.example.com/team/hello"}))
    assert {(change.action, change.name) for change in difference.changes} == {
        ("change", "helloworld-image-build"),
        ("change", "helloworld-release-deployment"),
    }
    assert [field.path for field in difference.outputs] == ["image"]


def test_another_region_replaces_all_that_is_in_one(planned: Planner, dev: Plan) -> None:
    difference = compare(dev, planned("dev", {"region": "eu-central-1"}))
    replaced = {change.type for change in difference.changes if change.action == "replace"}
    assert replaced >= {
        "aws:ec2/vpc:Vpc",
        "aws:kms/key:Key",
        "aws:ecr/repository:Repository",
        "aws:eks/cluster:Cluster",
    }
    assert not any(type_.startswith("aws:iam/") for type_ in replaced)
