"""Other programs: started all at once, so that the slowest is what a scan takes; each read when it has ended."""

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from scan.finding import Finding, ScanError

LIMIT_SECONDS = 300.0


@dataclass(frozen=True)
class Tool:
    """A scanner.

    Args:
        name: as findings and waivers say it.
        command: program and arguments.
        folder: where it runs.
        parse: makes findings of its standard output.
        codes: exit codes with which it has done its work, with findings or without.
        keeps: variables of the environment that it gets besides its own.
    """

    name: str
    command: Sequence[str]
    folder: Path
    parse: Callable[[str], list[Finding]]
    codes: Sequence[int] = (0, 1)
    keeps: Sequence[str] = ()


class Running:
    """A tool at work."""

    def __init__(self, tool: Tool, process: subprocess.Popen[str]) -> None:
        self._tool, self._process = tool, process

    def findings(self) -> list[Finding]:
        """Wait for its end, and read what it says.

        Raises:
            ScanError: it did not do its work, or what it says cannot be read.
        """
        tool = self._tool
        try:
            output, errors = self._process.communicate(timeout=LIMIT_SECONDS)
        except subprocess.TimeoutExpired:
            self.stop()
            raise ScanError(f"{tool.name} was not done after {LIMIT_SECONDS:.0f} seconds") from None
        code = self._process.returncode
        # Many a tool ends with 1 for findings and for a failure alike.
        if code not in tool.codes or (code and not output.strip()):
            raise ScanError(f"{tool.name} failed with exit code {code}: {_tail(errors or output)}")
        try:
            return tool.parse(output)
        except (ValueError, LookupError, TypeError, AttributeError) as error:
            raise ScanError(
                f"{tool.name} says what cannot be read ({type(error).__name__}: {error}): {_tail(output + errors)}"
            ) from None

    def stop(self) -> None:
        """End it, whatever it does."""
        with self._process as process:
            if process.poll() is None:
                process.kill()


def start(tool: Tool, home: Path) -> Running:
    """Start a tool; it runs while others do.

    Args:
        tool: which.
        home: a folder to call its home, without the settings and keys of whoever scans.

    Raises:
        ScanError: it is not there.
    """
    try:
        process = subprocess.Popen(
            tool.command,
            cwd=tool.folder,
            env=_environment(home, tool.keeps),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="replace",
        )
    except OSError as error:
        raise ScanError(
            f"{tool.name} cannot be started: {tool.command[0]}: {error.strerror}\n  cure: make check installs it"
        ) from None
    return Running(tool, process)


def _environment(home: Path, keeps: Sequence[str]) -> Mapping[str, str]:
    return {
        **{name: os.environ[name] for name in keeps if name in os.environ},
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "TMPDIR": str(home),
        "LANG": "C.UTF-8",
        # checkov asks the package index for news of itself.
        "CKV_SKIP_PACKAGE_UPDATE_CHECK": "true",
        "LOG_LEVEL": "ERROR",
    }


def _tail(text: str) -> str:
    return "\n".join(text.strip().splitlines()[-3:])[-500:]
