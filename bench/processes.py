"""What a process costs."""

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).parent.parent
# getrusage counts memory in bytes on macOS and in KiB elsewhere.
UNITS_PER_MEBIBYTE = 1024 * 1024 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """Wall-clock seconds, CPU seconds with its children's, and the peak of resident memory in MiB, of the largest one.

    Linux counts what a process had before it became another program, which is a copy of whoever started it: so what
    measures memory has to be small itself.
    """

    seconds: float
    cpu_seconds: float
    mebibytes: float


def run(command: Sequence[str], where: Path = PROJECT) -> Cost:
    """Run a command to its end and say what it cost.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    process = subprocess.Popen(command, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return finish(process, time.perf_counter())


def best(commands: Mapping[str, Sequence[str]], rounds: int) -> dict[str, Cost]:
    """The least cost of each command in a few rounds, since noise only ever adds.

    They take turns, so that a machine that gets slower does so for all.

    Raises:
        subprocess.CalledProcessError: one failed.
    """
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(rounds):
        for name, command in commands.items():
            costs[name].append(run(command))
    return {name: least(each) for name, each in costs.items()}


def least(costs: Sequence[Cost]) -> Cost:
    """The least of each figure."""
    return Cost(
        min(cost.seconds for cost in costs),
        min(cost.cpu_seconds for cost in costs),
        min(cost.mebibytes for cost in costs),
    )


def finish(process: "subprocess.Popen[bytes]", started: float) -> Cost:
    """Wait for a process and say what it cost since `started`, a reading of `time.perf_counter`.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Cost(seconds, _cpu(usage), usage.ru_maxrss / UNITS_PER_MEBIBYTE)


def _cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime
