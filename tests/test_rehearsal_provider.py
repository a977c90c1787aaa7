"""The stand-ins for AWS and Docker, asked as the engine asks them."""

import base64
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import grpc  # type: ignore[import-untyped]
import pytest
from pulumi.runtime.proto import provider_pb2, provider_pb2_grpc

from offline import wire
from rehearsal import docker
from rehearsal.ledger import Ledger
from rehearsal.provider import StandIn, StandInSettings, serve

VPC = "urn:pulumi:dev::helloworld::helloworld:network:Network$aws:ec2/vpc:Vpc::network-vpc"
EIP = "urn:pulumi:dev::helloworld::aws:ec2/eip:Eip::nat-address"
CLUSTER = "urn:pulumi:dev::helloworld::eks:index:Cluster$aws:eks/cluster:Cluster::cluster"
DATABASE = "urn:pulumi:dev::helloworld::helloworld:database:Database$aws:rds/instance:Instance::database"
IMAGE = "urn:pulumi:dev::helloworld::docker:index/image:Image::image"
AUTHORITY = base64.b64encode(b"authority").decode()
REGISTRY = "123456789012.dkr.ecr.us-west-2.amazonaws.com"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "ledger")


@pytest.fixture
def engine(tmp_path: Path, ledger: Ledger) -> Iterator[Any]:
    """The engine's side of the protocol."""
    settings = StandInSettings(
        endpoint="https://127.0.0.1:6443", authority=AUTHORITY, ledger=str(ledger.path), images_into=None
    )
    settings.save(tmp_path / "settings.json")
    ports: list[int] = []
    server = serve(StandIn("aws", StandInSettings.read(tmp_path / "settings.json")), ports.append)
    with grpc.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
        stub = provider_pb2_grpc.ResourceProviderStub(channel)
        stub.Configure(provider_pb2.ConfigureRequest(args=wire.struct({"region": "us-west-2"})))
        yield stub
    server.stop(None).wait()


@pytest.fixture
def context(tmp_path: Path) -> Path:
    """What an image is built from."""
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / ".dockerignore").write_text("*\n!main.py\n")
    (tmp_path / "app" / "Dockerfile").write_text("FROM scratch\n")
    (tmp_path / "app" / "main.py").write_text("")
    return tmp_path / "app"


def create(engine: Any, urn: str, inputs: dict[str, Any], *, preview: bool = False) -> dict[str, Any]:
    answer = engine.Create(
        provider_pb2.CreateRequest(urn=urn, properties=wire.struct(inputs), preview=preview), timeout=60
    )
    return {**wire.raw(answer.properties), "id": answer.id}


def delete(engine: Any, urn: str, state: dict[str, Any]) -> None:
    engine.Delete(provider_pb2.DeleteRequest(urn=urn, id=state["id"], properties=wire.struct(state)), timeout=60)


def build(context: Path, **build: Any) -> dict[str, Any]:
    return {"imageName": f"{REGISTRY}/app:1", "build": {"context": str(context), **build}}


def test_a_resource_that_is_created_has_its_inputs_an_id_and_computed_outputs(engine: Any) -> None:
    made = create(engine, EIP, {"domain": "vpc"})
    assert made["domain"] == "vpc"
    assert made["id"]
    assert made["allocationId"]


def test_a_preview_makes_nothing(engine: Any, ledger: Ledger) -> None:
    assert create(engine, VPC, {"cidrBlock": "10.0.0.0/16"}, preview=True)["id"] == ""
    assert ledger.left() == []


def test_every_cluster_turns_out_to_be_the_one_that_is_there(engine: Any) -> None:
    made = create(engine, CLUSTER, {"name": "dev"})
    assert made["id"] == made["name"] == "dev"
    assert made["endpoint"] == "https://127.0.0.1:6443"
    assert made["certificateAuthority"] == {"data": AUTHORITY}


def test_what_is_made_is_left_until_it_is_deleted(engine: Any, ledger: Ledger) -> None:
    vpc, address = create(engine, VPC, {}), create(engine, EIP, {})
    delete(engine, VPC, vpc)
    assert ledger.left() == [EIP]
    delete(engine, EIP, address)
    assert ledger.left() == []


def test_asking_again_after_a_kill_makes_nothing_twice(engine: Any, ledger: Ledger) -> None:
    create(engine, VPC, {})
    delete(engine, VPC, create(engine, VPC, {}))
    assert ledger.left() == []


def test_a_protected_cluster_is_not_deleted(engine: Any, ledger: Ledger) -> None:
    made = create(engine, CLUSTER, {"name": "prod", "deletionProtection": True})
    with pytest.raises(grpc.RpcError, match="deletion protection"):
        delete(engine, CLUSTER, made)
    assert ledger.left() == [CLUSTER]


def test_nor_is_a_protected_database(engine: Any, ledger: Ledger) -> None:
    made = create(engine, DATABASE, {"identifier": "prod", "deletionProtection": True})
    with pytest.raises(grpc.RpcError, match="deletion protection"):
        delete(engine, DATABASE, made)
    assert ledger.left() == [DATABASE]
    delete(engine, DATABASE, {**made, "deletionProtection": False})
    assert ledger.left() == []


def test_data_sources_answer_as_in_the_offline_preview(engine: Any) -> None:
    request = provider_pb2.InvokeRequest(tok="aws:index/getCallerIdentity:getCallerIdentity")
    assert wire.raw(getattr(engine.Invoke(request), "return"))["accountId"] == "123456789012"


def test_an_unknown_data_source_is_an_error_that_says_where_to_teach_it(engine: Any) -> None:
    with pytest.raises(grpc.RpcError, match=r"offline/cloud\.py"):
        engine.Invoke(provider_pb2.InvokeRequest(tok="aws:ec2/getAmi:getAmi"))


