"""The environment is read once, whole, and with patience for the person who got it wrong."""

import math
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from helloworld.settings import Settings, SettingsError, read_settings
from helloworld.state.address import cache_address, database_address
from hypothesis import example, given
from hypothesis import strategies as st

APP_DIRECTORY = Path(__file__).parent.parent
AUTHORITY = Path(__file__).parent / "authority.pem"
WRONG = {
    "HOST": "localhost",
    "PORT": "http",
    "MESSAGE": "x" * 281,
    "ENVIRONMENT": "e" * 64,
    "GIT_COMMIT": "abc; rm",
    "SHUTDOWN_DELAY_SECONDS": "-1",
    "SHUTDOWN_TIMEOUT_SECONDS": "nan",
    "LOG_LEVEL": "loud",
    "DATABASE_IAM": "maybe",
    "DATABASE_CA_FILE": "/nowhere/ca.pem",
    "DATABASE_SEED": "2",
    "CACHE_CLUSTER": "on and off",
    "CACHE_IAM_NAME": "-",
    "STATE_BUDGET_MILLISECONDS": "0",
    "AWS_REGION": "mars",
}
# Shown only up to where a password could be.
WRONG_ADDRESSES = {"DATABASE_URL": "postgresql://a:hunter2@b", "CACHE_URL": "redis://:hunter2@b:port"}


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
        "DATABASE_URL": "postgresql://a@b/c",
        "DATABASE_IAM": "true",
        "DATABASE_CA_FILE": str(AUTHORITY),
        "DATABASE_SEED": "true",
        "CACHE_URL": "rediss://a@b",
        "CACHE_CLUSTER": "true",
        "CACHE_IAM_NAME": "Shop-1",
        "STATE_BUDGET_MILLISECONDS": "100",
        "AWS_REGION": "us-gov-west-1",
    }
    read = {name.upper(): str(value) for name, value in read_settings(given).model_dump().items()}
    true = {"DATABASE_IAM": "True", "DATABASE_SEED": "True", "CACHE_CLUSTER": "True"}
    assert read == {**given, **true, "SHUTDOWN_TIMEOUT_SECONDS": "2.0", "LOG_LEVEL": "debug"}


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


def test_a_file_of_authorities_that_has_none_is_refused() -> None:
    assert read_settings({"DATABASE_CA_FILE": str(AUTHORITY)}).database_ca_file == AUTHORITY
    with pytest.raises(SettingsError, match=r"DATABASE_CA_FILE=.* is not usable \(.*no certificates in PEM\)"):
        read_settings({"DATABASE_CA_FILE": __file__})


@pytest.mark.parametrize("value", ["0", "65536", "-1", "1.5", "8080 8081", "0x50", "80é"])
def test_a_port_that_is_none_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="PORT="):
        read_settings({"PORT": value})


def test_a_wrong_address_is_explained_without_its_password() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(WRONG_ADDRESSES)
    assert [problem.partition(" is not")[0] for problem in caught.value.problems] == [
        "DATABASE_URL='postgresql://[redacted]'",
        "CACHE_URL='redis://[redacted]'",
    ]
    assert not any("hunter2" in problem for problem in caught.value.problems)
    assert "hunter2" not in repr(read_settings({"DATABASE_URL": "postgresql://a:hunter2@b/c"}))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://h/d",
        "postgresql://u@h",
        "postgresql://u@h/",
        "postgresql://u@/d",
        "postgresql://u@h/d/e",
        "postgresql://u@h/d?sslmode=disable",
        "postgresql://u@h:0/d",
        "postgresql://u@h:99999/d",
        "postgresql://u@[::1/d",
        "postgres://u@h/d",
        "u@h/d",
        "postgresql://u@h /d",
        "postgresql://u@h/d\n",
    ],
)
def test_an_address_of_a_database_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="DATABASE_URL="):
        read_settings({"DATABASE_URL": url})


