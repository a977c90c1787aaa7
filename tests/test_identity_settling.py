"""A pod that starts too soon after its role was given to it never gets it."""

import asyncio
import time
from typing import Any

import pytest

from infra.identity_settling import SETTLING_SECONDS, Settling
from offline.evaluate import record
from offline.plan import Plan
from tests.conftest import Planner

NOTHING: Any = None


@pytest.fixture
def each() -> Settling:
    found: list[Settling] = []
    record(lambda: found.append(Settling("identity")))
    return found[0]


@pytest.fixture
def waited(each: Settling, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    seconds: list[float] = []

    async def sleep(duration: float) -> None:
        seconds.append(duration)

    monkeypatch.setattr(asyncio, "sleep", sleep)
    return seconds


@pytest.fixture
def clock(each: Settling, monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_pods_wait_for_what_is_left_of_the_time_that_an_association_takes(
    each: Settling, waited: list[float], clock: list[float]
) -> None:
    each.note(NOTHING)
    clock[0] += 4
    asyncio.run(each.wait(NOTHING))
    assert waited == [SETTLING_SECONDS - 4]
    assert SETTLING_SECONDS >= 10


def test_pods_of_an_association_that_is_minutes_old_wait_for_nothing(
    each: Settling, waited: list[float], clock: list[float]
) -> None:
    each.note(NOTHING)
    clock[0] += 300
    asyncio.run(each.wait(NOTHING))
    assert waited == [0.0]


def test_pods_of_an_association_that_was_there_before_wait_for_nothing(each: Settling, waited: list[float]) -> None:
    asyncio.run(each.wait(NOTHING))
    assert waited == []


ASSOCIATION = "aws:eks/podIdentityAssociation:PodIdentityAssociation"
# Whose pods need the role at their start: by the association, what starts them.
STARTS = {
    "helloworld-service-identity-association": "helloworld-release-deployment",
    "helloworld-provisioner-identity-association": "helloworld-provisioner-deployment",
    "helloworld-observability-identity-association": "helloworld-observability-addon",
    "helloworld-node-autoscaler-identity-association": "helloworld-node-autoscaler-deployment",
    "helloworld-keda-identity-association": "helloworld-keda-chart",
}


@pytest.fixture(scope="module")
def everything(planned: Planner) -> Plan:
    return planned("prod", {"requestsPerPod": "100"})


@pytest.mark.parametrize("association", STARTS)
def test_whatever_starts_pods_with_a_role_waits_for_its_association(everything: Plan, association: str) -> None:
    (made,) = everything.one(ASSOCIATION, association).hooks["after_create"]
    (started,) = [each for each in everything.resources if each.name == STARTS[association] and each.custom]
    settled = f"{made.removesuffix('-made')}-settled"
    assert settled in started.hooks["before_create"]


def test_no_association_is_left_out(everything: Plan) -> None:
    # The controller's is as old as its nodes are, whenever it is made.
    assert {each.name for each in everything.of(ASSOCIATION)} == {*STARTS, "helloworld-load-balancer-identity"}
