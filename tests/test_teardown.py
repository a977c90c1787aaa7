"""`make destroy`, from the command line: who is asked, what goes first, what a failure or an interruption leaves."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from delivery.problems import Interruption
from delivery.teardown.ec2_kinds import GROUP, INTERFACE
from tests.delivery_stage import OLD, Done, Service, Stage, runs
from tests.fake_pulumi import update
from tests.teardown_account import (
    ACCOUNT,
    DENIED,
    KEYS,
    OWN,
    THROTTLED,
    UNREACHABLE,
    Account,
    opened,
    pairs,
    shared_clients,
    specified,
)

ON_DEV = {"helloworld:platform": "reference", "helloworld:platformStack": "dev"}
URN = "urn:pulumi:dev::helloworld::"
CLUSTER = {"urn": f"{URN}aws:eks/cluster:Cluster::cluster", "type": "aws:eks/cluster:Cluster", "inputs": {}}
INGRESS = {
    "urn": f"{URN}kubernetes:x:Ingress::ingress",
    "type": "kubernetes:networking.k8s.io/v1:Ingress",
    "inputs": {},
}
RECORD = {"urn": f"{URN}aws:route53/record:Record::record", "type": "aws:route53/record:Record", "inputs": {}}
REPOSITORY = {
    "urn": f"{URN}aws:ecr/repository:Repository::images",
    "type": "aws:ecr/repository:Repository",
    "inputs": {"forceDelete": False},
    "outputs": {"forceDelete": False},
}
DATABASE = {
    "urn": f"{URN}aws:rds/instance:Instance::database",
    "type": "aws:rds/instance:Instance",
    "inputs": {
        "identifier": "helloworld-prod",
        "deletionProtection": True,
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": "helloworld-prod-final",
    },
}


@pytest.fixture
def account(monkeypatch: pytest.MonkeyPatch) -> Iterator[Account]:
    with opened(monkeypatch) as found:
        monkeypatch.setattr("delivery.teardown.cloud.clients", lambda _, region: shared_clients(region))
        monkeypatch.setattr("delivery.teardown.cloud.Patience", lambda: found.patience)
        yield found


@pytest.fixture
def stage(tmp_path: Path, account: Account, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """Dev is deployed, and AWS has nothing of it but what a test puts there."""
    made = Stage(tmp_path, Service("http://127.0.0.1:9"))
    made.in_process(monkeypatch)
    made.environ |= KEYS
    runs(made, "dev", OLD)
    return made


def typing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(text))


def state(stage: Stage, stack: str, *resources: dict[str, Any]) -> None:
    stacks = stage.pulumi.state["stacks"]
    stacks[stack]["deployment"] = {"resources": list(resources)}
    stage.pulumi.change(stacks=stacks)


def review(stage: Stage, number: int) -> None:
    stage.pulumi.stack(f"pr-{number}", {}, [update("review", ON_DEV)])


def prod(stage: Stage) -> None:
    runs(stage, "prod", OLD)
    stage.setting("prod", protect=True)
    state(stage, "prod", CLUSTER, REPOSITORY, DATABASE)


# What lifting protection asks of AWS, besides what a tear-down asks anyway.
LIFTING = ("UpdateClusterConfig", "DescribeUpdate", "ModifyDBInstance")


def protected(account: Account) -> None:
    """The cluster and the database of prod, as AWS protects them."""
    account.boto("rds").create_db_instance(
        DBInstanceIdentifier="helloworld-prod",
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        DeletionProtection=True,
        Tags=pairs({**OWN, "stack": "prod"}),
    )
    account.answers["DescribeCluster"] = lambda _: {
        "cluster": {"status": "ACTIVE", "deletionProtection": True, "tags": {**OWN, "stack": "prod"}}
    }
    account.answers["UpdateClusterConfig"] = lambda _: {"update": {"id": "1", "status": "InProgress"}}
    account.answers["DescribeUpdate"] = lambda _: {"update": {"id": "1", "status": "Successful"}}


def lingering(account: Account) -> None:
    """Each kind that a tear-down deletes: the controller's, the CNI's, and the log group that EKS makes anew."""
    ec2, elb, tags = account.boto("ec2"), account.boto("elbv2"), {"elbv2.k8s.aws/cluster": "helloworld-dev", **OWN}
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    elb.create_target_group(Name="k8s-hello", Protocol="HTTP", Port=80, VpcId=vpc, Tags=pairs(tags))
    elb.create_load_balancer(Name="k8s-hello", Subnets=[subnet], Tags=pairs(tags))
    ec2.create_security_group(
        GroupName="k8s-hello", Description="k8s", VpcId=vpc, TagSpecifications=specified(GROUP, tags)
    )
    of_the_cni = {"cluster.k8s.amazonaws.com/name": "helloworld-dev"}
    ec2.create_network_interface(SubnetId=subnet, TagSpecifications=specified(INTERFACE, of_the_cni))
    account.boto("logs").create_log_group(logGroupName="/aws/eks/helloworld-dev/cluster")


def destroy(stage: Stage, stack: str = "dev", *more: str) -> Done:
    return stage.run("destroy", "--stack", stack, *more)


def emptied(stage: Stage, stack: str = "dev") -> bool:
    return not stage.pulumi.state["stacks"][stack]["resources"]


def untouched(stage: Stage, account: Account) -> bool:
    verbs = ("destroy", "import", "rm", "up", "cancel")
    words = {each for call in stage.pulumi.calls for each in call["argv"][:5] if each in verbs}
    return not words and not account.changes


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


class TestConfirmation:
    @pytest.mark.parametrize("typed", ["", "\n", "dev\n", "PROD\n", "prod-eu\n", "yes\n"])
    def test_another_name_or_none_deletes_nothing(
        self, stage: Stage, account: Account, monkeypatch: pytest.MonkeyPatch, typed: str
    ) -> None:
        prod(stage)
        typing(monkeypatch, typed)
        account.record()
        done = destroy(stage, "prod")
        assert done.code == 1
        assert "nothing is deleted" in done.err
        assert untouched(stage, account)

    def test_without_a_terminal_the_name_comes_with_the_command(self, stage: Stage, account: Account) -> None:
        prod(stage)
        account.record()
        done = destroy(stage, "prod")
        assert done.code == 1
        assert "make destroy STACK=prod CONFIRM=prod" in done.err
        assert untouched(stage, account)
        assert destroy(stage, "prod", "--confirm=dev").code == 1
        assert untouched(stage, account)
        assert destroy(stage, "prod", "--confirm=prod").code == 0
        assert emptied(stage, "prod")

    def test_what_goes_and_what_stays_is_told_before_the_name_is_typed(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        prod(stage)
        typing(monkeypatch, "prod\n")
        before = destroy(stage, "prod").out.partition("Type the stack's name")[0]
        for part in ("is protected", "is production", "images and data", "snapshot helloworld-prod-final"):
            assert part in before

    def test_production_is_asked_for_though_it_is_not_protected(self, stage: Stage, account: Account) -> None:
        runs(stage, "prod", OLD)
        assert destroy(stage, "prod").code == 1
        assert untouched(stage, account)

    def test_a_stack_that_was_deployed_with_protection_is_asked_for_though_its_file_has_none_now(
        self, stage: Stage, account: Account
    ) -> None:
        state(stage, "dev", REPOSITORY)
        done = destroy(stage)
        assert "was deployed with protection" in done.out
        assert untouched(stage, account)


class TestProtection:
    def test_it_is_lifted_at_aws_and_in_the_state(self, stage: Stage, account: Account) -> None:
        prod(stage)
        protected(account)
        stage.pulumi.answer("destroy", code=255, stderr="error: stop here")
        account.record()
        destroy(stage, "prod", "--confirm=prod")
        assert {operation for operation, _ in account.changes} == {"UpdateClusterConfig", "ModifyDBInstance"}
        instance = account.boto("rds").describe_db_instances()["DBInstances"][0]
        assert instance["DeletionProtection"] is False
        resources = {each["type"]: each for each in stage.pulumi.state["stacks"]["prod"]["deployment"]["resources"]}
        images, database = resources["aws:ecr/repository:Repository"], resources["aws:rds/instance:Instance"]
        assert images["inputs"]["forceDelete"] is True
        assert images["outputs"]["forceDelete"] is True
        assert database["inputs"]["deletionProtection"] is False
        # The last snapshot is taken all the same.
        assert database["inputs"]["skipFinalSnapshot"] is False

    @pytest.mark.parametrize("operation", LIFTING)
    @pytest.mark.parametrize("code", [DENIED, UNREACHABLE, "stop"])
    def test_where_it_cannot_be_lifted_nothing_goes_and_the_next_run_lifts_it(
        self, stage: Stage, account: Account, operation: str, code: str
    ) -> None:
        prod(stage)
        protected(account)
        account.record().faults[operation] = [code]
        first = destroy(stage, "prod", "--confirm=prod")
        assert first.code == (130 if code == "stop" else 1)
        assert "Traceback" not in first.err
        assert not emptied(stage, "prod")
        assert {each for each, _ in account.changes} <= set(LIFTING)
        destroy(stage, "prod", "--confirm=prod")
        assert emptied(stage, "prod")
        assert account.boto("rds").describe_db_instances()["DBInstances"][0]["DeletionProtection"] is False

    def test_what_has_not_the_stacks_tags_stays_protected(self, stage: Stage, account: Account) -> None:
        prod(stage)
        account.answers["DescribeCluster"] = lambda _: {
            "cluster": {"status": "ACTIVE", "deletionProtection": True, "tags": {"project": "other"}}
        }
        account.record()
        done = destroy(stage, "prod", "--confirm=prod")
        assert done.code == 1
        assert "has not the tags" in done.err
        assert untouched(stage, account)

    def test_a_snapshot_that_has_the_name_of_the_last_one_is_told_before_anything_goes(
        self, stage: Stage, account: Account
    ) -> None:
        prod(stage)
        rds = account.boto("rds")
        rds.create_db_instance(
            DBInstanceIdentifier="helloworld-prod", DBInstanceClass="db.t4g.micro", Engine="postgres"
        )
        rds.create_db_snapshot(DBInstanceIdentifier="helloworld-prod", DBSnapshotIdentifier="helloworld-prod-final")
        account.record()
        done = destroy(stage, "prod", "--confirm=prod")
        assert "copy-db-snapshot" in done.err
        assert done.err.count("--region us-west-2") == 2
        assert untouched(stage, account)


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
