"""What the offline preview costs as review stacks become more: it must grow with their number and no faster."""

import subprocess
import sys
from collections.abc import Mapping

from bench.figures import Figure, Lines
from bench.processes import PROJECT

FEW, HALF, MANY = 1, 25, 50


def measure() -> Lines:
    """Of one, 25 and 50 review stacks in one process, each with the stack that it refers to; all plans are kept."""
    command = [sys.executable, "-m", "bench.reviews", *map(str, (FEW, HALF, MANY))]
    output = subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout
    rows = [line.split() for line in output.splitlines()]
    yield from growth({int(number): (float(seconds), float(mebibytes)) for number, seconds, mebibytes in rows})


def growth(costs: Mapping[int, tuple[float, float]]) -> Lines:
    """Figures of what a number of stacks cost, in seconds and MiB, by that number."""
    for what, unit, index in (("time", "s", 0), ("memory", "MiB", 1)):
        few, half, many = (costs[number][index] for number in (FEW, HALF, MANY))
        yield Figure(what=f"50 review stacks, {what}", measured=many, than="one, with the imports", base=few, unit=unit)
        last, before = (many - half) / (MANY - HALF), (half - few) / (HALF - FEW)
        if before > 0:
            yield Figure(
                what=f"each of the last 25, {what}", measured=last, than="each of the 24 before", base=before, unit=unit
            )
