"""The plans of both environments, and of variants of them, each evaluated once."""

import gc
import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from hypothesis import settings
from pulumi.runtime.proto import source_pb2

from offline import stackfile
from offline.plan import Plan
from offline.references import evaluate_with_references

PROJECT = Path(__file__).parent.parent
NEEDS_PS = pytest.mark.skipif(shutil.which("ps") is None, reason="ps is not installed: apt-get install procps")

Planner = Callable[..., Plan]

# The policy judges versions by the day; whether the tests pass must not depend on it.
os.environ["POLICY_DATE"] = "2026-11-21"
# What a shell, a pipeline or a git hook has set must not reach a test: an account, a proxy, a repository, a job.
FOREIGN = re.compile(
    r"(AWS|GIT|GITHUB|KUBE|PULUMI|SLACK)_|(KUBECONFIG|FORCE_COLOR|NO_COLOR|TERM|COLUMNS|LINES)$|\w+_PROXY$",
    re.IGNORECASE,
)
for _name in filter(FOREIGN.match, list(os.environ)):
    del os.environ[_name]
# Nor what somebody has told git: to sign commits, to change line ends. It reads a checkout of another user's, though.
os.environ |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
os.environ |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
# No test starts a machine, and moto takes a fifth of a second per account to make up its 1,300 images.
os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
# How long one example takes is up to what else the machine does. `register_profile` keeps what CI has other than that.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
# The SDK notes from where each resource is made, through all of pytest's frames. Nothing here reads it.
pytest.MonkeyPatch().setattr("pulumi.runtime.resource._get_stack_trace", source_pb2.StackTrace)
# The descriptions of AWS's services are read once, not once in each of boto3's sessions, moto's among them.
pytest.MonkeyPatch().setattr(botocore.session, "create_loader", cache(botocore.session.create_loader))
# Among modules and tests there is no garbage; looking for it took half of the time of collecting them.
gc.disable()


def pytest_collection_finish() -> None:
    """What stays until the end is looked through no more, and the rest seldom."""
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    gc.enable()


@pytest.fixture(scope="session")
def clone() -> Path:
    """The project, where git knows it: a folder that was downloaded as an archive has no history."""
    if subprocess.run(["git", "rev-parse"], cwd=PROJECT, capture_output=True, check=False).returncode:
        pytest.skip("this is no git clone")
    return PROJECT


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
