"""Preflight as a whole: the command, what it prints, what it may ask, and what happens when AWS does not answer."""

import argparse
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ConnectTimeoutError, EndpointConnectionError, ReadTimeoutError

from bootstrap import names
from bootstrap.boundary import boundary
from bootstrap.deploy_policies import deploy_policies
from bootstrap.policy_document import Account
from delivery import preflight
from delivery.__main__ import main
from delivery.checks import runner
from delivery.checks.result import Result, fail, ok
from delivery.checks.runner import Check, ask_all
from delivery.checks.tools import aws_cli
from delivery.problems import DeliveryError
from tests.conftest import PROJECT, Planner
from tests.delivery_context import Told, told
from tests.iam import allowed
from tests.preflight.stage import ACCOUNT, BACKEND, DEPLOYER, KEYS, LONG, Aws, NameServer, Stage, boto, error
from tests.preflight.test_dns import ALIAS, OURS, ZONE, balancer, hosted, record

KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/11111111-2222-3333-4444-555555555555"
HERE = Account(number=ACCOUNT, region="us-west-2", state_region="us-west-2", key_arn=KEY)
ROLE = names.deploy_role("prod")
POLICIES = list(deploy_policies(HERE, "prod", {"dev": "us-west-2"}, []).values())
BOUNDARY = boundary(HERE, ROLE, "prod")
OFFLINE = {"AWS_CONFIG_FILE": "/none", "AWS_SHARED_CREDENTIALS_FILE": "/none", "AWS_EC2_METADATA_DISABLED": "true"}
LATE = {
    "deployRole": DEPLOYER,
    "permissionsBoundary": HERE.iam(f"policy/{names.boundary(ROLE)}"),
    "access": f'[{{"principal": "{HERE.iam("user/ann")}", "policy": "view"}}]',
    "previewRole": HERE.iam("role/helloworld-preview"),
    "imageFrom": f"{ACCOUNT}.dkr.ecr.us-west-2.amazonaws.com/helloworld-dev@sha256:{'0' * 64}",
    "alertSlackWorkspace": "T0123456789",
    "alertSlackChannel": "C0123456789",
    "peerVpc": f"vpc-{'0' * 17}",
    "peerCidr": "10.50.0.0/16",
    "peerRouteTables": f'["rtb-{"0" * 17}"]',
}
# What an operation needs the right for, where that is not its own name; and on which resource, where that is not all.
SAME: Mapping[tuple[str, str], str] = {("s3", "HeadBucket"): "s3:ListBucket"}
PREFIXES = {"elbv2": "elasticloadbalancing", "service-quotas": "servicequotas"}
ON = {
    "ecr:DescribeImages": HERE.arn("ecr", "repository/helloworld-dev"),
    "ecr:DescribeRepositories": HERE.arn("ecr", "repository/helloworld-prod"),
    "ecr:ListTagsForResource": HERE.arn("ecr", "repository/helloworld-prod"),
    "eks:DescribeCluster": HERE.arn("eks", "cluster/helloworld-prod"),
    "elasticache:DescribeServerlessCaches": HERE.arn("elasticache", "serverlesscache:helloworld-prod"),
    "elasticache:ListTagsForResource": HERE.arn("elasticache", "serverlesscache:helloworld-prod"),
    "iam:GetPolicy": LATE["permissionsBoundary"],
    "iam:GetRole": HERE.iam("role/aws-service-role/eks.amazonaws.com/AWSServiceRoleForAmazonEKS"),
    "iam:GetUser": HERE.iam("user/ann"),
    "kms:DescribeKey": KEY,
    "logs:ListTagsForResource": HERE.arn("logs", "log-group:/aws/eks/helloworld-prod/cluster"),
    "rds:DescribeDBInstances": HERE.arn("rds", "db:*"),
    "route53:GetHostedZone": "arn:aws:route53:::hostedzone/Z1",
    "route53:ListResourceRecordSets": "arn:aws:route53:::hostedzone/Z1",
    "s3:ListBucket": HERE.bucket,
}


