"""Which engine runs, where it comes from, and how it is started and stopped."""

import os
import subprocess
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from pulumi.automation import CommandError, PulumiCommand

from delivery.engine import SKIP_VERSION_CHECK, Engine, pulumi_command
from delivery.problems import DeliveryError
from tests.fake_pulumi import FakePulumi

PINNED = version("pulumi")


@pytest.fixture
def fake(tmp_path: Path) -> FakePulumi:
    return FakePulumi(tmp_path / "pulumi")


@pytest.fixture
def environ(fake: FakePulumi) -> dict[str, str]:
    return {"PATH": f"{fake.bin}:/usr/bin:/bin"}


@pytest.fixture
def said() -> list[str]:
    return []


def choose(project: Path, environ: dict[str, str], said: list[str]) -> Engine:
    return pulumi_command(project, said.append, environ)


@pytest.mark.parametrize("found", [f"v{PINNED}", "v3.999.0"])
def test_the_engine_on_path_is_used_if_it_is_the_sdks_version_or_newer(
    fake: FakePulumi, environ: dict[str, str], said: list[str], tmp_path: Path, found: str
) -> None:
    fake.change(version=found)
    engine = choose(tmp_path, environ, said)
    assert (engine.command, str(engine.version), said) == (str(fake.bin / "pulumi"), found[1:], [])


def test_any_engine_on_path_is_used_if_the_check_is_turned_off(
    fake: FakePulumi, environ: dict[str, str], said: list[str], tmp_path: Path
) -> None:
    engine = choose(tmp_path, {**environ, SKIP_VERSION_CHECK: "true"}, said)
    assert (engine.command, said) == (str(fake.bin / "pulumi"), [])


@pytest.mark.parametrize("found", ["v3.100.0", "v4.0.0", "something else", None])
def test_the_projects_own_engine_is_used_if_the_one_on_path_does_not_fit(
    fake: FakePulumi, environ: dict[str, str], said: list[str], tmp_path: Path, found: str | None
) -> None:
    if found is None:
        (fake.bin / "pulumi").unlink()
    else:
        fake.change(version=found)
    own = FakePulumi(tmp_path / "own")
    own.change(version=f"v{PINNED}")
    own.install(tmp_path / ".engine/bin/pulumi")
    assert choose(tmp_path, environ, said).command == str(tmp_path / ".engine/bin/pulumi")
    assert said == []


def test_an_engine_that_is_missing_is_installed_into_the_project(
    fake: FakePulumi, environ: dict[str, str], said: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (fake.bin / "pulumi").unlink()
    asked: list[dict[str, Any]] = []

    def install(**given: Any) -> None:
        asked.append(given)
        FakePulumi(tmp_path / "downloaded").install(Path(given["root"]) / "bin/pulumi")

    monkeypatch.setattr(PulumiCommand, "install", install)
    assert choose(tmp_path, environ, said).command == str(tmp_path / ".engine/bin/pulumi")
    assert [str(each["version"]) for each in asked] == [PINNED]
    assert len(said) == 1
    assert PINNED in said[0]


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (OSError("<urlopen error: no route to host>"), "no route to host"),
        (subprocess.CalledProcessError(1, "install.sh", output=b"curl: (22) error: 404\n"), "curl: (22) error: 404"),
    ],
)
def test_an_engine_that_cannot_be_installed_is_one_clear_error(
    fake: FakePulumi,
    environ: dict[str, str],
    said: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    reason: str,
) -> None:
    (fake.bin / "pulumi").unlink()

    def install(**_: Any) -> None:
        raise error

    monkeypatch.setattr(PulumiCommand, "install", install)
    with pytest.raises(DeliveryError) as refused:
        choose(tmp_path, environ, said)
    for part in (PINNED, str(tmp_path / ".engine"), reason, "https://www.pulumi.com/docs/install/"):
        assert part in str(refused.value)


def test_the_engine_gets_the_environment_that_is_given_and_no_other(
    fake: FakePulumi, environ: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OF_THIS_PROCESS", "1")
    given = {**environ, "GIVEN": "1", "SLACK_WEBHOOK_URL": "https://hooks.slack.test/", SKIP_VERSION_CHECK: "1"}
    engine = choose(tmp_path, given, [])
    engine.run(["whoami"], str(tmp_path), {"ADDED": "1"})
    [call] = fake.called("whoami")
    assert call["argv"] == ["--non-interactive", "whoami"]
    # A terminal's Ctrl-C must reach it through us only.
    assert call["group"] != os.getpgrp()
    assert {"GIVEN", "ADDED", "PULUMI_AUTOMATION_API", "PULUMI_SKIP_UPDATE_CHECK"} <= set(call["env"])
    assert not {"OF_THIS_PROCESS", "SLACK_WEBHOOK_URL"} & set(call["env"])


def test_what_the_engine_says_is_handed_on_line_by_line(
    fake: FakePulumi, environ: dict[str, str], tmp_path: Path
) -> None:
    fake.answer("up", stdout="one\n\ntwo", stderr="three", code=7)
    fake.stack("dev")
    out: list[str] = []
    err: list[str] = []
    engine = choose(tmp_path, {**environ, SKIP_VERSION_CHECK: "1"}, [])
    with pytest.raises(CommandError):
        engine.run(["up", "--stack", "dev"], str(tmp_path), {}, out.append, err.append)
    assert (out, err) == (["one", "", "two"], ["three"])
    assert engine.last_failure
    assert (engine.last_failure.code, engine.last_failure.stderr) == (7, "three")
