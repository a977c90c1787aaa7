"""What is printed: one measurement beside what it is compared with."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Figure:
    """`what` was `measured`, `than` was `base`, both in `unit`."""

    what: str
    measured: float
    than: str
    base: float
    unit: str

    @property
    def ratio(self) -> float:
        """How many times the base was measured.

        Raises:
            ValueError: the base is not more than nothing, so nothing can be a multiple of it.
        """
        if self.base <= 0:
            raise ValueError(f"{self.than} is {self.base:g} {self.unit}: {self.what} cannot be a multiple of that")
        return self.measured / self.base

    def __str__(self) -> str:
        figures = f"{_short(self.measured)} against {_short(self.base)} {self.unit}"
        return f"{self.what:<38} {self.ratio:6.2f} x {self.than} ({figures})"


# What a section has to say: figures, and lines of plain words.
Lines = Iterator[Figure | str]


def _short(value: float) -> str:
    """Three digits, whatever the size; whole numbers from a hundred on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