def whole(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A production stack of which every check asks something."""
    provider = names.secrets_provider("us-west-2")
    monkeypatch.setattr("delivery.configuration.secrets_provider", lambda *_: provider)
    stage.dns.delegate(ZONE, OURS)
    record(hosted(stage), "A", AliasTarget={**ALIAS, "DNSName": balancer("helloworld-prod")})
    boto("ecr").create_repository(repositoryName="helloworld-prod")
    boto("logs").create_log_group(logGroupName="/aws/eks/helloworld-prod/cluster")
    vpc = boto("ec2").create_vpc(CidrBlock="10.50.0.0/16")["Vpc"]["VpcId"]
    cache = {"ServerlessCaches": [{"ARN": "arn:aws:elasticache:us-west-2:1:serverlesscache:helloworld-prod"}]}
    stage.aws.answers["elasticache", "DescribeServerlessCaches"] = cache
    stage.aws.answers["elasticache", "ListTagsForResource"] = {"TagList": []}
    return stage.site(late={**LATE, "peerVpc": vpc})


def action_of(service: str, operation: str) -> str:
    named = f"{PREFIXES.get(service, service)}:{operation}"
    return SAME.get((service, operation), named)


class TestRights:
    def test_all_that_is_asked_is_within_the_rights_of_the_deploy_role_that_bootstrap_makes(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stage.ask(whole(stage, monkeypatch))
        actions = {action_of(service, operation) for service, operation, _ in stage.aws.asked}
        assert set(ON) <= actions
        assert len(actions) > 35
        context = {"aws:PrincipalArn": HERE.iam(f"role/{ROLE}")}
        refused = [each for each in actions if not allowed(POLICIES, BOUNDARY, each, ON.get(each, "*"), context)]
        assert refused == []

    def test_what_a_deployment_makes_is_not_given_these_rights(self) -> None:
        made = {"aws:PrincipalArn": HERE.iam("role/helloworld-made")}
        for action in ("iam:GetUser", "servicequotas:GetServiceQuota"):
            assert not allowed(POLICIES, BOUNDARY, action, ON.get(action, "*"), made)

    def test_a_right_that_is_missing_makes_its_check_unknown_and_no_other(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        site = whole(stage, monkeypatch)
        well = {each.asked: each for each in stage.ask(site)}
        assert "unknown" not in {each.mark for each in well.values()}
        for service, operation in sorted({(service, operation) for service, operation, _ in stage.aws.asked}):
            before = dict(stage.aws.answers)
            stage.aws.answers[service, operation] = error("AccessDenied")
            found = {each.asked: each for each in stage.ask(site)}
            stage.aws.answers = before
            changed = [each for asked, each in found.items() if each != well.get(asked)]
            if (service, operation) == ("s3", "HeadBucket"):
                assert [each.mark for each in changed] == ["fail"]
                continue
            assert changed, operation
            assert {each.mark for each in changed} == {"unknown"}, operation
            assert all(action_of(service, operation) in each.found for each in changed)
            assert all("make bootstrap" in each.cure for each in changed)


class TestFaults:
    @pytest.mark.parametrize(
        "fault",
        [
            error("ThrottlingException", "Rate exceeded"),
            error("InternalFailure"),
            error("ExpiredToken"),
            EndpointConnectionError(endpoint_url="https://x"),
            ConnectTimeoutError(endpoint_url="https://x"),
            ReadTimeoutError(endpoint_url="https://x"),
            KeyError("a defect"),
        ],
        ids=lambda each: type(each).__name__,
    )
    def test_whatever_aws_answers_each_check_is_a_line(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch, fault: Exception
    ) -> None:
        site = whole(stage, monkeypatch)
        stage.ask(site)
        asked = {(service, operation) for service, operation, _ in stage.aws.asked}

        def raises(_: Any) -> Any:
            raise fault

        stage.aws.answers = dict.fromkeys(asked, raises)
        found = stage.ask(site)
        assert len(found) > 20
        assert {each.mark for each in found} <= {"unknown", "ok"}
        assert {each.asked for each in found if each.mark == "ok"} <= {"CAA"}
        assert not any("\n" in f"{each.found}{each.cure}" for each in found)

    @pytest.mark.parametrize("fault", [DeliveryError("no answer"), KeyError("a defect")], ids=["refusal", "defect"])
    def test_what_was_found_before_a_fault_is_told_all_the_same(self, fault: Exception) -> None:
        def half() -> Iterator[Result]:
            yield fail("half", "is wrong", "mend it")
            raise fault

        assert [each.mark for each in ask_all([Check("half", half)], LONG)] == ["fail", "unknown"]

    def test_one_that_hangs_is_a_line_when_the_time_is_over_and_keeps_nobody_waiting(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        stuck = threading.Event()

        def hang() -> list[Result]:
            stuck.wait(LONG)
            return []

        # The time is over when the first has been waited for.
        clock = iter((0.0, 0.0, LONG))
        monkeypatch.setattr(runner, "time", SimpleNamespace(monotonic=lambda: next(clock)))
        found = ask_all([Check("well", lambda: [ok("well", "yes")]), Check("stuck", hang)], LONG)
        stuck.set()
        assert [(each.asked, each.mark) for each in found] == [("well", "ok"), ("stuck", "unknown")]
        assert f"no answer after {LONG} seconds" in found[1].found

    def test_answers_come_in_the_order_of_the_questions(self) -> None:
        def slow(seconds: float, name: str) -> Any:
            time.sleep(seconds)
            return [ok(name, "")]

        questions = [Check(str(each), partial(slow, (5 - each) / 100, str(each))) for each in range(5)]
        assert [each.asked for each in ask_all(questions, LONG)] == list("01234")


def call(aws: Aws, stack: str, environ: Mapping[str, str], project: Path = PROJECT) -> tuple[int, Told]:
    spoken = told(project, environ)
    with aws.watched():
        code = preflight.run(spoken.context, argparse.Namespace(stack=stack, seconds=LONG))
    return code, spoken


class TestCommand:
    @pytest.fixture(autouse=True)
    def local_dns(self, dns: NameServer, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(preflight, "Lookup", lambda: dns.lookup)

    def test_each_check_is_a_line_and_what_is_not_well_has_its_cure_below(self, aws: Aws) -> None:
        code, spoken = call(aws, "prod", {**KEYS, **BACKEND, "PATH": "/none"})
        lines = spoken.text.splitlines()
        assert code == 1
        assert lines[-1].endswith("Nothing was changed.")
        for line, below in pairwise(lines):
            mark = line.split(" ", 1)[0]
            if mark in ("fail", "warn"):
                assert below.strip().startswith("cure: ")
            if mark == "ok":
                assert "cure:" not in below
        begins = {line.split(" ", 1)[0] for line in lines[:-1]}
        assert begins == {"ok", "warn", "fail", ""}

    def test_nothing_but_ok_and_warnings_exits_with_0(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for results, code in (
            ([ok("a", "b")], 0),
            ([ok("a", "b"), fail("c", "d", "e")], 1),
            ([Result("unknown", "a", "b")], 0),
        ):
            monkeypatch.setattr(preflight, "preflight", lambda *_, found=results: found)
            assert preflight.run(told(PROJECT, {}).context, argparse.Namespace(stack="dev", seconds=1)) == code

    def test_without_credentials_one_line_says_so_and_aws_is_not_asked(self, aws: Aws) -> None:
        code, spoken = call(aws, "prod", OFFLINE)
        assert code == 1
        assert spoken.text.count("nobody is logged in") == 1
        assert "skipped" in spoken.text
        assert [operation for _, operation, _ in aws.asked] == ["GetCallerIdentity"]

    def test_a_local_stack_asks_nothing_of_aws(self, aws: Aws) -> None:
        _, spoken = call(aws, "local", KEYS)
        assert "the stack makes nothing there" in spoken.text
        assert "Docker" in spoken.text
        assert aws.asked == []

    def test_wrong_settings_are_told_all_at_once_and_nothing_is_asked(self, aws: Aws, tmp_path: Path) -> None:
        shutil.copy(PROJECT / "Pulumi.yaml", tmp_path)
        wrong = "config:\n  helloworld:region: nowhere\n  helloworld:nodeMin: many\n"
        (tmp_path / "Pulumi.dev.yaml").write_text(wrong)
        with pytest.raises(DeliveryError) as refused:
            call(aws, "dev", KEYS, tmp_path)
        assert "helloworld:region" in str(refused.value)
        assert "helloworld:nodeMin" in str(refused.value)
        assert aws.asked == []

    @pytest.mark.parametrize("seconds", ["0", "-1", "1e3", "nan", "9" * 30, "x"])
    def test_a_wrong_usage_exits_with_2(self, seconds: str) -> None:
        with pytest.raises(SystemExit) as left:
            main(["preflight", "--stack", "dev", f"--seconds={seconds}"], {})
        assert left.value.code == 2

    def test_the_docker_that_builds_and_the_cli_that_is_asked_for_tokens_are_looked_at(
        self, aws: Aws, tmp_path: Path, planned: Planner
    ) -> None:
        answers = {"docker": "27.1.1", "aws": "aws-cli/2.15.30 Python/3.11.8"}
        for name, says in answers.items():
            (tmp_path / name).write_text(f"#!/bin/sh\necho '{says}'\n")
            (tmp_path / name).chmod(0o755)
        _, spoken = call(aws, "dev", {**KEYS, **BACKEND, "PATH": f"{tmp_path}:/usr/bin:/bin"})
        lines = {line[9:40].strip(): line for line in spoken.text.splitlines()}
        assert lines["AWS CLI"].startswith("ok")
        assert "aws-cli/2.15.30" in lines["AWS CLI"]
        assert lines["Docker"].startswith("ok")
        for said, mark in (("1.24.0", "ok"), ("1.23.9", "fail"), ("2.6.4", "fail")):
            (tmp_path / "aws").write_text(f"#!/bin/sh\necho aws-cli/{said}\n")
            path = told(tmp_path, {"PATH": f"{tmp_path}:/usr/bin:/bin"}).context
            assert [each.mark for each in aws_cli(path, planned("dev"))] == [mark]
        (tmp_path / "docker").write_text("#!/bin/sh\necho Cannot connect >&2\nexit 1\n")
        _, spoken = call(aws, "dev", {**KEYS, **BACKEND, "PATH": f"{tmp_path}:/usr/bin:/bin"})
        lines = {line[9:40].strip(): line for line in spoken.text.splitlines()}
        assert lines["AWS CLI"].startswith("fail")
        assert lines["Docker"].startswith("fail")
