"""What a picture is made of, and how it is put together.

Lengths are in the picture's own unit, a pixel at its natural size.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from report.widths import fitted, width

Kind = Literal["frame", "zone", "public", "private", "isolated", "part", "ours", "data", "edge", "outside"]
Point = tuple[float, float]
SIZE = {"title": 12.0, "line": 11.0, "caption": 11.0, "label": 11.0}
BOLD = ("title", "caption")
LINE = 15.0
PADDING = 4.0


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


class Canvas:
    """Collects boxes (the first is the furthest back), arrows and labels."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.labels: list[Text] = []

    def frame(self, x: float, y: float, width: float, height: float, label: str, behind: int) -> None:
        """A box that others stand in, those from index `behind` on, with a label in its upper left corner."""
        room = width - 24
        texts = [Text(x + 12, y + 18, fitted(label, room, SIZE["caption"], bold=True), "caption", "start")]
        self.boxes.insert(behind, Box(x, y, width, height, "frame", texts if label else (), label))

    def part(
        self, x: float, y: float, width: float, height: float, kind: Kind, title: str, lines: Sequence[str] = ()
    ) -> Box:
        """A box with a title and lines in its middle, each cut to fit; `about` has all that found no room."""
        room = width - 2 * PADDING
        said = [line for line in lines if line]
        fit = max(int((height - 8) // LINE) - 1, 0)
        shown = said if len(said) <= fit else [*said[: fit - 1], f"and {len(said) - fit + 1} more"][:fit]
        top = y + (height - LINE * (1 + len(shown))) / 2
        centre = x + width / 2
        texts = [Text(centre, top + 11.5, fitted(title, room, SIZE["title"], bold=True), "title")]
        for index, line in enumerate(shown, start=1):
            texts.append(Text(centre, top + 11.5 + index * LINE, fitted(line, room, SIZE["line"])))
        box = Box(x, y, width, height, kind, texts, "\n".join([title, *filter(None, lines)]))
        self.boxes.append(box)
        return box

    def label(self, x: float, y: float, text: str, room: float) -> None:
        """Text beside boxes, from `x` on, within `room`."""
        self.labels.append(Text(x, y, fitted(text, room, SIZE["label"]), "label", "start"))

    def label_before(self, x: float, y: float, text: str, room: float) -> None:
        """Text beside boxes that ends at `x`, within `room`."""
        said = fitted(text, room, SIZE["label"])
        self.label(x - width(said, SIZE["label"]), y, said, room)

    def arrow(self, points: Sequence[Point], about: str, *, both: bool = False, dashed: bool = False) -> None:
        """A line through `points`, none of whose parts is slanted."""
        self.arrows.append(Arrow(tuple(points), about, both, dashed))

    def picture(self, title: str, description: str, width: float, height: float) -> Picture:
        """What was collected."""
        return Picture(title, description, width, height, self.boxes, self.arrows, self.labels)
