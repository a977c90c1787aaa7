"""What git says about the checkout."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from delivery.context import Context
from delivery.problems import DeliveryError

SECONDS = 120


class GitError(DeliveryError):
    """Git refused; the message has its words."""


def git(folder: Path, *arguments: str, environ: Mapping[str, str]) -> str:
    """What a git command prints, without the space around it.

    Args:
        folder: where it runs.
        arguments: of git; never a secret.
        environ: its environment.

    Raises:
        GitError: it failed, or there is no git.
    """
    # It must not wait for a password that nobody types.
    environment = {**environ, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}
    try:
        done = subprocess.run(
            ["git", *arguments],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=SECONDS,
        )
    except FileNotFoundError:
        raise GitError("git is not installed") from None
    except subprocess.TimeoutExpired:
        raise GitError(f"git {arguments[0]}: no end after {SECONDS} seconds") from None
    if done.returncode:
        raise GitError(f"git {arguments[0]}: {(done.stderr or done.stdout).strip()}")
    return done.stdout.strip()


def is_shallow(context: Context) -> bool:
    """Whether the checkout lacks its history; False outside one."""
    try:
        return git(context.project, "rev-parse", "--is-shallow-repository", environ=context.environ) == "true"
    except GitError:
        return False
