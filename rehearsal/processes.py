"""The processes that a rehearsal has started: the engine, the language host, the plugins."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterable, Mapping

SECONDS = 10.0


def kill_descendants(ancestor: int) -> int:
    """End everything below a process at once, as if the machine had lost its power.

    Returns:
        How many processes were killed.
    """
    found: set[int] = set()
    # What stands still starts nothing, so that a second look finds what the first one has missed.
    while new := descendants(_parents(), ancestor) - found:
        _send(new, signal.SIGSTOP)
        found |= new
    # Children that were still unstopped are adopted by another process: their own children are known by now.
    _send(found, signal.SIGKILL)
    _wait_gone(found)
    return len(found)


def descendants(parents: Mapping[int, int], ancestor: int) -> set[int]:
    """The processes below one, given the parent of each."""
    found: set[int] = set()
    generation = {ancestor}
    while generation:
        generation = {child for child, parent in parents.items() if parent in generation} - found
        found |= generation
    return found


def _parents() -> dict[int, int]:
    """The parent of each process on this machine, save of `ps` itself."""
    with subprocess.Popen(["ps", "-A", "-o", "pid=,ppid=,stat="], stdout=subprocess.PIPE, text=True) as ps:
        listed, _ = ps.communicate()
    rows = [line.split() for line in listed.splitlines()]
    return {int(pid): int(parent) for pid, parent, state in rows if int(pid) != ps.pid and not state.startswith("Z")}


def _send(processes: Iterable[int], number: signal.Signals) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(process, number)


def _wait_gone(processes: set[int]) -> None:
    end = time.monotonic() + SECONDS
    while processes & _parents().keys() and time.monotonic() < end:
        time.sleep(0.05)
