"""The test suite: how long it takes, and which tests take longest. The last section, since it takes minutes."""

import re
import subprocess
import sys
import time

from bench.figures import Figure, Lines
from bench.processes import PROJECT, run

SLOWEST = 10
DURATION = re.compile(r"^\s*([\d.]+)s (\w+)\s+(\S.*)$", re.MULTILINE)


def measure() -> Lines:
    """Run it once.

    Raises:
        RuntimeError: a test failed, so the time says nothing.
    """
    preview = run([sys.executable, "-m", "offline", "preview", "--stack", "dev", "--format", "json", "--quiet"])
    started = time.perf_counter()
    command = [sys.executable, "-m", "pytest", "--numprocesses=auto", "--dist=worksteal", f"--durations={SLOWEST}"]
    # Its exit code is looked at below, together with what it said.
    result = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    seconds = time.perf_counter() - started
    if result.returncode:
        raise RuntimeError(f"the suite failed; make test says why. It ends with:\n{result.stdout[-500:]}")
    yield Figure(
        what="test suite, time", measured=seconds, than="one offline preview of dev", base=preview.seconds, unit="s"
    )
    yield from slowest(result.stdout)


def slowest(output: str) -> Lines:
    """The lines of pytest's output that say how long a test took."""
    for seconds, phase, test in DURATION.findall(output):
        yield f"  {float(seconds):5.2f} s  {phase:<8} {test}"
