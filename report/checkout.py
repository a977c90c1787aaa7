"""Which commit a page is about."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from offline import against


@dataclass(frozen=True)
class Checkout:
    """What the working tree stands on; `commit` is empty outside a git checkout. `edited`: files in git differ."""

    commit: str = ""
    edited: bool = False


def checkout(project_dir: Path) -> Checkout:
    """The checkout that a project is in."""
    try:
        commit = against.find(project_dir, "HEAD").commit
    except against.NoRevisionError:
        return Checkout()
    said = subprocess.run(
        ["git", "status", "--porcelain", "--untracked-files=no", "--", "."],
        cwd=project_dir,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
    )
    return Checkout(commit, bool(said.stdout.strip()))
