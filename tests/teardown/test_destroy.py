"""`make destroy`, from the command line: what goes first, what is left, and what stops it before anything goes."""

import pytest

from tests.delivery_stage import Stage
from tests.fake_pulumi import update
from tests.teardown.account import ACCOUNT, DENIED, THROTTLED, UNREACHABLE, Account
from tests.teardown.stage import (
    CLUSTER,
    INGRESS,
    ON_DEV,
    RECORD,
    REPOSITORY,
    destroy,
    emptied,
    lingering,
    review,
    state,
    untouched,
)


def test_a_stack_is_destroyed_and_stays_in_the_backend_and_nothing_is_left(stage: Stage, account: Account) -> None:
    lingering(account)
    done = destroy(stage)
    assert (done.code, done.err) == (0, "")
    assert len(stage.pulumi.called("destroy")) == 1
    assert emptied(stage)
    assert "Residue of dev: nothing is left." in done.out.splitlines()
    assert account.boto("logs").describe_log_groups()["logGroups"] == []
    assert account.boto("elbv2").describe_target_groups()["TargetGroups"] == []


def test_a_stack_that_was_empty_is_said_to_have_been_and_its_residue_is_told(stage: Stage, account: Account) -> None:
    lingering(account)
    stage.pulumi.stack("dev", resources=0)
    state(stage, "dev")
    done = destroy(stage)
    assert done.code == 0
    assert "Stack dev was empty already." in done.out
    assert stage.pulumi.called("destroy") == []
    assert "Deleted: log group" in done.out


class TestReviews:
    def test_they_go_first_once_the_name_was_given(self, stage: Stage) -> None:
        review(stage, 7)
        review(stage, 8)
        assert destroy(stage).code == 1
        assert sorted(stage.pulumi.state["stacks"]) == ["dev", "pr-7", "pr-8"]
        done = destroy(stage, "dev", "--confirm=dev")
        assert (done.code, done.err) == (0, "")
        order = [call["argv"][call["argv"].index("--stack") + 1] for call in stage.pulumi.called("destroy")]
        assert order == ["pr-7", "pr-8", "dev"]
        assert sorted(stage.pulumi.state["stacks"]) == ["dev"]

    def test_what_is_left_of_one_is_told_with_its_platforms_residue(self, stage: Stage, account: Account) -> None:
        review(stage, 7)
        account.boto("ecr").create_repository(repositoryName="helloworld-pr-7")
        done = destroy(stage, "dev", "--confirm=dev")
        assert done.code == 1
        assert "Residue of dev: nothing is left." in done.out.splitlines()
        assert "left: image repository helloworld-pr-7" in done.out

    def test_one_that_cannot_be_destroyed_keeps_its_platform(self, stage: Stage) -> None:
        review(stage, 7)
        stage.pulumi.answer("destroy", code=255, stderr="error: the balancer is in use")
        done = destroy(stage, "dev", "--confirm=dev")
        assert done.code == 1
        assert "the balancer is in use" in done.err
        assert not emptied(stage)
        assert destroy(stage, "dev", "--confirm=dev").code == 0
        assert sorted(stage.pulumi.state["stacks"]) == ["dev"]

    def test_those_of_another_stack_and_empty_ones_stay(self, stage: Stage) -> None:
        stage.pulumi.stack("pr-9", {}, [update("review", {**ON_DEV, "helloworld:platformStack": "dev-2"})])
        stage.pulumi.stack("pr-10", {}, [update("review", ON_DEV)], resources=0)
        stage.pulumi.stack("prod", {}, [update("promote", {"helloworld:promoteFrom": "dev"})])
        assert destroy(stage).code == 0
        assert sorted(stage.pulumi.state["stacks"]) == ["dev", "pr-10", "pr-9", "prod"]

    def test_another_stack_on_the_cluster_is_not_destroyed_with_it(self, stage: Stage, account: Account) -> None:
        review(stage, 7)
        stage.pulumi.stack("demo", {}, [update("deploy", ON_DEV)])
        done = destroy(stage, "dev", "--confirm=dev")
        assert done.code == 1
        assert "make destroy STACK=demo" in done.err
        assert untouched(stage, account)


