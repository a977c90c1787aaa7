"""Whether what the engine did is right, from hand-made events."""

import pytest

from rehearsal import judgement
from rehearsal.judgement import DELETION_CHAIN, Event, Operation


def event(kind: str, operation: str, type_: str, name: str = "it") -> Event:
    return Event(kind, operation, type_, f"urn:pulumi:dev::helloworld::{type_}::{name}")  # type: ignore[arg-type]


def deletion(*types: str) -> list[Event]:
    return [event(kind, "delete", type_) for type_ in types for kind in ("start", "done")]


def test_a_resource_that_stays_the_same_is_no_change() -> None:
    events = [event("done", operation, "a:b:C") for operation in ("same", "read", "refresh")]
    assert judgement.changes([*events, event("done", "update", "a:b:D")]) == [event("done", "update", "a:b:D")]


def test_a_change_that_began_and_never_ended_is_a_change() -> None:
    assert judgement.changes([event("start", "update", "a:b:C")])


def test_a_resource_counts_once_though_it_begins_and_ends() -> None:
    done = Operation(succeeded=True, events=[event(kind, "create", "a:b:C") for kind in ("start", "done")])
    assert done.changes == {"create": 1}
    assert judgement.described(done.changes) == "1 create"
    assert judgement.described({}) == "nothing changed"


def test_the_right_order_of_deletion_is_right() -> None:
    assert judgement.out_of_order(deletion(*DELETION_CHAIN)) == []
    assert judgement.not_deleted(deletion(*DELETION_CHAIN)) == []


@pytest.mark.parametrize("place", range(len(DELETION_CHAIN) - 1))
def test_each_link_of_the_chain_may_not_be_the_other_way_round(place: int) -> None:
    types = list(DELETION_CHAIN)
    types[place], types[place + 1] = types[place + 1], types[place]
    first, second = DELETION_CHAIN[place : place + 2]
    assert f"{second} began to be deleted before {first} was gone" in judgement.out_of_order(deletion(*types))


def test_it_does_not_do_that_the_first_has_begun_to_go() -> None:
    first, second = DELETION_CHAIN[:2]
    events = [event("start", "delete", first), event("start", "delete", second), event("done", "delete", first)]
    assert judgement.out_of_order(events)


def test_what_never_went_was_not_gone_before_the_next() -> None:
    """An Ingress whose controller is gone is stuck, and the destroy fails."""
    events = [event("start", "delete", judgement.INGRESS), *deletion(judgement.CONTROLLER)]
    assert judgement.out_of_order(events)


def test_the_last_of_several_counts() -> None:
    events = [*deletion(judgement.NODES, judgement.CLUSTER), *deletion(judgement.NODES)]
    assert judgement.out_of_order(events)


@pytest.mark.parametrize(("first", "second"), judgement.DELETION_PAIRS)
def test_what_only_some_stacks_have_keeps_the_order_too(first: str, second: str) -> None:
    assert judgement.out_of_order(deletion(second, first))
    assert judgement.out_of_order(deletion(first, second)) == []
    assert judgement.out_of_order(deletion(first)) == []


def test_what_was_created_meanwhile_is_no_deletion() -> None:
    assert len(judgement.not_deleted([event("done", "create", type_) for type_ in DELETION_CHAIN])) == len(
        DELETION_CHAIN
    )


def test_the_engine_s_errors_are_shown_once_each_without_its_colour_marks() -> None:
    said = "<{%fg 1%}>it failed<{%reset%}>\n\n  because"
    assert judgement.error_lines([said, "it failed"]) == ["it failed", "  because"]


def test_many_errors_are_cut_and_it_is_said_how_many() -> None:
    lines = judgement.error_lines(["\n".join(map(str, range(40)))])
    assert len(lines) == judgement.MOST_LINES + 1
    assert lines[-1] == f"… {40 - judgement.MOST_LINES} lines more"