@pytest.mark.parametrize("url", ["http://h", "redis://", "redis://h/1", "rediss://h?db=1", "redis://h:x"])
def test_an_address_of_a_cache_that_is_none_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match="CACHE_URL="):
        read_settings({"CACHE_URL": url})


def test_what_an_address_says_is_understood() -> None:
    database = database_address("postgresql://a%40b:p%2Fw@[::1]:6543/shop-pr-7")
    assert (database.user, database.password, database.host) == ("a@b", "p/w", "::1")
    assert (database.port, database.database) == (6543, "shop-pr-7")
    assert "p/w" not in repr(database)
    cache = cache_address("rediss://user@cache.example.org")
    assert (cache.user, cache.host, cache.port, cache.tls) == ("user", "cache.example.org", 6379, True)
    assert database_address("postgresql://u@h/d").port == 5432


@given(st.text() | st.text().map("postgresql://".__add__) | st.text().map("redis://u:p@h".__add__))
def test_any_address_is_either_read_or_refused(url: str) -> None:
    for read in (database_address, cache_address):
        try:
            address = read(url)
        except ValueError:
            continue
        assert 1 <= address.port <= 65535
        assert address.host


IAM = {
    "DATABASE_URL": "postgresql://a@b/c",
    "DATABASE_IAM": "true",
    "DATABASE_CA_FILE": str(AUTHORITY),
    "CACHE_URL": "rediss://a@b",
    "CACHE_IAM_NAME": "shop",
    "AWS_REGION": "eu-central-1",
}


def test_iam_says_all_that_it_needs() -> None:
    assert read_settings(IAM).database_iam
    with pytest.raises(SettingsError) as caught:
        read_settings({"DATABASE_IAM": "true", "CACHE_IAM_NAME": "shop"})
    needed = [problem.partition(".")[0] for problem in caught.value.problems]
    assert needed == [
        "DATABASE_IAM needs DATABASE_URL",
        "DATABASE_IAM needs DATABASE_CA_FILE",
        "DATABASE_IAM needs AWS_REGION",
        "CACHE_IAM_NAME needs CACHE_URL",
        "CACHE_IAM_NAME needs AWS_REGION",
    ]


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"DATABASE_URL": "postgresql://a:hunter2@b/c"}, "DATABASE_URL has a password"),
        ({"CACHE_URL": "redis://a@b"}, "rediss://"),
        ({"CACHE_URL": "rediss://b"}, "user@host"),
        ({"CACHE_URL": "rediss://a:hunter2@b"}, "rediss://user@host"),
    ],
)
def test_iam_and_a_password_or_no_encryption_exclude_each_other(change: dict[str, str], problem: str) -> None:
    with pytest.raises(SettingsError, match=problem) as caught:
        read_settings({**IAM, **change})
    assert "hunter2" not in str(caught.value)


@given(st.dictionaries(st.sampled_from(sorted({*WRONG, *WRONG_ADDRESSES})), st.text()))
@example({"DATABASE_CA_FILE": "a" * 5_000})
@example({"DATABASE_CA_FILE": "/tmp"})
@example({"DATABASE_CA_FILE": "a\0b"})
def test_any_environment_is_either_read_or_explained(environ: dict[str, str]) -> None:
    problems: list[str] = []
    try:
        settings = read_settings(environ)
    except SettingsError as error:
        problems = error.problems
    else:
        assert 1 <= settings.port <= 65535
        assert math.isfinite(settings.shutdown_delay_seconds + settings.shutdown_timeout_seconds)
    assert {re.split("[= ]", problem)[0] for problem in problems} <= set(environ)
    assert all(problem.isprintable() for problem in problems)


def test_the_program_ends_with_code_2_and_no_traceback_when_settings_are_wrong() -> None:
    done = subprocess.run(
        [sys.executable, "-B", "-m", "helloworld"],
        cwd=APP_DIRECTORY,
        env={**os.environ, **WRONG},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert done.stdout == ""
    assert [line.partition("=")[0] for line in done.stderr.splitlines()] == list(WRONG)
