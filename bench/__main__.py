"""`python -m bench`: measure and print."""

import argparse
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Sequence

from bench.processes import PROJECT
from bench.section import SECTIONS

FAILED, INTERRUPTED = 1, 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure what is asked for.

    Returns:
        0; 1 if a section failed; 130 if it was interrupted.
    """
    parser = argparse.ArgumentParser(
        prog="python -m bench",
        description="Measures speed and size, as ratios.",
        epilog="exit code: 0 measured; 1 a section failed; 2 wrong usage; 130 interrupted",
    )
    parser.add_argument(
        "--only",
        metavar="NAME[,NAME]",
        type=_names,
        default=list(SECTIONS),
        help=f"of {', '.join(SECTIONS)}; all if it is not given",
    )
    options = parser.parse_args(arguments)
    try:
        _print(machine())
        return measure(options.only, _in_a_process, _print)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # The reader, e.g. `head`, has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def measure(names: Sequence[str], section: Callable[[str], int], say: Callable[[str], None]) -> int:
    """Measure sections, the others too where one fails.

    Args:
        names: of the sections, in their order.
        section: measures one, says what it finds, and returns an exit code.
        say: prints a line.

    Returns:
        1 if one of them failed, else 0.
    """
    failed = []
    for name in names:
        say(f"\n{name}")
        if section(name) != 0:
            failed.append(name)
    if failed:
        say(f"\nnot measured: {', '.join(failed)}")
    return FAILED if failed else 0


def machine() -> str:
    """What measures, and how busy it is: absolute figures say more of it than of the code."""
    load = f", load {os.getloadavg()[0]:.1f} in the last minute" if hasattr(os, "getloadavg") else ""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}{load}"


def _in_a_process(name: str) -> int:
    # One of its own: none can take the others along, nor be counted as a part of what another measures.
    return subprocess.run([sys.executable, "-m", "bench.section", name], cwd=PROJECT, check=False).returncode


def _names(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    there = f"there are {', '.join(SECTIONS)}"
    if unknown := [name for name in names if name not in SECTIONS]:
        raise argparse.ArgumentTypeError(f"no section {', '.join(map(ascii, unknown))}; {there}")
    if not names:
        raise argparse.ArgumentTypeError(f"no section is named; {there}")
    return list(dict.fromkeys(names))


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
