"""The nodes in a picture, and the pods on them."""

from collections.abc import Sequence

from report.architecture import Architecture, Nodes
from report.parties import ANY_PORT, BALANCER, Talk, party_of, words
from report.shapes import LINE, SIZE, Box, Canvas, Text
from report.stores import Store
from report.widths import fitted, wrapped
from report.workloads import Workload

HEAD, SERVED, OTHER, SIDE = 28.0, 62.0, 56.0, 26.0
COLUMNS = 3


class Pods:
    """A box of nodes from `left` to `right` with what runs in it; `served` is what is behind a Service, once placed."""

    def __init__(self, canvas: Canvas, architecture: Architecture, left: float, right: float, top: float) -> None:
        self._canvas, self._architecture = canvas, architecture
        self._left, self._right, self._top = left, right, top
        self.served: Box | None = None
        self._starts: dict[str, tuple[float, float]] = {}

    @property
    def served_about(self) -> str:
        """What lets the balancer talk to the pods."""
        return words(talk for talk in self._architecture.talks if talk.source == BALANCER)

    def place(self, nodes: Nodes | None, lanes: Sequence[float]) -> Box:
        """Draw them; the head keeps clear of the ways down at `lanes`. Returns the nodes' box."""
        first, y = len(self._canvas.boxes), self._top + HEAD
        for workload in self._architecture.served:
            box = self._canvas.part(
                self._left + 10, y, self._right - self._left - 20, SERVED, "ours",
                _title(workload), [*_served_lines(workload), *_open(self._architecture, workload)],
            )  # fmt: skip
            self.served = self.served or box
            self._starts[workload.full_name] = (box.x + 4, box.bottom)
            y = box.bottom + 8
        y = self._others(y)
        box = Box(self._left, self._top, self._right - self._left, y + 2 - self._top, "part", self._head(nodes, lanes))
        self._canvas.boxes.insert(first, box)
        return box

    def _head(self, nodes: Nodes | None, lanes: Sequence[float]) -> list[Text]:
        # Between the ways down there is room for the machines at the left, and for their number at the right.
        starts = [lane + 12 for lane in lanes if self._left < lane < self._right][:2] or [self._left + 12]
        ends = [*(start - 20 for start in starts[1:]), self._right - 12]
        said = [f"Nodes: {nodes.machines}", nodes.number] if nodes else ["Nodes"]
        said = said if len(starts) > 1 else [" · ".join(said)]
        return [
            Text(start, self._top + 19, fitted(text, end - start, SIZE["caption"], bold=True), "caption", "start")
            for text, start, end in zip(said, starts, ends, strict=False)
        ]

    def _others(self, y: float) -> float:
        """The other workloads and the add-ons; those that reach a store stand lowest, at the left."""
        left, room = self._left + SIDE, self._right - self._left - 2 * SIDE
        if self._architecture.addons:
            lines = wrapped(", ".join(self._architecture.addons), room - 20, SIZE["line"], 2)
            height = 14 + LINE * (1 + len(lines))
            box = self._canvas.part(left, y, room, height, "part", "EKS add-ons", lines)
            y = box.bottom + 8
        others = self._architecture.others
        lowest = [each for each in others if _reached(self._architecture, each)]
        rest = [each for each in others if each not in lowest]
        # The last row is full, or holds nothing but those.
        free = -len(lowest) % COLUMNS if lowest else 0
        rows = [*_rows(rest[: max(len(rest) - free, 0)]), *_rows([*lowest, *rest[max(len(rest) - free, 0) :]])]
        width = (room - 8 * (COLUMNS - 1)) / COLUMNS
        for row in rows:
            for index, workload in enumerate(row):
                lines = [" · ".join(filter(None, (workload.pods, workload.namespace)))]
                lines += _open(self._architecture, workload)
                box = self._canvas.part(left + index * (width + 8), y, width, OTHER, "part", workload.name, lines)
                self._starts[workload.full_name] = (box.x + 8, box.bottom)
            y += OTHER + 8
        return y

    def lead_to(self, store: Store, box: Box) -> None:
        """Arrows from the pods that may talk to the store, down to its box."""
        for workload in self._architecture.workloads:
            talks = [talk for talk in _reached(self._architecture, workload) if talk.target.key == store.name]
            if not talks or workload.full_name not in self._starts:
                continue
            x, y = self._starts[workload.full_name]
            if workload.served:
                # Down the left side, or down the right one to what stands there.
                x = self._left + 14 if box.x < self._left + 40 else self._right - 14
            if box.x < x < box.right:
                self._canvas.arrow([(x, y), (x, box.y)], words(talks))


def _rows(workloads: Sequence[Workload]) -> list[Sequence[Workload]]:
    return [workloads[start : start + COLUMNS] for start in range(0, len(workloads), COLUMNS)]


def _reached(architecture: Architecture, workload: Workload) -> list[Talk]:
    """What lets these pods talk to stores: a network policy says so, and the stores' security group lets nodes in."""
    admitted = {talk.target for talk in architecture.talks if talk.source.sort == "nodes"}
    pods = party_of(workload)
    return [
        talk
        for talk in architecture.talks
        if talk.source == pods and talk.target.sort == "store" and talk.target in admitted
    ]


def _title(workload: Workload) -> str:
    return " · ".join(filter(None, (workload.name, workload.pods)))


def _served_lines(workload: Workload) -> list[str]:
    ports = ", ".join(workload.served)
    return [
        " · ".join(filter(None, (f"namespace {workload.namespace}", f"Service, port {ports}"))),
        f"role {workload.role} by Pod Identity" if workload.role else "",
    ]


def _open(architecture: Architecture, workload: Workload) -> list[str]:
    pods = party_of(workload)
    free = any(
        talk.source == pods and talk.ports == ANY_PORT and talk.target.sort == "anywhere" for talk in architecture.talks
    )
    return ["no network policy"] if free else []
