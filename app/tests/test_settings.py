"""The environment is read once, whole, and with patience for the person who got it wrong."""

import math
import os
import subprocess
import sys
from pathlib import Path

import pytest
from helloworld.settings import Settings, SettingsError, read_settings
from hypothesis import given
from hypothesis import strategies as st

APP_DIRECTORY = Path(__file__).parent.parent
WRONG = {
    "HOST": "localhost",
    "PORT": "http",
    "MESSAGE": "x" * 281,
    "ENVIRONMENT": "e" * 64,
    "GIT_COMMIT": "abc; rm",
    "SHUTDOWN_DELAY_SECONDS": "-1",
    "SHUTDOWN_TIMEOUT_SECONDS": "nan",
    "LOG_LEVEL": "loud",
}


def test_an_empty_environment_gives_the_defaults_the_infrastructure_relies_on() -> None:
    settings = read_settings({})
    assert settings.host.is_unspecified
    assert (settings.port, settings.message) == (8080, "Hello, world!")
    assert (settings.environment, settings.git_commit, settings.log_level) == (None, "unknown", "info")
    assert (settings.shutdown_delay_seconds, settings.shutdown_timeout_seconds) == (20, 10)


def test_every_setting_is_read_from_the_variable_of_its_name() -> None:
    given = {
        "HOST": "::1",
        "PORT": "9",
        "MESSAGE": "Hi",
        "ENVIRONMENT": "dev",
        "GIT_COMMIT": "abc123",
        "SHUTDOWN_DELAY_SECONDS": "1.5",
        "SHUTDOWN_TIMEOUT_SECONDS": "2",
        "LOG_LEVEL": "DEBUG",
    }
    read = {name.upper(): str(value) for name, value in read_settings(given).model_dump().items()}
    assert read == {**given, "SHUTDOWN_TIMEOUT_SECONDS": "2.0", "LOG_LEVEL": "debug"}


def test_an_empty_variable_counts_as_not_set() -> None:
    assert read_settings(dict.fromkeys(WRONG, "")) == Settings()


def test_other_variables_are_left_alone() -> None:
    assert read_settings({"PATH": "/bin", "port": "1", "PORTS": "2"}) == Settings()


def test_all_problems_are_reported_at_once_with_key_value_reason_and_cure() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(WRONG)
    assert len(caught.value.problems) == len(WRONG)
    for (key, value), problem in zip(WRONG.items(), caught.value.problems, strict=True):
        assert problem.startswith(f"{key}={value[:80]!r} is not usable (")
        assert "). Set it to " in problem
        assert problem.endswith(f"the default is {Settings.model_fields[key.lower()].default}.")


@pytest.mark.parametrize("value", ["0", "65536", "-1", "1.5", "8080 8081", "0x50", "80é"])
def test_a_port_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="PORT="):
        read_settings({"PORT": value})


@given(st.dictionaries(st.sampled_from(sorted(WRONG)), st.text()))
def test_any_environment_is_either_read_or_explained(environ: dict[str, str]) -> None:
    problems: list[str] = []
    try:
        settings = read_settings(environ)
    except SettingsError as error:
        problems = error.problems
    else:
        assert 1 <= settings.port <= 65535
        assert math.isfinite(settings.shutdown_delay_seconds + settings.shutdown_timeout_seconds)
    assert {problem.partition("=")[0] for problem in problems} <= set(environ)
    assert all(problem.isprintable() for problem in problems)


def test_the_program_ends_with_code_2_and_no_traceback_when_settings_are_wrong() -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "helloworld"],
        cwd=APP_DIRECTORY,
        env={**os.environ, **WRONG},
        capture_output=True,
        text=True,
        timeout=10,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert [line.partition("=")[0] for line in done.stderr.splitlines()] == list(WRONG)
