"""A command that is told to stop, at every step: nothing runs on unattended, and what is left is said."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.problems import Interruption
from delivery.workspace import Workspace
from tests.delivery_stage import NEW, OLD, REPOSITORY, Done, Service, Stage
from tests.fake_pulumi import REGISTRY

# Other processes may have the machine: a delivery starts a dozen of its own.
LONG = 300.0
QUICK = ("--seconds", "0")


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    # Nobody answers there, at once.
    stage = Stage(tmp_path, Service("http://127.0.0.1:9"))
    stage.aws.set(repositories={REPOSITORY: {"old": OLD}})
    stage.pulumi.stack("dev", stage.outputs(OLD))
    return stage


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    """As `python -m delivery` sets them, and back."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

    def stopped(*_: object) -> None:
        raise KeyboardInterrupt

    before = {number: signal.signal(number, stopped) for number in numbers}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def told_to_stop(stage: Stage, *signals: signal.Signals) -> threading.Thread:
    """Send this process the signals, one after another, once a slow command of the engine runs."""

    def tell() -> None:
        running = stage.pulumi.folder / "running"
        end = time.monotonic() + LONG
        while not running.exists() and time.monotonic() < end:
            time.sleep(0.01)
        for number, each in enumerate(signals, 1):
            os.kill(os.getpid(), each)
            while len(stage.pulumi.signals) < number and time.monotonic() < end:
                time.sleep(0.01)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    return thread


def slow(stage: Stage, *words: str, **more: Any) -> None:
    stage.pulumi.answer(*words, seconds=LONG, **more)


def stopped(stage: Stage, *arguments: str, signals: tuple[signal.Signals, ...] = (signal.SIGINT,)) -> Done:
    thread = told_to_stop(stage, *signals)
    began = time.monotonic()
    done = stage.run(*arguments)
    thread.join()
    assert time.monotonic() - began < LONG
    return done


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_the_engine_is_interrupted_once_and_waited_for(stage: Stage, number: signal.Signals) -> None:
    slow(stage, "up")
    done = stopped(stage, "deploy", "--stack", "dev", *QUICK, signals=(number,))
    assert done.code == 130
    assert stage.pulumi.signals == [signal.SIGINT]
    assert stage.pulumi.state["stacks"]["dev"]["lock"] == ""
    for part in ("interrupted", "released its lock", "call the command again", "make unlock STACK=dev"):
        assert part in done.err
    assert "finishes what it has begun" in done.out
    assert "Traceback" not in done.err + done.out


def test_a_second_interrupt_is_passed_on_too(stage: Stage) -> None:
    slow(stage, "up", stubborn=True)
    done = stopped(stage, "deploy", "--stack", "dev", *QUICK, signals=(signal.SIGINT, signal.SIGTERM))
    assert done.code == 130
    assert stage.pulumi.signals == [signal.SIGINT, signal.SIGINT]


def test_an_interrupted_update_is_not_tested_nor_taken_back(stage: Stage) -> None:
    slow(stage, "up")
    done = stopped(stage, "deploy", "--stack", "dev", *QUICK)
    assert done.code == 130
    assert len(stage.pulumi.called("up")) == 1
    assert "Smoke test" not in done.out


def test_an_interrupted_way_back_says_so(stage: Stage) -> None:
    stage.pulumi.change(built=NEW)
    slow(stage, "up", after=1)
    done = stopped(stage, "deploy", "--stack", "dev", *QUICK)
    assert done.code == 130
    assert "the update of stack dev was interrupted" in done.err
    assert "FAIL  status" in done.out


def test_an_interrupted_smoke_test_says_what_runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("delivery.rollout.smoke", interrupted)
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 130
    assert "the new release runs, and was not tested" in done.err
    assert len(stage.pulumi.called("up")) == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("destroy", "--stack", "dev"), ("destroy",)),
        (("preview", "--stack", "dev"), ("preview",)),
    ],
)
def test_other_operations_are_stopped_alike(stage: Stage, arguments: tuple[str, ...], words: tuple[str, ...]) -> None:
    slow(stage, *words)
    done = stopped(stage, *arguments)
    assert done.code == 130
    assert stage.pulumi.signals == [signal.SIGINT]
    assert stage.pulumi.state["stacks"]["dev"]["lock"] == ""


def test_an_engine_that_had_finished_is_said_to_have(stage: Stage) -> None:
    slow(stage, "up", finishes=True)
    thread = told_to_stop(stage, signal.SIGINT)
    workspace = Workspace.open(stage.context(), "dev", create=False)
    with pytest.raises(Interruption, match="had done everything"):
        workspace.up("deploy dev", {"helloworld:image": f"{REGISTRY}@{OLD}"})
    thread.join()


def test_between_two_commands_of_the_engine_nothing_is_left_behind(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("delivery.releases.releases", interrupted)
    done = stage.run("deploy", "--stack", "dev", *QUICK)
    assert done.code == 130
    assert "no lock" in done.err
    assert not stage.pulumi.called("up")


def test_signals_are_handled_as_before_once_the_engine_has_ended(stage: Stage) -> None:
    before = signal.getsignal(signal.SIGINT)
    Workspace.open(stage.context(), "dev", create=False).history()
    assert signal.getsignal(signal.SIGINT) is before
