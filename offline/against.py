"""The plan of another git revision, evaluated beside ours with the same recorder."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from offline.plan import Plan

HERE = Path(__file__).resolve().parent.parent
LIMIT_SECONDS = 180
# Of these the revision has no stack or no project yet: everything is new.
NOTHING_THERE = ("unknown-stack", "no-project")


class NoRevisionError(Exception):
    """There is no git checkout, or no such revision in it."""


@dataclass(frozen=True)
class Revision:
    """A git revision: `name` as it was asked for, and its full `commit`."""

    name: str
    commit: str


@dataclass(frozen=True)
class Baseline:
    """The plan of a revision. Without one, `note` says why; `failed` whether that is an error of the revision."""

    revision: Revision
    plan: Plan | None
    note: str = ""
    failed: bool = False


def find(project_dir: Path, name: str) -> Revision:
    """The revision that `name` (a branch, tag or commit) stands for.

    Raises:
        NoRevisionError: there is none.
    """
    try:
        inside = _git(project_dir, "rev-parse", "--is-inside-work-tree")
    except FileNotFoundError:
        raise NoRevisionError("comparing needs git, which is not installed") from None
    if inside.returncode:
        said = inside.stderr.strip().splitlines()
        raise NoRevisionError(f"comparing needs a git checkout: {said[0] if said else 'git refused'}")
    found = _git(project_dir, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
    if found.returncode:
        # A checkout in CI often has one commit and no branch but its own.
        branch = name.removeprefix("origin/")
        place = f"{branch}:{branch}" if branch == name else f"{branch}:refs/remotes/{name}"
        hint = f"; a shallow checkout may lack it: git fetch origin {place}" if name.replace("/", "").isalnum() else ""
        raise NoRevisionError(f"there is no git revision {name!a}{hint}")
    return Revision(name, found.stdout.strip())


class Evaluation:
    """Evaluates the revision in a process of its own, from entering the context on; leaving it removes every trace."""

    def __init__(self, project_dir: Path, revision: Revision, stack: str) -> None:
        self._project_dir, self._revision, self._stack = project_dir, revision, stack
        self._cleanup = contextlib.ExitStack()

    def __enter__(self) -> "Evaluation":
        with contextlib.ExitStack() as undo:
            tree = undo.enter_context(_tree(self._project_dir, self._revision))
            command = [sys.executable, "-m", "offline", "preview", "--project", str(tree), "--stack", self._stack]
            self._process = subprocess.Popen(
                [*command, "--format", "json", "--quiet"],
                cwd=HERE,
                env={**os.environ, "PYTHONPATH": str(HERE)},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            undo.callback(self._stop)
            self._cleanup = undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._cleanup.close()

    def result(self) -> Baseline:
        """Wait for the plan."""
        try:
            out, err = self._process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            return self._failed(f"it was not done after {LIMIT_SECONDS} seconds")
        try:
            answer: dict[str, Any] = json.loads(out)
        except ValueError:
            return self._failed((err.strip() or out.strip() or "it gave no reason").splitlines()[-1])
        error = answer.get("error")
        if error is None:
            return Baseline(self._revision, Plan.from_json(answer))
        if error["kind"] in NOTHING_THERE:
            empty = Plan(project="", stack=self._stack, resources=(), outputs={})
            return Baseline(
                self._revision, empty, f"{self._revision.name} has no stack {self._stack}: all of it is new"
            )
        return self._failed(error["message"])

    def _failed(self, reason: str) -> Baseline:
        name = self._revision.name
        return Baseline(
            self._revision,
            None,
            f"{name} could not be evaluated with the packages that are installed here, so nothing is compared. "
            f"It says: {reason}",
            failed=True,
        )

    def _stop(self) -> None:
        self._process.kill()
        self._process.communicate()


@contextlib.contextmanager
def _tree(project_dir: Path, revision: Revision) -> Iterator[Path]:
    """The project at the revision, in a temporary repository of its own that borrows the objects of this one.

    Not a worktree: one that is interrupted stays registered in the user's repository. Not an archive either: the
    program asks git for the commit that it builds from.
    """
    prefix = _git(project_dir, "rev-parse", "--show-prefix").stdout.strip()
    common = Path(_git(project_dir, "rev-parse", "--path-format=absolute", "--git-common-dir").stdout.strip())
    with tempfile.TemporaryDirectory(prefix="offline-", ignore_cleanup_errors=True) as directory:
        top = Path(directory)
        _git(top, "init", "--quiet", "--template=", ".", check=True)
        (top / ".git" / "objects" / "info").mkdir(parents=True, exist_ok=True)
        (top / ".git" / "objects" / "info" / "alternates").write_text(f"{common / 'objects'}\n", encoding="utf-8")
        with contextlib.suppress(FileNotFoundError):
            (top / ".git" / "shallow").write_bytes((common / "shallow").read_bytes())
        _git(
            top, "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false",
            "checkout", "--quiet", "--detach", revision.commit, check=True,
        )  # fmt: skip
        yield top / prefix


def _git(directory: Path, *arguments: str, check: bool = False) -> subprocess.CompletedProcess[str]:
    # In a git hook these name the repository that the hook runs for, also for commands elsewhere.
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GIT_")}
    done = subprocess.run(
        ["git", *arguments], cwd=directory, env=environment, capture_output=True, text=True, check=False
    )
    if check and done.returncode:
        raise NoRevisionError(f"git {arguments[0]} failed: {done.stderr.strip()}")
    return done
