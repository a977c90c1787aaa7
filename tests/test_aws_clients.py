"""Clients of boto3: as whom they ask, and AWS's refusals in words."""

import subprocess
import sys
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore import exceptions
from moto import mock_aws

from delivery.aws import AwsError
from delivery.aws_clients import clients
from delivery.aws_refusals import NOBODY, UNREACHABLE, RefusedError, explained, refused
from tests.conftest import PROJECT
from tests.delivery_context import told

KEYS = {"AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/EXAMPLEKEY"}
NO_FILES = {"AWS_CONFIG_FILE": "/none", "AWS_SHARED_CREDENTIALS_FILE": "/none"}


def asking(environ: Mapping[str, str], region: str = "us-west-2") -> Any:
    return clients(told(PROJECT, environ).context, region, read_seconds=2, attempts=1)


def client_error(code: str, said: str = "no", operation: str = "DescribeVpcs") -> exceptions.ClientError:
    return exceptions.ClientError({"Error": {"Code": code, "Message": said}}, operation)


def key_of(found: Any) -> str:
    return str(found.client("sts")._request_signer._credentials.access_key)


class _Page(BaseHTTPRequestHandler):
    """Answers every call with a page for people."""

    def do_POST(self) -> None:
        body = b"<!doctype html><title>502 Bad Gateway</title>"
        self.send_response(502)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self.do_POST()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class TestWho:
    def test_the_contexts_keys_ask_and_not_the_processs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAOFTHEPROCESS0000")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x" * 40)
        assert key_of(asking({**KEYS, "AWS_PROFILE": "other"})) == KEYS["AWS_ACCESS_KEY_ID"]
        monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        with pytest.raises(AwsError, match="nobody is logged in") as raised:
            asking(NO_FILES).call("sts", "get_caller_identity")
        assert raised.value.code == NOBODY
        assert "cure: log in" in str(raised.value)

    def test_the_contexts_profile_asks_where_there_are_no_keys(self, tmp_path: Path) -> None:
        file = tmp_path / "credentials"
        file.write_text("[me]\naws_access_key_id = AKIAOFTHEPROFILE0000\naws_secret_access_key = x\n")
        environ = {**NO_FILES, "AWS_SHARED_CREDENTIALS_FILE": str(file), "AWS_PROFILE": "me"}
        assert key_of(asking(environ)) == "AKIAOFTHEPROFILE0000"

    def test_a_profile_that_does_not_exist_is_told_with_the_cure(self) -> None:
        with pytest.raises(AwsError, match=r"nope.*could not be found"):
            asking({**NO_FILES, "AWS_PROFILE": "nope"}).call("sts", "get_caller_identity")

    @pytest.mark.parametrize(
        ("config", "said"),
        [
            ("credential_process = /none/there", "FileNotFoundError"),
            ("credential_process = echo no JSON", "JSONDecodeError"),
            ('credential_process = echo "', "No closing quotation"),
            ("credential_process = echo []", "AttributeError"),
            (
                """credential_process = echo '{"Version": 1, "AccessKeyId": 1, "SecretAccessKey": null}'""",
                "is empty",
            ),
            ("aws_access_key_id = AKIA\naws_secret_access_key =", "is empty"),
        ],
        ids=["no program", "no JSON", "half a quotation", "a list", "numbers", "no secret"],
    )
    def test_a_profile_that_gives_no_keys_is_told_with_the_cure(self, tmp_path: Path, config: str, said: str) -> None:
        file = tmp_path / "config"
        file.write_text(f"[profile me]\n{config}\n")
        with pytest.raises(AwsError, match=f"nobody is logged in.*{said}") as raised:
            asking({**NO_FILES, "AWS_CONFIG_FILE": str(file), "AWS_PROFILE": "me"}).call("sts", "get_caller_identity")
        assert raised.value.code == NOBODY
        assert "cure: log in" in str(raised.value)

    @pytest.mark.parametrize(
        "environ",
        [
            {"AWS_ACCESS_KEY_ID": "AKIA"},
            *({**KEYS, "AWS_SESSION_TOKEN": "x", name: "x\n"} for name in (*KEYS, "AWS_SESSION_TOKEN")),
        ],
        ids=["half", "id", "secret", "token"],
    )
    def test_keys_in_the_environment_that_cannot_sign_are_told_with_the_cure(self, environ: dict[str, str]) -> None:
        with pytest.raises(AwsError, match=r"from the environment: a key or the token is empty.*\n  cure: log in"):
            asking({**NO_FILES, **environ}).call("sts", "get_caller_identity")


