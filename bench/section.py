"""`python -m bench.section NAME`: measure one section and print it; exit code 1 if that fails."""

import importlib
import os
import subprocess
import sys
import time
from collections.abc import Mapping

# What is measured where, in this order.
SECTIONS: Mapping[str, str] = {
    "creation": "bench.creation_section",
    "preview": "bench.preview",
    "growth": "bench.growth",
    "service": "bench.service",
    "image": "bench.image",
    "suite": "bench.suite",
}


def main(name: str) -> int:
    """Measure the section and print what it says."""
    started = time.perf_counter()
    try:
        for line in importlib.import_module(SECTIONS[name]).measure():
            _print(str(line))
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os._exit(1)
    except Exception as error:
        _print(f"  it could not be measured: {reason(error)}")
        return 1
    _print(f"  ({time.perf_counter() - started:.0f} s)")
    return 0


def reason(error: Exception) -> str:
    """What went wrong, in a line where it can be one."""
    if isinstance(error, subprocess.CalledProcessError):
        command = error.cmd if isinstance(error.cmd, str) else " ".join(map(str, error.cmd))
        return f"exit code {error.returncode} of {command[:200]}"
    return str(error) or type(error).__name__


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
