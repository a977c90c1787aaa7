"""As whom a stack is changed."""

import io
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery import registry
from delivery.console import Console
from delivery.context import Context
from delivery.identity import as_deployer, is_session_of, reading
from delivery.problems import DeliveryError
from delivery.redaction import Redactor
from infra.settings import Settings
from tests.fake_aws import KEY_ID, PERSON, SECRET, SESSION, FakeAws

ROLE = "arn:aws:iam::123456789012:role/ci/deploy-dev"
DENIED = "An error occurred (AccessDenied) when calling the AssumeRole operation: User is not authorized"


@pytest.fixture
def aws(tmp_path: Path) -> FakeAws:
    return FakeAws(tmp_path / "aws", tmp_path / "bin/aws")


@pytest.fixture
def said() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def context(tmp_path: Path, aws: FakeAws, said: io.StringIO) -> Context:
    environ = {"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin", "AWS_PROFILE": "me", "KEPT": "1"}
    return Context(project=tmp_path, environ=environ, console=Console(said, said, Redactor([])))


def settings(**values: object) -> Settings:
    return Settings.model_validate({"deployRole": ROLE, **values})


def test_a_person_becomes_the_deploy_role(context: Context, aws: FakeAws) -> None:
    deployer = as_deployer(context, "dev", settings())
    assert deployer.environ["AWS_ACCESS_KEY_ID"] == KEY_ID
    assert deployer.environ["AWS_SECRET_ACCESS_KEY"] == SECRET
    assert deployer.environ["AWS_SESSION_TOKEN"] == SESSION
    assert deployer.environ["KEPT"] == "1"
    assert aws.calls[-1]["argv"][:6] == [
        "sts",
        "assume-role",
        "--role-arn",
        ROLE,
        "--role-session-name",
        "helloworld-dev",
    ]


def test_who_they_were_before_does_not_go_along(context: Context) -> None:
    assert "AWS_PROFILE" not in as_deployer(context, "dev", settings()).environ


def test_the_roles_credentials_are_in_no_argument_and_are_never_shown(
    context: Context, aws: FakeAws, said: io.StringIO
) -> None:
    deployer = as_deployer(context, "dev", settings())
    deployer.console.say(f"{KEY_ID} {SECRET} {SESSION}")
    for secret in (KEY_ID, SECRET, SESSION):
        assert secret not in said.getvalue()
        assert not [call for call in aws.calls if secret in " ".join(call["argv"])]
    assert ROLE in said.getvalue()


def test_a_session_of_the_deploy_role_stays_what_it_is(context: Context, aws: FakeAws) -> None:
    aws.set(caller="arn:aws:sts::123456789012:assumed-role/deploy-dev/run-1")
    assert as_deployer(context, "dev", settings()) is context
    assert [call["argv"][1] for call in aws.calls] == ["get-caller-identity"]


@pytest.mark.parametrize("values", [{"deployRole": None}, {"platform": "local"}])
def test_without_a_deploy_role_nobody_is_asked(context: Context, aws: FakeAws, values: dict[str, object]) -> None:
    assert as_deployer(context, "dev", settings(**values)) is context
    assert aws.calls == []


def test_who_may_not_become_the_deploy_role_is_told_who_they_are(context: Context, aws: FakeAws) -> None:
    aws.set(errors={"assume-role": DENIED})
    with pytest.raises(DeliveryError) as refused:
        as_deployer(context, "dev", settings())
    for part in (PERSON, ROLE, "deployRole", "trust policy"):
        assert part in str(refused.value)


@pytest.mark.parametrize(
    "text",
    [
        "Unable to locate credentials. You can configure credentials by running aws configure",
        "Error when retrieving token from sso: Token has expired and refresh failed",
        "An error occurred (ExpiredToken) when calling the GetCallerIdentity operation: expired",
        "The config profile (me) could not be found",
    ],
)
def test_who_is_not_logged_in_is_told_to(context: Context, aws: FakeAws, text: str) -> None:
    aws.set(errors={"get-caller-identity": text})
    with pytest.raises(DeliveryError, match="logged in") as refused:
        as_deployer(context, "dev", settings())
    assert "aws sso login" in str(refused.value)


def test_a_missing_cli_is_said_with_where_to_get_it(tmp_path: Path, context: Context) -> None:
    (tmp_path / "bin/aws").unlink()
    bare = Context(project=tmp_path, environ={"PATH": str(tmp_path / "bin")}, console=context.console)
    with pytest.raises(DeliveryError, match="AWS CLI is not installed") as refused:
        as_deployer(bare, "dev", settings())
    assert "https://docs.aws.amazon.com/cli/" in str(refused.value)


def test_the_stacks_region_is_asked(context: Context, aws: FakeAws) -> None:
    as_deployer(context, "dev", settings(region="eu-central-1"))
    assert {call["region"] for call in aws.calls} == {"eu-central-1"}


def test_a_registry_tells_its_images_and_a_missing_one_has_none(context: Context, aws: FakeAws) -> None:
    aws.set(repositories={"a/b": {"one": "sha256:1"}})
    found = registry.images(context, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/a/b")
    assert found
    assert found.digest_of("one") == "sha256:1"
    assert aws.calls[-1]["region"] == "eu-west-1"
    missing = registry.images(context, "123456789012.dkr.ecr.eu-west-1.amazonaws.com/c")
    assert missing
    assert not missing.tags


@pytest.mark.parametrize("url", ["", "localhost:5001/a", "registry.example.com/a", "evil.example.com/x.dkr.ecr.a.b/c"])
def test_another_registry_than_ecr_is_not_asked(context: Context, aws: FakeAws, url: str) -> None:
    assert registry.images(context, url) is None
    assert aws.calls == []


names = st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=20)


@given(names, names, st.sampled_from(["", "ci/", "a/b/"]))
def test_a_session_is_of_the_role_with_its_name_and_account(role: str, other: str, path: str) -> None:
    arn = f"arn:aws:iam::123456789012:role/{path}{role}"
    assert is_session_of(f"arn:aws:sts::123456789012:assumed-role/{role}/s", arn)
    assert not is_session_of(f"arn:aws:sts::210987654321:assumed-role/{role}/s", arn)
    assert not is_session_of(f"arn:aws:iam::123456789012:user/{role}", arn)
    assert is_session_of(f"arn:aws:sts::123456789012:assumed-role/{other}/s", arn) == (other == role)


PREVIEW_ROLE = "arn:aws:iam::123456789012:role/preview"


def test_who_previews_as_the_preview_role_reaches_the_cluster_as_that(context: Context, aws: FakeAws) -> None:
    aws.set(caller="arn:aws:sts::123456789012:assumed-role/preview/run-1")
    assert reading(context, settings(previewRole=PREVIEW_ROLE)) == {"helloworld:deployRole": ""}


def test_anybody_else_previews_as_the_program_says(context: Context, aws: FakeAws) -> None:
    aws.set(caller="arn:aws:sts::123456789012:assumed-role/deploy-dev/run-1")
    assert reading(context, settings(previewRole=PREVIEW_ROLE)) == {}


def test_without_a_preview_role_nobody_is_asked(context: Context, aws: FakeAws) -> None:
    assert reading(context, settings()) == {}
    assert aws.calls == []
