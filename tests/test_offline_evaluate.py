"""The recorder and the evaluation, on programs of a few lines."""

import asyncio
import gc
import json
import sys
import threading
import warnings
from pathlib import Path
from typing import Any

import pulumi
import pytest

from offline.evaluate import ProgramError, StalledError, evaluate, record
from offline.plan import Plan
from offline.references import evaluate_with_references
from offline.stackfile import StackFileError

THING = "test:index:Thing"


class Thing(pulumi.CustomResource):
    """A resource of no provider, which costs no import."""

    pulumi_type = THING
    label: pulumi.Output[str]

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None, **inputs: Any) -> None:
        super().__init__(THING, name, {"label": None, **inputs}, opts)


class Box(pulumi.ComponentResource):
    """A component with one thing in it."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("test:index:Box", name, None, opts)
        self.thing = Thing(f"{name}-thing", pulumi.ResourceOptions(parent=self))
        self.register_outputs({})


def problem_of(program: Any) -> ProgramError:
    with pytest.raises(ProgramError) as caught:
        record(program)
    return caught.value


def project(directory: Path, program: str, stack_file: str = "") -> Path:
    (directory / "Pulumi.yaml").write_text("name: tiny\nruntime: python\nconfig: {size: {type: integer, default: 1}}\n")
    (directory / "Pulumi.dev.yaml").write_text(stack_file)
    (directory / "__main__.py").write_text(program)
    return directory


class TestRecording:
    def test_a_urn_names_all_ancestors_but_the_stack(self) -> None:
        def program() -> None:
            outer = Box("outer")
            Box("inner", pulumi.ResourceOptions(parent=outer))

        plan = record(program, project="p", stack="s")
        assert plan.one(THING, "inner-thing").urn == (
            "urn:pulumi:s::p::test:index:Box$test:index:Box$test:index:Thing::inner-thing"
        )
        assert [each.name for each in plan.children(None)] == ["outer"]
        assert {each.name for each in plan.descendants(plan.one("test:index:Box", "outer").urn)} == {
            "outer-thing", "inner", "inner-thing",
        }  # fmt: skip

    def test_a_value_of_a_resource_is_a_dependency_and_a_placeholder(self) -> None:
        def program() -> None:
            first = Thing("first")
            Thing("second", source=first.id)
            Thing("third", pulumi.ResourceOptions(depends_on=[first]))

        plan = record(program)
        first, second, third = (plan.one(THING, name) for name in ("first", "second", "third"))
        assert second.inputs["source"] == "${first.id}"
        assert second.property_dependencies == {"source": [first.urn]}
        assert second.depends_on == [first.urn] == third.depends_on

    def test_secrets_are_words_wherever_they_go(self) -> None:
        def program() -> None:
            thing = Thing("thing", password=pulumi.Output.secret("hush"), nested=[{"a": pulumi.Output.secret("hush")}])
            pulumi.export("all", pulumi.Output.all(thing.id, pulumi.Output.secret("hush")))

        plan = record(program)
        assert plan.one(THING, "thing").inputs == {"password": "[secret]", "nested": [{"a": "[secret]"}]}
        assert "hush" not in json.dumps(plan.to_json())

    def test_options_and_hooks_are_recorded(self) -> None:
        def program() -> None:
            hook = pulumi.ErrorHook("explain", lambda _: False)
            options = pulumi.ResourceOptions(
                protect=True,
                ignore_changes=["a"],
                aliases=[pulumi.Alias(name="old")],
                custom_timeouts=pulumi.CustomTimeouts(create="15m"),
                hooks=pulumi.ResourceHookBinding(on_error=[hook]),
            )
            Thing("thing", options)

        thing = record(program).one(THING, "thing")
        assert thing.hooks == {"on_error": ["explain"]}
        assert thing.options == {
            "protect": True,
            "ignoreChanges": ["a"],
            "aliases": [{"name": "old"}],
            "customTimeouts": {"create": "15m"},
        }

    def test_outputs_messages_and_prints_are_in_the_plan(self, tmp_path: Path) -> None:
        program = "import pulumi\nprint('hi')\npulumi.log.warn('careful')\npulumi.export('size', 1)\n"
        plan = evaluate(project(tmp_path, program), "dev")
        assert plan.outputs == {"size": 1}
        assert {(each.severity, each.text) for each in plan.messages} == {("info", "hi"), ("warning", "careful")}

    def test_a_plan_survives_json(self) -> None:
        plan = record(lambda: Box("box"))
        assert Plan.from_json(json.loads(json.dumps(plan.to_json()))).to_json() == plan.to_json()

    def test_looking_for_what_is_not_there_says_what_is(self) -> None:
        with pytest.raises(LookupError, match="box-thing"):
            record(lambda: Box("box")).one(THING, "other")

    def test_with_unknowns_nothing_runs_that_needs_a_value(self) -> None:
        seen: list[str] = []

        def note(text: str) -> str:
            seen.append(text)
            return text

        def program() -> None:
            Thing("second", source=Thing("first").id.apply(note))

        assert record(program, unknowns=True).one(THING, "second").inputs["source"] == "[unknown]"
        assert seen == []

    def test_what_another_stack_gives_is_unknown_unless_it_is_told(self) -> None:
        def program() -> None:
            pulumi.export("zone", pulumi.StackReference("org/p/dev").get_output("zone"))

        assert record(program, stack_outputs={"org/p/dev": {"zone": "z1"}}).outputs == {"zone": "z1"}
        plan = record(program)
        assert plan.outputs == {"zone": "[unknown]"}
        assert "org/p/dev" in plan.messages[0].text


class TestFailing:
    def test_two_resources_of_one_urn_are_refused_as_by_the_engine(self) -> None:
        assert "two resources have the URN" in problem_of(lambda: [Thing("a"), Thing("a")]).message

    def test_a_value_that_never_comes_is_told_with_who_waits_for_it(self) -> None:
        def program() -> None:
            Thing("waiting", source=asyncio.get_event_loop().create_future())

        with pytest.raises(StalledError, match=r"never comes.*waiting \(test:index:Thing\)"):
            record(program)

    def test_an_error_in_an_apply_is_the_programs(self) -> None:
        error = problem_of(lambda: Thing("a").id.apply(lambda _: 1 / 0))
        assert error.message == "ZeroDivisionError: division by zero"
        assert "test_offline_evaluate" in error.where

    def test_an_unknown_data_source_says_where_to_teach_it(self) -> None:
        error = problem_of(lambda: pulumi.runtime.invoke_output("test:index:get", {}))
        assert "test:index:get" in error.message
        assert "offline/cloud.py" in error.message

    def test_an_error_has_the_programs_file_and_line(self, tmp_path: Path) -> None:
        with pytest.raises(ProgramError) as caught:
            evaluate(project(tmp_path, "import pulumi\n\nraise ValueError('no')\n"), "dev")
        assert str(caught.value) == "ValueError: no (__main__.py:3)"

    @pytest.mark.parametrize("program", ["def f(:\n", "import nothing_of_that_name\n", "raise SystemExit(3)\n"])
    def test_any_way_to_fail_is_a_program_error(self, tmp_path: Path, program: str) -> None:
        with pytest.raises(ProgramError):
            evaluate(project(tmp_path, program), "dev")

    def test_what_the_program_raises_to_refuse_comes_out_as_it_is(self, tmp_path: Path) -> None:
        with pytest.raises(pulumi.RunError, match="no thanks"):
            evaluate(project(tmp_path, "import pulumi\nraise pulumi.RunError('no thanks')\n"), "dev")

    def test_the_files_problems_and_the_settings_are_told_together(self, tmp_path: Path) -> None:
        program = """\
