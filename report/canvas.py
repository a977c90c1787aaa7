"""A picture under construction: boxes whose text fits, and what stands where."""

from collections.abc import Sequence

from report.shapes import SIZE, Arrow, Box, Kind, Picture, Point, Text
from report.widths import fitted

LINE = 15.0
PADDING = 8.0


class Canvas:
    """Collects boxes (the first is the furthest back), arrows and labels."""

    def __init__(self) -> None:
        self.boxes: list[Box] = []
        self.arrows: list[Arrow] = []
        self.labels: list[Text] = []

    def frame(self, x: float, y: float, width: float, height: float, kind: Kind, label: str = "") -> Box:
        """A box that others stand in, with a label in its upper left corner."""
        room = width - 2 * PADDING
        texts = [Text(x + 12, y + 18, fitted(label, room, SIZE["caption"], bold=True), "caption", "start")]
        box = Box(x, y, width, height, kind, texts if label else (), label)
        self.boxes.append(box)
        return box

    def part(
        self, x: float, y: float, width: float, height: float, kind: Kind, title: str, lines: Sequence[str] = ()
    ) -> Box:
        """A box with a title and lines in its middle, each cut to fit; lines that find no room are left to `about`."""
        room = width - 2 * PADDING
        shown = [line for line in lines if line][: max(int((height - 8) // LINE) - 1, 0)]
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

    def arrow(self, points: Sequence[Point], about: str, *, both: bool = False, dashed: bool = False) -> None:
        """A line through `points`, none of whose parts is slanted."""
        self.arrows.append(Arrow(tuple(points), about, both, dashed))

    def picture(self, title: str, description: str, width: float, height: float) -> Picture:
        """What was collected."""
        return Picture(title, description, width, height, self.boxes, self.arrows, self.labels)
