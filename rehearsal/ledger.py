"""What exists in the account that the stand-in plays: a file that several plugin processes write, and that kills
cannot tear.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Act = Literal["made", "deleted"]


@dataclass(frozen=True)
class Ledger:
    """Made and deleted resources, a line each."""

    path: Path

    def write(self, act: Act, urn: str, identity: str) -> None:
        """Note that the resource was made or deleted."""
        line = json.dumps([act, urn, identity]) + "\n"
        # One write to a file that is open for appending: lines of two processes never mix.
        descriptor = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(descriptor, line.encode())
        finally:
            os.close(descriptor)

    def left(self) -> list[str]:
        """The URNs of what was made and not deleted.

        Making the same thing twice makes one: an `up` that was killed before it heard of a creation asks for it again.
        """
        left: dict[tuple[str, str], None] = {}
        for line in self.path.read_text("utf-8").splitlines() if self.path.exists() else []:
            act, urn, identity = json.loads(line)
            if act == "made":
                left[urn, identity] = None
            else:
                left.pop((urn, identity), None)
        return sorted({urn for urn, _ in left})
