"""What surrounds the steps: the engine's environment, its plugins, the chart, the controller, the processes."""

import base64
import contextlib
import io
import json
import os
import signal
import subprocess
import tarfile
import time
import urllib.request
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from kubernetes.client import ApiException
from pulumi.automation import CommandResult, events
from pulumi.automation.errors import create_command_error

import delivery.engine
from infra import load_balancer
from infra.settings import SECRETS
from rehearsal import chart, controller, processes, stage
from rehearsal.cluster import NAMESPACE, OWN, Cluster, Serving
from rehearsal.engine import TOKEN, Engine, environment, mend, put_beside, write_executables
from rehearsal.problems import RehearsalError, UsageError
from rehearsal.provider import StandInSettings
from tests.conftest import NEEDS_PS

PROJECT = Path(__file__).parent.parent
SETTINGS = StandInSettings(endpoint="https://127.0.0.1:1", authority="", ledger="/nowhere", images_into=None)


@pytest.fixture
def bin_(tmp_path: Path) -> Path:
    write_executables(tmp_path / "bin", SETTINGS)
    return tmp_path / "bin"


@pytest.fixture
def environ(bin_: Path, tmp_path: Path) -> dict[str, str]:
    return environment(bin_, tmp_path / "state", "the-token", os.environ["PATH"])


def test_the_engine_finds_our_plugins_and_our_aws_cli_before_any_other(bin_: Path, environ: dict[str, str]) -> None:
    assert environ["PATH"].split(os.pathsep)[0] == str(bin_)
    assert {path.name for path in bin_.iterdir() if os.access(path, os.X_OK)} == {
        "aws",
        "pulumi-resource-aws",
        "pulumi-resource-docker",
    }
    assert environ["PULUMI_IGNORE_AMBIENT_PLUGINS"] == ""


def test_our_aws_cli_is_found_though_the_real_one_lies_beside_the_engine(bin_: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    installed.mkdir()
    for name, script in (("pulumi", "command -v aws; command -v pulumi-language-python"), ("aws", "")):
        (installed / name).write_text(f"#!/bin/sh\n{script}\n")
        (installed / name).chmod(0o755)
    (installed / "pulumi-language-python").symlink_to(installed / "aws")
    command = delivery.engine.Engine(str(installed / "pulumi"), None, os.environ, lambda _: None)
    path = os.pathsep.join([put_beside(command, bin_), os.environ["PATH"]])
    environ = environment(bin_, tmp_path / "state", "the-token", path)
    found = command.run([], str(tmp_path), environ).stdout.splitlines()
    assert found == [str(bin_ / "aws"), str(installed / "pulumi-language-python")]


def test_nothing_in_the_engine_s_environment_leads_to_an_account_or_to_the_user_s_cluster(
    environ: dict[str, str],
) -> None:
    assert environ["PULUMI_BACKEND_URL"].startswith("file:///")
    assert environ["AWS_ACCESS_KEY_ID"] == "stand-in"
    assert environ["AWS_PROFILE"] == environ["AWS_SESSION_TOKEN"] == ""
    nowhere = ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "KUBECONFIG")
    assert {environ[name] for name in nowhere} == {os.devnull}


def test_the_cluster_s_token_is_in_no_file(bin_: Path, environ: dict[str, str]) -> None:
    assert environ[TOKEN] == "the-token"
    assert not [path for path in bin_.iterdir() if "the-token" in path.read_text()]


def test_the_aws_cli_gives_the_token_as_kubernetes_clients_ask_for_it(bin_: Path, environ: dict[str, str]) -> None:
    command = [str(bin_ / "aws"), "--region", "us-west-2", "eks", "get-token", "--cluster-name", "x"]
    answer = json.loads(subprocess.run(command, env=environ, check=True, capture_output=True).stdout)
    assert answer["apiVersion"] == "client.authentication.k8s.io/v1beta1"
    assert answer["status"] == {"token": "the-token"}


