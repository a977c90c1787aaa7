"""The private copy of the project."""

import subprocess
from pathlib import Path

import pytest
import yaml

from infra.image import content_hash, last_commit
from rehearsal.problems import RehearsalError, UsageError
from rehearsal.project import Project

DOCKERFILE = "FROM scratch\n"
FILES = {
    ".gitignore": ".secrets/\n",
    "Pulumi.yaml": "name: helloworld\nruntime: python\nbackend: {url: 's3://state'}\n",
    "Pulumi.dev.yaml": "secretsprovider: awskms://x\nencryptedkey: abc\n"
    "config: {helloworld:protect: true, helloworld:image: x, helloworld:zones: [a, b]}\n",
    "app/Dockerfile": DOCKERFILE,
    "app/.dockerignore": "*\n",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    root = tmp_path / "checkout"
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    subprocess.run(["git", "init", "--quiet"], cwd=root, check=True)
    subprocess.run(["git", "add", "."], cwd=root, check=True)
    return root


@pytest.fixture
def project(checkout: Path, tmp_path: Path) -> Project:
    return Project.copy(checkout, tmp_path / "copy")


def test_it_is_what_stands_in_the_checkout_committed_or_not(checkout: Path, tmp_path: Path) -> None:
    (checkout / "new.py").write_text("new")
    (checkout / "app" / "Dockerfile").write_text("FROM other\n")
    (checkout / ".secrets").mkdir()
    (checkout / ".secrets" / "key").write_text("ignored")
    copy = Project.copy(checkout, tmp_path / "copy").path
    assert (copy / "new.py").read_text() == "new"
    assert (copy / "app" / "Dockerfile").read_text() == "FROM other\n"
    assert not (copy / ".secrets").exists()


def test_a_file_that_was_deleted_and_is_still_tracked_is_left_out(checkout: Path, tmp_path: Path) -> None:
    (checkout / "app" / ".dockerignore").unlink()
    assert not (Project.copy(checkout, tmp_path / "copy").path / "app" / ".dockerignore").exists()


def test_neither_the_real_state_nor_its_key_is_named_in_it(project: Project) -> None:
    project.configure("dev", {})
    assert "backend" not in yaml.safe_load((project.path / "Pulumi.yaml").read_text())
    assert set(yaml.safe_load((project.path / "Pulumi.dev.yaml").read_text())) == {"config"}


def test_settings_are_set_and_taken_out_and_the_others_stay(project: Project) -> None:
    project.configure("dev", {"protect": False, "image": None, "rolloutSeconds": 60})
    assert yaml.safe_load((project.path / "Pulumi.dev.yaml").read_text())["config"] == {
        "helloworld:protect": False,
        "helloworld:rolloutSeconds": 60,
        "helloworld:zones": ["a", "b"],
    }


def test_a_stack_without_a_file_is_wrong_usage(project: Project) -> None:
    with pytest.raises(UsageError, match=r"Pulumi\.staging\.yaml"):
        project.configure("staging", {})


def test_an_encrypted_setting_is_refused_by_name(project: Project) -> None:
    (project.path / "Pulumi.dev.yaml").write_text("config: {helloworld:message: {secure: v1:abc}}\n")
    with pytest.raises(RehearsalError, match="helloworld:message"):
        project.configure("dev", {})


def test_an_encrypted_setting_that_a_rehearsal_leaves_out_or_sets_is_no_obstacle(project: Project) -> None:
    secret = "{secure: v1:abc}"
    (project.path / "Pulumi.dev.yaml").write_text(
        f"config: {{helloworld:alertPagerDuty: {secret}, helloworld:message: {secret}}}\n"
    )
    project.configure("dev", {"alertPagerDuty": None, "message": "Hello"})
    assert yaml.safe_load((project.path / "Pulumi.dev.yaml").read_text())["config"] == {"helloworld:message": "Hello"}


def test_each_change_of_the_app_is_another_content_and_another_commit(project: Project) -> None:
    app = project.path / "app"
    seen = set()
    for line in (None, 'LABEL a="1"', 'LABEL a="2"'):
        if line:
            project.change_app(line)
        seen.add((content_hash(app), last_commit(app)))
    assert len({content for content, _ in seen}) == len({commit for _, commit in seen}) == 3


def test_a_change_of_the_app_takes_the_one_before_back(project: Project) -> None:
    project.change_app('ENTRYPOINT ["/broken"]')
    project.change_app('LABEL a="1"')
    assert (project.path / "app" / "Dockerfile").read_text() == f'{DOCKERFILE}LABEL a="1"\n'
    project.change_app(None)
    assert (project.path / "app" / "Dockerfile").read_text() == DOCKERFILE


def test_the_checkout_stays_as_it_is(checkout: Path, project: Project) -> None:
    project.configure("dev", {"protect": False})
    project.change_app('LABEL a="1"')
    assert {name: (checkout / name).read_text() for name in FILES} == FILES


def test_what_is_no_git_repository_cannot_be_rehearsed(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(RehearsalError, match="git ls-files failed"):
        Project.copy(tmp_path / "empty", tmp_path / "copy")
