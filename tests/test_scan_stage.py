"""What scanners are given: every manifest and every policy of every stack, as if it were deployed."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from offline import stackfile
from offline.plan import Plan, Resource
from scan import checkov, linters, schema, stage
from scan.dummies import PLACEHOLDER, known
from scan.finding import ScanError
from scan.manifests import CHART, manifests
from scan.planted import MISSPELT_MANIFEST
from scan.policies import policies, pretty, sid_at
from scan.stacks import BOOTSTRAP, EVERYTHING, TURNED_ON, Stack, stacks
from tests.conftest import PROJECT

ENDINGS = ("yml", "yaml")


@pytest.fixture(scope="module")
def every() -> dict[str, Stack]:
    return {each.name: each for each in stacks(PROJECT)}


@pytest.fixture(scope="module")
def staged(every: dict[str, Stack], tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("stage")
    stage.put_files(PROJECT, folder)
    stage.put_plans(folder, list(every.values()))
    return folder


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)


def plan_of(*resources: Resource) -> Plan:
    return Plan(project="helloworld", stack="dev", resources=resources, outputs={})


def resource(type_: str, **inputs: Any) -> Resource:
    return Resource(urn=f"urn:pulumi:dev::helloworld::{type_}::it", type=type_, name="it", parent=None, inputs=inputs)


def test_every_stack_file_a_review_one_with_everything_and_the_account_are_scanned(every: dict[str, Stack]) -> None:
    files = {
        path.name.split(".")[1] for path in PROJECT.glob("Pulumi.*.yaml") if not path.name.startswith("Pulumi.pr-")
    }
    assert set(every) == {*files, EVERYTHING, "pr-1", BOOTSTRAP}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for path in [*PROJECT.glob("Pulumi*.yaml"), PROJECT / "__main__.py"]:
        shutil.copy(path, tmp_path)
    for folder in ("app", "bootstrap"):
        shutil.copytree(PROJECT / folder, tmp_path / folder)
    return tmp_path


def test_a_stack_that_somebody_adds_is_scanned_and_a_review_left_behind_is_not(project: Path) -> None:
    shutil.copy(project / "Pulumi.dev.yaml", project / "Pulumi.another.yaml")
    shutil.copy(project / "Pulumi.dev.yaml", project / "Pulumi.pr-7.yaml")
    names = {each.name for each in stacks(project)}
    assert "another" in names
    assert "pr-7" not in names


def test_without_a_stack_that_others_are_made_of_it_says_which(tmp_path: Path) -> None:
    shutil.copy(PROJECT / "Pulumi.yaml", tmp_path)
    shutil.copy(PROJECT / "Pulumi.dev.yaml", tmp_path)
    with pytest.raises(ScanError, match=r"there is no Pulumi\.prod\.yaml"):
        stacks(tmp_path)


def test_a_file_that_is_refused_is_named(project: Path) -> None:
    (project / "Pulumi.another.yaml").write_text("config:\n  helloworld:nope: 3\n")
    with pytest.raises(ScanError, match=r"^another cannot be evaluated: .*\n.*helloworld:nope"):
        stacks(project)


def test_with_everything_no_switch_is_off() -> None:
    described = yaml.safe_load((PROJECT / "Pulumi.yaml").read_text("utf-8"))["config"]
    switches = {key for key, each in described.items() if each["type"] == "boolean"}
    config = stackfile.load(PROJECT, "prod").config
    on = {key for key in switches if TURNED_ON.get(key, config[f"helloworld:{key}"]) == "true"}
    assert {"database", "cache", "monitoring", "nodeAutoscaling"} <= on
    assert switches - on == set()


def test_every_kubernetes_object_of_every_stack_becomes_a_manifest_without_placeholders(
    every: dict[str, Stack], staged: Path
) -> None:
    for stack in every.values():
        objects = [each for each in stack.plan.resources if each.package == "kubernetes" and each.type != CHART]
        assert bool(objects) is (stack.name != BOOTSTRAP)
        files = sorted((staged / "manifests" / stack.name).glob("*.yaml"))
        assert len(files) == len(objects)
        read = [yaml.safe_load(path.read_text("utf-8")) for path in files]
        assert sorted(each["kind"] for each in read) == sorted(each.inputs["kind"] for each in objects)
        assert all(each["apiVersion"] and each["metadata"]["name"] for each in read)
        assert not [text for each in read for text in texts(each) if PLACEHOLDER.search(text)]


def test_every_policy_of_every_stack_becomes_a_document_without_placeholders(
    every: dict[str, Stack], staged: Path
) -> None:
    for stack in every.values():
        documents = policies(stack.plan)
        roles = stack.plan.of("aws:iam/role:Role")
        assert len([each for each in documents if each.trust]) == len(roles)
        own = [*stack.plan.of("aws:iam/rolePolicy:RolePolicy"), *stack.plan.of("aws:iam/policy:Policy")]
        assert {each.name for each in own} <= {each.name for each in documents}
        for each in documents:
            assert each.body["Statement"]
            assert not [text for text in texts(known(each.body, stack.plan)) if PLACEHOLDER.search(text)]
        linted = {path.stem for path in (staged / "policies" / stack.name).glob("*.json")}
        assert linted == {each.name for each in documents if not each.trust}
    assert every["dev"].plan.of("aws:iam/role:Role")
    assert every[BOOTSTRAP].plan.of("aws:iam/policy:Policy")


@pytest.mark.parametrize(
    "types",
    [("aws:iam/policy:Policy", "aws:iam/rolePolicy:RolePolicy"), ("kubernetes:a/v1:Job", "kubernetes:b/v1:Job")],
)
def test_two_resources_of_one_file_are_refused_for_one_would_not_be_scanned(types: list[str], tmp_path: Path) -> None:
    given = {"policy": '{"Statement": []}', "apiVersion": "v1", "kind": "Job"}
    two = [resource(type_, **given) for type_ in types]
    with pytest.raises(ScanError, match=r"two resources would be (policies|manifests)/dev/.*it\."):
        stage.put_plans(tmp_path, [Stack("dev", plan_of(*two), "1.35")])


def test_a_workflow_is_scanned_whichever_ending_it_has(tmp_path: Path) -> None:
    project, staged = tmp_path / "project", tmp_path / "stage"
    for where in (
        "app/Dockerfile",
        "ci/gitlab-ci.yml",
        "ci/circleci.yml",
        *(f"{stage.WORKFLOWS}/a.{e}" for e in ENDINGS),
    ):
        stage.put(project, where, "on: push")
    stage.put_files(project, staged)
    workflows = {f"{stage.WORKFLOWS}/a.{ending}" for ending in ENDINGS}
    assert workflows <= set(checkov.must_be_seen(staged))
    for linter in (linters.actionlint, linters.zizmor):
        assert workflows <= set(linter(tmp_path, project, staged).command)


def test_only_charts_are_not_rendered() -> None:
    chart = resource(CHART, chart="keda")
    assert manifests(plan_of(chart)) == []
    with pytest.raises(ScanError, match="has no apiVersion or kind"):
        manifests(plan_of(chart, resource("kubernetes:yaml/v2:ConfigFile", file="x.yaml")))


@pytest.mark.parametrize(
    "value", ['{"Statement": []}', {"Statement": []}, [{"policy": '{"Statement": []}'}]], ids=["text", "map", "nested"]
)
def test_a_policy_in_a_place_that_no_scanner_sees_is_refused(value: Any) -> None:
    with pytest.raises(ScanError, match=r"it \(aws:sqs/queue:Queue\) holds a policy in policy"):
        policies(plan_of(resource("aws:sqs/queue:Queue", policy=value)))


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("vpc/${helloworld-network-vpc.id}", "vpc/helloworld-network-vpc-id"),
        ("${it.arn}/*", "arn:aws:s3:::it/*"),
        ("${elsewhere.arn}", "arn:aws:unknown:us-west-2:123456789012:elsewhere"),
        ("user/${aws:username}", "user/${aws:username}"),
        ("plain", "plain"),
    ],
)
def test_placeholders_become_well_formed_and_variables_of_iam_stay(given: str, expected: str) -> None:
    assert known({"a": [given]}, plan_of(resource("aws:s3/bucket:Bucket"))) == {"a": [expected]}


def test_a_digest_that_is_not_known_becomes_one() -> None:
    digest = known("x/y@sha256:${helloworld-image-build.digest(abc-arm64)}", plan_of()).partition("sha256:")[2]
    assert len(digest) == 64
    assert set(digest) <= set("0123456789abcdef")


def test_a_line_of_a_policy_is_told_by_its_statement() -> None:
    statements = [{"Sid": "First", "Action": ["a:B", "a:C"]}, {"Action": "a:D"}]
    text = pretty({"Version": "2012-10-17", "Statement": statements})
    lines = text.splitlines()
    assert sid_at(text, 1) == ""
    assert {sid_at(text, number) for number, line in enumerate(lines, 1) if "First" in line or "a:C" in line} == {
        "First"
    }
    assert sid_at(text, next(number for number, line in enumerate(lines, 1) if "a:D" in line)) == "2"
    assert json.loads(pretty({"Statement": statements[0]}))["Statement"] == [statements[0]]


def test_manifests_fit_the_kubernetes_version_of_their_own_stack() -> None:
    body = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "ServiceCIDR",
        "metadata": {"name": "x"},
        "spec": {"cidrs": ["10.0.0.0/24"]},
    }
    fits, too_old = stage.Manifest("new.yaml", body, "1.35"), stage.Manifest("old.yaml", body, "1.30")
    found = {each.where for each in schema.findings([fits, too_old])}
    assert {"old.yaml"} == found - {MISSPELT_MANIFEST}
    assert MISSPELT_MANIFEST in found


def test_a_workflow_that_checkov_would_pass_over_is_put_so_that_it_does_not(staged: Path) -> None:
    originals = list((PROJECT / stage.WORKFLOWS).glob("*.yml"))
    copies = {path.name: path.read_text("utf-8") for path in (staged / stage.WORKFLOWS).glob("*.yml")}
    assert [path for path in originals if "queue: max" in path.read_text("utf-8")]
    assert set(copies) == {path.name for path in originals}
    assert not [name for name, text in copies.items() if "queue:" in text]
    assert {f"{stage.WORKFLOWS}/{name}" for name in copies} <= set(checkov.must_be_seen(staged))


def test_findings_name_files_of_the_repository() -> None:
    for copy in (".gitlab-ci.yml", ".circleci/config.yml", f"{stage.REPOSITORY}/README.md", "app/Dockerfile"):
        assert (PROJECT / stage.original(copy)).is_file()
    assert stage.original("policies/dev/x.json#Sid") == "policies/dev/x.json#Sid"
    assert stage.relative("app/Dockerfile", PROJECT, Path("/stage")) == "app/Dockerfile"
    assert stage.relative("/stage/planted/x", PROJECT, Path("/stage")) == "planted/x"


def test_credentials_are_looked_for_in_every_file_but_lock_files(clone: Path, tmp_path: Path) -> None:
    names = [name.removeprefix(f"{stage.REPOSITORY}/") for name in stage.put_repository(clone, tmp_path)]
    assert {"README.md", "infra/release.py", "app/Dockerfile", "Pulumi.dev.yaml"} <= set(names)
    assert not [name for name in names if name.endswith("requirements.txt") or name.startswith(".venv")]
    assert all((tmp_path / stage.REPOSITORY / name).is_file() for name in names)


def test_a_folder_that_is_no_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ScanError, match="cure: scan a clone"):
        stage.put_repository(tmp_path, tmp_path)


def test_a_file_whose_name_is_no_text_is_looked_at_too(tmp_path: Path) -> None:
    repository = tmp_path / "repository"
    subprocess.run(["git", "init", "--quiet", repository], check=True)
    name = os.fsdecode(b"caf\xe9.txt")
    try:
        (repository / name).write_text("x")
    except OSError:
        pytest.skip("this file system takes no such name")
    assert stage.put_repository(repository, tmp_path / "stage") == [f"{stage.REPOSITORY}/{name}"]


def test_without_git_it_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ScanError, match="git cannot be started"):
        stage.put_repository(PROJECT, tmp_path)
