"""What can be known of the image without building it."""

import re
from pathlib import Path

import pytest
from helloworld import __version__
from helloworld.settings import Settings
from helloworld.state.schema import packaged_migrations

APP_DIRECTORY = Path(__file__).parent.parent
DOCKERFILE = (APP_DIRECTORY / "Dockerfile").read_text()
INSTRUCTIONS = [
    line
    for line in re.sub(r"\\\n\s*", "", DOCKERFILE).splitlines()
    if line.strip() and not line.lstrip().startswith("#")
]
FINAL_STAGE = INSTRUCTIONS[max(index for index, line in enumerate(INSTRUCTIONS) if line.startswith("FROM ")) :]


def test_only_the_recipe_the_lock_file_and_the_package_enter_the_build() -> None:
    lines = (APP_DIRECTORY / ".dockerignore").read_text().splitlines()
    assert lines == ["*", "!Dockerfile", "!requirements.txt", "!helloworld", "**/__pycache__"]


def test_the_base_image_is_pinned_to_a_patch_release() -> None:
    external = [line for line in INSTRUCTIONS if re.match(r"FROM (?!base\b|scratch\b)", line)]
    assert len(external) == 1
    assert re.fullmatch(r"FROM python:3\.\d+\.\d+-slim-\w+ AS base", external[0])


def test_packages_are_installed_by_hash_and_from_wheels_only() -> None:
    (install,) = [line for line in INSTRUCTIONS if " install " in line]
    assert "--require-hashes" in install
    assert "--only-binary=:all:" in install


def test_the_process_is_a_numeric_user_that_is_not_root_and_needs_no_shell() -> None:
    assert "ARG UID=10001" in FINAL_STAGE
    assert "ARG GID=10001" in FINAL_STAGE
    assert "USER ${UID}:${GID}" in FINAL_STAGE
    assert 'CMD ["python", "-m", "helloworld"]' in FINAL_STAGE
    assert not any(line.startswith(("RUN", "SHELL", "ENTRYPOINT")) for line in FINAL_STAGE)


def test_the_commit_reaches_the_label_and_the_service() -> None:
    assert "ARG GIT_COMMIT=unknown" in FINAL_STAGE
    assert "ENV GIT_COMMIT=${GIT_COMMIT}" in FINAL_STAGE
    assert 'org.opencontainers.image.revision="${GIT_COMMIT}"' in FINAL_STAGE[-1]
    assert "git_commit" in Settings.model_fields


def test_the_label_says_the_version_of_the_package() -> None:
    assert f'org.opencontainers.image.version="{__version__}"' in FINAL_STAGE[-1]


def test_the_certificates_that_verify_rds_are_in_the_image_and_the_service_is_told_where() -> None:
    bundle = "https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem"
    (added,) = [line for line in INSTRUCTIONS if line.startswith("ADD ")]
    assert bundle in added
    (copied,) = [line for line in FINAL_STAGE if line.startswith("COPY --from=rds ")]
    *_, source, target = copied.split()
    assert added.split()[-1] == source
    assert any(f"DATABASE_CA_FILE={target}" in line for line in FINAL_STAGE)
    assert "database_ca_file" in Settings.model_fields
    # Read by a user who owns nothing.
    assert "--chmod=444" in copied


def test_the_package_brings_its_sql_along() -> None:
    package = APP_DIRECTORY / "helloworld"
    assert {path.suffix for path in package.rglob("*") if path.is_file()} - {".pyc"} == {".py", ".html", ".sql"}
    assert (package / "seed.sql").is_file()
    assert packaged_migrations()


def test_the_exposed_port_is_the_default_one() -> None:
    assert f"EXPOSE {Settings().port}" in FINAL_STAGE


@pytest.mark.parametrize("pattern", [r"https?://", r"--index-url", r"--find-links", r" @ ", r"file:", r"(^|\s)/"])
def test_the_lock_file_holds_no_addresses(pattern: str) -> None:
    assert not re.search(pattern, (APP_DIRECTORY / "requirements.txt").read_text())


def test_every_locked_package_has_hashes() -> None:
    lock = (APP_DIRECTORY / "requirements.txt").read_text()
    locked = re.findall(r"^(\S+)==\S+.*((?:\n    --hash=sha256:[0-9a-f]{64}.*)*)", lock, re.MULTILINE)
    wanted = [line for line in (APP_DIRECTORY / "requirements.in").read_text().splitlines() if not line.startswith("#")]
    assert {name for name, _ in locked} >= set(wanted)
    assert [name for name, hashes in locked if not hashes] == []