class TestCalls:
    def test_a_list_is_all_of_its_pages(self) -> None:
        with mock_aws():
            logs = boto3.client("logs", region_name="us-west-2")
            for number in range(60):
                logs.create_log_group(logGroupName=f"/test/{number}")
            assert len(logs.describe_log_groups()["logGroups"]) == 50
            assert len(asking(KEYS).items("logs", "describe_log_groups", "logGroups")) == 60

    def test_a_service_may_be_asked_in_another_region(self) -> None:
        with mock_aws():
            boto3.client("ecr", region_name="eu-west-1").create_repository(repositoryName="there")
            found = asking(KEYS)
            assert found.items("ecr", "describe_repositories", "repositories") == []
            assert len(found.items("ecr", "describe_repositories", "repositories", where="eu-west-1")) == 1

    def test_what_is_not_there_is_found_to_be_nothing_and_a_refusal_is_not(self) -> None:
        with mock_aws():
            found = asking(KEYS)
            assert found.find("iam", "get_role", RoleName="none") is None
            assert found.find("rds", "describe_db_instances", DBInstanceIdentifier="none") is None
            boto3.client("iam").create_role(RoleName="there", AssumeRolePolicyDocument="{}")
            assert found.find("iam", "get_role", RoleName="there")["Role"]["RoleName"] == "there"
        for code in ("AccessDenied", "ThrottlingException", "ValidationError", "404"):
            assert not refused("iam", client_error(code)).absent

    def test_a_client_is_made_once(self) -> None:
        found = asking(KEYS)
        assert found.client("sts") is found.client("sts")
        assert found.client("sts") is not found.client("sts", "eu-west-1")

    @pytest.mark.parametrize("service", ["ec2", "eks", "resourcegroupstaggingapi"])
    def test_a_page_of_a_proxys_is_no_answer_of_aws(self, service: str, monkeypatch: pytest.MonkeyPatch) -> None:
        calls = {"ec2": "describe_vpcs", "eks": "list_clusters", "resourcegroupstaggingapi": "get_resources"}
        with HTTPServer(("127.0.0.1", 0), _Page) as server:
            threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
            monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
            with pytest.raises(AwsError):
                asking(KEYS).call(service, calls[service])
            server.shutdown()

    def test_a_region_that_does_not_answer_is_told_by_the_service(self) -> None:
        environ = {**KEYS}
        found = clients(told(PROJECT, environ).context, "us-west-2", read_seconds=1, attempts=1)
        client = found.client("sts")
        client.meta.events.register("before-send.sts", _unreachable)
        with pytest.raises(AwsError, match="sts: AWS does not answer") as raised:
            found.call("sts", "get_caller_identity")
        assert raised.value.code == UNREACHABLE


def _unreachable(**_: Any) -> Any:
    raise exceptions.EndpointConnectionError(endpoint_url="https://sts.us-west-2.amazonaws.com")


class TestRefusals:
    @pytest.mark.parametrize("code", ["AccessDenied", "AccessDeniedException", "UnauthorizedOperation"])
    def test_a_missing_right_is_named(self, code: str) -> None:
        error = refused("ec2", client_error(code))
        assert (error.denied, error.action, error.code) == (True, "ec2:DescribeVpcs", code)
        assert "cure: let whoever asks call ec2:DescribeVpcs" in str(error)

    def test_the_right_that_aws_names_goes_before_the_operations_name(self) -> None:
        said = "User: arn:x is not authorized to perform: kms:Decrypt on resource: arn:y"
        assert refused("s3", client_error("AccessDenied", said)).action == "kms:Decrypt"

    @pytest.mark.parametrize(
        ("service", "action"),
        [("elbv2", "elasticloadbalancing:X"), ("service-quotas", "servicequotas:X"), ("eks", "eks:X")],
    )
    def test_a_right_has_the_prefix_that_policies_know(self, service: str, action: str) -> None:
        assert refused(service, client_error("AccessDenied", operation="X")).action == action

    @pytest.mark.parametrize("code", ["ExpiredToken", "InvalidClientTokenId", "UnrecognizedClientException"])
    def test_credentials_that_are_over_say_to_log_in(self, code: str) -> None:
        error = refused("sts", client_error(code))
        assert not error.denied
        assert "cure: log in" in str(error)

    @pytest.mark.parametrize(
        "raised",
        [
            exceptions.SSOTokenLoadError(error_msg="x"),
            exceptions.UnauthorizedSSOTokenError(),
            exceptions.TokenRetrievalError(provider="sso", error_msg="x"),
            exceptions.CredentialRetrievalError(provider="p", error_msg="x"),
            exceptions.LoginRefreshRequired(),
            exceptions.MissingDependencyException(msg="awscrt"),
        ],
        ids=lambda each: type(each).__name__,
    )
    def test_however_a_log_in_fails_that_is_what_is_said(self, raised: Exception) -> None:
        def ask() -> None:
            raise raised

        with pytest.raises(AwsError) as told_:
            explained("sts", ask)
        assert told_.value.code == NOBODY
        assert "\n  cure: " in str(told_.value)

    def test_no_error_of_botocores_gets_through(self) -> None:
        for raised in (
            exceptions.ReadTimeoutError(endpoint_url="https://x"),
            exceptions.ParamValidationError(report="bad"),
            exceptions.UnknownServiceError(service_name="x", known_service_names=[]),
            client_error("Whatever"),
        ):

            def ask(error: Exception = raised) -> None:
                raise error

            with pytest.raises(AwsError):
                explained("sts", ask)

    def test_a_defect_of_ours_is_not_taken_for_awss(self) -> None:
        with pytest.raises(ZeroDivisionError):
            explained("sts", lambda: 1 // 0)

    def test_a_refusal_is_one_of_the_errors_that_commands_know(self) -> None:
        assert issubclass(RefusedError, AwsError)


def test_commands_that_do_not_ask_much_of_aws_do_not_wait_for_boto3() -> None:
    code = "import sys, delivery.__main__, delivery.deploy, offline.__main__; sys.exit('botocore' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=True)
