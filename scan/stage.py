"""The folder that the scanners look at: what plans become, what is of the repository, and the planted mistakes."""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from scan.finding import ScanError
from scan.manifests import manifests
from scan.planted import MISTAKES
from scan.policies import policies, pretty
from scan.stacks import Stack

# Where a copy of the whole repository is: what looks for credentials sees no file outside of the folder it works in.
REPOSITORY = "repository"
# Where CI systems look for their files, which is how a scanner knows them; in the repository they lie elsewhere.
_RENAMED: Mapping[str, str] = {".gitlab-ci.yml": "ci/gitlab-ci.yml", ".circleci/config.yml": "ci/circleci.yml"}
LOCK_FILE = re.compile(r"(^|/)requirements[^/]*\.txt$")
WORKFLOWS = ".github/workflows"
# GitHub runs .yml and .yaml.
WORKFLOW_FILES = f"{WORKFLOWS}/*.y*ml"
_COPIED = ("app/Dockerfile", WORKFLOW_FILES)
# A key of workflows that checkov does not know yet: https://docs.github.com/en/actions/how-tos/writing-workflows/choosing-when-your-workflow-runs/control-the-concurrency-of-workflows-and-jobs
# It passes over a workflow that does not fit its schema, and does not say so.
_UNKNOWN_TO_CHECKOV = re.compile(r"^ +queue: max\n", re.MULTILINE)


def original(where: str) -> str:
    """The file of the repository that a file of the stage is a copy of; itself where both have the same name."""
    return _RENAMED.get(where, where.removeprefix(f"{REPOSITORY}/"))


def relative(where: str, project: Path, stage: Path) -> str:
    """A file as findings name it, of one that a tool working in the project has found there or on the stage."""
    path = (project / where).resolve()
    return path.relative_to(stage if path.is_relative_to(stage) else project).as_posix()


def put(stage: Path, where: str, text: str) -> None:
    """Write a file of the stage, and the folders it is in."""
    path = stage / where
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def put_files(project: Path, stage: Path) -> None:
    """Copies of what checkov reads as it is in the repository, and the planted mistakes.

    Raises:
        ScanError: a file that is to be scanned is not there.
    """
    sources = {where: project / source for where, source in _RENAMED.items()}
    for pattern in _COPIED:
        found = sorted(project.glob(pattern))
        if not found:
            raise ScanError(f"{pattern} is nowhere\n  cure: say in scan/stage.py where it is now")
        sources |= {path.relative_to(project).as_posix(): path for path in found}
    for where, source in sources.items():
        try:
            put(stage, where, _UNKNOWN_TO_CHECKOV.sub("", source.read_text("utf-8")))
        except OSError as error:
            raise ScanError(f"{source} cannot be read: {error.strerror}\n  cure: see scan/stage.py") from None
    for mistake in MISTAKES:
        put(stage, mistake.file, mistake.text)


@dataclass(frozen=True)
class Manifest:
    """A manifest: its file on the stage, what it says, and the Kubernetes version it is for."""

    where: str
    body: Mapping[str, object]
    kubernetes: str


def put_plans(stage: Path, stacks: Sequence[Stack]) -> list[Manifest]:
    """What the plans become, `<what>/<stack>/<name>`: manifests, policies, and templates around policies.

    Returns:
        The manifests.

    Raises:
        ScanError: something in a plan cannot be scanned.
    """
    written = []
    for stack in stacks:
        for name, body in manifests(stack.plan):
            manifest = Manifest(f"manifests/{stack.name}/{name}.yaml", body, stack.kubernetes)
            _put_new(stage, manifest.where, yaml.safe_dump(body, sort_keys=False))
            written.append(manifest)
        for each in policies(stack.plan):
            # The linter reads policies that name resources, which a trust policy does not.
            if not each.trust:
                _put_new(stage, f"policies/{stack.name}/{each.name}.json", pretty(each.body))
            if each.template:
                _put_new(stage, f"templates/{stack.name}/{each.name}.json", json.dumps(each.template, indent=1))
    return written


def _put_new(stage: Path, where: str, text: str) -> None:
    if (stage / where).exists():
        raise ScanError(
            f"two resources would be {where}, so that one would not be scanned\n"
            "  cure: give one of them another logical name"
        )
    put(stage, where, text)


def put_repository(project: Path, stage: Path) -> list[str]:
    """Copies of the repository's files, and of those that git would take; without lock files, which are full of hashes.

    Returns:
        Their names on the stage.

    Raises:
        ScanError: it is no git repository.
    """
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=project, capture_output=True, check=True).stdout
    except OSError as error:
        raise ScanError(f"git cannot be started: {error.strerror}\n  cure: install git") from None
    except subprocess.CalledProcessError as error:
        said = os.fsdecode(error.stderr).strip()
        raise ScanError(f"git cannot list the files of {project}: {said}\n  cure: scan a clone") from None
    # A file may have a name that is no UTF-8.
    names = [name for name in os.fsdecode(listed).split("\0") if name and not LOCK_FILE.search(name)]
    copied = []
    for name in names:
        copy = stage / REPOSITORY / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        # A file that was deleted and is still in the index is not there, and a link leads to one that is.
        if (project / name).is_file() and not (project / name).is_symlink():
            shutil.copyfile(project / name, copy)
            copied.append(f"{REPOSITORY}/{name}")
    return copied
