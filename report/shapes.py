"""What a picture is made of. Lengths are in the picture's own unit, a pixel at its natural size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from report.widths import width

Kind = Literal["frame", "zone", "public", "private", "isolated", "part", "ours", "data", "edge", "outside"]
Point = tuple[float, float]
SIZE = {"title": 12.0, "line": 11.0, "caption": 11.0, "label": 11.0}
BOLD = ("title", "caption")


@dataclass(frozen=True)
class Text:
    """One line of text: `x` is where `anchor` says, `y` its baseline; `style` gives size and weight."""

    x: float
    y: float
    content: str
    style: Literal["title", "line", "caption", "label"] = "line"
    anchor: Literal["start", "middle"] = "middle"

    @property
    def extent(self) -> tuple[float, float, float, float]:
        """The rectangle that it fills at most: left, top, right, bottom."""
        size = SIZE[self.style]
        wide = width(self.content, size, bold=self.style in BOLD)
        left = self.x - wide / 2 if self.anchor == "middle" else self.x
        return left, self.y - size, left + wide, self.y + size * 0.3


@dataclass(frozen=True)
class Box:
    """A rectangle with text in it; `about` is all that it stands for, where the text had to be cut."""

    x: float
    y: float
    width: float
    height: float
    kind: Kind
    texts: Sequence[Text] = ()
    about: str = ""

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """Where it ends."""
        return self.y + self.height


@dataclass(frozen=True)
class Arrow:
    """A line of straight parts; it points at its end, and with `both` at its beginning too."""

    points: Sequence[Point]
    about: str
    both: bool = False
    dashed: bool = False


@dataclass(frozen=True)
class Picture:
    """Boxes from the back to the front, arrows and labels; `title` and `description` say it in words."""

    title: str
    description: str
    width: float
    height: float
    boxes: Sequence[Box]
    arrows: Sequence[Arrow]
    labels: Sequence[Text] = ()

    @property
    def texts(self) -> list[Text]:
        """Every text, in boxes and beside them."""
        return [*(text for box in self.boxes for text in box.texts), *self.labels]