import pulumi
class Refused(pulumi.RunError):
    problems = [type("P", (), dict(key=key, value="1", reason="r", cure="c")) for key in ("tiny:size", "tiny:other")]
raise Refused("no")
"""
        with pytest.raises(StackFileError) as caught:
            evaluate(project(tmp_path, program, "config: {size: many}\n"), "dev")
        assert [each.key for each in caught.value.problems] == ["tiny:size", "tiny:other"]


class TestLeavingNothingBehind:
    def test_a_failed_run_leaves_no_coroutine_that_python_would_warn_of(self) -> None:
        async def later() -> str:
            return "x"

        def program() -> None:
            Thing("thing", source=pulumi.Output.all(Thing("first").id, later(), later()))
            raise ValueError("no")

        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            problem_of(program)
            gc.collect()
        assert [str(each.message) for each in told] == []

    def test_one_evaluation_after_the_other_gives_the_same_plan(self, tmp_path: Path) -> None:
        program = "import pulumi\npulumi.export('size', pulumi.Config().require_int('size'))\n"
        directory = project(tmp_path, program)
        assert evaluate(directory, "dev").to_json() == evaluate(directory, "dev").to_json()
        assert evaluate(directory, "dev", {"tiny:size": "7"}).outputs == {"size": 7}
        assert evaluate(directory, "dev").outputs == {"size": 1}

    def test_no_thread_loop_path_or_directory_is_left(self, tmp_path: Path) -> None:
        before = (Path.cwd(), list(sys.path), threading.active_count())
        evaluate(project(tmp_path, "import pulumi\nimport os\nos.chdir('/')\n"), "dev")
        assert (Path.cwd(), list(sys.path), threading.active_count()) == before

    @pytest.mark.parametrize("fails", [False, True])
    @pytest.mark.parametrize("looked_for", [False, True])
    def test_garbage_is_left_during_a_run_and_looked_for_afterwards_as_before(
        self, looked_for: bool, fails: bool
    ) -> None:
        meanwhile: list[bool] = []

        def program() -> None:
            meanwhile.append(gc.isenabled())
            if fails:
                raise ValueError("no")

        before = gc.isenabled()
        (gc.enable if looked_for else gc.disable)()
        try:
            if fails:
                problem_of(program)
            else:
                record(program)
            afterwards = gc.isenabled()
        finally:
            (gc.enable if before else gc.disable)()
        assert (meanwhile, afterwards) == ([False], looked_for)

    def test_whose_shell_it_is_does_not_matter(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_REGION", "eu-west-1")
        monkeypatch.setenv("PULUMI_CONFIG", '{"tiny:size": "9"}')
        program = (
            "import os, pulumi\npulumi.export('seen', [n for n in os.environ if n.startswith(('AWS_', 'PULUMI_'))])\n"
        )
        assert evaluate(project(tmp_path, program), "dev").outputs == {"seen": []}

    def test_two_projects_may_have_modules_of_the_same_name(self, tmp_path: Path) -> None:
        plans = []
        for name in ("one", "two"):
            directory = tmp_path / name
            directory.mkdir()
            (directory / "common_module.py").write_text(f"NAME = '{name}'\n")
            program = "import pulumi\nfrom common_module import NAME\npulumi.export('name', NAME)\n"
            plans.append(evaluate(project(directory, program), "dev"))
        assert [plan.outputs for plan in plans] == [{"name": "one"}, {"name": "two"}]


class TestTheRealProgram:
    def test_what_is_unknown_changes_no_registration(self, planned: Any, plan: Plan) -> None:
        assert len(plan.resources) > 50
        unknown = planned(plan.stack, unknowns=True)
        assert set(unknown.by_urn) == set(plan.by_urn)

    def test_a_cluster_shows_what_its_component_makes(self, dev: Plan) -> None:
        (component,) = dev.of("eks:index:Cluster")
        made = list(dev.descendants(component.urn))
        assert {each.type for each in made} >= {
            "aws:eks/cluster:Cluster", "aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment",
        }  # fmt: skip
        assert all(each.modelled for each in made)
        (cluster,) = dev.of("aws:eks/cluster:Cluster")
        assert "aws:eks/cluster:Cluster" in cluster.urn
        assert set(component.property_dependencies["subnetIds"]) <= set(cluster.depends_on)

    def test_nodes_join_the_cluster_that_was_made(self, dev: Plan) -> None:
        (cluster,) = dev.of("aws:eks/cluster:Cluster")
        (group,) = dev.of("aws:eks/nodeGroup:NodeGroup")
        assert group.inputs["clusterName"] == cluster.inputs["name"]
        assert group.modelled

    def test_aws_auth_is_written_where_the_mode_wants_it(self, planned: Any, dev: Plan) -> None:
        assert dev.of("kubernetes:core/v1:Namespace")
        assert not dev.of("kubernetes:core/v1:ConfigMap")
        plan = planned("dev", {"authenticationMode": "API_AND_CONFIG_MAP"})
        (config_map,) = plan.of("kubernetes:core/v1:ConfigMap")
        assert "system:bootstrappers" in config_map.inputs["data"]["mapRoles"]


class TestTransforms:
    def test_a_transform_of_the_stack_is_seen_in_the_plan(self) -> None:
        def sized(args: pulumi.ResourceTransformArgs) -> pulumi.ResourceTransformResult | None:
            if args.type_ != "test:index:Thing":
                return None
            return pulumi.ResourceTransformResult(props={**args.props, "size": 2}, opts=args.opts)

        def program() -> None:
            pulumi.runtime.register_resource_transform(sized)
            pulumi.CustomResource("test:index:Thing", "thing", {"size": 1})
            pulumi.CustomResource("test:index:Other", "other", {"size": 1})

        plan = record(program)
        assert plan.one("test:index:Thing", "thing").inputs == {"size": 2}
        assert plan.one("test:index:Other", "other").inputs == {"size": 1}
        assert plan.messages == []

    def test_one_that_cannot_be_run_is_told(self) -> None:
        async def later(args: pulumi.ResourceTransformArgs) -> None: ...

        def program() -> None:
            pulumi.runtime.register_resource_transform(later)
            pulumi.CustomResource("test:index:Thing", "thing", {"size": 1})

        plan = record(program)
        assert plan.one("test:index:Thing", "thing").inputs == {"size": 1}
        assert any("does not run" in message.text for message in plan.messages)


class TestReferences:
    PROGRAM = (
        "import pulumi\n"
        "other = pulumi.Config().get('other')\n"
        "if other:\n"
        "    size = pulumi.StackReference(f'organization/tiny/{other}').outputs.apply(lambda known: known['size'])\n"
        "    pulumi.CustomResource('test:index:Thing', 'thing', {'size': size})\n"
        "pulumi.export('size', 7)\n"
    )

    @pytest.fixture
    def tiny(self, tmp_path: Path) -> Path:
        (tmp_path / "Pulumi.yaml").write_text("name: tiny\nruntime: python\n")
        (tmp_path / "__main__.py").write_text(self.PROGRAM)
        (tmp_path / "Pulumi.a.yaml").write_text("config:\n  tiny:other: b\n")
        (tmp_path / "Pulumi.b.yaml").write_text("config: {}\n")
        (tmp_path / "Pulumi.c.yaml").write_text("config:\n  tiny:other: gone\n")
        return tmp_path

    def test_the_outputs_of_another_stack_are_those_of_its_own_plan(self, tiny: Path) -> None:
        plan = evaluate_with_references(tiny, "a")
        assert plan.one("test:index:Thing", "thing").inputs == {"size": 7}
        assert plan.unresolved == ()

    def test_those_of_a_stack_without_a_file_stay_unknown(self, tiny: Path) -> None:
        plan = evaluate_with_references(tiny, "c", unknowns=True)
        assert plan.one("test:index:Thing", "thing").inputs == {"size": "[unknown]"}
        assert plan.unresolved == ("organization/tiny/gone",)
