"""What is not known yet breaks no rule, and nothing that a provider could be given makes a rule stumble."""

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from offline.plan import Resource
from policy import rules
from policy.values import UNKNOWN
from tests.policy_breaks import BREAKS
from tests.policy_changes import Added, changed
from tests.policy_stacks import TODAY, planned

ALONE = [rule for rule in rules.RULES if not rule.of_stack]
TYPES = sorted({broken.type for rows in BREAKS.values() for broken in rows})

junk = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(
        [UNKNOWN, "[secret]", "${a.b}", "*", "{", "[[[", '{"Statement": 1}', "-1", "0.0.0.0/0", "9" * 400]
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=6,
)


@cache
def samples() -> Mapping[str, Resource]:
    """One resource of each type."""
    return {each.type: each for stack in ("prod", "dev", "account") for each in planned(stack).resources}


def paths(value: Any, so_far: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Every place in a tree of maps and lists."""
    children = value.items() if isinstance(value, Mapping) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*so_far, key)
        yield from paths(child, (*so_far, key))


def reasons(resource: Resource, production: bool) -> dict[str, list[str]]:
    context = rules.Context(production, rules.ALLOWED, TODAY, [resource])
    return {rule.name: list(rule.check(resource, context)) for rule in ALONE}


@pytest.mark.parametrize("word", [UNKNOWN, "[secret]", "${other.value}"])
def test_a_value_that_is_not_known_yet_breaks_no_rule(word: str) -> None:
    tried = 0
    for resource in samples().values():
        before = reasons(resource, production=True)
        for path in paths(resource.inputs):
            inputs = changed(resource.inputs, path, word)
            unknown = Resource(urn=resource.urn, type=resource.type, name=resource.name, parent=None, inputs=inputs)
            after = reasons(unknown, production=True)
            assert {name: found for name, found in after.items() if len(found) > len(before[name])} == {}, path
            tried += 1
    assert tried > 1000


@given(data=st.data(), type_=st.sampled_from(TYPES), production=st.booleans())
def test_no_rule_stumbles_over_what_it_does_not_expect(data: st.DataObject, type_: str, production: bool) -> None:
    sample = samples().get(type_)
    inputs: Any = dict(sample.inputs) if sample else dict(_added(type_))
    places = sorted(paths(inputs), key=str)
    for path in data.draw(st.lists(st.sampled_from(places), max_size=3)) if places else ():
        try:
            inputs = changed(inputs, path, data.draw(junk))
        except (KeyError, IndexError, TypeError, AttributeError):
            # The place before has taken this one away.
            continue
    more = data.draw(st.dictionaries(st.sampled_from(KEYS), junk, max_size=3))
    name = data.draw(st.text(max_size=8))
    resource = Resource(
        urn=data.draw(st.sampled_from(["", "u", "urn:pulumi:prod::a::b::c"])),
        type=type_,
        name=name,
        parent=None,
        inputs={**inputs, **more},
    )
    context = rules.Context(production, rules.ALLOWED, TODAY, [resource])
    for rule in rules.RULES:
        assert all(isinstance(reason, str) for reason in rule.check(resource, context))


def _added(type_: str) -> Mapping[str, Any]:
    return next(
        broken.inputs
        for rows in BREAKS.values()
        for broken in rows
        if isinstance(broken, Added) and broken.type == type_
    )


# What the rules look at, also where a stack's own resource does not say it.
KEYS = sorted({str(broken.path[0]) for rows in BREAKS.values() for broken in rows if hasattr(broken, "path")})
