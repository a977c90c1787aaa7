"""What every command is given."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from delivery.console import Console


@dataclass(frozen=True, kw_only=True)
class Context:
    """The project's directory, the environment, and where to speak.

    Nothing below the command line reads `os.environ`.
    """

    project: Path
    environ: Mapping[str, str]
    console: Console
