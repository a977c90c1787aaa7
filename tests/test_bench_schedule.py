"""What must wait for what, and how long: the arithmetic under the modelled creation of a stack."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.schedule import CycleError, critical_path, earliest, slack

Graph = tuple[dict[str, set[str]], dict[str, float]]

SECONDS = st.integers(0, 50).map(float)


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Up to eight things, each of which may need some of those before it, in any order of rows."""
    names = [f"n{each}" for each in range(draw(st.integers(1, 8)))]
    needs = {name: draw(st.sets(st.sampled_from(names[:at]))) if at else set() for at, name in enumerate(names)}
    shuffled = draw(st.permutations(names))
    return {name: needs[name] for name in shuffled}, {name: draw(SECONDS) for name in names}


def ways(needs: dict[str, set[str]], to: str) -> list[list[str]]:
    """Every chain of needs that ends with a thing, by trying all."""
    return [[to], *([*way, to] for need in needs[to] for way in ways(needs, need))]


@given(graphs())
def test_each_is_done_as_soon_as_its_longest_chain_of_needs_is(
    graph: Graph,
) -> None:
    needs, seconds = graph
    spans = earliest(needs, seconds)
    for name in needs:
        assert spans[name].end == max(sum(seconds[each] for each in way) for way in ways(needs, name))
        assert spans[name].end - spans[name].begin == seconds[name]


@given(graphs())
def test_the_critical_path_has_no_gap_and_takes_as_long_as_everything(
    graph: Graph,
) -> None:
    needs, seconds = graph
    spans = earliest(needs, seconds)
    path = critical_path(spans)
    assert spans[path[0]].begin == 0
    assert spans[path[-1]].end == max(span.end for span in spans.values())
    for first, second in pairwise(path):
        assert first in needs[second]
        assert spans[first].end == spans[second].begin


@given(graphs(), st.data())
def test_whatever_takes_longer_by_no_more_than_its_slack_delays_nothing(graph: Graph, data: st.DataObject) -> None:
    needs, seconds = graph
    spans = earliest(needs, seconds)
    end = max(span.end for span in spans.values())
    name = data.draw(st.sampled_from(sorted(needs)))
    spare = slack(needs, seconds, spans)[name]
    assert max(s.end for s in earliest(needs, {**seconds, name: seconds[name] + spare}).values()) == end
    assert max(s.end for s in earliest(needs, {**seconds, name: seconds[name] + spare + 1}).values()) == end + 1


@given(graphs())
def test_what_is_on_the_critical_path_has_no_slack(graph: Graph) -> None:
    needs, seconds = graph
    spans = earliest(needs, seconds)
    spare = slack(needs, seconds, spans)
    assert all(spare[name] == 0 for name in critical_path(spans))


def test_of_those_that_end_together_the_preferred_one_is_named() -> None:
    needs: dict[str, set[str]] = {"a": set(), "b": set(), "c": {"a", "b"}}
    for preferred in ("a", "b"):
        assert critical_path(earliest(needs, {"a": 1.0, "b": 1.0, "c": 1.0}, [preferred])) == [preferred, "c"]


def test_a_need_without_a_row_is_there_from_the_beginning() -> None:
    assert earliest({"a": {"elsewhere"}}, {"a": 2.0})["a"].begin == 0


def test_nothing_takes_no_path() -> None:
    assert critical_path(earliest({}, {})) == []


def test_a_circle_is_refused_by_the_names_in_it() -> None:
    with pytest.raises(CycleError, match=r"these wait for each other: a, b, c|b, c, a|c, a, b") as told:
        earliest({"out": {"a"}, "a": {"b"}, "b": {"c"}, "c": {"a"}}, {})
    assert "out" not in str(told.value)


def test_a_long_chain_is_no_deeper_than_python_can_go() -> None:
    needs = {str(each): {str(each - 1)} if each else set() for each in reversed(range(5000))}
    assert earliest(needs, dict.fromkeys(needs, 1.0))["4999"].end == 5000
