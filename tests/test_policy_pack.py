"""The policy pack: the engine gets the same rules, with the levels of its stack, and sees the same in its own words."""

import os
import subprocess
import sys
from dataclasses import replace
from typing import Any

import pytest
import yaml
from google.protobuf import json_format, struct_pb2  # type: ignore[import-untyped]
from pulumi_policy import Policy, PolicyResource, ResourceValidationArgs, StackValidationArgs, StackValidationPolicy
from pulumi_policy.proxy import UNKNOWN_STRING_VALUE, unknown_checking_proxy

from offline.plan import Resource
from policy import rules
from policy.__main__ import plain, validations
from policy.values import UNKNOWN
from tests.conftest import PROJECT
from tests.policy_breaks import BREAKS
from tests.policy_changes import Break
from tests.policy_stacks import check, planned

FIRST = [pytest.param(name, rows[0], id=name) for name, rows in BREAKS.items()]


def as_the_engine_has_it(inputs: Any) -> Any:
    """Numbers are floats, lists and maps are the pack's own, unknown values are its sentinels."""
    struct = struct_pb2.Struct()
    struct.update(_with_sentinels(inputs))
    return unknown_checking_proxy(json_format.MessageToDict(struct))


def _with_sentinels(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _with_sentinels(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_with_sentinels(each) for each in value]
    return UNKNOWN_STRING_VALUE if isinstance(value, str) and value.startswith("${") else value


def reported(policy: Policy, resources: list[Resource]) -> list[tuple[str, str]]:
    """What a policy tells the engine: resource and message."""
    told: list[tuple[str, str]] = []

    def report(message: str, urn: str | None = None) -> None:
        told.append((urn or "", message))

    options: Any = None
    made = {
        each.urn: PolicyResource(
            each.type, as_the_engine_has_it(dict(each.inputs)), each.urn, each.name, options, None, None, [], {}
        )
        for each in resources
    }
    for each in resources:
        for key, urns in each.property_dependencies.items():
            made[each.urn].property_dependencies[key] = [made[urn] for urn in urns if urn in made]
    if isinstance(policy, StackValidationPolicy):
        policy.validate(StackValidationArgs(list(made.values())), report)
        return told
    for one in made.values():
        args = ResourceValidationArgs(one.resource_type, one.props, one.urn, one.name, options, None)
        policy.validate(args, report)  # type: ignore[attr-defined]
    return told


def by_name(stack: str) -> dict[str, Policy]:
    return {each.name: each for each in validations(stack)}


@pytest.mark.parametrize("stack", ["dev", "prod", "prod-eu", "pr-7", "local"])
def test_the_pack_has_exactly_the_rules_with_the_levels_of_the_stack(stack: str) -> None:
    context = rules.Context(rules.is_production(stack))
    expected = {rule.name: (rule.level_in(context) or "disabled").upper() for rule in rules.RULES}
    assert {each.name: str(each.enforcement_level).rpartition(".")[2] for each in validations(stack)} == expected
    assert [each.name for each in validations(stack)] == [rule.name for rule in rules.RULES]


def test_the_rules_that_need_the_whole_stack_get_it() -> None:
    whole = {each.name for each in validations("prod") if isinstance(each, StackValidationPolicy)}
    assert whole == {rule.name for rule in rules.RULES if rule.of_stack}
    assert whole


def test_with_the_engine_production_breaks_no_rule_either() -> None:
    resources = list(planned("prod").resources)
    assert len(resources) > 50
    assert [told for policy in validations("prod") for told in reported(policy, resources)] == []


@pytest.mark.parametrize(("name", "broken"), FIRST)
def test_with_the_engine_what_breaks_a_rule_is_told_with_its_cure(name: str, broken: Break) -> None:
    resources = broken(planned(broken.stack))
    policy, rule = by_name(broken.stack)[name], next(each for each in rules.RULES if each.name == name)
    expected = [each for each in check(resources, broken.stack) if each.rule == name]
    told = reported(policy, resources)
    assert {urn for urn, _ in told} == {each.urn for each in expected}
    assert told
    assert all(rule.cure in message for _, message in told)


def test_what_the_engine_does_not_know_is_a_word_and_no_error() -> None:
    given = as_the_engine_has_it({"a": "${b}", "list": ["${b}", {"c": "${b}", "d": 1}], "text": "x"})
    assert plain(given) == {"a": UNKNOWN, "list": [UNKNOWN, {"c": UNKNOWN, "d": 1.0}], "text": "x"}


def test_tags_are_read_where_the_provider_puts_them() -> None:
    vpc = planned("prod").of("aws:ec2/vpc:Vpc")[0]
    full = {"project": "helloworld", "stack": "prod", "managed-by": "pulumi"}
    tagged, untagged = (replace(vpc, inputs={**vpc.inputs, "tagsAll": tags}) for tags in (full, {"Name": "a"}))
    assert reported(by_name("prod")["tagged"], [tagged]) == []
    assert len(reported(by_name("prod")["tagged"], [untagged])) == 3


def test_the_pack_starts_as_the_engine_starts_it() -> None:
    """By its directory, elsewhere; the first line says at which port it answers."""
    described = yaml.safe_load((PROJECT / "policy" / "PulumiPolicy.yaml").read_text("utf-8"))
    assert described["runtime"]["name"] == "python"
    environment = os.path.normpath(PROJECT / "policy" / described["runtime"]["options"]["virtualenv"])
    assert environment == str(PROJECT / ".venv")
    command = [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(PROJECT / "policy")]
    with subprocess.Popen(command, cwd="/", stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline()
        process.kill()
        problem = process.stderr.read() if process.stderr is not None else ""
    assert port.strip().isdigit(), problem
