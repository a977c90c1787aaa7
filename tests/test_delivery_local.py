"""The release on the cluster of kubectl's current context: which cluster, where its state is, how it is reached."""

import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from delivery.kube_context import refusal
from delivery.local_check import BROKEN_IMAGE
from delivery.local_cluster import STATE_FOLDER, prepared, reachable
from delivery.problems import DeliveryError
from infra.image import image_tag
from tests import delivery_stage, programs
from tests.delivery_stage import Service, Stage, break_checkout
from tests.fake_pulumi import digest_of

KUBECTL = """\
import json, sys, time
cluster = json.load(open({state!r}))
words = sys.argv[1:]
with open({log!r}, "a") as log:
    log.write(" ".join(words) + "\\n")
if cluster.get("error"):
    sys.exit(cluster["error"])
if "port-forward" in words:
    print(cluster["forwarding"], flush=True)
    time.sleep(600 if "127.0.0.1" in cluster["forwarding"] else 0)
elif "--flatten" in words:
    print("kind: Config")
elif "view" in words:
    print(cluster["name"], cluster["name"], cluster["server"], sep="\\n", end="")
else:
    print(cluster["uid"], end="")
"""


class Kubectl:
    """A kubectl that plays one cluster."""

    def __init__(self, folder: Path, executable: Path) -> None:
        folder.mkdir()
        self._state, self._log = folder / "cluster.json", folder / "log"
        programs.install(executable, KUBECTL.format(state=str(self._state), log=str(self._log)), "-SE")
        self._cluster: dict[str, str] = {}
        self.set(name="kind-hello", server="https://127.0.0.1:6443", uid="1234", forwarding="")

    def set(self, **values: str) -> None:
        """Let the cluster be like that."""
        self._cluster |= values
        self._state.write_text(json.dumps(self._cluster))

    @property
    def commands(self) -> list[str]:
        """What was asked."""
        return self._log.read_text().splitlines() if self._log.exists() else []


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    with delivery_stage.serving(lambda: CURRENT[-1]) as service:
        yield service


CURRENT: list[Stage] = []


