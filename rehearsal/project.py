"""A private copy of the project: what a rehearsal changes and breaks is never the checkout."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from delivery.stack_edits import SECRETS_KEYS
from rehearsal.problems import RehearsalError, UsageError

DOCKERFILE = "app/Dockerfile"


@dataclass(frozen=True)
class Project:
    """The private copy, a git repository of its own with the environment's virtual environment."""

    path: Path

    @classmethod
    def copy(cls, checkout: Path, target: Path) -> "Project":
        """Copy what git tracks, and what it would, as it stands in the checkout.

        Raises:
            RehearsalError: git cannot tell.
        """
        listed = _git(checkout, "ls-files", "--cached", "--others", "--exclude-standard", "-z")
        for name in filter(None, listed.split("\0")):
            source, copy = checkout / name, target / name
            if source.is_file():
                copy.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, copy)
        (target / ".venv").symlink_to(sys.prefix)
        settings = target / "Pulumi.yaml"
        project = yaml.safe_load(settings.read_text("utf-8"))
        if project.pop("backend", None):
            settings.write_text(yaml.safe_dump(project, sort_keys=False), "utf-8")
        _git(target, "init", "--quiet")
        copied = cls(target)
        copied.commit("As it stands in the checkout")
        return copied

    def configure(self, stack: str, overrides: Mapping[str, Any]) -> None:
        """Set settings in the stack's file; None removes one.

        Raises:
            UsageError: the stack has no file.
            RehearsalError: a setting is encrypted with a key that is not here.
        """
        file = self.path / f"Pulumi.{stack}.yaml"
        if not file.is_file():
            raise UsageError(f'stack "{stack}" has no file Pulumi.{stack}.yaml; cure: STACK=dev, or write the file')
        content = yaml.safe_load(file.read_text("utf-8")) or {}
        config = content.setdefault("config", {})
        for key, value in overrides.items():
            config.pop(f"helloworld:{key}", None)
            if value is not None:
                config[f"helloworld:{key}"] = value
        encrypted = sorted(key for key, value in config.items() if isinstance(value, dict) and "secure" in value)
        if encrypted:
            raise RehearsalError(
                f"Pulumi.{stack}.yaml has encrypted settings, and a rehearsal has no key: {', '.join(encrypted)}"
            )
        # They belong to where the real stack is kept, not to what it is.
        for key in SECRETS_KEYS:
            content.pop(key, None)
        file.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")

    def change_app(self, last_line: str | None) -> None:
        """Make another image of the app: the Dockerfile as it was, with one more line if there is one to add."""
        first = _git(self.path, "rev-list", "--max-parents=0", "HEAD").strip()
        original = _git(self.path, "show", f"{first}:{DOCKERFILE}")
        (self.path / DOCKERFILE).write_text(f"{original}{last_line}\n" if last_line else original, "utf-8")
        self.commit(f"Change the app: {last_line or 'as it was'}")

    def commit(self, message: str) -> None:
        """Commit everything: the program asks git for the last commit of the app."""
        _git(self.path, "add", "--all", "--force", "--", ".", ":!.venv")
        _git(self.path, "commit", "--quiet", "--allow-empty", f"--message={message}")


def _git(directory: Path, *arguments: str) -> str:
    """What git prints, whatever the user's own configuration says of signing, hooks and names."""
    identity = ["-c", "user.name=rehearsal", "-c", "user.email=rehearsal@example.com"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment |= {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    try:
        return subprocess.run(
            ["git", *identity, *arguments], cwd=directory, env=environment, check=True, capture_output=True, text=True
        ).stdout
    except FileNotFoundError:
        raise RehearsalError("git is not installed, and the rehearsal copies what git tracks") from None
    except subprocess.CalledProcessError as error:
        raise RehearsalError(f"git {arguments[0]} failed in {directory}: {error.stderr.strip()}") from error
