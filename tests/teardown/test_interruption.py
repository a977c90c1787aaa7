"""After a failure or an interruption at any step, `make destroy` again ends at nothing."""

import pytest

from delivery.problems import Interruption
from tests.delivery_stage import Stage
from tests.teardown.account import DENIED, UNREACHABLE, Account
from tests.teardown.stage import INGRESS, REPOSITORY, destroy, emptied, lingering, review, state

# How often the engine is called for a platform and the review environment on it.
STEPS = 17


@pytest.fixture
def crowded(stage: Stage, account: Account) -> Stage:
    lingering(account)
    review(stage, 7)
    state(stage, "dev", INGRESS, REPOSITORY)
    return stage


def test_every_step_of_the_engine_is_among_those_that_fail_below(crowded: Stage) -> None:
    before = len(crowded.pulumi.calls)
    assert destroy(crowded, "dev", "--confirm=dev").code == 0
    assert len(crowded.pulumi.calls) - before == STEPS


@pytest.mark.parametrize("step", range(STEPS))
def test_after_a_failure_of_the_engine_at_any_step_the_next_run_ends_at_nothing(crowded: Stage, step: int) -> None:
    crowded.pulumi.answer(code=255, stderr="error: it failed", after=step)
    first = destroy(crowded, "dev", "--confirm=dev")
    assert "Traceback" not in first.err
    assert crowded.pulumi.state["answers"] == []
    done = destroy(crowded, "dev", "--confirm=dev")
    assert (done.code, done.err) == (0, "")
    assert emptied(crowded)
    assert sorted(crowded.pulumi.state["stacks"]) == ["dev"]
    assert "Residue of dev: nothing is left." in done.out.splitlines()


CALLS = (
    "DeleteLoadBalancer",
    "DeleteLogGroup",
    "DeleteNetworkInterface",
    "DeleteSecurityGroup",
    "DeleteTargetGroup",
    "DescribeBudget",
    "DescribeCluster",
    "DescribeDBInstanceAutomatedBackups",
    "DescribeDBInstances",
    "DescribeDBSnapshots",
    "DescribeLoadBalancers",
    "DescribeLogGroups",
    "DescribeNetworkInterfaces",
    "DescribeRepositories",
    "DescribeSecurityGroups",
    "DescribeServerlessCaches",
    "DescribeSlackChannelConfigurations",
    "DescribeTags",
    "DescribeTargetGroups",
    "DescribeUserGroups",
    "DescribeUsers",
    "GetCallerIdentity",
    "GetDashboard",
    "GetResources",
    "GetTopicAttributes",
    "ListRoles",
    "ListTagsForResource",
)


def test_all_that_a_tear_down_asks_aws_is_among_the_calls_that_fail_here(stage: Stage, account: Account) -> None:
    lingering(account)
    state(stage, "dev", INGRESS, REPOSITORY)
    account.record()
    destroy(stage, "dev", "--confirm=dev")
    assert set(account.operations) == set(CALLS)


@pytest.mark.parametrize("operation", CALLS)
@pytest.mark.parametrize("code", [DENIED, UNREACHABLE, "stop"])
def test_after_a_refusal_by_aws_or_an_interruption_the_next_run_ends_at_nothing(
    stage: Stage, account: Account, operation: str, code: str
) -> None:
    lingering(account)
    state(stage, "dev", INGRESS, REPOSITORY)
    account.record().faults[operation] = [code] * 2
    first = destroy(stage, "dev", "--confirm=dev")
    assert "Traceback" not in first.err
    assert operation in account.operations
    assert code != "stop" or first.code == 130
    account.faults.clear()
    done = destroy(stage, "dev", "--confirm=dev")
    assert (done.code, done.err) == (0, "")
    assert "Residue of dev: nothing is left." in done.out.splitlines()
    assert emptied(stage)


@pytest.mark.parametrize("step", ["destroy", "edit", "remove", "deployment"])
def test_after_ctrl_c_at_any_step_of_the_engine_the_next_run_ends_at_nothing(
    crowded: Stage, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    def interrupted(*_: object) -> None:
        raise Interruption("told to stop")

    with monkeypatch.context() as patched:
        patched.setattr(f"delivery.workspace.Workspace.{step}", interrupted)
        assert destroy(crowded, "dev", "--confirm=dev").code == 130
    assert destroy(crowded, "dev", "--confirm=dev").code == 0
    assert emptied(crowded)
    assert sorted(crowded.pulumi.state["stacks"]) == ["dev"]
