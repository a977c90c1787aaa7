"""What a process costs."""

import os
import resource
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

# getrusage counts memory in bytes on macOS and in KiB elsewhere.
UNITS_PER_MEBIBYTE = 1024 * 1024 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Cost:
    """Wall-clock seconds, CPU seconds, and the peak of resident memory in MiB."""

    seconds: float
    cpu_seconds: float
    mebibytes: float


def run(command: list[str], where: Path) -> Cost:
    """Run a command to its end and say what it cost.

    Raises:
        subprocess.CalledProcessError: it failed.
    """
    process = subprocess.Popen(command, cwd=where, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return finish(process, time.perf_counter())


def finish(process: "subprocess.Popen[bytes]", started: float) -> Cost:
    """Wait for a process and say what it cost since `started`, a reading of `time.perf_counter`."""
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - started
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, process.args)
    return Cost(seconds, _cpu(usage), usage.ru_maxrss / UNITS_PER_MEBIBYTE)


def _cpu(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime
