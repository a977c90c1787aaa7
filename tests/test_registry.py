"""The registry and the image."""

import json
import shutil
import subprocess
from pathlib import Path

import pulumi
import pytest

from infra.image import UNKNOWN_COMMIT, content_hash, explain_tag, last_commit
from offline.evaluate import record
from offline.plan import Plan
from tests.conftest import PROJECT, Planner

REPOSITORY, IMAGE = "aws:ecr/repository:Repository", "docker:index/image:Image"
DIGEST = "123456789012.dkr.ecr.us-west-2.amazonaws.com/helloworld-dev@sha256:" + "0123456789abcdef" * 4


def test_tags_are_immutable_and_images_scanned_and_encrypted(plan: Plan) -> None:
    repository = plan.one(REPOSITORY, "helloworld-registry-repository").inputs
    assert repository["imageTagMutability"] == "IMMUTABLE"
    assert repository["imageScanningConfiguration"] == {"scanOnPush": True}
    assert repository["encryptionConfigurations"] == [{"encryptionType": "AES256"}]


def test_the_registry_is_deletable_with_its_images_outside_prod_only(dev: Plan, prod: Plan) -> None:
    assert dev.one(REPOSITORY, "helloworld-registry-repository").inputs["forceDelete"] is True
    assert prod.one(REPOSITORY, "helloworld-registry-repository").inputs["forceDelete"] is False


def test_old_images_expire_but_enough_stay_to_roll_back(plan: Plan) -> None:
    lifecycle = plan.one("aws:ecr/lifecyclePolicy:LifecyclePolicy", "helloworld-registry-lifecycle")
    policy = json.loads(lifecycle.inputs["policy"])
    kept = [rule["selection"]["countNumber"] for rule in policy["rules"] if rule["selection"]["tagStatus"] == "any"]
    assert kept == [50]


@pytest.mark.parametrize(("architecture", "kind"), [("arm64", "t4g.small"), ("amd64", "t3.small")])
def test_the_image_is_built_for_the_architecture_of_the_nodes(planned: Planner, architecture: str, kind: str) -> None:
    plan = planned("dev", {"nodeArchitecture": architecture, "nodeInstanceTypes": f'["{kind}"]'})
    assert plan.one(IMAGE, "helloworld-image-build").inputs["build"]["platform"] == f"linux/{architecture}"


def test_the_tag_names_the_commit_and_the_content(plan: Plan) -> None:
    image = plan.one(IMAGE, "helloworld-image-build").inputs
    commit = last_commit(PROJECT / "app")
    assert image["imageName"].endswith(f":{commit[:7]}-{content_hash(PROJECT / 'app', '')[:12]}-arm64")
    assert image["build"]["args"]["GIT_COMMIT"] == commit


def test_the_image_says_where_its_source_is(planned: Planner) -> None:
    plan = planned("dev", {"sourceUrl": "https://git.example.com/team/hello"})
    arguments = plan.one(IMAGE, "helloworld-image-build").inputs["build"]["args"]
    assert arguments["SOURCE_URL"] == "https://git.example.com/team/hello"


def test_whatever_makes_another_image_makes_another_tag(planned: Planner, dev: Plan) -> None:
    """Tags do not move: the registry would refuse another image under the same one."""
    others = [
        planned("dev", {"sourceUrl": "https://git.example.com/team/hello"}),
        planned("dev", {"nodeArchitecture": "amd64", "nodeInstanceTypes": '["t3.small"]'}),
    ]
    names = [plan.one(IMAGE, "helloworld-image-build").inputs["imageName"] for plan in (dev, *others)]
    assert len(set(names)) == 3


def test_the_build_context_is_named_alike_on_every_machine(plan: Plan) -> None:
    build = plan.one(IMAGE, "helloworld-image-build").inputs["build"]
    assert build["context"] == "app"
    assert build["dockerfile"] == "app/Dockerfile"


def test_a_preview_builds_nothing(plan: Plan) -> None:
    assert plan.one(IMAGE, "helloworld-image-build").inputs["buildOnPreview"] is False


def test_what_is_built_is_deployed_by_its_digest(plan: Plan) -> None:
    assert plan.of(IMAGE)
    assert "@sha256:" in str(plan.outputs["image"])


def test_the_registry_password_is_not_shown(plan: Plan) -> None:
    assert plan.one(IMAGE, "helloworld-image-build").inputs["registry"]["password"] == "[secret]"


def test_a_given_digest_is_deployed_and_nothing_is_built(planned: Planner) -> None:
    plan = planned("dev", {"image": DIGEST})
    deployment = plan.one("kubernetes:apps/v1:Deployment", "helloworld-release-deployment").inputs
    assert deployment["spec"]["template"]["spec"]["containers"][0]["image"] == DIGEST
    assert plan.of(REPOSITORY)
    assert not plan.of(IMAGE)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A git checkout of its own with a build context in it."""
    context = tmp_path / "app"
    (context / "package").mkdir(parents=True)
    (context / ".dockerignore").write_text("*\n!package\n!requirements.txt\n**/__pycache__\n")
    (context / "Dockerfile").write_text("FROM scratch\n")
    (context / "requirements.txt").write_text("")
    (context / "package" / "main.py").write_text("one")
    for command in (["init", "-q"], ["add", "."], ["commit", "-qm", "first"]):
        git(tmp_path, *command)
    return context


def git(where: Path, *command: str) -> str:
    author = ["-c", "user.name=a", "-c", "user.email=a@example.com", "-c", "commit.gpgsign=false"]
    return subprocess.run(["git", *author, *command], cwd=where, check=True, capture_output=True, text=True).stdout


def test_a_change_of_the_source_changes_the_hash(source: Path) -> None:
    old = content_hash(source)
    (source / "package" / "main.py").write_text("two")
    assert content_hash(source) != old


@pytest.mark.parametrize("path", ["Dockerfile", "requirements.txt", "package/new.py", "package/deep/er.py"])
def test_whatever_enters_the_image_counts(source: Path, path: str) -> None:
    old = content_hash(source)
    (source / path).parent.mkdir(exist_ok=True)
    (source / path).write_text("changed")
    assert content_hash(source) != old


@pytest.mark.parametrize("path", ["tests/test_main.py", "README.md", "package/__pycache__/main.pyc", "../elsewhere"])
def test_what_does_not_enter_the_image_does_not_count(source: Path, path: str) -> None:
    old = content_hash(source)
    (source / path).parent.mkdir(exist_ok=True)
    (source / path).write_text("changed")
    assert content_hash(source) == old


def test_moving_bytes_from_one_file_to_another_changes_the_hash(source: Path) -> None:
    (source / "package" / "other.py").write_text("")
    old = content_hash(source)
    (source / "package" / "main.py").write_text("")
    (source / "package" / "other.py").write_text("one")
    assert content_hash(source) != old


def test_a_commit_outside_the_source_leaves_the_image_alone(source: Path) -> None:
    old = last_commit(source)
    (source.parent / "elsewhere").write_text("changed")
    git(source.parent, "add", ".")
    git(source.parent, "commit", "-qm", "elsewhere")
    assert len(old) == 40
    assert last_commit(source) == old


def test_a_checkout_that_git_refuses_is_not_taken_for_none(source: Path) -> None:
    (source.parent / ".git" / "HEAD").write_text("ref: refs/heads/\x00")
    (source.parent / ".git" / "config").write_text("[broken")
    with pytest.raises(pulumi.RunError, match="git cannot tell"):
        last_commit(source)


def test_in_a_git_hook_and_whatever_git_shows_of_signatures_the_commit_is_the_same(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = last_commit(source)
    settings = source.parent / "gitconfig"
    settings.write_text("[log]\nshowSignature = true\n[gpg]\nprogram = echo\n")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    signed = git(source.parent, "cat-file", "commit", "HEAD").replace("\n\n", "\ngpgsig of the test\n\n", 1)
    (source.parent / "signed").write_text(signed)
    git(source.parent, "reset", "-q", git(source.parent, "hash-object", "-t", "commit", "-w", "signed").strip())
    monkeypatch.setenv("GIT_DIR", ".git")
    assert len(last_commit(source)) == len(commit)


def test_outside_a_git_checkout_the_commit_is_unknown(source: Path) -> None:
    shutil.rmtree(source.parent / ".git")
    assert last_commit(source) == UNKNOWN_COMMIT


def explained(error: str) -> list[str]:
    """What is said when building the image fails with `error`."""
    failure = pulumi.ErrorHookArgs(urn="", id="", name="", type="", failed_operation="update", errors=[error])

    def program() -> None:
        assert explain_tag("hook", "abc-def-arm64").callback(failure) is False

    return [message.text for message in record(program).messages]


@pytest.mark.parametrize(
    "error",
    ["tag invalid: The image tag 'x' already exists and cannot be overwritten because the repository is immutable."],
)
def test_a_tag_that_exists_already_is_explained_with_what_to_do(error: str) -> None:
    (text,) = explained(error)
    assert "imageTag=abc-def-arm64" in text
    assert "set `image`" in text


def test_other_failures_of_the_build_speak_for_themselves() -> None:
    assert explained("process /bin/sh -c pip install did not complete successfully") == []
