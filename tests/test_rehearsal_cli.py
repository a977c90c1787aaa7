"""The command line of the rehearsal, and what it says."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import rehearsal.__main__ as cli
from delivery.problems import DeliveryError
from rehearsal import life, report, stage
from rehearsal.problems import RehearsalError
from rehearsal.report import Outcome

HELD = Outcome(step="up", held=True, seconds=12.34, detail="68 create")
BROKEN = Outcome(step="up again", held=False, seconds=1, detail="expected: x", lines=["update a", "update b"])
UNTRIED = Outcome(step="destroy", held=None, detail="needs another")


def test_a_step_that_held_is_one_line() -> None:
    assert report.line(HELD, 10) == "held         12.3 s  up          68 create"


def test_a_step_that_did_not_hold_says_why_below() -> None:
    first, *reasons = report.line(BROKEN, 10).splitlines()
    assert first.startswith("NOT HELD")
    assert [reason.strip() for reason in reasons] == ["| update a", "| update b"]


def test_a_step_that_was_not_tried_has_no_time() -> None:
    assert report.line(UNTRIED, 10) == "not tried            destroy     needs another"


def test_the_verdict_is_good_only_if_every_step_held() -> None:
    assert report.verdict("dev", [HELD, HELD], 30) == "dev holds: 2 of 2 steps held, 30 seconds"
    for other in (BROKEN, UNTRIED):
        assert report.verdict("dev", [HELD, other], 30) == "dev does NOT hold: 1 of 2 steps held, 30 seconds"


@pytest.fixture
def rehearse(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Runs the command line with an engine, a stage and steps that go as a test says."""

    def rehearse(*outcomes: Outcome, error: BaseException | None = None, engine: Exception | None = None) -> int:
        @contextlib.contextmanager
        def staged(*_: object, **__: object) -> Iterator[Any]:
            (tmp_path / ".reports").mkdir()
            (tmp_path / ".reports" / "rehearsal-dev.log").write_text("all")
            yield None

        def live(_: object, __: object, tell: Any) -> list[Outcome]:
            if error:
                raise error
            for outcome in outcomes:
                tell(None, outcome)
            return list(outcomes)

        def command(*_: object) -> None:
            if engine:
                raise engine

        (tmp_path / "Pulumi.dev.yaml").write_text("config: {}\n")
        monkeypatch.setattr(cli, "HERE", tmp_path)
        monkeypatch.setattr(stage, "staged", staged)
        monkeypatch.setattr(life, "live", live)
        monkeypatch.setattr("delivery.engine.pulumi_command", command)
        return cli.main(["--stack=dev"])

    return rehearse


def test_it_is_0_when_every_step_held_and_no_log_is_kept(rehearse: Any, tmp_path: Path, capsys: Any) -> None:
    assert rehearse(HELD) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("dev holds")
    assert not list((tmp_path / ".reports").iterdir())


@pytest.mark.parametrize("outcome", [BROKEN, UNTRIED])
def test_it_is_1_when_one_did_not_and_it_is_said_where_the_log_is(
    rehearse: Any, tmp_path: Path, capsys: Any, outcome: Outcome
) -> None:
    assert rehearse(HELD, outcome) == 1
    named = capsys.readouterr().out.splitlines()[-1].rpartition(" ")[2]
    assert (tmp_path / named).read_text() == "all"


@pytest.mark.parametrize("error", [RehearsalError("no cluster"), RuntimeError("no cluster")])
def test_it_is_1_with_one_error_when_there_can_be_no_rehearsal(rehearse: Any, capsys: Any, error: Exception) -> None:
    assert rehearse(error=error) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert "no cluster" in said
    assert "Traceback" not in said


def test_it_is_1_when_there_is_no_engine(rehearse: Any, capsys: Any) -> None:
    assert rehearse(engine=DeliveryError("no engine")) == 1
    assert capsys.readouterr().err == "error: no engine\n"


def test_it_is_130_when_it_is_interrupted(rehearse: Any, capsys: Any) -> None:
    assert rehearse(error=KeyboardInterrupt()) == 130
    assert "interrupted" in capsys.readouterr().err


def test_it_is_2_when_the_stack_is_unknown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any) -> None:
    monkeypatch.setattr(cli, "HERE", tmp_path)
    assert cli.main(["--stack=none"]) == 2
    assert "Pulumi.none.yaml" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [[], ["--stack"], ["--stack=dev", "--what"]])
def test_it_is_2_when_it_is_called_wrongly(arguments: list[str], capsys: Any) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert "usage" in capsys.readouterr().err
