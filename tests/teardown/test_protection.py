"""`make destroy` of what is protected: who is asked before, and what is lifted where."""

import io

import pytest

from tests.delivery_stage import OLD, Stage, runs
from tests.teardown.account import DENIED, OWN, UNREACHABLE, Account, pairs
from tests.teardown.stage import REPOSITORY, destroy, emptied, prod, state, untouched


def typing(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(text))


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

    @pytest.mark.parametrize("state", ["deleting", "gone"])
    def test_the_snapshot_that_an_interrupted_run_has_taken_stops_nothing(
        self, stage: Stage, account: Account, state: str
    ) -> None:
        prod(stage)
        protected(account)
        account.boto("rds").create_db_snapshot(
            DBInstanceIdentifier="helloworld-prod", DBSnapshotIdentifier="helloworld-prod-final"
        )
        going = {
            "DBInstanceIdentifier": "helloworld-prod",
            "DBInstanceStatus": "deleting",
            "DeletionProtection": True,
            "TagList": pairs({**OWN, "stack": "prod"}),
        }
        account.answers["DescribeDBInstances"] = lambda _: {"DBInstances": [going] if state == "deleting" else []}
        account.record()
        done = destroy(stage, "prod", "--confirm=prod")
        assert "copy-db-snapshot" not in done.err
        assert emptied(stage, "prod")
        assert "UpdateClusterConfig" in account.operations
        assert "ModifyDBInstance" not in account.operations
