"""Which engines run here: one whose command was killed goes on by itself, and holds the lock of its stack."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

FOLDER = Path(".engine") / "running"
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


def stop(project: Path, stack: str, say: Callable[[str], None], seconds: float = STOP_SECONDS) -> bool:
    """Let the engines that still work on a stack finish what they have begun, and wait for it.

    Args:
        project: the project's directory.
        stack: its name.
        say: told that one is waited for.
        seconds: how long to wait.

    Returns:
        Whether none works on it any more.
    """
    left = []
    for record in sorted((project / FOLDER).glob(f"{stack}.*")):
        pid = int(record.suffix[1:])
        if _runs(pid):
            say(f"The engine of a command that was killed still works on stack {stack}; it is told to stop ...")
            os.killpg(pid, signal.SIGINT)
            left.append(pid)
        else:
            record.unlink(missing_ok=True)
    end = time.monotonic() + seconds
    while (left := [pid for pid in left if _runs(pid)]) and time.monotonic() < end:
        time.sleep(EVERY_SECONDS)
    return not left


def _runs(pid: int) -> bool:
    """Whether that process is an engine: a number may be somebody else's by now."""
    told = subprocess.run(["ps", "-ww", "-o", "stat=", "-o", "args=", "-p", str(pid)], capture_output=True, text=True)
    state, _, command = told.stdout.strip().partition(" ")
    return "pulumi" in command and not state.startswith("Z")