class TestLostCluster:
    def test_the_objects_of_a_cluster_that_is_gone_are_forgotten(self, stage: Stage) -> None:
        pointing = {**RECORD, "dependencies": [INGRESS["urn"]], "propertyDependencies": {"name": [INGRESS["urn"]]}}
        state(stage, "dev", INGRESS, pointing)
        stage.pulumi.answer("destroy", code=255, stderr="error: stop here")
        destroy(stage)
        (left,) = stage.pulumi.state["stacks"]["dev"]["deployment"]["resources"]
        assert left == {**RECORD, "dependencies": [], "propertyDependencies": {"name": []}}

    @pytest.mark.parametrize("code", [THROTTLED, DENIED, UNREACHABLE, "ResourceInUseException"])
    def test_no_answer_is_not_that_it_is_gone(self, stage: Stage, account: Account, code: str) -> None:
        state(stage, "dev", INGRESS)
        account.refuse("DescribeCluster", code) if code != UNREACHABLE else account.faults.update(
            DescribeCluster=[code] * 9
        )
        account.record()
        stage.pulumi.answer("destroy", code=255, stderr="error: stop here")
        assert destroy(stage).code == 1
        assert stage.pulumi.state["stacks"]["dev"]["deployment"]["resources"] == [INGRESS]
        assert account.changes == []

    def test_what_stopped_the_engine_is_deleted_and_it_goes_on(self, stage: Stage, account: Account) -> None:
        lingering(account)
        stage.pulumi.answer("destroy", code=255, stderr="error: the VPC has dependencies and cannot be deleted")
        done = destroy(stage)
        assert done.code == 0
        assert "Deleted: target group" in done.out
        assert len(stage.pulumi.called("destroy")) == 2

    def test_what_an_edited_state_forgets_though_it_may_be_there_is_told(self, stage: Stage) -> None:
        state(stage, "dev", INGRESS, RECORD)
        stacks = stage.pulumi.state["stacks"]
        begun = {"resource": {**REPOSITORY, "outputs": {}}, "type": "creating"}
        stacks["dev"]["deployment"]["pending_operations"] = [begun]
        stage.pulumi.change(stacks=stacks)
        assert f"forgotten, though it may be there: {REPOSITORY['urn']}, creating" in destroy(stage).err

    def test_a_stack_of_another_account_loses_nothing(self, stage: Stage, account: Account) -> None:
        arn = "arn:aws:eks:us-west-2:999999999999:cluster/helloworld-dev"
        state(stage, "dev", INGRESS, {**CLUSTER, "outputs": {"arn": arn}})
        account.record()
        done = destroy(stage)
        assert done.code == 1
        assert "us-west-2 of account 999999999999" in done.err
        assert untouched(stage, account)
        state(stage, "dev", INGRESS, {**CLUSTER, "outputs": {"arn": arn.replace("9" * 12, ACCOUNT)}})
        assert destroy(stage).code == 0

    def test_an_engine_that_fails_for_another_reason_is_not_asked_again(self, stage: Stage) -> None:
        stage.pulumi.answer("destroy", code=255, stderr="error: it is broken")
        done = destroy(stage)
        assert done.code == 1
        assert "it is broken" in done.err
        assert len(stage.pulumi.called("destroy")) == 1

    def test_a_locked_stack_is_left_alone(self, stage: Stage, account: Account) -> None:
        lingering(account)
        stage.pulumi.locked("dev")
        account.record()
        done = destroy(stage)
        assert done.code == 1
        assert "make unlock STACK=dev" in done.err
        assert account.changes == []


def test_without_aws_the_engine_does_its_part_and_the_residue_is_not_known(stage: Stage, account: Account) -> None:
    account.record().faults["GetCallerIdentity"] = [UNREACHABLE]
    done = destroy(stage)
    assert done.code == 1
    assert emptied(stage)
    assert "could not ask" in done.out
    assert "nothing is left" not in done.out


def test_the_residue_alone_is_told_and_nothing_is_changed(stage: Stage, account: Account) -> None:
    lingering(account)
    account.record()
    done = stage.run("residue", "--stack", "dev")
    assert done.code == 1
    assert "left: log group /aws/eks/helloworld-dev/cluster" in done.out
    assert "what the stack is made of" not in done.out
    assert untouched(stage, account)
    account.answers["DescribeCluster"] = lambda _: {"cluster": {"status": "ACTIVE"}}
    assert "what the stack is made of" in stage.run("residue", "--stack", "dev").out