@pytest.mark.parametrize(
    ("old", "new", "diffs", "replaces"),
    [
        ({"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.0.0.0/16"}, [], []),
        ({"tags": {"a": "1"}}, {"tags": {"a": "2"}}, ["tags"], []),
        ({"cidrBlock": "10.0.0.0/16"}, {"cidrBlock": "10.1.0.0/16"}, ["cidrBlock"], ["cidrBlock"]),
        ({}, {"tags": {"a": "1"}}, ["tags"], []),
        ({"__defaults": []}, {}, [], []),
    ],
)
def test_a_difference_is_told_and_what_aws_would_replace_is_replaced(
    engine: Any, old: dict[str, Any], new: dict[str, Any], diffs: list[str], replaces: list[str]
) -> None:
    request = provider_pb2.DiffRequest(urn=VPC, id="x", old_inputs=wire.struct(old), news=wire.struct(new))
    answer = engine.Diff(request)
    assert (list(answer.diffs), list(answer.replaces)) == (diffs, replaces)
    some, none = provider_pb2.DiffResponse.DIFF_SOME, provider_pb2.DiffResponse.DIFF_NONE
    assert answer.changes == (some if diffs else none)


def test_an_update_keeps_the_identity(engine: Any, ledger: Ledger) -> None:
    made = create(engine, VPC, {})
    request = provider_pb2.UpdateRequest(urn=VPC, id=made["id"], news=wire.struct({"tags": {"a": "b"}}))
    updated = wire.raw(engine.Update(request).properties)
    assert (updated["id"], updated["tags"]) == (made["id"], {"a": "b"})
    delete(engine, VPC, made)
    assert ledger.left() == []


def test_an_image_has_another_digest_when_a_file_or_its_mode_or_an_argument_changes(engine: Any, context: Path) -> None:
    digests = [create(engine, IMAGE, build(context))["repoDigest"]]
    digests.append(create(engine, IMAGE, build(context, args={"GIT_COMMIT": "1"}))["repoDigest"])
    (context / "main.py").write_text("print()")
    digests.append(create(engine, IMAGE, build(context))["repoDigest"])
    (context / "main.py").chmod(0o700)
    digests.append(create(engine, IMAGE, build(context))["repoDigest"])
    assert len(set(digests)) == 4
    assert all(each.startswith(f"{REGISTRY}/app@sha256:") for each in digests)


def test_the_same_image_has_the_same_digest(engine: Any, context: Path) -> None:
    first, second = (create(engine, IMAGE, build(context))["repoDigest"] for _ in range(2))
    assert first == second


def test_a_changed_file_is_a_changed_input(engine: Any, context: Path) -> None:
    def checked() -> Any:
        request = provider_pb2.CheckRequest(urn=IMAGE, news=wire.struct(build(context)))
        return wire.raw(engine.Check(request).inputs)["build"]["contextDigest"]

    before = checked()
    assert before == checked()
    (context / "main.py").write_text("print()")
    assert before != checked()


def test_an_image_is_no_resource_of_aws(engine: Any, context: Path, ledger: Ledger) -> None:
    create(engine, IMAGE, build(context))
    assert ledger.left() == []


def test_a_simulated_pod_can_tell_a_broken_image_by_its_name(engine: Any, context: Path) -> None:
    assert "broken" not in create(engine, IMAGE, build(context))["repoDigest"]
    (context / "Dockerfile").write_text(f'FROM scratch\nENTRYPOINT ["{docker.BROKEN}"]\n')
    assert create(engine, IMAGE, build(context))["repoDigest"].startswith(f"{REGISTRY}/app-broken@sha256:")


def test_an_image_for_real_pods_is_built_and_loaded_under_the_name_that_they_get() -> None:
    commands: list[Sequence[str]] = []
    images = docker.LoadedImages("kind-test", commands.append)
    arguments = {"context": "app", "platform": "linux/amd64", "args": {"A": "1", "B": "two words"}}
    assert images.make("registry.example.com/app:1", arguments) == "registry.example.com/app:1"
    built, *loaded = commands
    assert built[:3] == ["docker", "build", "--tag=registry.example.com/app:1"]
    assert set(built[3:-1]) == {
        "--file=app/Dockerfile",
        "--platform=linux/amd64",
        "--build-arg=A=1",
        "--build-arg=B=two words",
    }
    assert built[-1] == "app"
    assert loaded == [
        ["kind", "load", "docker-image", "registry.example.com/app:1", "--name", "test"],
        ["docker", "image", "rm", "registry.example.com/app:1"],
    ]


def test_a_cluster_that_shares_docker_keeps_the_image_where_it_was_built() -> None:
    commands: list[Sequence[str]] = []
    docker.LoadedImages("docker-desktop", commands.append).make("app:1", {"context": "app"})
    assert [command[:2] for command in commands] == [["docker", "build"]]


def test_a_build_that_fails_says_why(engine: Any, context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise subprocess.CalledProcessError(1, ["docker", "build", "--tag=x"], stderr="no space left\n")

    monkeypatch.setattr(docker.SimulatedImages, "make", fail)
    with pytest.raises(grpc.RpcError, match=r"docker build --tag=x failed: no space left"):
        create(engine, IMAGE, build(context))


def test_a_machine_without_docker_is_told_so(engine: Any, context: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(docker.SimulatedImages, "make", lambda *_: docker.run(["no-such-command-of-anybody"]))
    with pytest.raises(grpc.RpcError, match="no-such-command-of-anybody cannot be run"):
        create(engine, IMAGE, build(context))