def test_the_aws_cli_says_a_version_and_refuses_what_it_cannot_do(bin_: Path, environ: dict[str, str]) -> None:
    def run(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run([str(bin_ / "aws"), *arguments], env=environ, capture_output=True, text=True)

    assert run("--version").stdout.startswith("aws-cli/2.")
    refused = run("s3", "ls")
    assert refused.returncode
    assert "s3 ls" in refused.stderr


def test_a_plugin_serves_the_engine_whatever_directory_it_starts_in(bin_: Path, tmp_path: Path) -> None:
    """Its working directory is the program's copy, which may hold modules of the same names."""
    (tmp_path / "rehearsal").mkdir()
    (tmp_path / "rehearsal" / "__init__.py").write_text("raise SystemExit('the wrong one')")
    with subprocess.Popen([bin_ / "pulumi-resource-aws"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as plugin:
        assert plugin.stdout is not None
        assert int(plugin.stdout.readline()) > 0
        plugin.kill()


class FakeStack:
    """A stack of the Automation API that says what a test tells it to say."""

    def __init__(self, seen: list[dict[str, Any]], error: str = "") -> None:
        self._seen, self._error = seen, error

    def up(self, *, on_output: Any, on_event: Any, **_: object) -> None:
        on_output("a line of the engine")
        for each in self._seen:
            on_event(events.EngineEvent.from_json({"sequence": 0, "timestamp": 0, **each}))
        if self._error:
            raise create_command_error(CommandResult(stdout="", stderr=self._error, code=1))


def resource_event(kind: str, operation: str) -> dict[str, Any]:
    metadata = {"op": operation, "urn": "urn:pulumi:dev::x::a:b:C::it", "type": "a:b:C", "provider": ""}
    return {kind: {"metadata": metadata}}


def test_an_operation_is_told_by_the_engine_s_events() -> None:
    seen = [resource_event("resourcePreEvent", "create"), resource_event("resOutputsEvent", "create")]
    log = io.StringIO()
    done = Engine(cast("Any", FakeStack(seen)), Path(), log).up()
    assert done.succeeded
    assert [(each.kind, each.operation, each.type) for each in done.events] == [
        ("start", "create", "a:b:C"),
        ("done", "create", "a:b:C"),
    ]
    assert "a line of the engine" in log.getvalue()


def test_a_failure_is_told_by_the_engine_s_errors_or_by_its_last_lines() -> None:
    said = {"diagnosticEvent": {"message": "it broke", "color": "", "severity": "error"}}
    assert Engine(cast("Any", FakeStack([said], "x")), Path(), io.StringIO()).up().errors == ["it broke"]
    failed = Engine(cast("Any", FakeStack([], "error: no such stack")), Path(), io.StringIO()).up()
    assert not failed.succeeded
    assert any("no such stack" in line for line in failed.errors)


def test_an_up_is_killed_at_the_event_that_it_shall_be_killed_at(monkeypatch: pytest.MonkeyPatch) -> None:
    killed: list[int] = []
    monkeypatch.setattr("rehearsal.engine.kill_descendants", killed.append)
    seen = [resource_event("resourcePreEvent", "same"), resource_event("resourcePreEvent", "update")]
    Engine(cast("Any", FakeStack(seen)), Path(), io.StringIO()).up(lambda event: event.operation == "update")
    assert killed == [os.getpid()]


def test_descendants_are_children_and_theirs_but_nobody_else() -> None:
    parents = {10: 1, 11: 10, 12: 11, 13: 1, 14: 13, 15: 12}
    assert processes.descendants(parents, 10) == {11, 12, 15}
    assert processes.descendants(parents, 15) == set()


@NEEDS_PS
def test_a_kill_ends_everything_below_a_process_and_spares_the_process(tmp_path: Path) -> None:
    ready = tmp_path / "ready"
    script = f"(sleep 120 & echo $! > {ready}.new && mv {ready}.new {ready}; wait) & wait; sleep 120"
    with subprocess.Popen(["sh", "-c", script]) as shell:
        try:
            end = time.monotonic() + 60
            while not ready.exists() and time.monotonic() < end:
                time.sleep(0.01)
            grandchild = int(ready.read_text())
            assert processes.kill_descendants(shell.pid) >= 2
            assert shell.poll() is None
            state = subprocess.run(["ps", "-o", "stat=", "-p", str(grandchild)], capture_output=True, text=True).stdout
            assert not state.strip() or state.startswith("Z")
        finally:
            processes.kill_descendants(shell.pid)
            shell.kill()


def test_the_chart_is_the_one_that_the_program_asks_for() -> None:
    with chart.served() as url:
        index = yaml.safe_load(urllib.request.urlopen(f"{url}/index.yaml").read())
        (entry,) = index["entries"][load_balancer.CHART]
        packed = urllib.request.urlopen(f"{url}/{entry['urls'][0]}").read()
    assert entry["version"] == load_balancer.CHART_VERSION
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        member = archive.extractfile(f"{load_balancer.CHART}/Chart.yaml")
        assert member is not None
        described = yaml.safe_load(member.read())
    assert (described["name"], described["version"]) == (load_balancer.CHART, load_balancer.CHART_VERSION)


@pytest.mark.parametrize("error", [KeyboardInterrupt, RuntimeError, None])
@pytest.mark.parametrize("when", ["the engine starts", "the steps run"])
def test_the_stage_is_cleared_however_the_rehearsal_ends(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, error: type[BaseException] | None, when: str
) -> None:
    """What still runs is killed first, since it might make more; nobody can interrupt it; the token goes last."""
    done: list[Any] = []
    api = FakeApi(("cluster_role_binding", OWN), ("namespace", OWN), ("namespace", NAMESPACE))
    before = signal.getsignal(signal.SIGINT)

    def start(*_: object) -> None:
        if error and when == "the engine starts":
            raise error

    def kill(_: int) -> None:
        done.append((signal.getsignal(signal.SIGINT), set(api.objects)))

    monkeypatch.setattr(Cluster, "current", lambda **_: cluster(api))
    monkeypatch.setattr(Cluster, "has_real_pods", lambda _: False)
    monkeypatch.setattr(Engine, "start", start)
    monkeypatch.setattr(stage, "kill_descendants", kill)
    checkout = tmp_path / "checkout"
    checkout.mkdir()
    (checkout / "Pulumi.yaml").write_text("name: helloworld\n")
    (checkout / "Pulumi.dev.yaml").write_text("config: {}\n")
    subprocess.run(["git", "init", "--quiet"], cwd=checkout, check=True)
    log, engine = tmp_path / "reports" / "log", cast("Any", SimpleNamespace(version="3", command="pulumi"))

    def rehearse() -> None:
        with stage.staged(checkout, "dev", log, engine, throw_away=False, say=lambda _: None):
            if error:
                raise error

    with pytest.raises(error) if error else contextlib.nullcontext():
        rehearse()
    assert done == [(signal.SIG_IGN, {("cluster_role_binding", OWN), ("namespace", OWN), ("namespace", NAMESPACE)})]
    assert not api.objects
    assert signal.getsignal(signal.SIGINT) is before


def ingress(*, finalizers: list[str] | None = None, deleted: bool = False, address: bool = False) -> Any:
    return SimpleNamespace(
        spec=SimpleNamespace(ingress_class_name=load_balancer.INGRESS_CLASS),
        metadata=SimpleNamespace(finalizers=finalizers, deletion_timestamp="now" if deleted else None),
        status=SimpleNamespace(load_balancer=SimpleNamespace(ingress=[1] if address else None)),
    )


def test_the_controller_gives_an_ingress_an_address_and_holds_it_back_from_deletion() -> None:
    (hold,), (address,) = controller.changes(ingress())
    assert (hold["path"], hold["value"]) == ("/metadata/finalizers", [controller.FINALIZER])
    assert address["value"] == {"ingress": [{"hostname": controller.BALANCER}]}


def test_the_controller_lets_a_deleted_ingress_go_and_leaves_what_others_hold() -> None:
    ((free,), status) = controller.changes(ingress(finalizers=["other", controller.FINALIZER], deleted=True))
    assert (free["value"], status) == (["other"], [])


def test_the_controller_leaves_alone_what_is_done_and_what_is_not_its_own() -> None:
    assert controller.changes(ingress(finalizers=[controller.FINALIZER], address=True)) == ([], [])
    other = ingress()
    other.spec.ingress_class_name = "nginx"
    assert controller.changes(other) == ([], [])


def test_real_pods_get_this_machine_s_architecture_and_simulated_ones_the_stack_s() -> None:
    real = stage.settings_of(real_pods=True, repository="http://127.0.0.1:1", machine="x86_64")
    assert (real["nodeArchitecture"], real["nodeInstanceTypes"]) == ("amd64", ["t3.medium"])
    simulated = stage.settings_of(real_pods=False, repository="http://127.0.0.1:1", machine="x86_64")
    assert "nodeArchitecture" not in simulated
    assert simulated["chartRepository"] == "http://127.0.0.1:1"
    assert simulated["image"] is simulated["promoteFrom"] is None


@pytest.mark.parametrize("real_pods", [True, False])
def test_no_rehearsal_needs_a_key_or_another_chart(real_pods: bool) -> None:
    changed = stage.settings_of(real_pods=real_pods, repository="http://127.0.0.1:1", machine="x86_64")
    left_out = {key for key, value in changed.items() if value is None}
    assert {*SECRETS, "requestsPerPod"} <= left_out


def test_real_pods_look_for_nothing_that_only_aws_has_and_simulated_ones_rehearse_all(planned: Any) -> None:
    parts = ("aws:rds/instance:Instance", "aws:elasticache/serverlessCache:ServerlessCache")
    for real_pods in (True, False):
        changed = stage.settings_of(real_pods=real_pods, repository="http://127.0.0.1:1", machine="x86_64")
        # An empty text stands for a setting that is not set.
        texts = {
            key: "" if value is None else value if isinstance(value, str) else json.dumps(value)
            for key, value in changed.items()
        }
        plan = planned("prod", texts)
        assert [bool(plan.of(part)) for part in parts] == [not real_pods] * len(parts)
        deployments = {each.name for each in plan.of("kubernetes:apps/v1:Deployment")}
        assert ("helloworld-node-autoscaler-deployment" in deployments) is not real_pods
        assert plan.of("aws:cloudwatch/metricAlarm:MetricAlarm")


@pytest.mark.parametrize("machine", ["x86_64", "aarch64", "arm64", "AMD64"])
def test_the_settings_of_a_rehearsal_are_valid(planned: Any, machine: str) -> None:
    changed = stage.settings_of(real_pods=True, repository="http://127.0.0.1:1", machine=machine)
    given = {key: value if isinstance(value, str) else json.dumps(value) for key, value in changed.items() if value}
    assert planned("dev", given).resources


def test_only_a_protected_stack_needs_its_protection_taken_away() -> None:
    assert stage.protected(PROJECT, "prod")
    assert not stage.protected(PROJECT, "dev")


def test_a_stack_without_file_or_without_a_platform_of_its_own_is_wrong_usage(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.pr-7.yaml").write_text("config: {helloworld:platform: reference}\n")
    with pytest.raises(UsageError, match="reference"):
        stage.protected(tmp_path, "pr-7")
    with pytest.raises(UsageError, match=r"Pulumi\.none\.yaml"):
        stage.protected(tmp_path, "none")


class FakeApi:
    """The Kubernetes client's APIs at once: `objects` exist, by kind and name; every call is noted."""

    def __init__(self, *objects: tuple[str, str], nodes: Any = ()) -> None:
        self.objects, self.calls = set(objects), list[tuple[str, ...]]()
        self.nodes = list(nodes)

    def __getattr__(self, call: str) -> Any:
        verb, _, kind = call.partition("_")
        kind = kind.removeprefix("namespaced_")

        def do(*arguments: Any, **_: Any) -> Any:
            name = str(arguments[0]) if arguments else ""
            self.calls.append((verb, kind, name))
            if verb == "list":
                return SimpleNamespace(items=self.nodes if kind == "node" else [])
            if call.endswith("_token"):
                return SimpleNamespace(status=SimpleNamespace(token="lent"))
            if verb in ("read", "delete") and (kind, name) not in self.objects:
                raise ApiException(status=404)
            if verb == "delete":
                self.objects.remove((kind, name))
            return SimpleNamespace()

        return do


def cluster(api: FakeApi, name: str = "kind-test") -> Cluster:
    made = Cluster.__new__(Cluster)
    made.name, made.endpoint, made.authority = name, "https://127.0.0.1:1", base64.b64encode(b"x").decode()
    made.core = made.apps = made.networking = made.rbac = cast("Any", api)
    return made


def test_the_token_is_lent_and_taken_back_even_if_something_goes_wrong() -> None:
    api = FakeApi(("cluster_role_binding", OWN), ("namespace", OWN))

    def fail() -> None:
        with cluster(api).lent() as token:
            assert token == "lent"
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert not api.objects


def test_a_cluster_that_has_a_release_already_is_refused() -> None:
    with pytest.raises(RehearsalError, match=f"has namespace {NAMESPACE} already"):
        cluster(FakeApi(("namespace", NAMESPACE)))._refuse_if_in_use()


def test_a_cluster_where_another_rehearsal_runs_is_refused() -> None:
    with pytest.raises(RehearsalError, match=f"has namespace {OWN} already"):
        cluster(FakeApi(("namespace", OWN)))._refuse_if_in_use()


def test_an_empty_cluster_is_taken() -> None:
    cluster(FakeApi())._refuse_if_in_use()


def test_what_the_program_made_is_deleted_without_the_engine() -> None:
    objects = [("namespace", NAMESPACE), ("ingress_class", "alb"), ("deployment", load_balancer.CHART)]
    api = FakeApi(*objects)
    assert cluster(api).clean() == []
    assert not api.objects


def node(**annotations: str) -> Any:
    return SimpleNamespace(metadata=SimpleNamespace(annotations={key.replace("_", "/"): "" for key in annotations}))


def test_pods_are_simulated_only_where_every_node_is() -> None:
    fake = SimpleNamespace(metadata=SimpleNamespace(annotations={"kwok.x-k8s.io/node": "fake"}))
    assert not cluster(FakeApi(nodes=[fake, fake])).has_real_pods()
    assert cluster(FakeApi(nodes=[fake, node()])).has_real_pods()
    assert cluster(FakeApi(nodes=[])).has_real_pods()


def test_a_cluster_that_no_image_can_be_loaded_into_is_refused() -> None:
    with pytest.raises(RehearsalError, match="how an image gets into the cluster"):
        cluster(FakeApi(nodes=[node()]), "team").has_real_pods()


def test_serving_is_healthy_only_when_all_that_is_wanted_is_there() -> None:
    assert Serving(image="x", wanted=2, updated=2, available=2).healthy
    assert not Serving(image="x", wanted=2, updated=2, available=1).healthy
    assert not Serving(image="x", wanted=2, updated=1, available=2).healthy


class TestAStateThatAKillHasCutOff:
    def state(self, folder: Path, text: str, before: str | None) -> Path:
        checkpoint = folder / ".pulumi" / "stacks" / "helloworld" / "dev.json"
        checkpoint.parent.mkdir(parents=True)
        checkpoint.write_text(text)
        if before is not None:
            checkpoint.with_name("dev.json.bak").write_text(before)
        return checkpoint

    @pytest.mark.parametrize("text", ["", '{"version": 3, "chec'])
    def test_it_is_the_one_before_again(self, tmp_path: Path, text: str) -> None:
        checkpoint = self.state(tmp_path, text, '{"version": 3}')
        assert mend(tmp_path)
        assert checkpoint.read_text() == '{"version": 3}'

    def test_a_whole_one_stays(self, tmp_path: Path) -> None:
        checkpoint = self.state(tmp_path, '{"version": 4}', '{"version": 3}')
        assert not mend(tmp_path)
        assert checkpoint.read_text() == '{"version": 4}'

    def test_without_one_before_it_stays_what_it_is(self, tmp_path: Path) -> None:
        assert not mend(tmp_path)
        self.state(tmp_path, "", None)
        assert not mend(tmp_path)
