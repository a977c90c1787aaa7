"""An image of another registry is brought into the stack's own, under the same digest, before it is rolled out."""

import base64
import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace

import pulumi
import pytest

from infra.promotion import copy
from offline.evaluate import record
from tests.conftest import Planner

DIGEST = "sha256:" + "0123456789abcdef" * 4
HOST = "123456789012.dkr.ecr.us-west-2.amazonaws.com"
SOURCE, OWN = f"{HOST}/helloworld-dev@{DIGEST}", f"{HOST}/helloworld-prod"
DEPLOYMENT = "kubernetes:apps/v1:Deployment"


class Docker:
    """Stands in for the docker command: knows which references are there."""

    def __init__(self, there: set[str], *, error: str = "", arrives_as: str = f"{OWN}@{DIGEST}") -> None:
        self.there, self.error, self.arrives_as = there, error, arrives_as
        self.commands: list[Sequence[str]] = []
        self.configurations: list[dict[str, dict[str, dict[str, str]]]] = []
        self.homes: list[Path] = []

    def __call__(self, command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        self.commands.append(command)
        self.homes.append(Path(environment["DOCKER_CONFIG"]))
        self.configurations.append(json.loads((self.homes[-1] / "config.json").read_text("utf-8")))
        if "inspect" in command:
            return subprocess.CompletedProcess(command, int(command[-1] not in self.there), "", "")
        if not self.error:
            self.there.add(self.arrives_as)
        return subprocess.CompletedProcess(command, int(bool(self.error)), "", self.error)

    @property
    def copies(self) -> list[Sequence[str]]:
        return [command for command in self.commands if "create" in command]


def run(docker: Docker, source: str = SOURCE) -> list[str]:
    """Copies, and answers what the program says."""
    return [
        message.text
        for message in record(
            lambda: copy(source, OWN, {"us-west-2": "s3cret", "eu-west-1": "geheim"}, docker)
        ).messages
    ]


def test_the_image_is_copied_as_it_is_under_a_tag_that_names_its_digest() -> None:
    docker = Docker({SOURCE})
    said = run(docker)
    assert docker.copies == [
        [
            "docker",
            "buildx",
            "imagetools",
            "create",
            "--prefer-index=false",
            "--tag",
            f"{OWN}:promoted-0123456789ab",
            SOURCE,
        ]
    ]
    assert said == [f"Copied {SOURCE} to {OWN}."]


def test_what_is_there_is_not_copied_again() -> None:
    docker = Docker({SOURCE, f"{OWN}@{DIGEST}"})
    assert run(docker) == []
    assert docker.commands
    assert docker.copies == []


def test_what_is_in_the_own_registry_needs_no_docker() -> None:
    docker = Docker(set())
    run(docker, f"{OWN}@{DIGEST}")
    assert docker.commands == []


def test_docker_is_logged_in_to_both_registries_of_ecr_and_to_no_other() -> None:
    docker = Docker({SOURCE})
    run(docker, SOURCE)
    run(docker, f"registry.example.com/team/hello@{DIGEST}")
    login = {"auth": base64.b64encode(b"AWS:s3cret").decode()}
    assert [set(configuration["auths"]) for configuration in docker.configurations] == [{HOST}] * len(docker.commands)
    assert docker.configurations[0]["auths"][HOST] == login


def test_each_region_has_a_token_of_its_own() -> None:
    """Those of another region are refused."""
    docker = Docker({SOURCE})
    abroad = HOST.replace("us-west-2", "eu-west-1")
    run(docker, f"{abroad}/helloworld-prod@{DIGEST}")
    logins = {host: base64.b64decode(each["auth"]) for host, each in docker.configurations[0]["auths"].items()}
    assert logins == {HOST: b"AWS:s3cret", abroad: b"AWS:geheim"}


def test_the_password_is_on_no_command_line_and_gone_afterwards() -> None:
    docker = Docker({SOURCE})
    run(docker)
    assert docker.commands
    assert not any("s3cret" in word for command in docker.commands for word in command)
    assert not any(home.exists() for home in docker.homes)


def test_a_copy_that_is_refused_says_why_and_what_is_needed() -> None:
    with pytest.raises(pulumi.RunError, match=r"(?s)denied: no right to pull.*buildx 0\.15.*Nothing was rolled out"):
        run(Docker({SOURCE}, error="denied: no right to pull\n"))


def test_a_copy_under_another_digest_is_refused() -> None:
    """An older buildx makes an index of a single image, which has a digest of its own."""
    with pytest.raises(pulumi.RunError, match="arrived under another digest"):
        run(Docker({SOURCE}, arrives_as=f"{OWN}@sha256:{'f' * 64}"))


def test_without_docker_it_is_said_so() -> None:
    def missing(command: Sequence[str], environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
        raise FileNotFoundError(2, "No such file or directory", command[0])

    with pytest.raises(pulumi.RunError, match=r"(?s)'docker'.*docker command with buildx"):
        record(lambda: copy(SOURCE, OWN, {"us-west-2": "s3cret"}, missing))


def test_the_program_deploys_it_from_the_own_registry_and_builds_nothing(planned: Planner) -> None:
    plan = planned("prod", {"imageFrom": SOURCE})
    assert plan.outputs["image"] == f"{OWN}@{DIGEST}"
    assert not plan.of("docker:index/image:Image")


def test_it_is_brought_before_every_roll_out(planned: Planner) -> None:
    deployment = planned("prod", {"imageFrom": SOURCE}).one(DEPLOYMENT, "helloworld-release-deployment")
    for moment in ("before_create", "before_update"):
        assert "helloworld-image-bring" in deployment.hooks[moment]


def test_the_program_asks_for_a_token_of_each_region(planned: Planner, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def token(region: str, **_: object) -> object:
        asked.append(region)
        return SimpleNamespace(password=pulumi.Output.secret(f"of-{region}"))

    monkeypatch.setattr("infra.image_source.aws.ecr.get_authorization_token_output", token)
    for region in ("us-west-2", "eu-central-1"):
        plan = planned("prod", {"imageFrom": SOURCE, "region": region, "message": "A plan of its own"})
        assert plan.outputs["image"] == f"{OWN.replace('us-west-2', region)}@{DIGEST}"
    assert asked == ["us-west-2", "eu-central-1", "us-west-2"]


def test_a_preview_knows_the_image_once_the_registry_is_there(planned: Planner) -> None:
    plan = planned("prod", {"imageFrom": SOURCE}, unknowns=True)
    deployment = plan.one(DEPLOYMENT, "helloworld-release-deployment")
    (container,) = deployment.inputs["spec"]["template"]["spec"]["containers"]
    assert container["image"] == "[unknown]"
