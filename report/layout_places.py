"""The lines that the parts of a picture keep to."""

from dataclasses import dataclass

from report.shapes import Box

WIDTH = 1120.0
EDGE = 16.0
TOP = 112.0
VPC_X, VPC_WIDTH = 32.0, 744.0
GUTTER = VPC_X + VPC_WIDTH
RIGHT_X = 848.0
RIGHT_WIDTH = WIDTH - EDGE - 16 - RIGHT_X
# How far from the sides of a zone the ways down and up run.
LANE = 42.0


@dataclass
class Placed:
    """What has been placed: where it ends, and the box of the nodes, whose right side has ways out."""

    bottom: float
    nodes: Box | None
    exits: int = 0

    def next_exit(self) -> float:
        """A height at the right side of the nodes that no other way out begins at."""
        self.exits += 1
        return (self.nodes.y if self.nodes else 0.0) + 36 + 12 * self.exits
