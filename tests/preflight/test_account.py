"""Preflight: who asks, where the state is, who is named, and what the account offers."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from delivery.checks.account import log_in
from delivery.checks.state import backend_address
from tests.conftest import PROJECT
from tests.delivery_context import told
from tests.preflight.stage import ACCOUNT, BACKEND, DEPLOYER, KEYS, NOW, Aws, Stage, boto, error, parsed

BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/helloworld-deploy-prod-boundary"
DEPLOYS = {"deployRole": DEPLOYER}
STATEMENT = {"Effect": "Allow", "Action": "s3:ListBucket", "Resource": "*"}
POLICY = json.dumps({"Version": "2012-10-17", "Statement": [STATEMENT]})
TRUST = json.dumps({"Version": "2012-10-17", "Statement": []})


def role(name: str, path: str = "/") -> str:
    made = boto("iam").create_role(RoleName=name, Path=path, AssumeRolePolicyDocument=TRUST)
    return str(made["Role"]["Arn"])


def marks(results: Any) -> dict[str, str]:
    return {each.asked: each.mark for each in results}


class TestLogIn:
    def ask(self, aws: Aws, changes: Mapping[str, str], environ: Mapping[str, str] | None = None) -> Any:
        with aws.watched():
            return log_in(told(PROJECT, {**KEYS, **(environ or {})}).context, parsed("prod", changes), NOW)

    def test_without_credentials_that_is_the_one_failure_and_nothing_else_is_asked(self, aws: Aws) -> None:
        context = told(PROJECT, {"AWS_CONFIG_FILE": "/none", "AWS_SHARED_CREDENTIALS_FILE": "/none"}).context
        aws.answers["sts", "GetCallerIdentity"] = error("UnrecognizedClientException")
        # Not in the region, and nowhere else either.
        for environ in (context, told(PROJECT, KEYS).context):
            with aws.watched():
                found = log_in(environ, parsed("prod", {}), NOW)
            assert marks(found.results) == {"credentials": "fail"}
            assert found.clients is None
            assert "log in" in found.results[0].cure

    def test_a_region_that_is_not_turned_on_is_told_apart_from_nobody_being_logged_in(self, aws: Aws) -> None:
        answers = iter([error("InvalidClientTokenId"), {"Arn": "arn:aws:iam::1:user/ann", "Account": "1"}])
        aws.answers["sts", "GetCallerIdentity"] = lambda _: _raised(next(answers))
        found = self.ask(aws, {})
        assert marks(found.results) == {"region": "fail"}
        assert "enable-region --region-name us-west-2" in found.results[0].cure

    def test_aws_not_answering_is_a_failure_since_nothing_else_can_be_asked(self, aws: Aws) -> None:
        aws.answers["sts", "GetCallerIdentity"] = EndpointConnectionError(endpoint_url="https://x")
        found = self.ask(aws, {})
        assert marks(found.results) == {"credentials": "fail"}
        assert "AWS does not answer" in found.results[0].found

    @pytest.mark.parametrize("code", ["SignatureDoesNotMatch", "IncompleteSignature", "ServiceUnavailable"])
    def test_a_refusal_that_names_no_cure_has_one_all_the_same(self, aws: Aws, code: str) -> None:
        aws.answers["sts", "GetCallerIdentity"] = error(code)
        (found,) = self.ask(aws, {}).results
        assert (found.mark, code in found.found) == ("fail", True)
        assert "clock" in found.cure

    def test_who_asks_and_in_which_account_is_told(self, aws: Aws) -> None:
        found = self.ask(aws, {})
        assert found.account == ACCOUNT
        assert f"user/moto in account {ACCOUNT}" in found.results[0].found
        assert marks(found.results) == {"credentials": "ok", "deploy role": "warn"}

    def test_the_rest_is_asked_as_the_deploy_role_if_it_can_be_assumed(self, aws: Aws) -> None:
        role("helloworld-deploy-prod")
        found = self.ask(aws, DEPLOYS)
        assert marks(found.results) == {"credentials": "ok", "deploy role": "ok"}
        assert "assumed-role/helloworld-deploy-prod/" in found.clients.call("sts", "get_caller_identity")["Arn"]

    def test_a_deploy_role_that_does_not_exist_is_a_failure(self, aws: Aws) -> None:
        found = self.ask(aws, DEPLOYS)
        assert marks(found.results) == {"credentials": "ok", "deploy role": "fail"}
        assert "does not exist" in found.results[1].found
        assert found.clients is not None

    def test_a_deploy_role_that_may_not_be_assumed_is_a_failure_and_the_caller_asks_on(self, aws: Aws) -> None:
        role("helloworld-deploy-prod")
        aws.answers["sts", "AssumeRole"] = error("AccessDenied", "User is not authorized to perform: sts:AssumeRole")
        found = self.ask(aws, DEPLOYS)
        assert marks(found.results) == {"credentials": "ok", "deploy role": "fail"}
        assert "user/moto may not assume" in found.results[1].found
        assert found.clients is not None

    def test_a_deploy_role_that_may_not_assume_itself_is_a_failure_since_the_kubeconfig_does(self, aws: Aws) -> None:
        role("helloworld-deploy-prod")
        answers = iter([{"AccessKeyId": "ASIAQ", "SecretAccessKey": "s" * 20, "SessionToken": "t" * 20}])

        def assume(_: Any) -> Any:
            given = next(answers, None)
            return {"Credentials": given} if given else error("AccessDenied")

        aws.answers["sts", "AssumeRole"] = lambda asked: _raised(assume(asked))
        found = self.ask(aws, DEPLOYS)
        assert found.results[1].mark == "fail"
        assert "may not assume itself" in found.results[1].found

    @pytest.mark.parametrize(("minutes", "mark"), [(10, "warn"), (50, "ok")])
    def test_credentials_that_end_before_an_up_does_are_warned_of(self, aws: Aws, minutes: int, mark: str) -> None:
        end = (NOW + timedelta(minutes=minutes)).isoformat()
        found = self.ask(aws, {}, {"AWS_CREDENTIAL_EXPIRATION": end})
        assert found.results[0].mark == mark
        assert f"until 00:{minutes} UTC" in found.results[0].found

    def test_the_roles_keys_are_hidden_from_what_is_shown(self, aws: Aws) -> None:
        role("helloworld-deploy-prod")
        spoken = told(PROJECT, KEYS)
        with aws.watched():
            found = log_in(spoken.context, parsed("prod", DEPLOYS), NOW)
        secret = found.clients._session.get_credentials().secret_key  # type: ignore[union-attr]
        spoken.context.console.say(f"key {secret}")
        assert "key" in spoken.text
        assert secret not in spoken.text


def _raised(answer: Any) -> Any:
    if isinstance(answer, Exception):
        raise answer
    return answer


class TestBoundary:
    def test_one_that_does_not_exist_is_a_failure_and_one_that_does_is_not(self, stage: Stage) -> None:
        site = stage.site(late={"permissionsBoundary": BOUNDARY})
        assert marks(stage.ask(site, "permissions boundary")) == {"permissions boundary": "fail"}
        boto("iam").create_policy(PolicyName=BOUNDARY.rpartition("/")[2], PolicyDocument=POLICY)
        assert marks(stage.ask(site, "permissions boundary")) == {"permissions boundary": "ok"}

    def test_another_accounts_is_a_failure(self, stage: Stage) -> None:
        site = stage.site(late={"permissionsBoundary": BOUNDARY.replace(ACCOUNT, "999999999999")})
        (found,) = stage.ask(site, "permissions boundary")
        assert found.mark == "fail"


class TestState:
    def bucket(self, region: str) -> None:
        place = {"CreateBucketConfiguration": {"LocationConstraint": region}}
        boto("s3", region).create_bucket(Bucket="state-bucket", **place)

    def test_the_bucket_of_the_backend_must_be_there(self, stage: Stage) -> None:
        (absent,) = stage.ask(stage.site(), "state")
        assert (absent.mark, absent.asked) == ("fail", "state")
        self.bucket("us-west-2")
        (found,) = stage.ask(stage.site(), "state")
        assert (found.mark, found.found) == ("ok", "s3://state-bucket in us-west-2")

    def test_a_bucket_that_may_not_be_read_is_a_failure(self, stage: Stage) -> None:
        stage.aws.answers["s3", "HeadBucket"] = error("403")
        (found,) = stage.ask(stage.site(), "state")
        assert found.mark == "fail"
        assert "s3:ListBucket" in found.found

    def test_a_backend_that_is_not_in_aws_is_named_without_what_may_be_secret_in_its_address(
        self, stage: Stage
    ) -> None:
        site = stage.site(environ={"PULUMI_BACKEND_URL": "https://user:secret@state.example.com/x?token=y"})
        (found,) = stage.ask(site, "state")
        assert found.mark == "ok"
        assert "state.example.com" in found.found
        assert "secret" not in found.found
        assert "token" not in found.found

    def test_nobody_logged_in_to_a_backend_is_a_failure(self, stage: Stage) -> None:
        (found,) = stage.ask(stage.site(environ={"PULUMI_BACKEND_URL": ""}), "state")
        assert found.mark == "fail"

    def test_the_backend_is_the_environments_else_the_one_that_was_logged_in_to(self, tmp_path: Any) -> None:
        (tmp_path / ".pulumi").mkdir()
        file = tmp_path / ".pulumi/credentials.json"
        assert backend_address({"HOME": str(tmp_path)}) == ""
        file.write_text(json.dumps({"current": "s3://kept"}))
        assert backend_address({"HOME": str(tmp_path)}) == "s3://kept"
        assert backend_address({"HOME": str(tmp_path), **BACKEND}) == BACKEND["PULUMI_BACKEND_URL"]
        for text in ("{", "[]", "null", '{"current": null}'):
            file.write_text(text)
            assert backend_address({"HOME": str(tmp_path)}) == ""

    def test_the_key_of_the_secrets_must_be_there_and_enabled(
        self, stage: Stage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        provider = "awskms://alias/helloworld-pulumi?region=us-west-2"
        monkeypatch.setattr("delivery.configuration.secrets_provider", lambda *_: provider)
        kms = boto("kms")
        (absent,) = stage.ask(stage.site(), "secrets key")
        assert absent.mark == "fail"
        key = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName="alias/helloworld-pulumi", TargetKeyId=key)
        (there,) = stage.ask(stage.site(), "secrets key")
        assert there.mark == "ok"
        kms.schedule_key_deletion(KeyId=key)
        (going,) = stage.ask(stage.site(), "secrets key")
        assert going.mark == "fail"
        assert "PendingDeletion" in going.found


class TestPrincipals:
    def access(self, *arns: str) -> dict[str, str]:
        return {"access": json.dumps([{"principal": arn, "policy": "view"} for arn in arns])}

    def test_a_role_or_user_that_does_not_exist_is_a_failure_that_names_the_setting(self, stage: Stage) -> None:
        nobody, none = (f"arn:aws:iam::{ACCOUNT}:{kind}/nobody" for kind in ("user", "role"))
        review = f"arn:aws:iam::{ACCOUNT}:role/helloworld-review"
        found = stage.ask(stage.site(late={**self.access(nobody, none), "reviewRole": review}), "principals")
        assert [each.mark for each in found] == ["fail"] * 3
        assert [each.asked for each in found] == ["access: nobody"] * 2 + ["reviewRole: helloworld-review"]

    def test_those_that_exist_are_well(self, stage: Stage) -> None:
        boto("iam").create_user(UserName="ann")
        arns = (f"arn:aws:iam::{ACCOUNT}:user/ann", role("team", "/people/"))
        (found,) = stage.ask(stage.site(late=self.access(*arns)), "principals")
        assert (found.mark, found.found) == ("ok", "ann, team exist")

    def test_a_role_under_another_path_is_another_arn_and_the_cure_has_the_right_one(self, stage: Stage) -> None:
        right = role("team", "/people/")
        (found,) = stage.ask(stage.site(late=self.access(f"arn:aws:iam::{ACCOUNT}:role/team")), "principals")
        assert found.mark == "fail"
        assert right in found.found

    def test_one_of_another_account_cannot_be_asked_and_does_not_fail(self, stage: Stage) -> None:
        (found,) = stage.ask(stage.site(late=self.access("arn:aws:iam::999999999999:role/team")), "principals")
        assert found.mark == "unknown"
        assert "another account" in found.found


class TestRegion:
    def test_one_that_the_account_has_not_turned_on_is_a_failure(self, stage: Stage) -> None:
        regions = [{"RegionName": "us-west-2", "OptInStatus": "not-opted-in"}]
        stage.aws.answers["ec2", "DescribeRegions"] = {"Regions": regions}
        (found,) = stage.ask(stage.site(), "region")
        assert found.mark == "fail"
        assert "enable-region --region-name us-west-2" in found.cure

    def test_one_that_does_not_exist_is_a_failure(self, stage: Stage) -> None:
        stage.aws.answers["ec2", "DescribeRegions"] = {"Regions": [{"RegionName": "eu-west-1"}]}
        (found,) = stage.ask(stage.site(), "region")
        assert (found.mark, found.found) == ("fail", "AWS has no region us-west-2")

    def test_the_regions_own_are_well(self, stage: Stage) -> None:
        assert marks(stage.ask(stage.site(), "region", "zones")) == {"region": "ok", "zones": "ok"}

    def test_a_letter_that_the_region_lacks_or_eks_is_not_in_is_a_failure(self, stage: Stage) -> None:
        zones = [
            {"ZoneName": "us-west-2a", "ZoneId": "usw2-az1", "State": "available"},
            {"ZoneName": "us-west-2b", "ZoneId": "use1-az3", "State": "available"},
        ]
        stage.aws.answers["ec2", "DescribeAvailabilityZones"] = {"AvailabilityZones": zones}
        (found,) = stage.ask(stage.site(), "zones")
        assert found.mark == "fail"
        assert "us-west-2b (use1-az3) has no EKS" in found.found
        assert "us-west-2c does not exist" in found.found
        assert "[a]" in found.cure


class TestKubernetes:
    def status(self, stage: Stage, **values: Any) -> Any:
        version = {"clusterVersion": "1.35", "versionStatus": "STANDARD_SUPPORT", **values}
        newer = {"clusterVersion": "1.36", "versionStatus": "STANDARD_SUPPORT"}
        stage.aws.answers["eks", "DescribeClusterVersions"] = {"clusterVersions": [version, newer]}
        (found,) = stage.ask(stage.site(), "Kubernetes version")
        return found

    def test_a_version_in_standard_support_is_well_and_its_end_is_told(self, stage: Stage) -> None:
        found = self.status(stage, endOfStandardSupportDate=datetime(2027, 3, 27, tzinfo=UTC))
        assert (found.mark, found.found) == ("ok", "1.35, in standard support until 2027-03-27")

    def test_a_version_whose_support_ends_soon_is_warned_of(self, stage: Stage) -> None:
        assert self.status(stage, endOfStandardSupportDate=NOW + timedelta(days=20)).mark == "warn"

    @pytest.mark.parametrize("values", [{"versionStatus": "EXTENDED_SUPPORT"}, {"clusterVersion": "1.34"}])
    def test_a_version_out_of_standard_support_or_not_on_offer_is_a_failure(
        self, stage: Stage, values: Mapping[str, str]
    ) -> None:
        found = self.status(stage, **values)
        assert found.mark == "fail"
        assert "1.36" in found.cure

    def test_an_add_on_that_is_not_published_in_that_version_is_a_failure(self, stage: Stage) -> None:
        other = {"addonVersions": [{"addonVersion": "v9", "architecture": ["arm64"]}]}
        stage.aws.answers["eks", "DescribeAddonVersions"] = {"addons": [other]}
        found = stage.ask(stage.site(), "add-ons")
        assert len(found) == 6
        assert {each.mark for each in found} == {"fail"}
        assert all("v9" in each.cure for each in found)

    def test_those_that_are_published_are_well(self, stage: Stage) -> None:
        assert marks(stage.ask(stage.site(), "add-ons")) == {"add-ons": "ok"}


class TestServiceRoles:
    def test_a_missing_one_is_warned_of_unless_the_deploy_role_of_bootstrap_makes_it(self, stage: Stage) -> None:
        (warned,) = stage.ask(stage.site(), "service-linked roles")
        assert warned.mark == "warn"
        assert "rds.amazonaws.com" in warned.cure
        (later,) = stage.ask(stage.site(late=DEPLOYS), "service-linked roles")
        assert later.mark == "ok"
        assert "the first use makes" in later.found

    def test_spot_nodes_need_spots_own(self, stage: Stage) -> None:
        for stack, wanted in (("dev", True), ("prod", False)):
            (found,) = stage.ask(stage.site(stack), "service-linked roles")
            assert ("AWSServiceRoleForEC2Spot" in found.found) is wanted

    def test_those_that_exist_are_counted(self, stage: Stage) -> None:
        stage.aws.answers["iam", "GetRole"] = {"Role": {}}
        (found,) = stage.ask(stage.site("dev"), "service-linked roles")
        assert (found.mark, found.found) == ("ok", "5 exist")
