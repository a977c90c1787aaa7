"""The plans of both environments, and of variants of them, each evaluated once."""

import gc
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

from offline import stackfile
from offline.plan import Plan
from offline.references import evaluate_with_references

PROJECT = Path(__file__).parent.parent

Planner = Callable[..., Plan]

# The policy judges versions by the day; whether the tests pass must not depend on it.
os.environ["POLICY_DATE"] = "2026-11-21"
# No test starts a machine, and moto takes a fifth of a second per account to make up its 1,300 images.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
# How long one example takes is up to what else the machine does. `register_profile` keeps what CI has other than that.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
# Among modules and tests there is no garbage; looking for it took half of the time of collecting them.
gc.disable()


def pytest_collection_finish() -> None:
    """What stays until the end is looked through no more."""
    gc.freeze()
    gc.enable()


@cache
def _plan(stack: str, changes: tuple[tuple[str, str], ...], unknowns: bool) -> Plan:
    config = dict(stackfile.load(PROJECT, stack).config)
    return evaluate_with_references(PROJECT, stack, {**config, **dict(changes)}, unknowns=unknowns)


@pytest.fixture(scope="session")
def planned() -> Planner:
    """Evaluates a stack with some settings changed: `planned("dev", {"hostname": "a.example.com"})`."""

    def planned(stack: str, changes: Mapping[str, str] | None = None, *, unknowns: bool = False) -> Plan:
        named = {f"helloworld:{key}": value for key, value in (changes or {}).items()}
        return _plan(stack, tuple(sorted(named.items())), unknowns)

    return planned


@pytest.fixture(scope="session")
def dev(planned: Planner) -> Plan:
    """The plan of the dev stack, as its file is."""
    return planned("dev")


@pytest.fixture(scope="session")
def prod(planned: Planner) -> Plan:
    """The plan of the prod stack, as its file is."""
    return planned("prod")


@pytest.fixture(scope="session", params=["dev", "prod"])
def plan(request: pytest.FixtureRequest, planned: Planner) -> Plan:
    """The plan of each stack in turn."""
    return planned(request.param)
