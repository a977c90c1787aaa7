"""Which engines run here: one whose command was killed goes on by itself, and holds the lock of its stack."""

import glob
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from delivery.problems import DeliveryError

FOLDER = Path(".engine") / "running"
TOLD = "told to stop"
# Longer than anything that AWS makes here takes; a pipeline ends it before.
STOP_SECONDS = 1800.0
EVERY_SECONDS = 0.2


@contextmanager
def recorded(project: Path, arguments: Sequence[str], pid: int) -> Iterator[None]:
    """Remember an engine for as long as its command takes.

    Args:
        project: the project's directory.
        arguments: of the engine; those without a stack hold no lock, and are not remembered.
        pid: the engine's process, which leads a process group of its own.
    """
    if "--stack" not in arguments:
        yield
        return
    stack = arguments[list(arguments).index("--stack") + 1]
    record = project / FOLDER / f"{stack}.{pid}"
    try:
        record.parent.mkdir(parents=True, exist_ok=True)
        record.touch()
    except OSError:
        # A project that cannot be written to is deployed all the same.
        yield
        return
    try:
        yield
    finally:
        record.unlink(missing_ok=True)


def told(project: Path, pid: int) -> None:
    """Remember that this engine has been told to stop."""
    for record in (project / FOLDER).glob(f"*.{pid}"):
        with suppress(OSError):
            record.write_text(TOLD, "utf-8")


def records(project: Path, stack: str) -> list[Path]:
    """What is remembered of engines that work on a stack, or did so when their command was killed."""
    return sorted((project / FOLDER).glob(f"{glob.escape(stack)}.*"))


def stop(project: Path, stack: str, say: Callable[[str], None], seconds: float = STOP_SECONDS) -> bool:
    """Let the engines that still work on a stack finish what they have begun, and wait for it.

    Args:
        project: the project's directory.
        stack: its name.
        say: told that one is waited for.
        seconds: how long to wait.

    Returns:
        Whether none works on it any more.

    Raises:
        DeliveryError: that cannot be told.
    """
    left = []
    for record in records(project, stack):
        pid = int(record.suffix[1:])
        if not _runs(pid):
            record.unlink(missing_ok=True)
            continue
        left.append(pid)
        say(f"The engine of a command that was killed still works on stack {stack}; waiting for it ...")
        # The second time it would stop at once, and leave operations pending.
        if record.read_text("utf-8") != TOLD:
            record.write_text(TOLD, "utf-8")
            os.killpg(pid, signal.SIGINT)
    end = time.monotonic() + seconds
    while (left := [pid for pid in left if _runs(pid)]) and time.monotonic() < end:
        time.sleep(EVERY_SECONDS)
    return not left


def _runs(pid: int) -> bool:
    """Whether that process is an engine: a number may be somebody else's by now."""
    question = ["ps", "-ww", "-o", "stat=", "-o", "args=", "-p", str(pid)]
    try:
        listed = subprocess.run(question, capture_output=True, text=True)
    except OSError as error:
        raise DeliveryError(
            f"an engine may still run as process {pid}, and ps cannot be asked: {error.strerror}\n"
            "  cure: install ps, which is in the package procps"
        ) from None
    state, _, command = listed.stdout.strip().partition(" ")
    return "pulumi" in command and not state.startswith("Z")
