"""What a scanner says, and how a scan can fail."""

from dataclasses import dataclass, replace


class ScanError(Exception):
    """A scan cannot be done, so its silence would mean nothing. The message says why, and the cure."""


@dataclass(frozen=True, order=True)
class Finding:
    """A rule of a tool that something breaks.

    `where` is a file of the repository or one that was made from a plan, `policies/<stack>/<name>.json#<Sid>` for a
    statement; `line` is 0 where the tool says none; `cure` is what to do, or where it is told.
    """

    tool: str
    rule: str
    where: str
    what: str
    line: int = 0
    cure: str = ""

    def at(self, where: str) -> "Finding":
        """The same finding about another file."""
        return replace(self, where=where)

    def __str__(self) -> str:
        """The finding as a person reads it."""
        place = f"{self.where}:{self.line}" if self.line else self.where
        return f"{self.tool} {self.rule} {place}: {self.what}" + (f"\n  cure: {self.cure}" if self.cure else "")
