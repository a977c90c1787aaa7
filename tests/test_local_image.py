"""An image that was built here gets into the cluster that kubectl points to."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

import pulumi
import pytest

from infra.local_image import load_command, load_now

IMAGE = "helloworld:0123456-0123456789ab-local"


@pytest.mark.parametrize(
    ("context", "command"),
    [
        ("kind-hello", ["kind", "load", "docker-image", IMAGE, "--name", "hello"]),
        ("k3d-a-b", ["k3d", "image", "import", IMAGE, "--cluster", "a-b"]),
        ("minikube", ["minikube", "image", "load", IMAGE]),
    ],
)
def test_the_tool_that_made_the_cluster_loads_the_image(context: str, command: list[str]) -> None:
    assert load_command(context, IMAGE) == command


@pytest.mark.parametrize("context", ["docker-desktop", "orbstack", "rancher-desktop", "colima", "colima-work"])
def test_a_cluster_on_the_docker_that_built_the_image_has_it(context: str) -> None:
    assert load_command(context, IMAGE) is None


@pytest.mark.parametrize(
    "context", ["", "home", "minikubes", "arn:aws:eks:us-west-2:123456789012:cluster/helloworld-dev"]
)
def test_of_another_cluster_it_is_said_what_to_set(context: str) -> None:
    with pytest.raises(ValueError, match="localRegistry"):
        load_command(context, IMAGE)


class Tool:
    """Stands in for the tool."""

    def __init__(self, code: int = 0, error: str = "") -> None:
        self.asked: list[Sequence[str]] = []
        self._answer = (code, error)

    def __call__(self, command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        self.asked.append(command)
        code, error = self._answer
        return subprocess.CompletedProcess(command, code, "", error)


@pytest.fixture
def kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "kubeconfig"
    path.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: kind-hello\n"
        "clusters: [{name: a, cluster: {server: https://127.0.0.1:6443}}]\nusers: [{name: a, user: {}}]\n"
        "contexts: [{name: kind-hello, context: {cluster: a, user: a}}, {name: b, context: {cluster: a, user: a}}]\n"
    )
    monkeypatch.setattr("kubernetes.config.kube_config.KUBE_CONFIG_DEFAULT_LOCATION", str(path))
    return path


def test_it_is_loaded_into_the_current_context(kubeconfig: Path) -> None:
    tool = Tool()
    load_now(IMAGE, tool)
    assert tool.asked == [["kind", "load", "docker-image", IMAGE, "--name", "hello"]]


def test_what_the_tool_says_is_told(kubeconfig: Path) -> None:
    with pytest.raises(pulumi.RunError, match=r"`kind load .*` failed: no nodes found"):
        load_now(IMAGE, Tool(1, "no nodes found\n"))


def test_a_tool_that_is_missing_is_named(kubeconfig: Path) -> None:
    def missing(command: Sequence[str]) -> "subprocess.CompletedProcess[str]":
        raise FileNotFoundError(2, "No such file or directory", command[0])

    with pytest.raises(pulumi.RunError, match="'kind'"):
        load_now(IMAGE, missing)


def test_without_a_current_context_it_is_said_so(kubeconfig: Path) -> None:
    kubeconfig.write_text(kubeconfig.read_text().replace("current-context: kind-hello\n", ""))
    with pytest.raises(pulumi.RunError, match="no current context"):
        load_now(IMAGE, Tool())
