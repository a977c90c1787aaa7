"""An engine whose command was killed is found, and let finish, before its stack's lock is removed."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.problems import DeliveryError
from delivery.running import FOLDER, recorded, stop, told
from tests.conftest import NEEDS_PS

UP = ["up", "--stack", "dev", "--yes"]
WAIT = "print('ready', flush=True); signal.pause()"
STOPS = f"import signal, sys; signal.signal(signal.SIGINT, lambda *_: sys.exit()); {WAIT}"
STAYS = f"import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); {WAIT}"


pytestmark = NEEDS_PS


def engine(program: str) -> "subprocess.Popen[str]":
    # Known as an engine by its command line.
    process = subprocess.Popen(
        [sys.executable, "-SE", "-c", program, "pulumi"], stdout=subprocess.PIPE, text=True, process_group=0
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def engines() -> Iterator[list["subprocess.Popen[str]"]]:
    started: list[subprocess.Popen[str]] = []
    yield started
    for each in started:
        each.kill()
        each.communicate()


def test_an_engine_is_remembered_while_it_runs(tmp_path: Path) -> None:
    with recorded(tmp_path, UP, 4711):
        assert [each.name for each in (tmp_path / FOLDER).iterdir()] == ["dev.4711"]
    assert list((tmp_path / FOLDER).iterdir()) == []


def test_a_command_without_a_stack_is_not(tmp_path: Path) -> None:
    with recorded(tmp_path, ["version"], 4711):
        assert not (tmp_path / FOLDER).exists()


def test_an_engine_that_was_left_behind_is_let_finish(tmp_path: Path, engines: list["subprocess.Popen[str]"]) -> None:
    engines.append(engine(STOPS))
    said: list[str] = []
    with recorded(tmp_path, UP, engines[0].pid):
        assert stop(tmp_path, "dev", said.append)
    assert engines[0].wait(60) == 0
    assert len(said) == 1


def test_one_that_has_been_told_to_stop_already_is_only_waited_for(
    tmp_path: Path, engines: list["subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second interrupt would make the engine stop at once, in the middle of what it does."""
    engines.append(engine(STAYS))
    monkeypatch.setattr(os, "killpg", lambda *_: pytest.fail("told again"))
    with recorded(tmp_path, UP, engines[0].pid):
        told(tmp_path, engines[0].pid)
        assert not stop(tmp_path, "dev", lambda _: None, seconds=0)


def test_what_has_told_it_is_remembered_for_the_next_time(
    tmp_path: Path, engines: list["subprocess.Popen[str]"], monkeypatch: pytest.MonkeyPatch
) -> None:
    engines.append(engine(STAYS))
    signals: list[int] = []
    monkeypatch.setattr(os, "killpg", lambda _, number: signals.append(number))
    with recorded(tmp_path, UP, engines[0].pid):
        for _ in range(2):
            stop(tmp_path, "dev", lambda _: None, seconds=0)
    assert signals == [signal.SIGINT]


def test_one_that_does_not_end_keeps_its_lock(tmp_path: Path, engines: list["subprocess.Popen[str]"]) -> None:
    engines.append(engine(STAYS))
    with recorded(tmp_path, UP, engines[0].pid):
        assert not stop(tmp_path, "dev", lambda _: None, seconds=0)
    assert engines[0].poll() is None


def test_the_engine_of_another_stack_is_left_alone(tmp_path: Path, engines: list["subprocess.Popen[str]"]) -> None:
    engines.append(engine(STOPS))
    with recorded(tmp_path, ["up", "--stack", "dev-2"], engines[0].pid):
        assert stop(tmp_path, "dev", lambda _: None)
    time.sleep(0.05)
    assert engines[0].poll() is None


def test_without_ps_it_is_said_what_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with recorded(tmp_path, UP, 4711), pytest.raises(DeliveryError, match=r"ps cannot be asked(.|\n)*cure: install ps"):
        stop(tmp_path, "dev", lambda _: None)


def test_a_number_that_is_somebody_elses_by_now_is_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        pytest.fail("a stranger was told to stop")

    monkeypatch.setattr(os, "killpg", killed)
    (tmp_path / FOLDER).mkdir(parents=True)
    # This process is no engine, as far as its command line says.
    ours = subprocess.Popen([sys.executable, "-SE", "-c", "import signal; signal.pause()"])
    try:
        (tmp_path / FOLDER / f"dev.{ours.pid}").touch()
        assert stop(tmp_path, "dev", lambda _: None)
    finally:
        ours.send_signal(signal.SIGKILL)
        ours.wait()
    assert list((tmp_path / FOLDER).iterdir()) == []