@pytest.fixture
def stage(tmp_path: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> Stage:
    service.reset()
    stage = Stage(tmp_path / "stage", service)
    stage.in_process(monkeypatch)
    stage.stack = "local"
    stage.pulumi.change(watched=["KUBECONFIG", "PULUMI_BACKEND_URL", "PULUMI_CONFIG_PASSPHRASE"])
    (stage.project / "Pulumi.local.yaml").write_text("config:\n  helloworld:platform: local\n")
    CURRENT.append(stage)
    return stage


@pytest.fixture
def kubectl(stage: Stage) -> Kubectl:
    kubectl = Kubectl(stage.folder / "kubectl", stage.pulumi.bin / "kubectl")
    kubectl.set(forwarding=f"Forwarding from {stage.service.url.removeprefix('http://')} -> 8080")
    return kubectl


def up(stage: Stage) -> tuple[int, str, str]:
    stage.pulumi.answer("up", outputs={"url": "http://localhost:8080", "namespace": "helloworld"})
    done = stage.run("up", "--stack", "local")
    return done.code, done.out, done.err


def test_the_release_is_deployed_and_its_address_said(stage: Stage, kubectl: Kubectl) -> None:
    code, out, err = up(stage)
    assert (code, err) == (0, "")
    assert "http://localhost:8080" in out
    assert "kubectl --context kind-hello -n helloworld port-forward service/helloworld 8080:80" in out


def test_the_history_has_the_tag_of_the_image_that_this_machine_builds(stage: Stage, kubectl: Kubectl) -> None:
    up(stage)
    (call,) = stage.pulumi.called("up")
    message = call["argv"][call["argv"].index("--message") + 1]
    assert f"Image: {image_tag(stage.project / 'app', None, None)}\n" in message


def test_the_engine_sees_that_cluster_only_and_keeps_its_state_in_the_project(stage: Stage, kubectl: Kubectl) -> None:
    up(stage)
    (call,) = stage.pulumi.called("up")
    values = call["values"]
    assert values["PULUMI_BACKEND_URL"] == f"file://{stage.project / STATE_FOLDER / 'local-1234'}"
    assert values["KUBECONFIG"] not in (None, os.environ.get("KUBECONFIG"))


def test_a_command_leaves_another_one_what_reaches_the_cluster(stage: Stage, kubectl: Kubectl) -> None:
    with prepared(stage.context(), "local") as running:
        with prepared(stage.context(), "local"):
            pass
        assert Path(running.context.environ["KUBECONFIG"]).read_text() == "kind: Config\n"


def test_what_reaches_the_cluster_is_found_again_by_the_next_command(stage: Stage, kubectl: Kubectl) -> None:
    """The plugin remembers the path of the kubeconfig; a destruction asks there."""
    up(stage)
    stage.run("destroy", "--stack", "local")
    paths = {call["values"]["KUBECONFIG"] for call in stage.pulumi.calls}
    assert stage.pulumi.called("destroy")
    assert len(paths) == 1


def test_what_reaches_the_cluster_is_for_nobody_else_to_read(stage: Stage, kubectl: Kubectl) -> None:
    with prepared(stage.context(), "local") as cluster:
        kubeconfig = Path(cluster.context.environ["KUBECONFIG"])
        assert kubeconfig.read_text() == "kind: Config\n"
        assert stat.S_IMODE(kubeconfig.stat().st_mode) == 0o600


def test_a_cluster_that_was_made_anew_under_its_name_has_a_state_of_its_own(stage: Stage, kubectl: Kubectl) -> None:
    up(stage)
    kubectl.set(uid="5678")
    up(stage)
    states = [call["values"]["PULUMI_BACKEND_URL"].rpartition("-")[2] for call in stage.pulumi.called("up")]
    assert states == ["1234", "5678"]


def test_the_stack_s_file_stays_as_it_is(stage: Stage, kubectl: Kubectl) -> None:
    file = stage.project / "Pulumi.local.yaml"
    before = file.read_text()
    with prepared(stage.context(), "local"):
        file.write_text(f"{before}encryptionsalt: v1:salt\n")
    assert file.read_text() == before


@pytest.mark.parametrize(
    ("name", "server"),
    [
        ("arn:aws:eks:us-west-2:123456789012:cluster/helloworld-dev", "https://A.gr7.us-west-2.eks.amazonaws.com"),
        ("dev", "https://A.gr7.us-west-2.eks.amazonaws.com"),
        ("production", "https://10.0.0.1"),
        ("kind-prod", "https://127.0.0.1:6443"),
    ],
)
def test_a_cluster_that_looks_like_eks_or_prod_is_refused_before_anything_is_done(
    stage: Stage, kubectl: Kubectl, name: str, server: str
) -> None:
    kubectl.set(name=name, server=server)
    code, _, err = up(stage)
    assert code == 1
    assert name in err
    assert "cure" in err
    assert stage.pulumi.calls == []
    assert refusal(name, name, server, throw_away=True)


def test_a_cluster_that_does_not_answer_is_said_so(stage: Stage, kubectl: Kubectl) -> None:
    kubectl.set(error="The connection to the server 127.0.0.1:6443 was refused")
    code, _, err = up(stage)
    assert code == 1
    assert "was refused" in err
    assert "make kind" in err


def test_a_context_without_a_cluster_is_said_so(stage: Stage, kubectl: Kubectl) -> None:
    kubectl.set(server="")
    code, _, err = up(stage)
    assert code == 1
    assert "no cluster with a server" in err


def test_what_was_looked_at_is_what_is_used_though_the_current_context_changes(stage: Stage, kubectl: Kubectl) -> None:
    up(stage)
    looked, *used = kubectl.commands
    assert "--context" not in looked
    assert used
    assert all(command.startswith("--context=kind-hello ") for command in used)


def test_without_kubectl_it_is_said_what_is_needed(stage: Stage) -> None:
    stage.environ["PATH"] = str(stage.pulumi.bin)
    code, _, err = up(stage)
    assert code == 1
    assert "kubectl, which is not installed" in err


def test_a_checkout_that_git_refuses_to_read_is_told_by_gits_reason(stage: Stage, kubectl: Kubectl) -> None:
    break_checkout(stage)
    code, _, err = up(stage)
    assert code == 1
    assert "error: git cannot tell the last commit" in err
    assert stage.pulumi.calls == []


def test_up_is_for_local_stacks(stage: Stage, kubectl: Kubectl) -> None:
    done = stage.run("up", "--stack", "dev")
    assert done.code == 1
    assert "make deploy STACK=dev" in done.err
    assert kubectl.commands == []


def test_the_smoke_test_goes_through_a_forwarded_port(stage: Stage, kubectl: Kubectl) -> None:
    stage.pulumi.stack("local", {"url": "http://localhost:8080", "namespace": "helloworld"})
    done = stage.run("smoke", "--stack", "local", "--seconds", "0")
    assert done.code == 0, done.err
    assert "/" in stage.service.asked


def test_a_service_that_fails_there_fails_the_smoke_test(stage: Stage, kubectl: Kubectl) -> None:
    stage.pulumi.stack("local", {"url": "http://localhost:8080", "namespace": "helloworld"})
    stage.service.answers[stage.running(stage.stack)] = (500, "")
    done = stage.run("smoke", "--stack", "local", "--seconds", "0")
    assert (done.code, "FAIL  status" in done.out) == (1, True)


def test_a_port_that_is_not_forwarded_is_said_so(stage: Stage, kubectl: Kubectl) -> None:
    kubectl.set(forwarding="nothing")
    with pytest.raises(DeliveryError, match="forwards no port"), reachable(stage.context()):
        pass


class TestLife:
    """`make local-check`."""

    def life(self, stage: Stage) -> tuple[int, str]:
        stage.pulumi.stack("local", {"url": "http://localhost:8080", "namespace": "helloworld", "image": "a"})
        done = stage.run("local-check", "--stack", "local")
        return done.code, done.out

    def test_a_stack_that_lives_as_it_should_is_held(
        self, stage: Stage, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("delivery.local_check.SMOKE_SECONDS", 0.0)
        stage.service.answers[digest_of("built")] = (200, stage.commit)
        stage.pulumi.answer("up", after=2, code=255, stderr="rolled back")
        code, out = self.life(stage)
        assert code == 0, out
        assert out.count(": held") == 8
        assert BROKEN_IMAGE in str(stage.pulumi.called("up")[2]["config"])

    def test_a_broken_image_that_goes_through_is_told(
        self, stage: Stage, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("delivery.local_check.SMOKE_SECONDS", 0.0)
        stage.service.answers[digest_of("built")] = (200, stage.commit)
        code, out = self.life(stage)
        assert code == 1
        assert "a broken image fails the up: NOT HELD: the up succeeded" in out
        assert "== destroy: held" in out

    def test_a_checkout_that_git_refuses_to_read_is_a_step_that_does_not_hold(
        self, stage: Stage, kubectl: Kubectl, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("delivery.local_check.SMOKE_SECONDS", 0.0)
        break_checkout(stage)
        code, out = self.life(stage)
        assert code == 1
        assert "the service answers: NOT HELD: git cannot tell the last commit" in out
        assert "== destroy: held" in out

    def test_it_is_for_local_stacks(self, stage: Stage, kubectl: Kubectl) -> None:
        done = stage.run("local-check", "--stack", "dev")
        assert done.code == 1
        assert stage.pulumi.calls == []
