"""The offline preview against importing the SDKs alone: time and memory."""

import subprocess
import sys

from bench.figures import Figure, Lines
from bench.processes import PROJECT, Cost, best
from bench.sdk_modules import PACKAGES

ROUNDS = 3
STACKS = ("dev", "prod")
# As the preview does: without looking for garbage, and without taking everything down at the end.
IMPORT = "import gc, os; gc.disable(); import {}; os._exit(0)"


def measure() -> Lines:
    """Against the packages, and against the modules of them that the program makes Python load."""
    commands = {"packages": _importing(PACKAGES)}
    for stack in STACKS:
        commands[f"modules of {stack}"] = _importing(_loaded(stack))
        commands[stack] = [sys.executable, "-m", "offline", "preview", "--stack", stack, "--format", "json", "--quiet"]
    costs = best(commands, ROUNDS)
    for stack in STACKS:
        yield from _compared(stack, costs[stack], "importing the SDKs' packages", costs["packages"])
        yield from _compared(stack, costs[stack], "importing what it uses of them", costs[f"modules of {stack}"])


def _compared(stack: str, preview: Cost, than: str, imports: Cost) -> Lines:
    yield Figure(
        what=f"offline preview of {stack}, time", measured=preview.seconds, than=than, base=imports.seconds, unit="s"
    )
    yield Figure(
        what=f"offline preview of {stack}, memory",
        measured=preview.mebibytes,
        than=than,
        base=imports.mebibytes,
        unit="MiB",
    )


def _importing(modules: tuple[str, ...]) -> list[str]:
    return [sys.executable, "-c", IMPORT.format(", ".join(modules))]


def _loaded(stack: str) -> tuple[str, ...]:
    command = [sys.executable, "-m", "bench.sdk_modules", stack]
    return tuple(subprocess.run(command, cwd=PROJECT, check=True, capture_output=True, text=True).stdout.split())
