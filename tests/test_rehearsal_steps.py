"""What must hold in each step of a stack's life, and that each can fail."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import pytest

from rehearsal import judgement, steps
from rehearsal.cluster import Serving
from rehearsal.judgement import Event, Operation
from rehearsal.ledger import Ledger
from rehearsal.life import Life, Step
from rehearsal.life import live as go_through
from rehearsal.problems import NotHeldError
from rehearsal.report import Outcome

OLD, NEW = "registry.example.com/app@sha256:0", "registry.example.com/app@sha256:1"
HEALTHY = {"wanted": 2, "updated": 2, "available": 2}
FAILED = Operation(succeeded=False, errors=["error: it failed"])
IMAGE, DEPLOYMENT, CONTROLLER = "docker:index/image:Image", judgement.DEPLOYMENT, judgement.CONTROLLER


def event(operation: str, type_: str, kind: str = "done") -> Event:
    return Event(kind, operation, type_, f"urn:pulumi:dev::helloworld::{type_}::it")  # type: ignore[arg-type]


def done(*events: Event, **fields: Any) -> Operation:
    return Operation(succeeded=True, events=events, **fields)


class FakeEngine:
    """Answers every operation with the next of `operations`."""

    def __init__(self, *operations: Operation, outputs: dict[str, Any] | None = None) -> None:
        self.operations = list(operations)
        self._outputs = {"url": "http://x", "image": OLD} if outputs is None else outputs
        self.unlocked = False

    def preview(self) -> Operation:
        return self.operations.pop(0)

    destroy = preview

    def up(self, until: Callable[[Event], bool] | None = None) -> Operation:
        operation = self.operations.pop(0)
        killed = [each for each in operation.events if until and until(each)]
        return Operation(succeeded=False, events=operation.events) if killed else operation

    def unlock(self) -> None:
        self.unlocked = True

    def outputs(self) -> dict[str, Any]:
        return self._outputs


class FakeCluster:
    def __init__(self, serving: Serving | None, left: Sequence[str] = ()) -> None:
        self._serving, self._left = serving, list(left)

    def serving(self) -> Serving | None:
        return self._serving

    def left(self) -> list[str]:
        return self._left


class FakeProject:
    def __init__(self) -> None:
        self.lines: list[str | None] = []
        self.settings: dict[str, Any] = {}

    def change_app(self, line: str | None) -> None:
        self.lines.append(line)

    def configure(self, _: str, settings: dict[str, Any]) -> None:
        self.settings |= settings


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(steps, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(steps, "ARRIVAL_SECONDS", 0.0)


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


@pytest.fixture
def life(ledger: Ledger) -> Callable[..., Life]:
    def life(
        *operations: Operation,
        image: str = OLD,
        serving: Serving | None = None,
        left: Sequence[str] = (),
        outputs: dict[str, Any] | None = None,
    ) -> Life:
        return Life(
            stack="dev",
            engine=cast("Any", FakeEngine(*operations, outputs=outputs)),
            project=cast("Any", FakeProject()),
            cluster=cast("Any", FakeCluster(serving or Serving(image=OLD, **HEALTHY), left)),
            ledger=ledger,
            image=image,
            pause=lambda _: None,
        )

    return life


DELETED = [event("delete", type_, kind) for type_ in judgement.DELETION_CHAIN for kind in ("start", "done")]


def test_what_should_be_holds_in_every_step(life: Callable[..., Life]) -> None:
    created, updated = event("create", "a:b:C"), event("update", DEPLOYMENT)
    rolled_back = Operation(succeeded=False, errors=["x: rolled back to revision 1"])
    assert "1 to create" in steps.preview(life(done(created)))
    assert "1 create" in steps.up(life(done(created), image=""))
    assert steps.unchanged(life(done(event("same", "a:b:C")))) == "nothing changed"
    assert "1 update" in steps.changed_app(life(done(updated), image=NEW))
    assert "rolled back" in steps.broken_image(life(rolled_back))
    assert "1 update" in steps.recovery(life(done(updated)))
    assert DEPLOYMENT in steps.killed_update(life(done(event("update", DEPLOYMENT, "start"))))
    assert CONTROLLER in steps.killed_creation(life(done(event("create", CONTROLLER, "start"))))
    assert "nothing left" in steps.destroy(life(done(*DELETED)))


Case = tuple[Callable[[Life], str], list[Operation], dict[str, Any], str]
CASES: dict[str, Case] = {
    "the preview fails": (steps.preview, [FAILED], {}, "the preview succeeds"),
    "the preview changes something": (steps.preview, [done(event("update", "a:b:C"))], {}, "only creates"),
    "the preview shows nothing": (steps.preview, [done()], {}, "only creates"),
    "the preview makes something": (
        steps.preview,
        [done(event("create", "a:b:C"))],
        {"left": ["namespace helloworld"]},
        "a preview makes nothing",
    ),
    "the up fails": (steps.up, [FAILED], {}, "the up succeeds"),
    "the up has no address": (steps.up, [done()], {"outputs": {"image": OLD}}, "outputs url and image"),
    "the up serves another image": (steps.up, [done()], {"outputs": {"url": "x", "image": NEW}}, f"{NEW} serves"),
    "pods are missing": (
        steps.up,
        [done()],
        {"serving": Serving(image=OLD, wanted=2, updated=2, available=1)},
        f"{OLD} serves",
    ),
    "the second up changes something": (
        steps.unchanged,
        [done(event("update", "aws:ec2/vpc:Vpc"))],
        {},
        "changes nothing",
    ),
    "the second up fails": (steps.unchanged, [FAILED], {}, "the up succeeds"),
    "a changed app replaces": (
        steps.changed_app,
        [done(event("replace", DEPLOYMENT))],
        {"image": NEW},
        "the image and the Deployment only",
    ),
    "a changed app changes more": (
        steps.changed_app,
        [done(event("update", IMAGE), event("update", "aws:ec2/vpc:Vpc"))],
        {"image": NEW},
        "the image and the Deployment only",
    ),
    "a changed app makes the same image": (
        steps.changed_app,
        [done(event("update", IMAGE))],
        {},
        "a changed app is another image",
    ),
    "a broken image passes": (steps.broken_image, [done()], {}, "never get healthy fails"),
    "a broken image is not rolled back": (steps.broken_image, [FAILED], {}, "it was rolled back"),
    "the broken image stays": (
        steps.broken_image,
        [Operation(succeeded=False, errors=["rolled back to revision 1"])],
        {"serving": Serving(image=NEW, **HEALTHY)},
        f"{OLD} serves",
    ),
    "the output names the broken image": (
        steps.broken_image,
        [Operation(succeeded=False, errors=["rolled back to revision 1"])],
        {"outputs": {"url": "x", "image": NEW}},
        "the output image stays",
    ),
    "recovery fails": (steps.recovery, [FAILED], {}, "the up succeeds"),
    "the up ends before it can be killed": (steps.killed_update, [done()], {}, "gets as far as"),
    "the up fails before it can be killed": (steps.killed_creation, [FAILED], {}, "gets as far as"),
    "the destroy fails": (steps.destroy, [FAILED], {}, "the destroy succeeds"),
    "the destroy is out of order": (steps.destroy, [done(*reversed(DELETED))], {}, "in this order"),
    "the destroy deletes nothing": (steps.destroy, [done()], {}, "in this order"),
    "something is left in the cluster": (
        steps.destroy,
        [done(*DELETED)],
        {"left": ["namespace helloworld"]},
        "nothing is left",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_what_should_not_be_does_not_hold(life: Callable[..., Life], case: str) -> None:
    step, operations, fields, expectation = CASES[case]
    with pytest.raises(NotHeldError, match=expectation.replace("|", r"\|")):
        step(life(*operations, **fields))


def test_something_left_in_the_account_does_not_hold(life: Callable[..., Life], ledger: Ledger) -> None:
    ledger.write("made", "urn::vpc", "vpc-1")
    with pytest.raises(NotHeldError) as caught:
        steps.destroy(life(done(*DELETED)))
    assert caught.value.lines == ("urn::vpc",)


def test_the_engine_s_own_error_is_the_reason(life: Callable[..., Life]) -> None:
    with pytest.raises(NotHeldError) as caught:
        steps.up(life(FAILED))
    assert caught.value.lines == ("error: it failed",)


def test_a_destroy_that_fails_because_of_its_order_says_so_first(life: Callable[..., Life]) -> None:
    stuck = [event("delete", judgement.INGRESS, "start"), event("delete", CONTROLLER, "start")]
    with pytest.raises(NotHeldError) as caught:
        steps.destroy(life(Operation(succeeded=False, events=stuck, errors=["timed out"])))
    assert caught.value.lines == (
        f"{CONTROLLER} began to be deleted before {judgement.INGRESS} was gone",
        "timed out",
    )


def test_a_killed_up_leaves_no_lock(life: Callable[..., Life]) -> None:
    killed = life(done(event("update", DEPLOYMENT, "start")))
    steps.killed_update(killed)
    assert cast("FakeEngine", killed.engine).unlocked


def test_the_kill_waits_for_the_resource_and_for_its_request(life: Callable[..., Life]) -> None:
    others = [event("update", "a:b:C", "start"), event("same", DEPLOYMENT, "start"), event("update", DEPLOYMENT)]
    with pytest.raises(NotHeldError, match="gets as far as"):
        steps.killed_update(life(done(*others)))


def test_a_stack_that_never_was_whole_need_not_delete_everything(life: Callable[..., Life]) -> None:
    assert steps.destroy(life(done(event("delete", "a:b:C")), image=""))


def test_a_protected_stack_is_unprotected_before_it_is_destroyed(life: Callable[..., Life]) -> None:
    names = [step.name for step in steps.life_of(protected=True)]
    assert names.index("protection off") == names.index("destroy") - 1
    assert "protection off" not in [step.name for step in steps.life_of(protected=False)]
    unprotected = life(done())
    steps.unprotected(unprotected)
    assert cast("FakeProject", unprotected.project).settings == {"protect": False}


def _step(name: str, *, holds: bool = True, needed: bool = False, always: bool = False) -> Step:
    def run(_: Life) -> str:
        if not holds:
            raise NotHeldError("something", ["why not"])
        return "seen"

    return Step(name, run, needed, always)


def held(outcomes: Sequence[Outcome]) -> list[bool | None]:
    return [each.held for each in outcomes]


def test_a_step_that_does_not_hold_says_why(life: Callable[..., Life]) -> None:
    (outcome,) = go_through(life(), [_step("a", holds=False)], lambda *_: None)
    assert (outcome.held, outcome.detail, tuple(outcome.lines)) == (False, "expected: something", ("why not",))


def test_a_step_that_fails_by_itself_does_not_keep_the_end_from_being_tried(life: Callable[..., Life]) -> None:
    def run(_: Life) -> str:
        raise RuntimeError("the cluster is away")

    first, last = go_through(life(), [Step("a", run, needed=True), _step("destroy", always=True)], lambda *_: None)
    assert (first.held, last.held) == (False, True)
    assert tuple(first.lines) == ("the cluster is away",)


def test_what_needs_a_step_that_did_not_hold_is_not_tried_but_the_end_is(life: Callable[..., Life]) -> None:
    plan = [_step("a", holds=False, needed=True), _step("b"), _step("destroy", always=True)]
    assert held(go_through(life(), plan, lambda *_: None)) == [False, None, True]


def test_what_does_not_need_it_is_tried(life: Callable[..., Life]) -> None:
    assert held(go_through(life(), [_step("a", holds=False), _step("b")], lambda *_: None)) == [False, True]


def test_each_step_is_told_when_it_begins_and_when_it_has_ended(life: Callable[..., Life]) -> None:
    told: list[tuple[str, bool]] = []
    go_through(life(), [_step("a"), _step("b")], lambda step, outcome: told.append((step.name, outcome is not None)))
    assert told == [("a", False), ("a", True), ("b", False), ("b", True)]
